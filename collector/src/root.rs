//! The host's files: every open, read, readdir and readlink of the collector stands here.
//!
//! All of them run in a worker process that may be killed, except when the host refuses to fork
//! (then the harmless ones run in the parent). Paths are relative to the host's root, which is `/`
//! or what `--root` names; below such a root no link leads out of it.
//!
//! Two things a plain `open` would do are avoided: opening a FIFO or a device found where a file
//! was expected (a watchdog starts by being opened), and asking for what this user may not read
//! (each refusal is a record in somebody's audit log).

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{self, CWD, FileType, Mode, OFlags, RawDir, ResolveFlags, Stat};
use rustix::io::Errno;

use crate::access::Access;
use crate::capped;
use crate::never;

/// Most names taken from one directory or pattern.
pub(crate) const MAX_NAMES: usize = 200_000;

const KMSG: &str = "dev/kmsg";

const PROC_MAGIC: u64 = 0x9fa0;
const SYSFS_MAGIC: u64 = 0x6265_6572;

/// The root of the host's file tree.
#[expect(clippy::struct_excessive_bools, reason = "four independent findings about the root")]
#[derive(Debug)]
pub(crate) struct Root {
    dir: OwnedFd,
    /// Links are resolved inside the root.
    confined: bool,
    /// The root is not the one that we run in.
    foreign: bool,
    /// The host's namespaces could not be entered.
    lies: bool,
    real_proc: bool,
    real_sys: bool,
    access: Access,
}

