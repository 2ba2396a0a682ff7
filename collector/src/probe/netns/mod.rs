//! Every distinct network namespace: its sockets, counters and parameters.
//!
//! Containers live in namespaces of their own, with the kernel's default parameters instead of the
//! host's tuning, and their sockets appear nowhere in the host's tables. The probe finds the
//! namespaces by the links `/proc/*/ns/net` and by the names that `ip netns` and Docker mount,
//! enters each with setns(2), reads, and comes home. So its worker must have one thread and be
//! used for nothing else.
//!
//! First step: `probes/netns.jsonl`, one line a namespace, the host's first:
//!
//! ```json
//! {"inode":4026531840,"pid":1,"name":"host","is_host":true}
//! {"inode":4026532177,"pid":812}
//! {"inode":4026532290,"name":"blue","error":"setns: Operation not permitted (os error 1)"}
//! ```
//!
//! `pid` is the lowest process id in it; a namespace without processes has none. `is_host` is
//! absent where it cannot be told. `read_through_pid` names the process whose `/proc/PID/net` was
//! read in place of a namespace that could not be entered. Each further step is one path of [`Item`].

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use linsight_archive::Outcome;

use super::sockets::{self, FAMILIES, Family};
use super::{Answer, Context, Emit, PIECE_BYTES, Resume, Turn, file, generic, rtnetlink, sysctl};

mod list;

pub(super) use list::enter_host;
use list::{Namespace, enter, go_home, list};

/// `f_type` of a procfs: a directory that only looks like one would lie.
const PROC_SUPER_MAGIC: u64 = 0x9fa0;
/// Files of `/proc/net` that are kept for every namespace.
const FILES: [&str; 11] = [
    "snmp",
    "snmp6",
    "netstat",
    "sockstat",
    "sockstat6",
    "dev",
    "udp",
    "udp6",
    "route",
    "ipv6_route",
    "stat/nf_conntrack",
];

/// What is taken of one namespace: one step and one path each.
#[derive(Clone, Copy)]
enum Item {
    Sysctl,
    ProcNet(&'static str),
    Qdisc,
    Routes,
    Links,
    Neighbours,
    TcpMetrics,
    Dump(Family),
    /// A dump that cannot be had, for the reason of its protocol.
    NoDump(Family),
}

/// Runs the probe.
pub(super) fn probe(context: &Context, resume: Resume, emit: &mut Emit<'_>) -> io::Result<()> {
    const LIST: &str = "probes/netns.jsonl";
    let proc = context.path("/proc");
    if rustix::fs::statfs(&proc).ok().and_then(|s| u64::try_from(s.f_type).ok())
        != Some(PROC_SUPER_MAGIC)
    {
        return match resume.turn(0) {
            Turn::Done => Ok(()),
            _ => emit(Answer::absent(LIST, Outcome::Skipped, Some("no live procfs at the root"))),
        };
    }
    let home = match file::open(Path::new("/proc/self/ns/net")) {
        Ok(home) => Some(OwnedFd::from(home)),
        Err(_) => None,
    };
    let mut namespaces = list(context);
    for namespace in namespaces.iter_mut().filter(|n| n.error.is_none()) {
        namespace.error = enter(namespace).err();
        if namespace.error.is_some() {
            namespace.find_another_way(context);
        }
    }
    let came_home = go_home(home.as_ref());
    match resume.turn(0) {
        Turn::Done => {}
        Turn::Hung => emit(Answer::absent(LIST, Outcome::TimedOut, None))?,
        Turn::Now => emit_list(LIST, &namespaces, emit)?,
    }
    if came_home.is_err() {
        return Ok(());
    }
    let mut turns = Turns { context, resume, step: 1, unusable: unusable(context) };
    for namespace in &namespaces {
        if namespace.read_through_pid.is_some() {
            turns.through_process(namespace, emit)?;
        } else if namespace.error.is_none() {
            turns.namespace(namespace, emit)?;
            if go_home(home.as_ref()).is_err() {
                break;
            }
        }
    }
    Ok(())
}

/// For each family, why it cannot be dumped.
fn unusable(context: &Context) -> [Option<String>; FAMILIES.len()] {
    FAMILIES.map(|family| sockets::usable(context, family).err())
}

struct Turns<'a> {
    context: &'a Context,
    resume: Resume,
    step: usize,
    unusable: [Option<String>; FAMILIES.len()],
}

