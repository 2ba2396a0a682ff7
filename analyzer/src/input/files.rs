//! Archives of others: the files of a host, kept in memory, shown under our own paths.

use std::collections::BTreeMap;

use linsight_archive::{Journal, JournalLine, Outcome, names};
use rayon::prelude::*;

use super::frames::About;
use super::index::{Builder, Index, Stored};
use super::layout::{ALIASES, Layout};
use super::packs::{Made, packs};
use super::snapshot::{Entry, HostEnv, Pieces};
use super::tree::{Node, Tree};
use super::{Format, Limits};

/// Where a piece is.
#[derive(Clone, Debug)]
pub(super) enum At {
    /// A file, by its path in the tree, links resolved.
    File(String),
    /// A pack that is made when it is asked for.
    Pack(String),
}

/// The files of a host.
#[derive(Debug)]
pub(super) struct Files {
    tree: Tree,
    packs: BTreeMap<String, Made>,
    limits: Limits,
}

impl Files {
    /// Indexes a tree by its layout; `None` if it has none.
    pub(super) fn index(
        mut tree: Tree,
        limits: &Limits,
    ) -> Option<(Self, Index<At>, About, Format)> {
        let layout = Layout::of(&tree)?;
        if let Some(split) = layout.split {
            split(&mut tree, limits);
        }
        let mut files = Self { tree, packs: BTreeMap::new(), limits: limits.clone() };
        let mut builder = Builder::new();
        let mut about = About::default();
        if layout.format == Format::Linsight {
            files.ours(&mut builder, &mut about);
        } else {
            list_names(&mut files.tree, limits);
            files.packs = packs(&files.tree, limits);
            files.others(layout, &mut builder);
        }
        for problem in files.tree.problems() {
            builder.problem(problem);
        }
        Some((files, builder.finish(limits), about, layout.format))
    }

    /// Files that someone else has indexed.
    pub(super) fn bare(tree: Tree, limits: &Limits) -> Self {
        Self { tree, packs: BTreeMap::new(), limits: limits.clone() }
    }

    /// Our own archive, unpacked or packed anew.
    fn ours(&self, builder: &mut Builder<At>, about: &mut About) {
        for (_, journal) in self.journals() {
            about.head.get_or_insert_with(|| journal.head.clone());
            builder.journal(journal);
        }
        let json = |name| self.tree.content(name, &self.limits);
        about.header = json(names::HEADER).and_then(|json| serde_json::from_slice(json).ok());
        about.end = json(names::END).and_then(|json| serde_json::from_slice(json).ok());
        for (path, node) in self.tree.below("") {
            if let Node::File(blob) = node
                && !names::is_journal(path)
                && ![names::HEADER, names::END].contains(&path)
            {
                builder.entry(path, blob.len as usize, At::File(path.to_owned()));
            }
        }
        if about.end.is_none() {
            builder.problem("the end entry is not there: the collection did not finish");
        }
    }

    fn journals(&self) -> impl Iterator<Item = (&str, Journal)> {
        self.tree.below("journal").filter_map(|(name, node)| match node {
            Node::File(blob) => Some((name, Journal::parse(self.tree.blob(*blob))?)),
            _ => None,
        })
    }

    /// Archives of others: each file under its logical path, with a journal line made up.
    fn others(&self, layout: &Layout, builder: &mut Builder<At>) {
        let mut logical: BTreeMap<String, String> = BTreeMap::new();
        let mut room = self.limits.linked_names;
        for (dir, name) in layout.dirs() {
            self.list(dir, name, &mut logical, &mut room);
        }
        if room == 0 {
            let most = self.limits.linked_names;
            builder.problem(format!("links to directories give files more than {most} names"));
        }
        for (path, name) in layout.commands(&self.tree) {
            logical.entry(format!("commands/{name}")).or_insert(path);
        }
        for (alias, candidates) in ALIASES {
            let found = candidates.iter().find_map(|name| {
                let path = logical.get(&format!("commands/{name}"))?;
                // An empty file is a command that the host did not have.
                self.tree.content(path, &self.limits).filter(|c| !c.is_empty())?;
                Some(path.clone())
            });
            if let Some(path) = found {
                logical.insert((*alias).to_owned(), path);
            }
        }
        for (path, file) in logical {
            match self.tree.resolve(&file, &self.limits) {
                Some((real, Node::File(blob))) => {
                    let bytes = u64::from(blob.len);
                    builder.line(JournalLine {
                        bytes,
                        ..JournalLine::new(path.as_str(), Outcome::Collected, 0)
                    });
                    builder.entry(&path, blob.len as usize, At::File(real));
                }
                Some((_, Node::Dropped(bytes))) => builder.line(JournalLine {
                    reason: Some(format!("{bytes} bytes: too large to be kept in memory")),
                    ..JournalLine::new(path, Outcome::Skipped, 0)
                }),
                Some((_, Node::Link(_))) | None => {}
            }
        }
        for (path, made) in &self.packs {
            let bytes = made.bytes(&self.tree).len();
            let line = JournalLine::new(path.as_str(), Outcome::Collected, 0);
            builder.line(JournalLine { bytes: bytes as u64, ..line });
            builder.entry(path, bytes, At::Pack(path.clone()));
        }
    }

