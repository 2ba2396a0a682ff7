//! The files of a host as an archive or directory shows them: paths, links, contents.
//!
//! Links are resolved here and nowhere else, never on disk: an absolute target begins at the
//! archive's root, `..` does not lead out of it, and the number of hops is bounded.

use std::collections::BTreeMap;

use super::Limits;
use super::blobs::{Blob, Blobs};

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A file whose content is kept.
    File(Blob),
    /// A file whose content is not kept, and its size.
    Dropped(u64),
    /// A link and its target as it stands.
    Link(String),
}

/// The files of a host.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
    blobs: Blobs,
    /// The latest change of a file, seconds since 1970.
    newest_unix_s: u64,
    repeated: u64,
    outside: u64,
    over_budget: u64,
}

/// Names of directories that only a host's root (or ours) has.
const ROOTS: [&str; 6] =
    ["sos_commands", "linsight.json", super::sections::MARKER, "proc", "sys", "etc"];

impl Tree {
    /// Adds a file. Of two at one path the last one stays, as tar does when it unpacks.
    pub(super) fn file(&mut self, path: &str, content: &[u8], limits: &Limits) {
        let fits = self.blobs.bytes() + content.len() as u64 <= limits.kept_bytes;
        let blob = if fits { self.blobs.keep(content) } else { None };
        if blob.is_none() {
            self.over_budget += 1;
        }
        self.node(path, blob.map_or(Node::Dropped(content.len() as u64), Node::File));
    }

    /// Adds a link, or a file whose content is not kept.
    pub(super) fn node(&mut self, path: &str, node: Node) {
        match normal(path) {
            Some(path) if self.nodes.insert(path.clone(), node).is_some() => self.repeated += 1,
            Some(_) => {}
            None => self.outside += 1,
        }
    }

    /// Notes when a file was changed.
    pub(super) fn changed(&mut self, unix_s: u64) {
        self.newest_unix_s = self.newest_unix_s.max(unix_s);
    }

    /// The latest change of any file.
    pub(super) fn newest_unix_s(&self) -> Option<u64> {
        (self.newest_unix_s > 0).then_some(self.newest_unix_s)
    }

    /// Whether something stands at this very path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.nodes.contains_key(path)
    }

    /// Removes the one directory that everything of the host lies in (`sosreport-…/`), and
    /// returns its name.
    pub(super) fn strip_root(&mut self) -> Option<String> {
        let inner = |path: &str| {
            let (first, rest) = path.split_once('/')?;
            let rank = ROOTS.iter().position(|root| rest.split('/').next() == Some(root))?;
            Some((rank, first.to_owned()))
        };
        if self.nodes.keys().any(|path| path.split('/').next().is_some_and(|s| ROOTS.contains(&s)))
        {
            return None;
        }
        let (_, root) = self.nodes.keys().filter_map(|path| inner(path)).min()?;
        let prefix = format!("{root}/");
        let all = std::mem::take(&mut self.nodes);
        self.nodes = all
            .into_iter()
            .filter_map(|(path, node)| {
                let node = match node {
                    // A hard link names its target from the archive's own root.
                    Node::Link(target) => match target.strip_prefix(&format!("/{prefix}")) {
                        Some(inside) => Node::Link(format!("/{inside}")),
                        None => Node::Link(target),
                    },
                    node => node,
                };
                Some((path.strip_prefix(&prefix)?.to_owned(), node))
            })
            .collect();
        Some(root)
    }

    /// What is odd about the archive, in words.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut say = |n: u64, what: &str| {
            if n > 0 {
                out.push(format!("{n} {what}"));
            }
        };
        say(self.repeated, "paths stand twice: the last of each is used");
        say(self.outside, "paths lead out of the archive by `..`: they are not read");
        say(self.over_budget, "files are not kept: the limit of memory is reached");
        out
    }

    /// The node at a path, the links on the way to it resolved, and its own path.
    pub(super) fn resolve(&self, path: &str, limits: &Limits) -> Option<(String, &Node)> {
        let real = self.real(path, limits)?;
        let node = self.nodes.get(&real)?;
        Some((real, node))
    }

    /// Content of the file at a path, links resolved.
    pub(super) fn content(&self, path: &str, limits: &Limits) -> Option<&[u8]> {
        match self.resolve(path, limits)?.1 {
            Node::File(blob) => Some(self.blobs.get(*blob)),
            Node::Dropped(_) | Node::Link(_) => None,
        }
    }

    /// Content of a blob.
    pub(super) fn blob(&self, blob: Blob) -> &[u8] {
        self.blobs.get(blob)
    }

    /// All links of a path resolved, as far as they stand in the archive.
    pub(super) fn real(&self, path: &str, limits: &Limits) -> Option<String> {
        let mut todo: Vec<String> = steps(path);
        let mut done: Vec<String> = Vec::new();
        let mut hops = 0;
        while let Some(step) = todo.pop() {
            if step == ".." {
                done.pop();
                continue;
            }
            done.push(step);
            if let Some(Node::Link(target)) = self.nodes.get(&done.join("/")) {
                hops += 1;
                if hops > limits.link_hops || target.len() > limits.archive.path_bytes {
                    return None;
                }
                done.pop();
                if target.starts_with('/') {
                    done.clear();
                }
                todo.extend(steps(target));
            }
        }
        Some(done.join("/"))
    }

    /// All nodes below a directory, with the rest of their path. Links are not followed.
    pub(super) fn below<'a>(&'a self, dir: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let len = prefix.len();
        self.nodes
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .filter_map(move |(path, node)| Some((path.get(len..)?, node)))
    }
}