impl Turns<'_> {
    fn namespace(&mut self, namespace: &Namespace, emit: &mut Emit<'_>) -> io::Result<()> {
        let mut entered = None;
        for item in self.items(namespace) {
            let path = item.path(namespace.inode);
            let turn = self.resume.turn(self.step);
            self.step += 1;
            match turn {
                Turn::Done => {}
                Turn::Hung => emit(Answer::absent(&path, Outcome::TimedOut, None))?,
                Turn::Now => match entered.get_or_insert_with(|| enter(namespace)) {
                    Ok(()) => self.take(item, &path, emit)?,
                    // It was there a moment ago, when the list was made.
                    Err(why) => emit(Answer::absent(&path, Outcome::Vanished, Some(why)))?,
                },
            }
        }
        Ok(())
    }

    /// A namespace that refuses to be entered: a process in it shows its counters and sockets.
    fn through_process(&mut self, namespace: &Namespace, emit: &mut Emit<'_>) -> io::Result<()> {
        let Some(pid) = namespace.read_through_pid else { return Ok(()) };
        let why = namespace.error.as_deref().unwrap_or_default();
        let reason = format!("read through /proc/{pid}/net, since it could not be entered: {why}");
        let net = self.context.path(&format!("/proc/{pid}/net"));
        for name in FILES.into_iter().chain(["tcp", "tcp6"]) {
            let path = Item::ProcNet(name).path(namespace.inode);
            let turn = self.resume.turn(self.step);
            self.step += 1;
            match turn {
                Turn::Done => {}
                Turn::Hung => emit(Answer::absent(&path, Outcome::TimedOut, Some(&reason)))?,
                // The process may have ended, or moved into another namespace.
                Turn::Now if !namespace.is_still_there(self.context) => {
                    emit(Answer::absent(&path, Outcome::Vanished, Some(&reason)))?;
                }
                Turn::Now => {
                    let max = self.context.max_dump_bytes;
                    file::emit_lines(&path, &net.join(name), max, &mut |answer| {
                        emit(Answer { reason: answer.reason.or(Some(&reason)), ..answer })
                    })?;
                }
            }
        }
        Ok(())
    }

    fn items(&self, namespace: &Namespace) -> Vec<Item> {
        let mut items =
            vec![Item::Qdisc, Item::Routes, Item::Links, Item::Neighbours, Item::TcpMetrics];
        if namespace.inode != self.context.namespace_read {
            items.insert(0, Item::Sysctl);
        }
        items.extend(FILES.map(Item::ProcNet));
        for (family, unusable) in FAMILIES.into_iter().zip(&self.unusable) {
            match (unusable, family.name) {
                (None, _) => items.push(Item::Dump(family)),
                (Some(_), name) => {
                    items.push(Item::NoDump(family));
                    match name {
                        "tcp4" => items.push(Item::ProcNet("tcp")),
                        "tcp6" => items.push(Item::ProcNet("tcp6")),
                        _ => {}
                    }
                }
            }
        }
        items
    }

    fn take(&self, item: Item, path: &str, emit: &mut Emit<'_>) -> io::Result<()> {
        let max = self.context.max_dump_bytes;
        match item {
            Item::Sysctl => sysctl::dump(path, &self.context.path("/proc/sys"), "net", emit),
            Item::ProcNet(name) => {
                let net = self.context.path("/proc/thread-self/net");
                let net = if net.exists() { net } else { self.context.path("/proc/self/net") };
                file::emit_lines(path, &net.join(name), max, emit)
            }
            Item::Qdisc => rtnetlink::qdisc(path, emit),
            Item::Routes => rtnetlink::routes(path, emit),
            Item::Links => rtnetlink::links(path, emit),
            Item::Neighbours => rtnetlink::neighbours(path, emit),
            Item::TcpMetrics => generic::tcp_metrics(path, emit),
            Item::Dump(family) => sockets::dump(path, family, max, emit),
            Item::NoDump(family) => {
                let why = FAMILIES.iter().zip(&self.unusable).find(|(f, _)| **f == family);
                let why = why.and_then(|(_, why)| why.as_deref());
                emit(Answer::absent(path, Outcome::Skipped, why))
            }
        }
    }
}

