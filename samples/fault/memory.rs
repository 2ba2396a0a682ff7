//! Memory over time: the shapes that a leak must be told from; and memory of other kinds.

use std::fs::File;
use std::hint::black_box;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
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
        "packet-rings" => packet_rings(number(words, "mib", 1024)?),
        "mappings" => mappings(number(words, "count", 60_000)?),
        "working-set" => {
            working_set(number(words, "mib", 64)?);
            Ok(())
        }
        _ => grow(shape, number(words, "spike_mib", 300)?),
    }
}

/// Follows a shape, a step a second.
fn grow(shape: &str, spike_mib: usize) -> Outcome {
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
            "spike" if second == 20 => kept.push(touched(spike_mib)),
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

/// Receive rings of packet sockets, as a sniffer has them: the kernel takes their pages and counts them
/// nowhere.
#[expect(unsafe_code, reason = "std has no packet sockets")]
fn packet_rings(mib: u32) -> Outcome {
    const BLOCK: u32 = 16 << 10;
    const FRAME: u32 = 2048;
    // One ring holds less than 4 GiB.
    const RING_MIB: u32 = 512;
    let mut rings: Vec<OwnedFd> = Vec::new();
    for _ in 0..mib.div_ceil(RING_MIB) {
        let blocks = RING_MIB * ((1 << 20) / BLOCK);
        let ring = libc::tpacket_req {
            tp_block_size: BLOCK,
            tp_block_nr: blocks,
            tp_frame_size: FRAME,
            tp_frame_nr: blocks * (BLOCK / FRAME),
        };
        // SAFETY: the call takes numbers. Protocol 0 receives nothing.
        let socket = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0) };
        if socket < 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        // SAFETY: the descriptor is new, and nobody else has it.
        rings.push(unsafe { OwnedFd::from_raw_fd(socket) });
        let size = libc::socklen_t::try_from(size_of_val(&ring))?;
        let value = std::ptr::from_ref(&ring).cast();
        // SAFETY: the kernel reads the request, which outlives the call.
        let set = unsafe {
            libc::setsockopt(socket, libc::SOL_PACKET, libc::PACKET_RX_RING, value, size)
        };
        if set != 0 {
            return Err(std::io::Error::last_os_error().into());
        }
    }
    ready();
    keep();
    drop(rings);
    Ok(())
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
