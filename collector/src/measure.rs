//! Figures about files that are told without their content: what a deleted file still holds, how
//! many files a process has open, how many mappings it has.

use std::io::Write as _;

use rustix::fs::{self, AtFlags, OFlags};
use rustix::io::Errno;

use crate::root::Root;

/// Lines of one file that are counted; the kernel's default limit of mappings is 65,530.
const MAX_BYTES: usize = 256 << 20;

impl Root {
    /// `size_bytes=4096 allocated_bytes=8192 links=0 mode=100644 dev=8:1 inode=42` of what a
    /// descriptor's link (`proc/PID/fd/N`) leads to.
    ///
    /// # Errors
    /// That of `stat`.
    pub(crate) fn stat_line(&self, path: &str, to: &mut Vec<u8>) -> Result<(), Errno> {
        let (parent, name) = path.rsplit_once('/').ok_or(Errno::INVAL)?;
        let dir = self.at(parent, OFlags::PATH | OFlags::DIRECTORY)?;
        // The link is the kernel's own: a confined path may not follow it.
        let stat = fs::statat(dir, name, AtFlags::empty())?;
        writeln!(
            to,
            "size_bytes={} allocated_bytes={} links={} mode={:o} dev={}:{} inode={}",
            stat.st_size,
            stat.st_blocks.saturating_mul(512),
            stat.st_nlink,
            stat.st_mode,
            fs::major(stat.st_dev),
            fs::minor(stat.st_dev),
            stat.st_ino,
        )
        .map_err(|_full| Errno::NOMEM)
    }

    /// The number of entries of `proc/PID/fd`, as a line. Since Linux 6.2 the size of the
    /// directory tells; before, its names are counted.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub(crate) fn count_entries(
        &self,
        path: &str,
        ptrace: bool,
        to: &mut Vec<u8>,
    ) -> Result<(), Errno> {
        let size = fs::fstat(self.at(path, OFlags::PATH | OFlags::DIRECTORY)?)?.st_size;
        let entries = match usize::try_from(size) {
            Ok(n) if n > 0 => n,
            _ => self.list(path, ptrace)?.len(),
        };
        writeln!(to, "{entries}").map_err(|_full| Errno::NOMEM)
    }

    /// The number of lines of a file, as a line; `true` if there are more than are counted.
    ///
    /// # Errors
    /// That of the open or the read.
    pub(crate) fn count_lines(
        &self,
        path: &str,
        ptrace: bool,
        to: &mut Vec<u8>,
    ) -> Result<bool, Errno> {
        let file = self.open_file(path, ptrace)?;
        let mut buffer = vec![0_u8; 64 << 10];
        let (mut bytes, mut lines) = (0, 0_u64);
        while bytes < MAX_BYTES {
            match rustix::io::read(&file, &mut buffer) {
                Ok(0) => break,
                Ok(n) => {
                    bytes += n;
                    let ends = buffer.iter().take(n).filter(|b| **b == b'\n').count();
                    lines += ends as u64;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        writeln!(to, "{lines}").map_err(|_full| Errno::NOMEM)?;
        Ok(bytes >= MAX_BYTES)
    }
}
