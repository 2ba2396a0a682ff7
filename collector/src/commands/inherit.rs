//! What a child inherits: nothing but its three streams.
//!
//! A shell, a cron or an agent may have started us with other files open. A tool that is left
//! behind would keep them open, and with them perhaps somebody's `ssh`.

use std::os::fd::RawFd;

const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
/// Highest descriptor looked at where the kernel cannot do it in one call (before 5.11).
const HIGHEST: RawFd = 4096;

/// Marks every descriptor above the three streams to be closed by an exec.
#[expect(unsafe_code, reason = "descriptors that we do not own have no safe handle")]
pub(crate) fn close_on_exec() {
    let (first, last): (libc::c_uint, libc::c_uint) = (3, libc::c_uint::MAX);
    // SAFETY: three integers; it only sets a flag on descriptors.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) };
    if done == 0 {
        return;
    }
    for fd in 3..HIGHEST {
        // SAFETY: a number that is no descriptor gives EBADF; the flag changes no content.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

    use super::*;

    #[test]
    fn an_inherited_descriptor_gets_its_mark() {
        let file = std::fs::File::open("/dev/null").unwrap();
        fcntl_setfd(file.as_fd(), FdFlags::empty()).unwrap();
        close_on_exec();
        assert_eq!(fcntl_getfd(file.as_fd()).unwrap(), FdFlags::CLOEXEC);
    }
}
