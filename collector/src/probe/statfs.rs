//! How full each mounted file system is: `statfs(2)` for each distinct one.
//!
//! `probes/statfs.jsonl`, one step and one line a file system; sizes are in units of `bsize`:
//!
//! ```json
//! {"mount_point":"/","fstype":"ext4","dev":"8:1","bsize":4096,"blocks":…,"bfree":…,"bavail":…,"files":…,"ffree":…}
//! {"mount_point":"/mnt/nas","fstype":"nfs4","dev":"0:52","error":"network file system: not asked"}
//! ```
//!
//! A mount whose server is gone holds whoever asks it for ever, so network and cluster file systems
//! are left alone unless asked for, and so is everything mounted below one. Those without blocks
//! of their own (`proc`, `cgroup`) have nothing to tell and no line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, ResolveFlags, StatFs, fstatfs, open, openat2, statfs};
use rustix::io::Errno;
use serde_json::{Map, Value, json};

use super::{Answer, Context, Emit, Progress, Resume, Turn, file};

const PATH: &str = "probes/statfs.jsonl";
const MAX_MOUNTINFO_BYTES: u64 = 16 << 20;
/// Most file systems; a node full of containers has an overlay for each.
const MAX_FILE_SYSTEMS: usize = 2000;

/// File systems whose answer comes from another machine, or from a program.
const REMOTE: [&str; 29] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "ceph",
    "autofs",
    "9p",
    "virtiofs",
    "lustre",
    "glusterfs",
    "afs",
    "coda",
    "gfs",
    "gfs2",
    "ocfs2",
    "gpfs",
    "beegfs",
    "orangefs",
    "pvfs2",
    "davfs",
    "panfs",
    "wekafs",
    "vboxsf",
    "vmhgfs",
    "prl_fs",
    "fuseblk",
    "acfs",
];

/// File systems without blocks.
const WITHOUT_BLOCKS: [&str; 22] = [
    "proc",
    "sysfs",
    "cgroup",
    "cgroup2",
    "bpf",
    "debugfs",
    "tracefs",
    "securityfs",
    "pstore",
    "mqueue",
    "nsfs",
    "configfs",
    "binfmt_misc",
    "fusectl",
    "rpc_pipefs",
    "devpts",
    "efivarfs",
    "selinuxfs",
    "smackfs",
    "nfsd",
    "cpuset",
    "resctrl",
];

/// One file system, by the mount point that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    /// Where, as bytes: a mount point may have any name.
    point: Vec<u8>,
    fstype: String,
    dev: String,
    is_asked: bool,
}

/// Asks each file system.
pub(super) fn probe(context: &Context, resume: Resume, emit: &mut Emit<'_>) -> io::Result<()> {
    let mountinfo = match file::read(&context.path(own_mountinfo(context)), MAX_MOUNTINFO_BYTES) {
        Ok((bytes, _)) => bytes,
        Err(errno) => return emit(Answer::failed(PATH, errno)),
    };
    let mounts = mounts(&mountinfo, context.network_fs);
    for (step, mount) in mounts.iter().enumerate() {
        let told = match resume.turn(step) {
            Turn::Done => continue,
            Turn::Hung => Err("timed out".to_owned()),
            Turn::Now if !mount.is_asked => Err("network file system: not asked".to_owned()),
            Turn::Now => ask(context, mount).map_err(|errno| io::Error::from(errno).to_string()),
        };
        let mut line = serde_json::to_vec(&describe(mount, told))?;
        line.push(b'\n');
        let is_last = step + 1 == mounts.len();
        let progress = if is_last { Progress::Last } else { Progress::Step };
        emit(Answer { progress, ..Answer::whole(PATH, &line) })?;
    }
    Ok(())
}

/// The mounts that we reach: our own, or those of the mounted root's first process.
fn own_mountinfo(context: &Context) -> &'static str {
    if context.is_live_root() { "/proc/self/mountinfo" } else { "/proc/1/mountinfo" }
}

/// The file systems to ask, each once, in the order of their mounts.
fn mounts(mountinfo: &[u8], network_fs: bool) -> Vec<Mount> {
    let mut all: Vec<Mount> =
        mountinfo.split(|&b| b == b'\n').filter_map(|line| mount(line, network_fs)).collect();
    // A later mount hides an earlier one at the same place.
    let mut top = BTreeMap::new();
    for (i, mount) in all.iter().enumerate() {
        top.insert(mount.point.clone(), i);
    }
    let silent: Vec<Vec<u8>> =
        all.iter().filter(|mount| !mount.is_asked).map(|mount| mount.point.clone()).collect();
    let mut i = 0;
    let mut seen = std::collections::BTreeSet::new();
    all.retain_mut(|mount| {
        let is_top = top.get(&mount.point) == Some(&i);
        i += 1;
        mount.is_asked &= !silent.iter().any(|point| is_below(&mount.point, point));
        is_top
            && !WITHOUT_BLOCKS.contains(&mount.fstype.as_str())
            && mount.fstype != "autofs"
            && seen.insert(mount.dev.clone())
    });
    all.truncate(MAX_FILE_SYSTEMS);
    all
}