impl Item {
    fn path(self, inode: u64) -> String {
        match self {
            Self::Sysctl => format!("probes/netns/{inode}/sysctl"),
            Self::Qdisc => format!("probes/netns/{inode}/qdisc"),
            Self::Routes => format!("probes/netns/{inode}/routes"),
            Self::Links => format!("probes/netns/{inode}/links.jsonl"),
            Self::Neighbours => format!("probes/netns/{inode}/neigh.jsonl"),
            Self::TcpMetrics => format!("probes/netns/{inode}/tcp_metrics"),
            Self::ProcNet(name) => format!("probes/netns/{inode}/{name}"),
            Self::Dump(family) | Self::NoDump(family) => {
                format!("probes/inet_diag/{inode}/{}", family.name)
            }
        }
    }
}

fn emit_list(path: &str, namespaces: &[Namespace], emit: &mut Emit<'_>) -> io::Result<()> {
    let mut lines = Vec::new();
    for namespace in namespaces {
        serde_json::to_writer(&mut lines, namespace)?;
        lines.push(b'\n');
        if lines.len() > PIECE_BYTES / 2 {
            emit(Answer { progress: super::Progress::Piece, ..Answer::whole(path, &lines) })?;
            lines.clear();
        }
    }
    emit(Answer::whole(path, &lines))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::Progress;
    use super::list::link_inode;
    use super::*;

    fn run(resume: Resume) -> Vec<(String, Outcome, usize)> {
        let context = Context::of_root("/");
        let mut answers: Vec<(String, Outcome, usize)> = Vec::new();
        let mut open = false;
        // setns acts on the thread: this one is ours alone.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                probe(&context, resume, &mut |answer| {
                    if open {
                        let last = answers.last_mut().unwrap();
                        assert_eq!(last.0, answer.path);
                        last.1 = answer.outcome;
                        last.2 += answer.content.len();
                    } else {
                        answers.push((
                            answer.path.to_owned(),
                            answer.outcome,
                            answer.content.len(),
                        ));
                    }
                    open = answer.progress != Progress::Last;
                    Ok(())
                })
                .unwrap();
            });
        });
        answers
    }

    #[test]
    fn the_own_namespace_is_listed_and_read() {
        let own = link_inode(Path::new("/proc/self/ns/net")).unwrap();
        let answers = run(Resume::default());
        assert_eq!(answers[0].0, "probes/netns.jsonl");
        for name in ["sysctl", "snmp", "netstat", "sockstat", "dev"] {
            let path = format!("probes/netns/{own}/{name}");
            let found = answers.iter().find(|(p, ..)| *p == path).unwrap();
            assert_eq!(found.1, Outcome::Collected, "{path}");
            assert!(found.2 > 0, "{path}");
        }
    }

    #[test]
    fn after_a_stall_the_hung_path_is_named_and_the_rest_is_read() {
        let all = run(Resume::default());
        let resumed = run(Resume { done: 3, stalled: true });
        assert_eq!((resumed[0].0.as_str(), resumed[0].1), (all[3].0.as_str(), Outcome::TimedOut));
        let paths = |answers: &[(String, Outcome, usize)]| -> Vec<String> {
            answers.iter().take(20).map(|(path, ..)| path.clone()).collect()
        };
        assert_eq!(paths(&resumed[1..])[..10], paths(&all[4..])[..10]);
        assert_eq!(resumed[1].1, Outcome::Collected);
    }

    #[test]
    fn a_directory_that_is_no_procfs_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("proc")).unwrap();
        let context = Context::of_root(dir.path());
        let mut seen = Vec::new();
        probe(&context, Resume::default(), &mut |answer| {
            seen.push((answer.path.to_owned(), answer.outcome));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [("probes/netns.jsonl".to_owned(), Outcome::Skipped)]);
    }
}
