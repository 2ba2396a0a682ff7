//! Memory over time: the shapes that a leak must be told from.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::{KEPT, Outcome, ready};

const MIB: usize = 1 << 20;

/// A block whose every page was written.
fn touched(mib: usize) -> Vec<u8> {
    black_box(vec![0xa5; mib * MIB])
}

/// Follows a shape, a step a second.
pub(crate) fn run(shape: &str) -> Outcome {
    if shape == "shared" {
        return shared();
    }
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

/// Touches a shared mapping of 512 MiB, 8 MiB a second: the buffers of a database are warmed up.
#[expect(unsafe_code, reason = "a shared mapping has no safe form")]
fn shared() -> Outcome {
    const SIZE: usize = 512 * MIB;
    let (read_write, shared) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: an anonymous mapping at an address of the kernel's choice.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), SIZE, read_write, shared, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(std::io::Error::last_os_error().into());
    }
    ready();
    for offset in (0..SIZE).step_by(8 * MIB) {
        // SAFETY: within the mapping, which nobody else uses and which is never unmapped.
        unsafe { start.byte_add(offset).cast::<u8>().write_bytes(1, 8 * MIB) };
        std::thread::sleep(Duration::from_secs(1));
    }
    std::thread::sleep(KEPT);
    Ok(())
}
