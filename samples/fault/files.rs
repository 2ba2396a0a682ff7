//! Descriptors and pages of files.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use crate::{KEPT, Outcome, keep, number, ready};

/// Sets files up and keeps them.
pub(crate) fn run(kind: &str, words: &[&str]) -> Outcome {
    match kind {
        // Descriptors that nobody closes: `rate` a second, from `count` on.
        "descriptors" => descriptors(number(words, "count", 0)?, number(words, "rate", 0)?),
        // A deleted file that stays open.
        "deleted" => {
            let [path, ..] = words else { return Err("a path is needed".into()) };
            let mut file = File::create(path)?;
            file.write_all(&vec![1; number(words, "mib", 64)? << 20])?;
            file.sync_all()?;
            std::fs::remove_file(path)?;
            ready();
            keep();
            drop(file);
            Ok(())
        }
        // A backup reads everything once, past the page cache.
        "direct-reader" => {
            let [path, ..] = words else { return Err("a path is needed".into()) };
            direct_reader(path)
        }
        // A file is read again and again: it fills the page cache.
        "reader" => {
            let [path, ..] = words else { return Err("a path is needed".into()) };
            ready();
            let begin = Instant::now();
            while begin.elapsed() < KEPT {
                std::hint::black_box(std::io::copy(&mut File::open(path)?, &mut std::io::sink())?);
                std::thread::sleep(Duration::from_millis(200));
            }
            Ok(())
        }
        // A file of so many MiB that is written again and again and never synced.
        "dirty" => {
            let [path, ..] = words else { return Err("a path is needed".into()) };
            let (mut file, block) = (File::create(path)?, vec![7_u8; 1 << 20]);
            let mib: usize = number(words, "mib", 256)?;
            ready();
            let begin = Instant::now();
            while begin.elapsed() < KEPT {
                for _ in 0..mib {
                    file.write_all(&block)?;
                }
                file.seek(SeekFrom::Start(0))?;
                std::thread::sleep(Duration::from_secs(1));
            }
            Ok(())
        }
        _ => Err(format!("no kind {kind}").into()),
    }
}

fn descriptors(count: usize, rate: u32) -> Outcome {
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(File::open("/dev/null")?);
    }
    ready();
    for _ in 0..rate.saturating_mul(900) {
        std::thread::sleep(Duration::from_secs(1) / rate);
        open.push(File::open("/dev/null")?);
    }
    keep();
    drop(open);
    Ok(())
}

fn direct_reader(path: &str) -> Outcome {
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_DIRECT).open(path)?;
    // O_DIRECT wants memory that begins at a block.
    let mut space = vec![0_u8; (1 << 20) + 4096];
    let start = space.as_ptr().align_offset(4096);
    let block = space.get_mut(start..start + (1 << 20)).ok_or("no aligned block")?;
    ready();
    let begin = Instant::now();
    while begin.elapsed() < KEPT {
        if file.read(block)? == 0 {
            file.seek(SeekFrom::Start(0))?;
        }
    }
    Ok(())
}
