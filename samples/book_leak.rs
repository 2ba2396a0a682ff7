//! The book's leak: it asks for 1 MiB a second, writes a few bytes of it and never gives it back.
//!
//! Resident memory grows by one page a second, address space by 1 MiB: a monitor that watches
//! resident size alone calls it healthy. Ends by itself after 15 minutes.

use std::time::Duration;

fn main() {
    for _ in 0..900 {
        let mut block: Vec<u8> = Vec::with_capacity(1 << 20);
        block.extend_from_slice(b"linsight");
        std::mem::forget(std::hint::black_box(block));
        std::thread::sleep(Duration::from_secs(1));
    }
}
