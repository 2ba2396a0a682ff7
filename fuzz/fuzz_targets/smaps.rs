//! Mappings of processes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linsight::parse::{smaps, smaps_rollup};

fuzz_target!(|text: &str| {
    if let Ok(rows) = smaps::parse(text) {
        assert!(rows.rows.len() <= text.lines().count());
    }
    drop(smaps_rollup::parse(text));
});