fn is_below(point: &[u8], other: &[u8]) -> bool {
    point.strip_prefix(other).is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// A line of mountinfo: `36 35 8:1 / /mnt rw shared:1 - ext4 /dev/sda1 rw`.
fn mount(line: &[u8], network_fs: bool) -> Option<Mount> {
    let mut fields = line.split(|&b| b == b' ');
    let dev = fields.nth(2)?;
    let point = fields.nth(1)?;
    let fstype = fields.skip_while(|field| *field != b"-").nth(1)?;
    let fstype = String::from_utf8_lossy(fstype).into_owned();
    let is_remote = REMOTE.contains(&fstype.as_str()) || fstype.starts_with("fuse.");
    // autofs would mount something when touched, whatever was asked for.
    let is_asked = fstype != "autofs" && (network_fs || !(is_remote || fstype == "fuse"));
    let dev = String::from_utf8_lossy(dev).into_owned();
    Some(Mount { point: unescape(point), fstype, dev, is_asked })
}

/// `\040` is a blank, `\011` a tab, `\012` a line break, `\134` a backslash.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&b, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| b == b'\\');
        let code = code.and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 8).ok());
        out.push(code.unwrap_or(b));
        rest = if code.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    out
}

fn ask(context: &Context, mount: &Mount) -> Result<StatFs, Errno> {
    let point = PathBuf::from(OsString::from_vec(mount.point.clone()));
    if context.is_live_root() {
        return statfs(&point);
    }
    // Links are resolved inside the mounted root: they are the host's, not ours.
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root = open(&context.root, flags | OFlags::DIRECTORY, Mode::empty())?;
    fstatfs(openat2(root, &point, flags, Mode::empty(), ResolveFlags::IN_ROOT)?)
}

fn describe(mount: &Mount, told: Result<StatFs, String>) -> Value {
    let mut line = Map::new();
    line.insert("mount_point".to_owned(), String::from_utf8_lossy(&mount.point).into());
    line.insert("fstype".to_owned(), mount.fstype.as_str().into());
    line.insert("dev".to_owned(), mount.dev.as_str().into());
    match told {
        Ok(told) => {
            // Blocks are counted in fragments, where a file system tells them apart.
            let unit = if told.f_frsize > 0 { told.f_frsize } else { told.f_bsize };
            for (name, value) in [
                ("bsize", json!(unit)),
                ("blocks", json!(told.f_blocks)),
                ("bfree", json!(told.f_bfree)),
                ("bavail", json!(told.f_bavail)),
                ("files", json!(told.f_files)),
                ("ffree", json!(told.f_ffree)),
                ("flags", json!(told.f_flags)),
            ] {
                line.insert(name.to_owned(), value);
            }
        }
        Err(why) => {
            line.insert("error".to_owned(), why.into());
        }
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTINFO: &[u8] = b"\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
23 22 0:21 / /proc rw,nosuid - proc proc rw\n\
24 22 0:40 / /mnt/nas rw - nfs4 srv:/x rw,addr=10.0.0.1\n\
25 24 0:41 / /mnt/nas/tmp rw - tmpfs tmpfs rw\n\
26 22 8:1 /home /home rw - ext4 /dev/sda1 rw\n\
27 22 0:42 / /with\\040blank rw - tmpfs tmpfs rw\n\
28 22 0:43 / /misc rw - autofs systemd-1 rw\n\
29 22 0:44 / /mnt/nassau rw - fuse.sshfs x rw\n\
30 22 8:17 / /data rw - xfs /dev/sdb1 rw\n\
31 22 8:33 / /data rw - xfs /dev/sdc1 rw\n";

    #[test]
    fn each_file_system_stands_once_and_dead_servers_are_not_touched() {
        let told: Vec<(String, bool)> = mounts(MOUNTINFO, false)
            .into_iter()
            .map(|mount| (String::from_utf8(mount.point).unwrap(), mount.is_asked))
            .collect();
        let expected = [
            ("/", true),
            ("/mnt/nas", false),
            ("/mnt/nas/tmp", false),
            ("/with blank", true),
            ("/mnt/nassau", false),
            ("/data", true),
        ];
        assert_eq!(told, expected.map(|(point, asked)| (point.to_owned(), asked)));
        let dev = |mounts: Vec<Mount>| mounts.last().unwrap().dev.clone();
        assert_eq!(dev(mounts(MOUNTINFO, false)), "8:33", "the upper of two mounts");
        assert!(mounts(MOUNTINFO, true).iter().all(|mount| mount.is_asked));
    }

    #[test]
    fn the_root_is_told_and_a_mount_that_hung_is_named() {
        let context = Context::of_root("/");
        for (resume, error) in
            [(Resume::default(), None), (Resume { done: 0, stalled: true }, Some("timed out"))]
        {
            let (mut text, mut ends) = (Vec::new(), Vec::new());
            probe(&context, resume, &mut |answer| {
                text.extend_from_slice(answer.content);
                ends.push(answer.progress);
                Ok(())
            })
            .unwrap();
            assert_eq!(ends.pop(), Some(Progress::Last));
            assert!(ends.iter().all(|end| *end == Progress::Step));
            let first = text.split(|&b| b == b'\n').next().unwrap();
            let first: Value = serde_json::from_slice(first).unwrap();
            assert_eq!(first["error"].as_str(), error);
            assert_eq!(first["blocks"].as_u64().is_some(), error.is_none());
        }
    }

    #[test]
    fn damaged_lines_are_left_out() {
        for line in ["", " ", "1 2 3", "1 2 8:1 / / rw -", "a b c d e f g h i j k"] {
            assert_eq!(mounts(line.as_bytes(), false), []);
        }
        assert_eq!(unescape(br"\040a\\9\"), br" a\\9\");
    }
}