/// Steps of a path, the last one first: a stack.
fn steps(path: &str) -> Vec<String> {
    let steps = path.split('/').filter(|step| !matches!(*step, "" | "."));
    steps.rev().map(str::to_owned).collect()
}

/// A path as it is looked up: relative, without `.`; `None` if it leads out by `..`.
fn normal(path: &str) -> Option<String> {
    let steps: Vec<_> = path.split('/').filter(|step| !matches!(*step, "" | ".")).collect();
    (!steps.is_empty() && !steps.contains(&"..")).then(|| steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(nodes: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, what) in nodes {
            match what.strip_prefix("-> ") {
                Some(target) => tree.node(path, Node::Link(target.to_owned())),
                None => tree.file(path, what.as_bytes(), &Limits::default()),
            }
        }
        tree
    }

    fn read<'a>(tree: &'a Tree, path: &str) -> Option<&'a str> {
        tree.content(path, &Limits::default()).map(|bytes| std::str::from_utf8(bytes).unwrap())
    }

    #[test]
    fn links_are_resolved_inside_the_archive() {
        let tree = tree(&[
            ("proc/net", "-> self/net"),
            ("proc/self", "-> 42"),
            ("proc/42/net/tcp", "sockets"),
            ("etc/abs", "-> /proc/42/net/tcp"),
            ("etc/out", "-> ../../../../etc/abs"),
            ("etc/gone", "-> /nowhere"),
        ]);
        assert_eq!(read(&tree, "proc/net/tcp"), Some("sockets"));
        assert_eq!(read(&tree, "etc/abs"), Some("sockets"));
        assert_eq!(read(&tree, "etc/out"), Some("sockets"), "`..` stops at the root");
        assert_eq!(read(&tree, "etc/gone"), None);
        assert_eq!(tree.real("proc/net/x", &Limits::default()).unwrap(), "proc/42/net/x");
    }

    #[test]
    fn loops_and_chains_of_links_end() {
        let tree = tree(&[
            ("a", "-> b"),
            ("b", "-> a"),
            ("self", "-> self/self/self"),
            ("up", "-> ../../../up/x"),
        ]);
        for path in ["a", "self", "up/y", "self/a"] {
            assert_eq!(read(&tree, path), None);
        }
    }

    #[test]
    fn paths_out_of_the_archive_and_twice_are_told() {
        let tree = tree(&[("../etc/x", "1"), ("/etc/y", "2"), ("./etc//y", "3"), ("", "4")]);
        assert_eq!(read(&tree, "etc/y"), Some("3"));
        assert_eq!(tree.nodes.len(), 1);
        assert_eq!(tree.problems().len(), 2);
    }

    #[test]
    fn the_directory_around_a_host_is_removed() {
        let mut sos = tree(&[
            ("sosreport-x/version.txt", "4"),
            ("sosreport-x/proc/meminfo", "kB"),
            ("sosreport-x/hard", "-> /sosreport-x/version.txt"),
            ("other.txt", "x"),
        ]);
        assert_eq!(sos.strip_root().as_deref(), Some("sosreport-x"));
        assert_eq!(read(&sos, "proc/meminfo"), Some("kB"));
        assert_eq!(read(&sos, "hard"), Some("4"));
        let mut bare = tree(&[("proc/sys/x", "1"), ("a/proc/y", "2")]);
        assert_eq!(bare.strip_root(), None);
    }
}