impl Root {
    /// Opens the root.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub(crate) fn open(path: &str, access: Access) -> Result<Self, Errno> {
        let dir = open_path(path)?;
        let mut root = Self {
            dir,
            confined: path != "/",
            foreign: path != "/",
            real_proc: false,
            real_sys: false,
            lies: false,
            access,
        };
        if root.confined && matches!(root.at("", OFlags::PATH), Err(Errno::NOSYS | Errno::PERM)) {
            // Kernels before 5.6, and containers whose filter does not know `openat2`.
            rustix::process::chroot(path)?;
            root.dir = open_path("/")?;
            root.confined = false;
        }
        root.real_proc = root.magic("proc") == Some(PROC_MAGIC);
        root.real_sys = root.magic("sys") == Some(SYSFS_MAGIC);
        Ok(root)
    }

    /// Moves this process into the network, host name and IPC namespaces of the host's first
    /// process, so that kernel parameters are the host's and not those of our container. Where that
    /// is refused, they are not read: they would lie.
    pub(crate) fn enter_namespaces(&mut self) {
        if self.foreign && self.real_proc {
            let mut comm = Vec::new();
            let read = self.read("proc/2/comm", 64, false, &mut comm);
            // Where even root may not look into process 1: the kernel's own threads live in the
            // host's namespaces, too.
            let kernel = read.is_ok() && comm == b"kthreadd\n";
            let entered = ["net", "uts", "ipc"].map(|name| {
                self.enter(&format!("proc/1/ns/{name}")).is_ok()
                    || (kernel && self.enter(&format!("proc/2/ns/{name}")).is_ok())
            });
            self.lies = entered.contains(&false);
        }
    }

    fn enter(&self, path: &str) -> Result<(), Errno> {
        // The last step is a link of the kernel's own, which a confined path may not follow.
        let (dir, name) = path.rsplit_once('/').ok_or(Errno::INVAL)?;
        let dir = self.at(dir, OFlags::PATH | OFlags::DIRECTORY)?;
        let space = fs::openat(dir, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::thread::move_into_link_name_space(space.as_fd(), None)
    }

    /// Whether a file shows our own namespace instead of the host's.
    fn would_lie(&self, path: &str) -> bool {
        const OF_NAMESPACES: [&str; 8] = [
            "proc/sys/net/",
            "proc/sys/fs/mqueue/",
            "proc/sys/kernel/hostname",
            "proc/sys/kernel/domainname",
            "proc/sys/kernel/msg",
            "proc/sys/kernel/sem",
            "proc/sys/kernel/shm",
            "proc/sysvipc/",
        ];
        self.lies && OF_NAMESPACES.iter().any(|start| path.starts_with(start))
    }

    fn magic(&self, path: &str) -> Option<u64> {
        let dir = self.at(path, OFlags::PATH | OFlags::DIRECTORY).ok()?;
        u64::try_from(fs::fstatfs(dir).ok()?.f_type).ok()
    }

    /// Opens below the root, links confined to it if it is not `/`.
    pub(crate) fn at(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        // `proc/net` would be a link to our own network: the host's first process stands for it.
        let of_host = path.strip_prefix("proc/net").filter(|_| self.foreign && self.real_proc);
        let of_host = of_host.map(|rest| format!("proc/1/net{rest}"));
        let path = of_host.as_deref().unwrap_or(if path.is_empty() { "." } else { path });
        if !self.confined {
            return fs::openat(&self.dir, path, flags, Mode::empty());
        }
        fs::openat2(&self.dir, path, flags, Mode::empty(), ResolveFlags::IN_ROOT)
    }

    /// Whether the kernel itself made the file, so that it is neither a FIFO nor a device.
    #[must_use]
    pub(crate) fn is_kernel_made(&self, path: &str) -> bool {
        let below = |dir: &str| {
            path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        (self.real_proc && below("proc")) || (self.real_sys && below("sys"))
    }

    /// Opens a file for reading once it is known that it is one and may be read.
    pub(crate) fn open_file(&self, path: &str, ptrace: bool) -> Result<OwnedFd, Errno> {
        let kernel_made = self.is_kernel_made(path);
        if self.is_unused_automount(path) {
            return Err(Errno::XDEV);
        }
        let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        if !kernel_made || self.access.needs_check() {
            let stat = fs::fstat(self.at(path, OFlags::PATH)?)?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Err(Errno::INVAL);
            }
            self.check(&stat, ptrace)?;
            if !kernel_made && self.access.may_keep_atime(&stat) {
                flags |= OFlags::NOATIME;
            }
        }
        self.at(path, flags)
    }

    /// What stands in the place of a file, if it is none; nothing is opened.
    #[must_use]
    pub(crate) fn stands_for(&self, path: &str) -> Option<&'static str> {
        if self.is_kernel_made(path) {
            return None;
        }
        if self.is_unused_automount(path) {
            return Some("an automount point that nobody uses: not entered");
        }
        let stat = fs::fstat(self.at(path, OFlags::PATH).ok()?).ok()?;
        Some(match FileType::from_raw_mode(stat.st_mode) {
            FileType::Fifo => "a FIFO stands in its place: not opened",
            FileType::Socket => "a socket stands in its place: not opened",
            FileType::CharacterDevice | FileType::BlockDevice => {
                "a device stands in its place: not opened"
            }
            FileType::Directory => "a directory stands in its place",
            _ => return None,
        })
    }

    /// Whether a directory is an automount point that nobody has used: to look into it would mount
    /// something.
    fn is_unused_automount(&self, path: &str) -> bool {
        const AUTOFS_MAGIC: u64 = 0x0187;
        let first = path.split('/').next().unwrap_or(path);
        // Opened as a mere path, without being asked for as a directory, it mounts nothing.
        let magic = || {
            let dir = self.at(first, OFlags::PATH).ok()?;
            u64::try_from(fs::fstatfs(dir).ok()?.f_type).ok()
        };
        first == "boot" && magic() == Some(AUTOFS_MAGIC)
    }

    fn check(&self, stat: &Stat, ptrace: bool) -> Result<(), Errno> {
        if self.access.may_read(stat, ptrace) { Ok(()) } else { Err(Errno::ACCESS) }
    }

    /// Appends at most `cap` bytes of a file to `to`; `true` if there was more.
    ///
    /// # Errors
    /// That of the open or the read; `EPERM` for what is never read, `EXDEV` for what would show
    /// another namespace than the host's.
    pub(crate) fn read(
        &self,
        path: &str,
        cap: usize,
        ptrace: bool,
        to: &mut Vec<u8>,
    ) -> Result<bool, Errno> {
        if never::is_never_read(path) {
            return Err(Errno::PERM);
        }
        if self.would_lie(path) {
            return Err(Errno::XDEV);
        }
        if path == KMSG {
            return self.read_kmsg(cap, to);
        }
        capped::read(self.open_file(path, ptrace)?.as_fd(), cap, to)
    }

    /// The kernel log: a device that yields one record a read and, asked not to block, ends with
    /// `EAGAIN`. `EPIPE` says that a record was overwritten before it could be read.
    fn read_kmsg(&self, cap: usize, to: &mut Vec<u8>) -> Result<bool, Errno> {
        self.check(&fs::fstat(self.at(KMSG, OFlags::PATH)?)?, false)?;
        let log = self.at(KMSG, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        let mut record = [0_u8; 8 << 10];
        loop {
            match rustix::io::read(&log, &mut record) {
                Ok(0) | Err(Errno::AGAIN) => return Ok(false),
                Ok(n) if to.len() + n > cap => return Ok(true),
                Ok(n) => to.extend_from_slice(record.get(..n).unwrap_or_default()),
                Err(Errno::INTR | Errno::PIPE) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Appends the target of a link.
    ///
    /// # Errors
    /// That of `readlink`.
    pub(crate) fn link(&self, path: &str, ptrace: bool, to: &mut Vec<u8>) -> Result<(), Errno> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let dir = self.at(parent, OFlags::PATH | OFlags::DIRECTORY)?;
        if self.access.needs_check() && ptrace {
            self.check(&fs::fstat(&dir)?, true)?;
        }
        to.extend_from_slice(fs::readlinkat(&dir, name, Vec::with_capacity(256))?.as_bytes());
        Ok(())
    }

    /// Shows each name in a directory, in the kernel's order; names that are no UTF-8 are left out.
    ///
    /// # Errors
    /// That of the open or of `readdir`.
    pub(crate) fn each_name(
        &self,
        path: &str,
        ptrace: bool,
        show: &mut dyn FnMut(&str, FileType),
    ) -> Result<(), Errno> {
        let dir = self.open_dir(path, ptrace)?;
        // On the stack: memory of its own, mapped and unmapped for each of a thousand directories,
        // costs as much as to list them.
        let mut buffer = [MaybeUninit::<u8>::uninit(); 16 << 10];
        let mut entries = RawDir::new(&dir, &mut buffer);
        let mut seen = 0;
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name != "." && name != ".." && seen < MAX_NAMES {
                seen += 1;
                show(name, entry.file_type());
            }
        }
        Ok(())
    }

    fn open_dir(&self, path: &str, ptrace: bool) -> Result<OwnedFd, Errno> {
        if self.is_unused_automount(path) {
            return Err(Errno::XDEV);
        }
        if self.access.needs_check() {
            let stat = fs::fstat(self.at(path, OFlags::PATH | OFlags::DIRECTORY)?)?;
            self.check(&stat, ptrace)?;
        }
        self.at(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK)
    }

    /// Name and target of every link in a directory, as records of [`crate::wire::sub`].
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub(crate) fn links(&self, path: &str, cap: usize, to: &mut Vec<u8>) -> Result<bool, Errno> {
        let dir = self.at(path, OFlags::PATH | OFlags::DIRECTORY)?;
        let mut cut = false;
        let mut target = Vec::with_capacity(256);
        self.each_name(path, true, &mut |name, _| {
            cut |= to.len() >= cap;
            if cut {
                return;
            }
            target = match fs::readlinkat(&dir, name, std::mem::take(&mut target)) {
                Ok(link) => {
                    crate::wire::sub::push(to, name.as_bytes(), 0, link.as_bytes());
                    link.into_bytes()
                }
                Err(errno) => {
                    crate::wire::sub::push(to, name.as_bytes(), errno.raw_os_error(), b"");
                    Vec::with_capacity(256)
                }
            };
        })?;
        Ok(cut)
    }

    /// `FILE` of each numeric subdirectory of `DIR` (path `DIR//FILE`), as records of
    /// [`crate::wire::sub`].
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub(crate) fn each(&self, path: &str, cap: usize, to: &mut Vec<u8>) -> Result<bool, Errno> {
        let (dir, file) = path.split_once("//").ok_or(Errno::INVAL)?;
        let mut content = Vec::with_capacity(1024);
        let mut cut = false;
        self.each_name(dir, false, &mut |name, _| {
            if !name.bytes().all(|b| b.is_ascii_digit()) {
                return;
            }
            cut |= to.len() >= cap;
            if cut {
                return;
            }
            content.clear();
            let errno = self.read(&format!("{dir}/{name}/{file}"), 1 << 16, false, &mut content);
            let errno = errno.err().map_or(0, Errno::raw_os_error);
            crate::wire::sub::push(to, name.as_bytes(), errno, &content);
        })?;
        Ok(cut)
    }
}

fn open_path(path: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    fs::openat(CWD, path, flags, Mode::empty())
}
