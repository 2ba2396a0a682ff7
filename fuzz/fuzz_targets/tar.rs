//! Archives of others: any bytes behind a tar's magic are read as members, links and layouts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linsight::input::{Limits, Snapshot};

fuzz_target!(|bytes: &[u8]| {
    let mut tar = bytes.to_vec();
    // What is not a tar by its magic is another target's.
    if let Some(magic) = tar.get_mut(257..262) {
        magic.copy_from_slice(b"ustar");
    }
    let limits = Limits { stream_bytes: 64 << 20, members: 10_000, ..Limits::default() };
    if let Ok(snapshot) = Snapshot::read_from(tar.as_slice(), "fuzz", &limits) {
        snapshot.visit(|entry| assert_eq!(entry.bytes, entry.content.len() as u64));
        for line in snapshot.sources() {
            drop(snapshot.read(&line.path));
        }
    }
});
