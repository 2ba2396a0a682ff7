//! Where the archive goes: a new file or a stream.
//!
//! The archive's writer hands over one compressed frame at a time. A frame that does not fit on
//! the disk is dropped as a whole and the run is told to end; room for the last entry was set
//! aside before, so what has been collected until then stays readable.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{FallocateFlags, Mode, OFlags, fallocate, ftruncate, openat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

/// Room kept for the last frame: journal, end entry and trailer, compressed.
const RESERVE: u64 = 256 << 10;

/// State that outlives the writer which owns the [`Output`].
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Why no frame can be written any more.
    pub(crate) refused: Cell<Option<&'static str>>,
    /// Set before the last frame, which may use the room kept for it.
    pub(crate) last: Cell<bool>,
}

/// A new file, or standard output.
#[derive(Debug)]
pub(crate) struct Output {
    to: File,
    is_file: bool,
    written: u64,
    hash: Sha256,
    shared: Rc<Shared>,
}

impl Output {
    /// Creates a file that must not exist yet; no link is followed, nobody else may read it.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(crate) fn create(path: &str, shared: Rc<Shared>) -> io::Result<Self> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(rustix::fs::CWD, path, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(Self::over(fd, true, shared))
    }

    /// Streams to standard output.
    ///
    /// # Errors
    /// When it is closed.
    pub(crate) fn stdout(shared: Rc<Shared>) -> io::Result<Self> {
        let fd = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
        Ok(Self::over(fd, false, shared))
    }

    fn over(fd: OwnedFd, is_file: bool, shared: Rc<Shared>) -> Self {
        Self { to: File::from(fd), is_file, written: 0, hash: Sha256::new(), shared }
    }

    /// Bytes written and their SHA-256, in hex.
    #[must_use]
    pub(crate) fn sum(self) -> (u64, String) {
        let mut hex = String::with_capacity(64);
        for byte in self.hash.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        (self.written, hex)
    }

    /// Asks the file system for the room of a frame and of the last one behind it.
    fn has_room(&self, bytes: usize) -> bool {
        let reserve = if self.shared.last.get() { 0 } else { RESERVE };
        let room = (bytes as u64).saturating_add(reserve);
        let asked = fallocate(self.to.as_fd(), FallocateFlags::KEEP_SIZE, self.written, room);
        // Other errors mean that the file system cannot tell.
        !matches!(asked, Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG))
    }

    fn refuse(&self, why: &'static str) {
        self.shared.refused.set(Some(why));
    }
}

impl Write for Output {
    /// Takes the whole frame or, when the output has refused, drops the whole frame.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        if self.shared.refused.get().is_some() && !self.shared.last.get() {
            return Ok(frame.len());
        }
        if self.is_file && !self.has_room(frame.len()) {
            self.refuse("no space left on the output's disk");
            return Ok(frame.len());
        }
        match self.to.write_all(frame) {
            Ok(()) => {
                self.written += frame.len() as u64;
                self.hash.update(frame);
            }
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.refuse("the reader of the output has gone (SIGPIPE)");
            }
            Err(error) if self.is_file && error.kind() == io::ErrorKind::StorageFull => {
                // Half a frame is of no use to a reader, and its room is needed for the end.
                ftruncate(self.to.as_fd(), self.written)?;
                io::Seek::seek(&mut self.to, io::SeekFrom::Start(self.written))?;
                self.refuse("no space left on the output's disk");
            }
            Err(error) => return Err(error),
        }
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.shared.last.get() && self.is_file {
            // The room that was kept and not used goes back.
            ftruncate(self.to.as_fd(), self.written)?;
        }
        Ok(())
    }
}
