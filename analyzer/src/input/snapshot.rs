//! One snapshot of one host, wherever it comes from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use linsight_archive::{End, Header, JournalHead, JournalLine, Outcome, names, pack};

use super::files::{At, Files};
use super::frames::{About, Frames, Place};
use super::index::{Index, Key, Stored};
use super::packs;
use super::tree::Tree;
use super::{Format, InputError, Limits};
use crate::absence::{Absence, Reason};

/// What parsing must know of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostEnv {
    /// Size of a page.
    pub page_size_bytes: u64,
    /// `USER_HZ`: the unit of times in `/proc`.
    pub ticks_per_s: u64,
    /// Byte order of binary payloads and hexadecimal addresses.
    pub little_endian: bool,
}

/// One source as it is visited: all of it, or one part of a pack.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Path without sample prefix: `proc/meminfo`, `packs/proc-pid/stat`.
    pub path: &'a str,
    /// Pass: 0 for the start set, then 1, 2, ….
    pub pass: u32,
    /// What became of it; content that is not whole is `Truncated`.
    pub outcome: Outcome,
    /// `CLOCK_MONOTONIC` of the host when reading began; 0 where the collector did not say.
    pub mono_us: u64,
    /// Bytes of content, of all parts.
    pub bytes: u64,
    /// Which part it is.
    pub part: Part,
    /// The content, of this part.
    pub content: &'a [u8],
}

/// A part of a source. Packs are visited part by part, since each holds whole records: joining
/// them would copy all there is of a large host. Every other source comes whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 0, in the order of the content.
    pub index: usize,
    /// Parts that there are, and that are all visited.
    pub of: usize,
    /// Where it begins in the whole.
    pub start: usize,
}

impl Part {
    /// All there is.
    pub const WHOLE: Self = Self { index: 0, of: 1, start: 0 };
}

impl<'a> Entry<'a> {
    pub(super) fn of<L>(stored: &'a Stored<L>, content: &'a [u8]) -> Self {
        Self::part_of(stored, Part::WHOLE, content)
    }

    pub(super) fn part_of<L>(stored: &'a Stored<L>, part: Part, content: &'a [u8]) -> Self {
        let Stored { path, pass, outcome, mono_us, bytes, .. } = stored;
        let (pass, outcome, mono_us, bytes) = (*pass, *outcome, *mono_us, *bytes);
        Self { path, pass, outcome, mono_us, bytes, part, content }
    }
}

/// One line of [`Snapshot::sources`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// Path without sample prefix.
    pub path: String,
    /// Pass.
    pub pass: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// Bytes of content.
    pub bytes: u64,
    /// Why it is absent or not whole, in words; empty if there is nothing to say.
    pub why: String,
}

#[derive(Debug)]
enum Body {
    Frames(Box<Frames>, Index<Place>),
    Files(Box<Files>, Index<At>),
}

/// One snapshot of one host.
#[derive(Debug)]
pub struct Snapshot {
    body: Body,
    about: About,
    format: Format,
    env: HostEnv,
    sha256: Option<String>,
    problems: Vec<String>,
    /// Nothing about the archive is odd: what was read early of its sources is what they hold.
    is_regular: bool,
}

impl Snapshot {
    /// A snapshot of files in memory, by their paths in our archive (`samples/3/proc/stat`, too):
    /// for rule tests. Pass `n` is `n` seconds after the start.
    pub fn of_files<P: AsRef<str>, C: AsRef<[u8]>>(
        files: impl IntoIterator<Item = (P, C)>,
    ) -> Self {
        let limits = Limits::default();
        let mut tree = Tree::default();
        let mut index = super::index::Builder::new();
        for (path, content) in files {
            let (path, content) = (path.as_ref(), content.as_ref());
            tree.file(path, content, &limits);
            let time_us = u64::from(names::split_sample(path).0) * 1_000_000;
            let bytes = content.len() as u64;
            index
                .line(JournalLine { bytes, ..JournalLine::new(path, Outcome::Collected, time_us) });
            index.entry(path, content.len(), At::File(path.to_owned()));
        }
        let files = Files::bare(tree, &limits);
        let env = files.env();
        let body = Body::Files(Box::new(files), index.finish(&limits));
        Self::new(body, About::default(), Format::Other, env, None)
    }

    pub(super) fn of_frames(parts: (Frames, Index<Place>, About), sha256: String) -> Self {
        let (frames, index, about) = parts;
        let env = about.host_env().unwrap_or(HostEnv::USUAL);
        let body = Body::Frames(Box::new(frames), index);
        Self::new(body, about, Format::Linsight, env, Some(sha256))
    }

