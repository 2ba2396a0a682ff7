//! `SIOCETHTOOL`: the one system call behind all of ethtool(8)'s older half.

use std::ffi::c_void;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

const SIOCETHTOOL: Opcode = 0x8946;

/// `struct ifreq` with a pointer in its union, which is 24 bytes long where pointers have 8.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    data: *mut c_void,
    rest_of_union: [usize; 2],
}

/// A request about one device; the answer overwrites it.
struct Ethtool<'a> {
    request: InterfaceRequest,
    /// Holds the buffer that `request` points to for as long as the kernel may write.
    _buffer: &'a mut [u8],
}

/// A device that can be asked.
#[derive(Debug)]
pub(super) struct Device {
    socket: OwnedFd,
    name: [u8; 16],
}

impl Device {
    /// A device of the present network namespace; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// `ENODEV` for a name that is too long, or that of the socket.
    pub(super) fn open(name: &str) -> Result<Self, Errno> {
        let mut bytes = [0; 16];
        // The last byte stays 0: the name ends there.
        let room = bytes.get_mut(..15).filter(|room| name.len() <= room.len());
        for (to, from) in room.ok_or(Errno::NODEV)?.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        let (family, kind) = (AddressFamily::INET, SocketType::DGRAM);
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
        Ok(Self { socket, name: bytes })
    }

    /// Asks with the structure in `buffer`, whose first four bytes are the command.
    ///
    /// The caller leaves enough room: the kernel writes the structure of that command, and for
    /// string sets and statistics as many as the driver has, whatever the caller believes. So
    /// [`super::SLACK`] is left behind what was announced.
    ///
    /// # Errors
    ///
    /// What the driver says: `EOPNOTSUPP`, `EPERM`, `ENODEV`.
    #[expect(unsafe_code, reason = "an ioctl has no safe form")]
    pub(super) fn ask(&self, buffer: &mut [u8]) -> Result<(), Errno> {
        let data = buffer.as_mut_ptr().cast();
        let request = InterfaceRequest { name: self.name, data, rest_of_union: [0; 2] };
        // SAFETY: the commands that we use only read from the device, and the buffer is longer
        // than what the kernel writes for them (see above).
        unsafe { ioctl(&self.socket, Ethtool { request, _buffer: buffer }) }
    }
}

// SAFETY: SIOCETHTOOL takes a pointer to `struct ifreq`, which `as_ptr` gives; it changes memory
// (IS_MUTATING), and its return value carries nothing.
#[expect(unsafe_code, reason = "the trait that describes an ioctl is unsafe")]
unsafe impl Ioctl for Ethtool<'_> {
    type Output = ();
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        SIOCETHTOOL
    }

    fn as_ptr(&mut self) -> *mut c_void {
        (&raw mut self.request).cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut c_void) -> Result<(), Errno> {
        Ok(())
    }
}
