//! Our own archive: any bytes are read frame by frame, and through the input layer, without panic
//! and without more memory than the limits grant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linsight::input::{Limits, Snapshot};
use linsight_archive::{Reader, pack};

fuzz_target!(|bytes: &[u8]| {
    let archive = linsight_archive::Limits { total_bytes: 64 << 20, ..Default::default() };
    if let Ok(reader) = Reader::new(bytes.to_vec(), archive.clone()) {
        drop(reader.verify());
        for frame in (0..reader.frames()).filter_map(|i| reader.frame(i).ok()) {
            for (_, at) in &frame.entries {
                pack::records(frame.bytes(at)).for_each(drop);
            }
        }
    }
    let limits = Limits { archive, stream_bytes: 64 << 20, ..Limits::default() };
    if let Ok(snapshot) = Snapshot::read_from(bytes, "fuzz", &limits) {
        snapshot.visit(|entry| assert_eq!(entry.bytes, entry.content.len() as u64));
        for line in snapshot.sources() {
            drop(snapshot.read(&line.path));
        }
    }
});