    /// A snapshot of a host's files; `problems` are those of reading them.
    pub(super) fn of_tree(
        input: &str,
        tree: Tree,
        limits: &Limits,
        sha256: Option<String>,
        problems: Vec<String>,
    ) -> Result<Self, InputError> {
        let Some((files, index, about, format)) = Files::index(tree, limits) else {
            return Err(InputError::Empty { input: input.to_owned(), problems });
        };
        let env = about.host_env().unwrap_or_else(|| files.env());
        let body = Body::Files(Box::new(files), index);
        let mut snapshot = Self::new(body, about, format, env, sha256);
        snapshot.problems.splice(0..0, problems);
        Ok(snapshot)
    }

    fn new(body: Body, about: About, format: Format, env: HostEnv, sha256: Option<String>) -> Self {
        let mut problems = match &body {
            Body::Frames(_, index) => index.problems.clone(),
            Body::Files(_, index) => index.problems.clone(),
        };
        if format == Format::Linsight && about.header.is_none() {
            problems.push("the header is lost: host, time and rights are not known".to_owned());
        }
        let is_regular = matches!(body, Body::Frames(..)) && problems.is_empty();
        if let Some(why) = about.end.as_ref().and_then(|end| end.ended_early.as_ref()) {
            problems.push(format!("the collection ended early: {why}"));
        }
        Self { body, about, format, env, sha256, problems, is_regular }
    }

    /// Calls `f` for every source with content, for a pack of ours once for each of its parts, in
    /// parallel and in no order. Frames are decompressed, visited and dropped, so memory does not
    /// grow with the archive.
    pub fn visit(&self, f: impl Fn(&Entry<'_>) + Sync) {
        match &self.body {
            Body::Frames(frames, index) => frames.visit(index, &f),
            Body::Files(files, index) => files.visit(index, &f),
        }
    }

    /// As [`Snapshot::visit`], after an early reader took what it could ([`Snapshot::open_early`]):
    /// calls `f` for what it left, and of what may be needed again for what is `wanted`, by path
    /// and pass.
    pub fn visit_rest(
        &self,
        wanted: impl Fn(&str, u32) -> bool + Sync,
        f: impl Fn(&Entry<'_>) + Sync,
    ) {
        match &self.body {
            Body::Frames(frames, index) => frames.visit_rest(index, wanted, &f),
            Body::Files(files, index) => files.visit(index, &f),
        }
    }

    /// What became of every source, by bare path and pass. In archives of others, made up of what
    /// is there.
    #[must_use]
    pub const fn journal(&self) -> &Arc<BTreeMap<Key, JournalLine>> {
        match &self.body {
            Body::Frames(_, index) => &index.journal,
            Body::Files(_, index) => &index.journal,
        }
    }

    /// Who collected, where, when; `None` in archives of others, or when it is lost.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.about.header.as_ref()
    }

    /// How the collection ended.
    #[must_use]
    pub const fn end(&self) -> Option<&End> {
        self.about.end.as_ref()
    }

    /// What is damaged, lost, cut or odd, in words.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// What an early reader took is what the archive holds ([`Snapshot::open_early`]).
    #[must_use]
    pub const fn is_regular(&self) -> bool {
        self.is_regular
    }

    /// What parsing must know of the host.
    #[must_use]
    pub const fn env(&self) -> HostEnv {
        self.env
    }

    /// Kind of archive.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// SHA-256 of the input as it is stored, in hex; `None` for a directory.
    #[must_use]
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// The latest change of a file, seconds since 1970: about when an archive of others was taken.
    #[must_use]
    pub fn newest_unix_s(&self) -> Option<u64> {
        match &self.body {
            Body::Frames(..) => None,
            Body::Files(files, _) => files.newest_unix_s(),
        }
    }

    /// Every source, with content or without, by path and pass.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceLine> {
        match &self.body {
            Body::Frames(_, index) => sources(index),
            Body::Files(_, index) => sources(index),
        }
    }

    /// The content of a source: a file (`proc/meminfo`), a file in a pack (`proc/1234/status`,
    /// `sys/class/net/eth0/speed`), each also in a later pass (`samples/3/proc/stat`).
    ///
    /// # Errors
    /// Why it is not there.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Absence> {
        match &self.body {
            Body::Frames(frames, index) => read(index, frames.as_ref(), path),
            Body::Files(files, index) => read(index, files.as_ref(), path),
        }
    }

    /// The content of one record of a pack, or of an entry, as a locator names it.
    ///
    /// # Errors
    /// Why it is not there.
    pub fn read_record(&self, path: &str, record: Option<&str>) -> Result<Vec<u8>, Absence> {
        match record {
            None => self.read(path),
            Some(key) => self.read(&format!("{path}/{key}")),
        }
    }
}

impl HostEnv {
    /// Nearly all hosts: what is assumed when nothing is told.
    pub(crate) const USUAL: Self =
        Self { page_size_bytes: 4096, ticks_per_s: 100, little_endian: true };

