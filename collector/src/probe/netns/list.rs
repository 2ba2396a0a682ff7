//! Finding the network namespaces of a host, and going into one and home again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::super::{Context, file};
use super::PROC_SUPER_MAGIC;

/// Namespaces that are entered; more are listed with the reason.
const MAX_NAMESPACES: usize = 256;
/// Directories where names of namespaces are mounted.
const NAME_DIRECTORIES: [&str; 2] = ["/run/netns", "/run/docker/netns"];

/// One namespace, as its line in `probes/netns.jsonl`.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Namespace {
    pub inode: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_host: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_through_pid: Option<u32>,
    /// The file to enter it by.
    #[serde(skip)]
    way: PathBuf,
}

/// All namespaces that can be found, the host's first, then by inode.
pub(super) fn list(context: &Context) -> Vec<Namespace> {
    let mut found: BTreeMap<u64, Namespace> = BTreeMap::new();
    let proc = context.path("/proc");
    let mut pids: Vec<u32> = fs::read_dir(&proc)
        .map(|entries| {
            let names = entries.flatten().map(|entry| entry.file_name());
            names.filter_map(|name| name.to_str()?.parse().ok()).collect()
        })
        .unwrap_or_default();
    pids.sort_unstable();
    for pid in pids {
        let way = proc.join(format!("{pid}/ns/net"));
        let Some(inode) = link_inode(&way) else { continue };
        found.entry(inode).or_insert_with(|| Namespace::new(inode, Some(pid), way));
    }
    for directory in NAME_DIRECTORIES {
        let Ok(entries) = fs::read_dir(context.path(directory)) else { continue };
        for entry in entries.flatten() {
            let Ok(meta) = fs::metadata(entry.path()) else { continue };
            // A name whose namespace was unmounted is an empty file of the tmpfs.
            if !is_namespace(&entry.path()) {
                continue;
            }
            let inode = meta.ino();
            let new = || Namespace::new(inode, None, entry.path());
            let namespace = found.entry(inode).or_insert_with(new);
            let name = entry.file_name().to_string_lossy().into_owned();
            namespace.name.get_or_insert(name);
        }
    }
    mark_host(context, &mut found);
    if found.is_empty() {
        // Before Linux 3.8 the links have no inode: there is the one we live in.
        let mut own = Namespace::new(0, None, PathBuf::new());
        own.name = Some("host".to_owned());
        return vec![own];
    }
    let mut all: Vec<Namespace> = found.into_values().collect();
    all.sort_by_key(|namespace| (namespace.is_host != Some(true), namespace.inode));
    for namespace in all.iter_mut().skip(MAX_NAMESPACES) {
        namespace.error = Some(format!("left out: more than {MAX_NAMESPACES} namespaces"));
    }
    all
}

/// Names the host's namespace: that of process 1.
fn mark_host(context: &Context, found: &mut BTreeMap<u64, Namespace>) {
    let first = link_inode(&context.path("/proc/1/ns/net")).or_else(|| {
        // Without rights over process 1 its link is closed, but its /proc/net is not: the same
        // namespace shows the same inodes.
        let inode = |path| fs::metadata(context.path(path)).map(|meta| meta.ino()).ok();
        let same = inode("/proc/1/net/dev")? == inode("/proc/self/net/dev")?;
        same.then(|| link_inode(&context.path("/proc/self/ns/net")))?
    });
    let Some(first) = first else { return };
    for namespace in found.values_mut() {
        namespace.is_host = Some(namespace.inode == first);
        if namespace.inode == first {
            namespace.name = Some("host".to_owned());
        }
    }
}

impl Namespace {
    const fn new(inode: u64, pid: Option<u32>, way: PathBuf) -> Self {
        Self { inode, pid, name: None, is_host: None, error: None, read_through_pid: None, way }
    }

    /// A namespace that cannot be entered may be seen through a process in it.
    pub(super) fn find_another_way(&mut self, context: &Context) {
        let is_readable =
            |pid: &u32| file::open(&context.path(&format!("/proc/{pid}/net/snmp"))).is_ok();
        self.read_through_pid = self.pid.filter(is_readable);
    }

    /// Whether the process that it is seen through is in it still.
    pub(super) fn is_still_there(&self, context: &Context) -> bool {
        let link = self.read_through_pid.map(|pid| context.path(&format!("/proc/{pid}/ns/net")));
        link.and_then(|link| link_inode(&link)) == Some(self.inode)
    }
}

/// The inode in a link such as `net:[4026531840]`.
pub(super) fn link_inode(link: &Path) -> Option<u64> {
    let target = fs::read_link(link).ok()?;
    target.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok()
}

fn is_namespace(path: &Path) -> bool {
    const NSFS_MAGIC: u64 = 0x6e73_6673;
    let magic = rustix::fs::statfs(path).ok().and_then(|s| u64::try_from(s.f_type).ok());
    // Before Linux 3.19 namespaces were files of procfs.
    matches!(magic, Some(NSFS_MAGIC | PROC_SUPER_MAGIC))
}

/// Moves this process into the namespace.
pub(super) fn enter(namespace: &Namespace) -> Result<(), String> {
    if namespace.inode == 0 {
        return Ok(());
    }
    let why = |what: &str, errno: Errno| format!("{what}: {}", io::Error::from(errno));
    // Nothing is needed to stay where we are: an ordinary user sees his own namespace.
    if present_inode() == Some(namespace.inode) {
        return Ok(());
    }
    let file = file::open(&namespace.way).map_err(|errno| why("open", errno))?;
    // The process may have ended, and its number may be another's by now.
    if file.metadata().map(|meta| meta.ino()).ok() != Some(namespace.inode) {
        return Err("the namespace is gone".to_owned());
    }
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(|errno| why("setns", errno))
}

/// Moves this process into the host's namespace, for a host whose root is mounted somewhere.
///
/// # Errors
///
/// The reason in words.
pub(in crate::probe) fn enter_host(context: &Context) -> Result<(), String> {
    let way = context.path("/proc/1/ns/net");
    let inode = link_inode(&way).ok_or("the network namespace of process 1 cannot be told")?;
    enter(&Namespace::new(inode, Some(1), way))
}

/// The namespace that we are in. Before Linux 3.17 there was no `thread-self`; the worker has one
/// thread.
fn present_inode() -> Option<u64> {
    ["/proc/thread-self/ns/net", "/proc/self/ns/net"]
        .into_iter()
        .find_map(|link| link_inode(Path::new(link)))
}

pub(super) fn go_home(home: Option<&OwnedFd>) -> Result<(), Errno> {
    let Some(home) = home else { return Ok(()) };
    let own = rustix::fs::fstat(home)?.st_ino;
    if present_inode() == Some(own) {
        return Ok(());
    }
    move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Network))
}