    /// Files of a directory under their logical names. A link that leads to a directory
    /// (`proc/net`) stands for what is in it, as far as there is room.
    fn list(
        &self,
        dir: &str,
        name: &str,
        logical: &mut BTreeMap<String, String>,
        room: &mut usize,
    ) {
        let mut linked = Vec::new();
        for (rest, node) in self.tree.below(dir) {
            // Per-process files are in packs; the first process is also asked for by itself.
            let process = dir == "proc" && super::packs::process(rest).is_some();
            if process && !matches!(rest, "1/cgroup") {
                continue;
            }
            logical.insert(format!("{name}/{rest}"), format!("{dir}/{rest}"));
            if matches!(node, Node::Link(_)) && !rest.contains('/') {
                linked.push(rest);
            }
        }
        for rest in linked {
            let Some(real) = self.tree.real(&format!("{dir}/{rest}"), &self.limits) else {
                continue;
            };
            for (below, _) in self.tree.below(&real) {
                if *room == 0 {
                    return;
                }
                *room -= 1;
                let path = format!("{name}/{rest}/{below}");
                logical.entry(path).or_insert_with(|| format!("{real}/{below}"));
            }
        }
    }

    /// Calls `f` for every source, in parallel.
    pub(super) fn visit(&self, index: &Index<At>, f: &(impl Fn(&Entry<'_>) + Sync)) {
        index.stored.par_iter().for_each(|stored| match stored.pieces.as_slice() {
            [piece] => match &piece.at {
                At::File(path) => {
                    let content = self.tree.content(path, &self.limits);
                    f(&Entry::of(stored, content.unwrap_or_default()));
                }
                At::Pack(_) => f(&Entry::of(stored, &self.join(stored))),
            },
            _ => f(&Entry::of(stored, &self.join(stored))),
        });
    }

    /// The latest change of any file.
    pub(super) fn newest_unix_s(&self) -> Option<u64> {
        self.tree.newest_unix_s()
    }

    /// What can be told about a host whose collector did not record it. The unit of ticks is 100
    /// on all hosts of today; the page size stands in `smaps`; big-endian machines are told by
    /// their name.
    pub(super) fn env(&self) -> HostEnv {
        let page = self.tree.below("proc").find_map(|(path, node)| match node {
            Node::File(blob) if path.ends_with("/smaps") => page_size(self.tree.blob(*blob)),
            _ => None,
        });
        let uname = ["sos_commands/kernel/uname_-a", "commands/uname_-a", "proc/version"];
        let uname = uname.iter().find_map(|path| self.tree.content(path, &self.limits));
        let words = String::from_utf8_lossy(uname.unwrap_or_default()).into_owned();
        let big = words.split_whitespace().any(|word| matches!(word, "s390x" | "ppc64"));
        let four = 4 << 10;
        HostEnv { page_size_bytes: page.unwrap_or(four), ticks_per_s: 100, little_endian: !big }
    }
}

impl Pieces<At> for Files {
    fn find<T>(&self, stored: &Stored<At>, mut f: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        stored.pieces.iter().find_map(|piece| match &piece.at {
            At::File(path) => f(self.tree.content(path, &self.limits)?),
            At::Pack(path) => f(&self.packs.get(path)?.bytes(&self.tree)),
        })
    }
}

/// Directories whose subdirectories are named after what they belong to.
const NAMED: [&str; 1] = ["var/log/pods"];

/// Puts the names into files as our collector writes them: `names/<dir>`, one name a line.
fn list_names(tree: &mut Tree, limits: &Limits) {
    for dir in NAMED {
        let mut names: Vec<String> = tree
            .below(dir)
            .filter_map(|(rest, _)| rest.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        if !names.is_empty() {
            tree.file(&format!("names/{dir}"), (names.join("\n") + "\n").as_bytes(), limits);
        }
    }
}

/// `KernelPageSize:        4 kB` of the first mapping, which is the program's text.
fn page_size(smaps: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(smaps.get(..4096).unwrap_or(smaps));
    let line = text.lines().find_map(|line| line.strip_prefix("KernelPageSize:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    (4..=64).contains(&kib).then_some(kib << 10)
}
