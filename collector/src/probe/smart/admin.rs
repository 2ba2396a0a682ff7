//! `NVME_IOCTL_ADMIN_CMD`: one admin command to an open controller.

use std::ffi::c_void;
use std::fs::File;

use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode};

use super::TIMEOUT_MS;

/// An admin command that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Opcode.
    pub opcode: u8,
    /// Namespace.
    pub namespace: u32,
    /// Word 10.
    pub word_10: u32,
}

/// `struct nvme_admin_cmd` (`include/uapi/linux/nvme_ioctl.h`).
#[repr(C)]
struct Request {
    opcode: u8,
    flags: u8,
    reserved: u16,
    namespace: u32,
    words_2_3: [u32; 2],
    metadata: u64,
    data: u64,
    metadata_bytes: u32,
    data_bytes: u32,
    words_10_15: [u32; 6],
    timeout_ms: u32,
    result: u32,
}

const _: () = assert!(size_of::<Request>() == 72, "the kernel's layout");

/// Sends a command; the status of the controller, 0 for success.
///
/// # Errors
///
/// That of the call.
#[expect(unsafe_code, reason = "an ioctl has no safe form")]
pub(super) fn send(disk: &File, command: Command, data: &mut [u8]) -> Result<i32, Errno> {
    let request = Request {
        opcode: command.opcode,
        flags: 0,
        reserved: 0,
        namespace: command.namespace,
        words_2_3: [0; 2],
        metadata: 0,
        data: data.as_mut_ptr() as u64,
        metadata_bytes: 0,
        data_bytes: u32::try_from(data.len()).or(Err(Errno::INVAL))?,
        words_10_15: [command.word_10, 0, 0, 0, 0, 0],
        timeout_ms: TIMEOUT_MS,
        result: 0,
    };
    // SAFETY: the one pointer is to `data`, which we hold borrowed, of the length beside it.
    unsafe { ioctl(disk, request) }
}

// SAFETY: the call takes a pointer to `struct nvme_admin_cmd`, whose layout this has; it changes
// the request and the buffer that it names (IS_MUTATING).
#[expect(unsafe_code, reason = "the trait that describes an ioctl is unsafe")]
unsafe impl Ioctl for Request {
    type Output = i32;
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<Self>(b'N', 0x41)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        (&raw mut *self).cast()
    }

    unsafe fn output_from_ptr(status: IoctlOutput, _: *mut c_void) -> Result<i32, Errno> {
        Ok(status)
    }
}
