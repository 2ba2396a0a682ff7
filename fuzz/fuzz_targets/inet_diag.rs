//! Netlink payloads of the socket monitor, in both byte orders.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linsight::parse::socket::Protocol;
use linsight::parse::{ParseEnv, inet_diag};

fuzz_target!(|bytes: &[u8]| {
    for little_endian in [true, false] {
        let env = ParseEnv { page_size_bytes: 4096, ticks_per_s: 100, little_endian };
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            if let Ok(rows) = inet_diag::parse(bytes, protocol, &env) {
                // A socket needs 88 bytes: records cannot outgrow what they were read from.
                assert!(rows.rows.len() * 88 <= bytes.len());
            }
        }
    }
});
