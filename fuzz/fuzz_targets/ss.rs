//! Output of ss(8).
#![no_main]

use libfuzzer_sys::fuzz_target;
use linsight::parse::ss;

fuzz_target!(|text: &str| {
    if let Ok(rows) = ss::parse(text) {
        assert!(rows.rows.len() <= text.lines().count());
    }
});
