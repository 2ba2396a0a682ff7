//! Where the report comes from: things about the archive and this run that are no facts of the
//! host.

use serde::Serialize;

/// The archive and the run that read it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Origin {
    /// Name of the archive as a reader would type it, without its directory.
    pub archive: String,
    /// SHA-256 of the archive, hexadecimal; `None` for a directory.
    pub sha256: Option<String>,
    /// Version of the analyzer.
    pub analyzer_version: String,
    /// Command line of the analyzer, without the program's directory.
    pub command: Vec<String>,
    /// Command line of the collector, secrets masked.
    pub collector_command: Vec<String>,
    /// Operator notes in the archive.
    pub notes: Vec<(String, String)>,
}

impl Origin {
    /// The command that shows one source of this archive.
    #[must_use]
    pub fn show(&self, path: &str) -> String {
        format!("linsight show {} {}", quote(&self.archive), quote(path))
    }
}

/// A word that a shell reads back as it was. Control characters are made visible on the way to
/// the reader, so such a name cannot be pasted; it does no harm either.
#[must_use]
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        word.to_owned()
    } else {
        let lead = if word.starts_with('-') { "./" } else { "" };
        format!("'{lead}{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_shell() {
        assert_eq!(quote("db-17.tar.zst"), "db-17.tar.zst");
        assert_eq!(quote("it's; rm -rf /"), r"'it'\''s; rm -rf /'");
        assert_eq!(quote("-rf"), "'./-rf'");
        assert_eq!(quote(""), "''");
        let origin = Origin { archive: "a b.tar".to_owned(), ..Origin::default() };
        assert_eq!(origin.show("proc/meminfo"), "linsight show 'a b.tar' proc/meminfo");
    }
}
