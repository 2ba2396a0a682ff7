//! Memory over time: the shapes that a leak must be told from; and memory of other kinds.

use std::fs::File;
use std::hint::black_box;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use crate::{KEPT, Outcome, keep, number, ready};

const MIB: usize = 1 << 20;

/// A block whose every page was written.
fn touched(mib: usize) -> Vec<u8> {
    black_box(vec![0xa5; mib * MIB])
}

/// Holds memory of a kind, or follows a shape.
pub(crate) fn run(shape: &str, words: &[&str]) -> Outcome {
    match shape {
        "shared" => shared(),
        "huge" => huge(number(words, "mib", 64)?),
        "mapped" => {
            let [path, ..] = words else { return Err("a path is needed".into()) };
            mapped(path)
        }
        "mappings" => mappings(number(words, "count", 60_000)?),
        "working-set" => {
            working_set(number(words, "mib", 64)?);
            Ok(())
        }
        _ => grow(shape),
    }
}

/// Follows a shape, a step a second.
fn grow(shape: &str) -> Outcome {
    // Ordinary programs are not born at the moment of the collection.
    let mut kept: Vec<Vec<u8>> = vec![touched(32)];
    let mut floor: Vec<Vec<u8>> = Vec::new();
    ready();
    let begin = Instant::now();
    for second in 0_usize.. {
        match shape {
            // A leak that is written: 1 MiB a second, for ever.
            "touched" => kept.push(touched(1)),
            // A configuration is loaded once.
            "step" if second == 25 => kept.push(touched(200)),
            // A cache fills, ever slower.
            "warm-up" if second < 30 => kept.push(touched(64 >> (second / 5).min(6))),
            // A report is made and thrown away.
            "spike" if second == 20 => kept.push(touched(300)),
            "spike" if second == 26 => kept.truncate(1),
            // Garbage collection, every ten seconds.
            "saw-tooth" | "rising-saw-tooth" if second % 10 == 9 => {
                kept.truncate(1);
                if shape == "rising-saw-tooth" {
                    floor.push(touched(8));
                }
            }
            "saw-tooth" | "rising-saw-tooth" => kept.push(touched(6)),
            // A heap that fills until its collection comes, half a minute later.
            "heap" if second % 35 == 34 => kept.truncate(1),
            "heap" => kept.push(touched(2)),
            "step" | "warm-up" | "spike" => {}
            _ => return Err(format!("no shape {shape}").into()),
        }
        let next = Duration::from_secs(second as u64 + 1);
        std::thread::sleep(next.saturating_sub(begin.elapsed()));
        if begin.elapsed() > KEPT {
            break;
        }
    }
    black_box((kept, floor));
    Ok(())
}

/// A mapping at an address of the kernel's choice, which stays until the program ends.
#[expect(unsafe_code, reason = "a mapping has no safe form")]
fn map(size: usize, protection: i32, flags: i32, file: i32) -> std::io::Result<*mut u8> {
    // SAFETY: the kernel chooses the address, so nothing that exists is replaced.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, file, 0) };
    if start == libc::MAP_FAILED { Err(std::io::Error::last_os_error()) } else { Ok(start.cast()) }
}

/// Touches a shared mapping of 512 MiB, 8 MiB a second: the buffers of a database are warmed up.
#[expect(unsafe_code, reason = "a mapping is written by its address")]
fn shared() -> Outcome {
    const SIZE: usize = 512 * MIB;
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    let start = map(SIZE, libc::PROT_READ | libc::PROT_WRITE, flags, -1)?;
    ready();
    for offset in (0..SIZE).step_by(8 * MIB) {
        // SAFETY: within the mapping, which nobody else uses and which is never unmapped.
        unsafe { start.byte_add(offset).write_bytes(1, 8 * MIB) };
        std::thread::sleep(Duration::from_secs(1));
    }
    keep();
    Ok(())
}

/// Uses huge pages of the pool, as a database does for its buffers.
#[expect(unsafe_code, reason = "a mapping is written by its address")]
fn huge(mib: usize) -> Outcome {
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_HUGETLB;
    let start = map(mib * MIB, libc::PROT_READ | libc::PROT_WRITE, flags, -1)?;
    // SAFETY: the whole mapping, which nobody else uses.
    unsafe { start.write_bytes(1, mib * MIB) };
    ready();
    keep();
    Ok(())
}

/// Reads a mapped file from begin to end, again and again: a search engine on its index.
#[expect(unsafe_code, reason = "a mapping is read by its address")]
fn mapped(path: &str) -> Outcome {
    let file = File::open(path)?;
    let size = usize::try_from(file.metadata()?.len())?;
    let start = map(size, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd())?;
    ready();
    let begin = Instant::now();
    while begin.elapsed() < KEPT {
        for offset in (0..size).step_by(4096) {
            // SAFETY: within the mapping of a file that nobody shortens.
            black_box(unsafe { start.byte_add(offset).read_volatile() });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Writes to every page of a block, again and again.
fn working_set(mib: usize) {
    let mut block = touched(mib);
    ready();
    let begin = Instant::now();
    while begin.elapsed() < KEPT {
        for page in block.chunks_mut(4096) {
            if let Some(byte) = page.first_mut() {
                *byte = byte.wrapping_add(1);
            }
        }
        black_box(&mut block);
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// So many mappings of a page each; every second one may be written, so that the kernel cannot merge
/// them.
fn mappings(count: u32) -> Outcome {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    for n in 0..count {
        let write = if n % 2 == 0 { libc::PROT_WRITE } else { 0 };
        map(4096, libc::PROT_READ | write, flags, -1)?;
    }
    ready();
    keep();
    Ok(())
}
