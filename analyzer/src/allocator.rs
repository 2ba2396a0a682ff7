//! The allocator of the program, and how long it holds on to memory that was freed.
//!
//! Frames, packs and what was parsed of them come and go within a fraction of a second. mimalloc
//! gives freed memory back after 10 ms, and what is taken again is touched for the first time
//! again: of a large host 11,000 page faults instead of 600. An analysis is over before it would be
//! worth to give anything back. `MIMALLOC_PURGE_DELAY` decides where it is set.
//! Source: the options of <https://microsoft.github.io/mimalloc/environment.html>.

use std::ffi::{c_int, c_long};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Place of `mi_option_purge_delay` among the options of version 2; its binding has no name for it.
const PURGE_DELAY: c_int = 15;
/// What it is when nobody decides: the proof that the place is right.
const DEFAULT_MS: c_long = 10;
const DELAY_MS: c_long = 200;

#[expect(
    unsafe_code,
    reason = "two functions of the allocator, which the binding does not declare"
)]
mod option {
    use super::{c_int, c_long};

    unsafe extern "C" {
        pub(super) safe fn mi_option_get(option: c_int) -> c_long;
        pub(super) safe fn mi_option_set(option: c_int, value: c_long);
    }
}

/// Lets freed memory stay with the program for as long as it runs, as a rule.
pub(crate) fn keep_memory() {
    if option::mi_option_get(PURGE_DELAY) == DEFAULT_MS {
        option::mi_option_set(PURGE_DELAY, DELAY_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_where_it_is_looked_for() {
        if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
            keep_memory();
            assert_eq!(option::mi_option_get(PURGE_DELAY), DELAY_MS);
        }
    }
}
