//! `SG_IO`: one SCSI command to an open disk.

use std::ffi::c_void;
use std::fs::File;

use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl};

use super::TIMEOUT_MS;

const SG_IO: Opcode = 0x2285;

/// `struct sg_io_hdr` (`include/scsi/sg.h`).
#[repr(C)]
struct Request<'a> {
    interface_id: i32,
    direction: i32,
    command_bytes: u8,
    sense_bytes: u8,
    iovec_count: u16,
    data_bytes: u32,
    data: *mut c_void,
    command: &'a [u8; 16],
    sense: &'a mut [u8; 64],
    timeout_ms: u32,
    flags: u32,
    pack_id: i32,
    user: usize,
    answer: Answer,
}

/// What the kernel writes at the end of the request.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Answer {
    /// SCSI status of the disk.
    pub status: u8,
    masked_status: u8,
    message_status: u8,
    /// Bytes of sense data.
    pub sense_bytes: u8,
    /// What the adapter says.
    pub host_status: u16,
    driver_status: u16,
    /// Bytes that were asked for and did not come.
    pub residue: i32,
    duration_ms: u32,
    info: u32,
}

const _: () = assert!(size_of::<Request<'_>>() == 88, "the kernel's layout, on 64 bits");

/// Sends a command that reads into `data`, or one without data if that is empty.
///
/// # Errors
///
/// That of the call; what disk and adapter say is in the answer.
#[expect(unsafe_code, reason = "an ioctl has no safe form")]
pub(super) fn send(
    disk: &File,
    command: &[u8; 16],
    data: &mut [u8],
    sense: &mut [u8; 64],
) -> Result<Answer, Errno> {
    let request = Request {
        interface_id: i32::from(b'S'),
        direction: if data.is_empty() { -1 } else { -3 },
        command_bytes: 16,
        sense_bytes: 64,
        iovec_count: 0,
        data_bytes: u32::try_from(data.len()).or(Err(Errno::INVAL))?,
        data: data.as_mut_ptr().cast(),
        command,
        sense,
        timeout_ms: TIMEOUT_MS,
        flags: 0,
        pack_id: 0,
        user: 0,
        answer: Answer::default(),
    };
    // SAFETY: each pointer is to a buffer that we hold borrowed, of the length beside it.
    unsafe { ioctl(disk, request) }
}

// SAFETY: SG_IO takes a pointer to `struct sg_io_hdr`, whose layout this has; it changes the
// request and the buffers that it names (IS_MUTATING).
#[expect(unsafe_code, reason = "the trait that describes an ioctl is unsafe")]
unsafe impl Ioctl for Request<'_> {
    type Output = Answer;
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        SG_IO
    }

    fn as_ptr(&mut self) -> *mut c_void {
        (&raw mut *self).cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, request: *mut c_void) -> Result<Answer, Errno> {
        // SAFETY: the pointer is the one that `as_ptr` gave, to a request that still lives.
        Ok(unsafe { (*request.cast::<Self>()).answer })
    }
}
