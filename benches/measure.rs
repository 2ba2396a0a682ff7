//! What a command costs, for `benches/collect`.
//!
//! `measure COMMAND…` prints wall time and CPU time (children included) in microseconds.
//! `measure --times N COMMAND…` runs it N times and prints the mean of each.
//! `measure --memory COMMAND…` prints the largest sum, in KiB, of the peak resident memory of those
//! processes of its tree that run the same program: for each its own peak (`VmHWM`), which counts
//! shared pages once for each, so this is an upper bound. The tree is looked at every 2 ms.
//!
//! What the command says goes to standard error.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::exit,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the bench: it stops where something is wrong, and prints"
)]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::io::dup;

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let (mut memory, mut times) = (false, 1);
    if words[0] == "--memory" {
        memory = true;
        words.remove(0);
    } else if words[0] == "--times" {
        times = words[1].parse::<u32>().expect("a number of times");
        words.drain(..2);
    }
    let cpu = children_us();
    let begun = Instant::now();
    for _ in 0..times {
        let out = dup(std::io::stderr()).expect("standard error");
        let out = if times > 1 { Stdio::null() } else { Stdio::from(out) };
        let child = Command::new(&words[0]).args(&words[1..]).stdout(out).spawn();
        let mut child = child.expect("start the command");
        if memory {
            println!("{}", peak_kib(&mut child));
        }
        let status = child.wait().expect("wait for the command");
        if !status.success() {
            eprintln!("{words:?} failed: {status}");
            std::process::exit(1);
        }
    }
    if !memory {
        let times = u128::from(times);
        println!(
            "{} {}",
            begun.elapsed().as_micros() / times,
            u128::from(children_us() - cpu) / times
        );
    }
}

/// CPU time of all children that have ended and were waited for, by themselves their own.
#[expect(unsafe_code, reason = "no library that is here anyway has getrusage")]
fn children_us() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel fills a structure that is ours; any bytes are a valid one.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    let us =
        |time: libc::timeval| time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_usec.unsigned_abs();
    us(usage.ru_utime) + us(usage.ru_stime)
}

fn peak_kib(child: &mut Child) -> u64 {
    let (mut most, mut parts) = (0, Vec::new());
    let mut program = None;
    while child.try_wait().expect("look after the command").is_none() {
        let program = program.get_or_insert_with(|| exe(child.id()));
        let mut sum = 0;
        let mut each = Vec::new();
        let mut tree = vec![(child.id(), Vec::new())];
        while let Some((pid, of_parent)) = tree.pop() {
            // A child that has not yet begun its program is its parent still, with the same memory.
            let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if exe(pid) == *program && words != of_parent {
                let kib = high_water_kib(pid);
                sum += kib;
                each.push(kib);
            }
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            tree.extend(
                children
                    .unwrap_or_default()
                    .split(' ')
                    .filter_map(|pid| Some((pid.parse().ok()?, words.clone()))),
            );
        }
        if sum > most {
            most = sum;
            parts = each;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    eprintln!("peak of each, KiB: {parts:?}");
    most
}

fn exe(pid: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/exe")).ok()
}

fn high_water_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
