//! Figures about files that are told without their content: what a deleted file still holds, how
//! many files a process has open, how many mappings it has.

use std::io::Write as _;

use rustix::fs::{self, AtFlags, OFlags, StatxFlags};
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
        // The link is the kernel's own: a confined path may not follow it. What is known of the file
        // suffices: no server of a network file system is asked, since it may be gone.
        let flags = AtFlags::STATX_DONT_SYNC;
        match fs::statx(&dir, name, flags, StatxFlags::BASIC_STATS) {
            Ok(s) => writeln!(
                to,
                "size_bytes={} allocated_bytes={} links={} mode={:o} dev={}:{} inode={}",
                s.stx_size,
                s.stx_blocks.saturating_mul(512),
                s.stx_nlink,
                s.stx_mode,
                s.stx_dev_major,
                s.stx_dev_minor,
                s.stx_ino,
            )
            .map_err(|_full| Errno::NOMEM),
            // Before Linux 4.11, and where a filter does not know it.
            Err(Errno::NOSYS | Errno::PERM) => {
                let s = fs::statat(&dir, name, AtFlags::empty())?;
                writeln!(
                    to,
                    "size_bytes={} allocated_bytes={} links={} mode={:o} dev={}:{} inode={}",
                    s.st_size,
                    s.st_blocks.saturating_mul(512),
                    s.st_nlink,
                    s.st_mode,
                    fs::major(s.st_dev),
                    fs::minor(s.st_dev),
                    s.st_ino,
                )
                .map_err(|_full| Errno::NOMEM)
            }
            Err(errno) => Err(errno),
        }
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
            _ => {
                let mut names = 0;
                self.each_name(path, ptrace, &mut |_, _| names += 1)?;
                names
            }
        };
        writeln!(to, "{entries}").map_err(|_full| Errno::NOMEM)
    }

    /// The number of lines of `/proc/PID/maps`, as a line, and behind it the lines that name a file
    /// which is deleted; `true` if there are more than are counted or kept.
    ///
    /// # Errors
    /// That of the open or the read.
    pub(crate) fn count_lines(
        &self,
        path: &str,
        ptrace: bool,
        cap: usize,
        to: &mut Vec<u8>,
    ) -> Result<bool, Errno> {
        let file = self.open_file(path, ptrace)?;
        let mut buffer = [0_u8; 16 << 10];
        let (mut bytes, mut lines) = (0, 0_u64);
        let (mut deleted, mut begun) = (Vec::new(), Vec::new());
        while bytes < MAX_BYTES {
            let read = match rustix::io::read(&file, &mut buffer) {
                Ok(0) => break,
                Ok(n) => buffer.get(..n).unwrap_or_default(),
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(errno),
            };
            bytes += read.len();
            for piece in read.split_inclusive(|b| *b == b'\n') {
                begun.extend_from_slice(piece);
                if piece.ends_with(b"\n") {
                    lines += 1;
                    if is_deleted_file(&begun) && deleted.len() + begun.len() < cap {
                        deleted.extend_from_slice(&begun);
                    }
                    begun.clear();
                }
            }
        }
        writeln!(to, "{lines}").map_err(|_full| Errno::NOMEM)?;
        to.extend_from_slice(&deleted);
        Ok(bytes >= MAX_BYTES)
    }
}

/// Whether a line of `maps` names a file that is deleted. Memory that never had a name in a file
/// system is always said to be.
fn is_deleted_file(line: &[u8]) -> bool {
    const NEVER_FILES: [&[u8]; 4] = [b" /memfd:", b" /SYSV", b" /dev/zero (", b" /[aio]"];
    line.ends_with(b" (deleted)\n")
        && !NEVER_FILES.iter().any(|name| line.windows(name.len()).any(|part| part == *name))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    use super::*;
    use crate::access::Access;

    #[test]
    fn a_deleted_file_tells_what_it_still_holds() {
        let root = Root::open("/", Access::own(crate::host::capabilities())).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[b'x'; 5000]).unwrap();
        let mut line = Vec::new();
        let path = format!("proc/self/fd/{}", file.as_raw_fd());
        root.stat_line(&path, &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert!(line.starts_with("size_bytes=5000 allocated_bytes="), "{line}");
        assert!(line.contains(" links=0 mode=1006"), "{line}");
    }

    #[test]
    fn descriptors_and_lines_are_counted() {
        let root = Root::open("/", Access::own(crate::host::capabilities())).unwrap();
        let count = || {
            let mut text = Vec::new();
            root.count_entries("proc/self/fd", true, &mut text).unwrap();
            String::from_utf8(text).unwrap().trim().parse::<usize>().unwrap()
        };
        // Other tests of this process open files, too; a hundred of them they do not.
        let before = count();
        let files: Vec<_> = (0..300).map(|_| tempfile::tempfile().unwrap()).collect();
        assert!((before + 200..before + 400).contains(&count()), "{before}");
        drop(files);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines");
        std::fs::write(&path, "a\nb\n".repeat(50_000)).unwrap();
        let mut text = Vec::new();
        let path = path.to_str().unwrap().trim_start_matches('/');
        assert_eq!(root.count_lines(path, false, 1 << 16, &mut text), Ok(false));
        assert_eq!(text, b"100000\n");
    }

    #[test]
    fn mappings_of_deleted_files_are_told_and_those_of_mere_memory_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("maps");
        let file = "7f1200000000-7f1200001000 r--s 00000000 fe:01 77  /srv/old (1) (deleted)\n";
        let memory = ["/memfd:x", "/SYSV00000000", "/dev/zero", "/[aio]"];
        let memory = memory.map(|name| file.replace("/srv/old (1)", name)).concat();
        let named = file.replace(" (deleted)", "");
        // Lines that lie across the pieces that are read, and a last one that does not end.
        let text = [&*memory, &*named, file, "7f12-7f13 r--s /srv/b (deleted)"].concat();
        std::fs::write(&path, named.repeat(1000) + &text).unwrap();
        let root = Root::open("/", Access::own(crate::host::capabilities())).unwrap();
        let path = path.to_str().unwrap().trim_start_matches('/');
        let (mut told, mut short) = (Vec::new(), Vec::new());
        assert_eq!(root.count_lines(path, false, 1 << 16, &mut told), Ok(false));
        assert_eq!(String::from_utf8(told).unwrap(), format!("1006\n{file}"));
        assert_eq!(root.count_lines(path, false, 10, &mut short), Ok(false));
        assert_eq!(short, b"1006\n");
    }
}
