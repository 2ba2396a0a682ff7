//! Descriptors that somebody left open for us: no child of ours may hold them.
//!
//! A worker that cannot be killed lives on after us. If it held the pipe that `ssh` gave us, that
//! session would never end.

use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};

/// Marks all but the three standard ones to be closed in children. Those that this program opens
/// itself are marked already.
pub(crate) fn keep_from_children() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers: Vec<RawFd> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        mark(number);
    }
}

#[expect(unsafe_code, reason = "a descriptor that was left open for us is known by number only")]
fn mark(number: RawFd) {
    // SAFETY: the descriptor is used within this call only, by a system call that fails where it
    // is not open; no other thread runs that could close it meanwhile.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    // The one that listed the directory is closed again by now.
    fcntl_setfd(fd, FdFlags::CLOEXEC).unwrap_or_default();
}
