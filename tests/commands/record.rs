//! The record: which command was run, where, and what it showed.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// Where a command is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In namespaces of its own (network, mounts, processes, names, shared memory), with what
    /// `before` puts there.
    #[default]
    Namespaces,
    /// Not by the test; `because` says why, and where it was run once.
    Elsewhere,
}

/// One command.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub rule: String,
    /// As a finding of the rule's tests prints it.
    pub command: String,
    #[serde(default)]
    pub place: Place,
    /// Why it is run elsewhere, and what it did there.
    pub because: Option<String>,
    /// What stands for a value of the print, in the order given: `["4242", "$PID"]`.
    #[serde(default)]
    pub stands: Vec<(String, String)>,
    /// Makes the scratch object: lines of bash.
    #[serde(default)]
    pub before: String,
    /// What the output must hold: an extended regular expression.
    pub shows: Option<String>,
    /// How it ends, if not with 0; -1 for one way or another.
    #[serde(default)]
    pub exit: i32,
    /// Lines of bash that succeed once the command has done what it says.
    #[serde(default)]
    pub proves: String,
    /// Lines of bash that succeed once the undo has undone it.
    #[serde(default)]
    pub undone: String,
    /// Keys of this kernel that another one may lack, and why.
    #[serde(default)]
    pub keys: BTreeMap<String, String>,
    /// Programs that it needs, with their Debian packages.
    #[serde(default)]
    pub needs: BTreeMap<String, String>,
}

impl Entry {
    pub fn lacking_tools(&self) -> Vec<&str> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let lacks = |name: &&str| !std::env::split_paths(&path).any(|dir| dir.join(name).exists());
        self.needs.keys().map(String::as_str).filter(lacks).collect()
    }

    /// A text of the print with what stands for its values.
    pub fn standing(&self, text: &str) -> String {
        self.stands
            .iter()
            .fold(text.to_owned(), |text, (value, by)| text.replace(value.as_str(), by))
    }
}

#[derive(Deserialize)]
struct File {
    ran: Vec<Entry>,
}

pub fn record() -> Vec<Entry> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/commands"));
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let read = |path: &Path| -> Vec<Entry> {
        let text = std::fs::read_to_string(path).unwrap();
        let file: File =
            toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        file.ran
    };
    files.iter().flat_map(|path| read(path)).collect()
}

/// Programs that verify on other hosts only: they need what no test machine has.
pub const ABSENT: &[&str] = &["chronyc", "zpool"];
