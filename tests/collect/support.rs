//! Running the collector and reading what it wrote.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use linsight_archive::{End, Header, JournalLine, Limits, Reader, names, pack};

/// Nothing here takes a minute; what does hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// The collector.
pub fn collector() -> Command {
    Command::new(env!("CARGO_BIN_EXE_linsight-collect"))
}

/// Waits for a child; a test must not hang because the collector does.
pub fn wait(mut child: Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the collector hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs it to its end with the archive in a file of `dir`; gives exit status and archive.
pub fn collect_in(dir: &Path, words: &[&str]) -> (ExitStatus, Archive) {
    let file = dir.join("archive.tar.zst");
    let child = collector().arg("--quiet").arg("-o").arg(&file).args(words).spawn().unwrap();
    let status = wait(child);
    (status, Archive::open(&std::fs::read(file).unwrap()))
}

/// As [`collect_in`], in a directory of its own.
pub fn collect(words: &[&str]) -> (ExitStatus, Archive) {
    collect_in(tempfile::tempdir().unwrap().path(), words)
}

/// Runs a command that streams an archive; gives exit status, archive and what it said.
pub fn stream(mut command: Command) -> (ExitStatus, Archive, String) {
    let dir = tempfile::tempdir().unwrap();
    let (out, err) = (dir.path().join("out"), dir.path().join("err"));
    let create = |path: &PathBuf| Stdio::from(std::fs::File::create(path).unwrap());
    let child = command.stdin(Stdio::null()).stdout(create(&out)).stderr(create(&err)).spawn();
    let status = wait(child.unwrap());
    let said = std::fs::read_to_string(err).unwrap();
    (status, Archive::open(&std::fs::read(out).unwrap()), said)
}

/// An archive, taken apart.
pub struct Archive {
    pub header: Header,
    pub end: Option<End>,
    /// Entries, parts joined.
    pub entries: BTreeMap<String, Vec<u8>>,
    /// Journal lines by path.
    pub journal: BTreeMap<String, JournalLine>,
}

impl Archive {
    /// Opens bytes that must be a sound archive.
    pub fn open(bytes: &[u8]) -> Self {
        let reader = Reader::new(bytes.to_vec(), Limits::default()).expect("a readable archive");
        assert!(reader.damage().is_empty(), "{:?}", reader.damage());
        let (mut entries, mut journal) = (BTreeMap::<String, Vec<u8>>::new(), BTreeMap::new());
        for i in 0..reader.frames() {
            let frame = reader.frame(i).expect("a sound frame");
            for (name, at) in &frame.entries {
                let path = names::split_part(name).map_or(name.as_str(), |(path, _)| path);
                entries.entry(path.to_owned()).or_default().extend_from_slice(frame.bytes(at));
            }
            for line in frame.journal.expect("each frame has a journal").lines {
                let path = line.path.clone();
                assert!(journal.insert(path.clone(), line).is_none(), "{path} is journaled twice");
            }
        }
        let header = serde_json::from_slice(&entries[names::HEADER]).unwrap();
        let end = entries.get(names::END).map(|end| serde_json::from_slice(end).unwrap());
        Self { header, end, entries, journal }
    }

    /// Content of an entry as text.
    pub fn text(&self, path: &str) -> String {
        let bytes = self.entries.get(path).unwrap_or_else(|| panic!("no entry {path}"));
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// A record of a pack, if it is there.
    pub fn record(&self, path: &str, key: &str) -> Option<pack::Record<'_>> {
        self.records(path).into_iter().find(|record| record.key == key)
    }

    /// All records of a pack.
    pub fn records(&self, path: &str) -> Vec<pack::Record<'_>> {
        let bytes = self.entries.get(path).unwrap_or_else(|| panic!("no pack {path}"));
        pack::records(bytes).map(Result::unwrap).collect()
    }

    /// The journal line of a path.
    pub fn line(&self, path: &str) -> &JournalLine {
        self.journal.get(path).unwrap_or_else(|| panic!("{path} is not journaled"))
    }

    /// The last entry.
    pub fn end(&self) -> &End {
        self.end.as_ref().expect("an end entry")
    }

    /// Whether any entry holds these bytes.
    pub fn holds(&self, needle: &str) -> bool {
        let needle = needle.as_bytes();
        self.entries.values().any(|entry| entry.windows(needle.len()).any(|w| w == needle))
    }
}

/// Whether this test may do what only root may; says so if not.
pub fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED {test}: needs root");
    }
    root
}

/// Whether a tool of the host is there; says so if not. CI has them all.
pub fn has(test: &str, tool: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).exists()));
    if !found {
        assert!(std::env::var_os("CI").is_none(), "{test} needs {tool}");
        eprintln!("SKIPPED {test}: needs {tool}");
    }
    found
}

/// A child that ends with its test.
pub struct Ends(pub Child);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
