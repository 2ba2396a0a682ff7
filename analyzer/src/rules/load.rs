//! Where rules come from: those built in, and directories of the user's own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::compile::{Trust, compile};
use super::diagnostics::Diagnostic;
use super::order::order;
use super::rule::Rule;
use super::source::Source;

/// The rule files of the repository: path below `rules/`, text.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Limits of a `--rules` directory.
const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_FILES: usize = 4096;
const MAX_DEPTH: usize = 16;

/// A set of rules ready to run.
#[derive(Debug)]
pub struct RuleSet {
    /// By id.
    pub(crate) rules: Vec<Rule>,
    /// Order of evaluation.
    pub(crate) order: Vec<usize>,
    /// Over ids and texts of all files.
    pub(crate) sha256: String,
}

/// Why a rule set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or directory could not be read.
    #[error("read {path}: {error}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// Rule files are wrong.
    #[error("{}", shown(.0))]
    Rules(Vec<Diagnostic>),
}

fn shown(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

impl LoadError {
    /// What is wrong with the rule files, if that is the reason.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Rules(d) => d,
            Self::Read { .. } => &[],
        }
    }
}

impl RuleSet {
    /// The rules that are built in, with their tests.
    ///
    /// # Errors
    ///
    /// What is wrong with them; a test holds that nothing is.
    pub fn embedded() -> Result<Self, LoadError> {
        Self::with_tests::<&Path>(&[])
    }

    /// The rules that are built in, and those of `dirs`. The latter are checked in full.
    ///
    /// # Errors
    ///
    /// An unreadable directory, or all that is wrong with the files.
    pub fn load<P: AsRef<Path>>(dirs: &[P]) -> Result<Self, LoadError> {
        Self::checked(dirs, Trust::BuiltIn)
    }

    /// The same with the tests of all rules, which an analysis does not read.
    ///
    /// # Errors
    ///
    /// As [`RuleSet::load`].
    pub fn with_tests<P: AsRef<Path>>(dirs: &[P]) -> Result<Self, LoadError> {
        Self::checked(dirs, Trust::None)
    }

    fn checked<P: AsRef<Path>>(dirs: &[P], built_in: Trust) -> Result<Self, LoadError> {
        let (sources, added) = sources(dirs)?;
        let trust = |source: &Arc<Source>| {
            let is_added = added.iter().any(|s| Arc::ptr_eq(s, source));
            if is_added { Trust::None } else { built_in }
        };
        let set = Self::trusting(sources, trust).map_err(LoadError::Rules)?;
        if added.is_empty() {
            return Ok(set);
        }
        let mut wrong = super::check::check(&set);
        wrong.retain(|d| added.iter().any(|s| Arc::ptr_eq(s, &d.source)));
        if wrong.is_empty() { Ok(set) } else { Err(LoadError::Rules(wrong)) }
    }

    /// As [`RuleSet::load`], but only compiled: for `rules check`, which shows all that is wrong.
    ///
    /// # Errors
    ///
    /// An unreadable directory, or files that do not compile.
    pub fn compiled<P: AsRef<Path>>(dirs: &[P]) -> Result<Self, LoadError> {
        Self::of(sources(dirs)?.0).map_err(LoadError::Rules)
    }

    /// Rules from texts, each with its path below a rules directory.
    ///
    /// # Errors
    ///
    /// All that keeps them from compiling.
    pub fn of(sources: Vec<(String, Arc<Source>)>) -> Result<Self, Vec<Diagnostic>> {
        Self::trusting(sources, |_| Trust::None)
    }

    fn trusting(
        sources: Named,
        trust: impl Fn(&Arc<Source>) -> Trust + Sync,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut wrong = Vec::new();
        let mut seen: BTreeMap<String, Arc<Source>> = BTreeMap::new();
        let mut hash = Sha256::new();
        for (path, source) in sources {
            let id = id_of(&path);
            let start = source.text.lines().next().map_or(0, str::len);
            if let Some(first) = seen.get(&id) {
                let message = format!("the rule `{id}` exists already, in {}", first.path);
                let d = Diagnostic::new(&source, 0..start, message);
                wrong.push(d.help("a rule is not overridden: give the file another path"));
                continue;
            }
            if !is_id(&id) {
                let message = format!("`{path}` does not make a rule id");
                let d = Diagnostic::new(&source, 0..start, message);
                wrong.push(d.help("name files and folders in lower case letters, digits and `-`"));
            }
            hash.update(id.as_bytes());
            hash.update([0]);
            hash.update(source.text.as_bytes());
            hash.update([0]);
            seen.insert(id, source);
        }
        let seen: Vec<_> = seen.into_iter().collect();
        let compiled: Vec<_> =
            seen.par_iter().map(|(id, source)| compile(id, source, trust(source))).collect();
        let mut rules: Vec<Rule> = Vec::with_capacity(compiled.len());
        for result in compiled {
            match result {
                Ok(rule) => rules.push(rule),
                Err(mut found) => wrong.append(&mut found),
            }
        }
        let order = order(&rules).unwrap_or_else(|mut cycles| {
            wrong.append(&mut cycles);
            Vec::new()
        });
        let sha256 = hex(&hash.finalize());
        if wrong.is_empty() { Ok(Self { rules, order, sha256 }) } else { Err(wrong) }
    }

    /// The rules, by id.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id)
    }

    /// All ids.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        self.rules.iter().map(|r| r.id.as_str()).collect()
    }
}

/// Lower case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or_default();
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// `tcp/keepalive/off.toml` is `tcp.keepalive.off`.
fn id_of(path: &str) -> String {
    path.trim_end_matches(".toml").replace('/', ".")
}

fn is_id(id: &str) -> bool {
    id.contains('.')
        && id.split('.').all(|part| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
}

type Named = Vec<(String, Arc<Source>)>;

/// Built-in files, then those of `dirs`; the latter once more by themselves.
fn sources<P: AsRef<Path>>(dirs: &[P]) -> Result<(Named, Vec<Arc<Source>>), LoadError> {
    let mut all: Named = EMBEDDED
        .iter()
        .map(|(path, text)| ((*path).to_owned(), Source::new(format!("rules/{path}"), *text)))
        .collect();
    let mut added = Vec::new();
    for dir in dirs {
        for (path, file) in files(dir.as_ref())? {
            let text = read(&file)
                .map_err(|error| LoadError::Read { path: file.display().to_string(), error })?;
            let source = Source::new(file.display().to_string(), text);
            added.push(Arc::clone(&source));
            all.push((path, source));
        }
    }
    Ok((all, added))
}

/// The rule files of a directory: path below it, and file.
fn files(dir: &Path) -> Result<Vec<(String, PathBuf)>, LoadError> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(dir).max_depth(MAX_DEPTH).sort_by_file_name() {
        let entry = entry
            .map_err(|e| LoadError::Read { path: dir.display().to_string(), error: e.into() })?;
        let path = entry.path();
        if !entry.file_type().is_dir() && path.extension().is_some_and(|e| e == "toml") {
            let below = path.strip_prefix(dir).unwrap_or(path);
            found.push((below.to_string_lossy().replace('\\', "/"), path.to_owned()));
        }
        if found.len() > MAX_FILES {
            let error = io::Error::other(format!("more than {MAX_FILES} rule files"));
            return Err(LoadError::Read { path: dir.display().to_string(), error });
        }
    }
    Ok(found)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(text)
}