    /// What a journal says.
    pub(super) fn told_by(head: &JournalHead) -> Self {
        Self {
            page_size_bytes: head.page_size_bytes.into(),
            ticks_per_s: head.ticks_per_s.into(),
            little_endian: head.little_endian,
        }
    }
}

impl About {
    /// From the header, or from any journal if the header is lost.
    fn host_env(&self) -> Option<HostEnv> {
        let header = self.header.as_ref().map(|h| HostEnv {
            page_size_bytes: h.page_size_bytes.into(),
            ticks_per_s: h.ticks_per_s.into(),
            little_endian: h.little_endian,
        });
        header.or_else(|| self.head.as_ref().map(HostEnv::told_by))
    }
}

fn sources<L>(index: &Index<L>) -> Vec<SourceLine> {
    let mut all: BTreeMap<Key, SourceLine> = BTreeMap::new();
    for ((path, pass), line) in index.journal.iter() {
        let (outcome, why) = (line.outcome, why(line));
        let row = SourceLine { path: path.clone(), pass: *pass, outcome, bytes: line.bytes, why };
        all.insert((path.clone(), *pass), row);
    }
    for stored in &index.stored {
        let key = (stored.path.clone(), stored.pass);
        let row = all.entry(key).or_insert_with(|| SourceLine {
            path: stored.path.clone(),
            pass: stored.pass,
            outcome: stored.outcome,
            bytes: 0,
            why: "its journal line is lost".to_owned(),
        });
        (row.outcome, row.bytes) = (stored.outcome, stored.bytes);
    }
    all.into_values().collect()
}

fn why(line: &JournalLine) -> String {
    let errno = line.errno.map(|n| std::io::Error::from_raw_os_error(n).to_string());
    [errno, line.reason.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// How the pieces of sources are read again, one by one.
pub(super) trait Pieces<L> {
    /// Calls `f` with each piece of a source in order, until it gives something.
    fn find<T>(&self, stored: &Stored<L>, f: impl FnMut(&[u8]) -> Option<T>) -> Option<T>;

    /// All of a source.
    fn join(&self, stored: &Stored<L>) -> Vec<u8> {
        let mut out = Vec::new();
        self.find(stored, |piece| {
            out.extend_from_slice(piece);
            None::<()>
        });
        out
    }
}

fn read<L>(index: &Index<L>, pieces: &impl Pieces<L>, path: &str) -> Result<Vec<u8>, Absence> {
    let (pass, bare) = names::split_sample(path);
    if let Some(stored) = index.find(bare, pass) {
        return Ok(pieces.join(stored));
    }
    let mut searched = None;
    for (stored, key) in packs_of(index, bare, pass) {
        let record = pieces.find(stored, |bytes| {
            let record = pack::records(bytes).filter_map(Result::ok).find(|r| r.key == key)?;
            Some((record.outcome, record.content.to_vec()))
        });
        match record {
            Some((outcome, content)) if outcome.has_content() || !content.is_empty() => {
                return Ok(content);
            }
            Some((outcome, _)) => {
                let reason = Absence::reason_of(outcome).unwrap_or(Reason::Missing);
                return Err(Absence::of(reason, path, ""));
            }
            None => searched = searched.or(Some(stored.path.as_str())),
        }
    }
    Err(match (index.journal.get(&(bare.to_owned(), pass)), searched) {
        (Some(line), _) => {
            let reason = Absence::reason_of(line.outcome).unwrap_or(Reason::NotCollected);
            Absence::of(reason, path, why(line))
        }
        (None, Some(pack)) => {
            Absence::of(Reason::NotCollected, path, format!("no such record in {pack}"))
        }
        (None, None) => Absence::of(Reason::NotCollected, path, ""),
    })
}

/// Packs that may hold a file, and its key in each.
fn packs_of<'a, L>(
    index: &'a Index<L>,
    path: &'a str,
    pass: u32,
) -> Vec<(&'a Stored<L>, Cow<'a, str>)> {
    let mut out = Vec::new();
    if let Some(rest) = path.strip_prefix("proc/") {
        if let Some((pack, key)) = packs::process(rest) {
            out.extend(index.find(&pack, pass).map(|stored| (stored, Cow::Owned(key))));
        }
        out.extend(index.below("packs/proc/", pass).map(|stored| (stored, Cow::Borrowed(rest))));
    }
    if let Some(rest) = path.strip_prefix("sys/") {
        out.extend(index.below("packs/sys/", pass).map(|stored| (stored, Cow::Borrowed(rest))));
    }
    // `packs/proc-pid/stat/1234`: the pack's own path and the key.
    for (at, _) in path.match_indices('/') {
        if let Some((pack, key)) = path.split_at_checked(at)
            && let Some(stored) = index.find(pack, pass)
        {
            out.push((stored, Cow::Borrowed(key.trim_start_matches('/'))));
        }
    }
    out
}
