//! `probes/statfs.jsonl`: how full each mounted file system is, one a line.
//!
//! <https://man7.org/linux/man-pages/man2/statfs.2.html>
//!
//! ```json
//! {"mount_point":"/","bsize":4096,"blocks":9950331,"bfree":9210000,"bavail":9205000,"files":5160960,"ffree":4979000}
//! {"mount_point":"/mnt/nas","error":"timed out"}
//! ```

use serde::Deserialize;

use super::{ParseError, Rows};

/// One mount: sizes, or why they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statfs {
    /// Where it is mounted.
    pub mount_point: String,
    /// Size.
    pub size_bytes: Option<u64>,
    /// Free.
    pub free_bytes: Option<u64>,
    /// Free for ordinary users.
    pub available_bytes: Option<u64>,
    /// Inodes; `None` where the file system has no fixed number (btrfs says 0).
    pub inodes: Option<u64>,
    /// Free inodes.
    pub inodes_free: Option<u64>,
    /// Why nothing is known: skipped as a network file system, timed out, denied.
    pub error: Option<String>,
    /// Line.
    pub line: u32,
}

#[derive(Deserialize)]
struct Raw {
    mount_point: String,
    bsize: Option<u64>,
    blocks: Option<u64>,
    bfree: Option<u64>,
    bavail: Option<u64>,
    files: Option<u64>,
    ffree: Option<u64>,
    error: Option<String>,
}

/// Reads the list; a damaged line is a problem beside the others.
///
/// # Errors
/// Nothing, or not one line could be read.
pub fn parse(text: &str) -> Result<Rows<Statfs>, ParseError> {
    if text.trim_ascii().is_empty() {
        return Err(ParseError::new(None, text, "one JSON object a line"));
    }
    Rows::of(text, |f| {
        let raw: Result<Raw, _> = serde_json::from_str(f.text);
        let raw = raw.map_err(|e| f.error(format!("a mount in JSON ({e})")))?;
        let bytes = |blocks: Option<u64>| blocks?.checked_mul(raw.bsize?);
        let inodes = raw.files.filter(|n| *n != 0);
        Ok(Some(Statfs {
            size_bytes: bytes(raw.blocks),
            free_bytes: bytes(raw.bfree),
            available_bytes: bytes(raw.bavail),
            inodes,
            inodes_free: inodes.and(raw.ffree),
            mount_point: raw.mount_point,
            error: raw.error,
            line: f.line,
        }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"mount_point":"/","bsize":4096,"blocks":9950331,"bfree":9210000,"bavail":9205000,"files":5160960,"ffree":4979000}
{"mount_point":"/btrfs","bsize":4096,"blocks":100,"bfree":50,"bavail":50,"files":0,"ffree":0}
{"mount_point":"/mnt/nas","error":"timed out"}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_absences() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!(
            (rows[0].size_bytes, rows[0].inodes_free),
            (Some(9_950_331 << 12), Some(4_979_000))
        );
        assert_eq!((rows[1].inodes, rows[1].inodes_free), (None, None));
        assert_eq!(
            (rows[2].size_bytes, rows[2].error.as_deref(), rows[2].line),
            (None, Some("timed out"), 3)
        );
        assert!(parse("").is_err());
        assert!(parse("{}\n").is_err());
    }
}
