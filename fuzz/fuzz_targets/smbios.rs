//! Raw SMBIOS tables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linsight::parse::smbios;

fuzz_target!(|bytes: &[u8]| drop(smbios::parse(bytes)));
