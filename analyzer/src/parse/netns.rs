//! `probes/netns.jsonl`: the network namespaces of the host, one a line.
//!
//! <https://man7.org/linux/man-pages/man7/network_namespaces.7.html>
//!
//! ```json
//! {"inode":4026531840,"pid":1,"name":"host","is_host":true}
//! {"inode":4026532290,"name":"blue","error":"setns: Operation not permitted (os error 1)"}
//! {"inode":4026532291,"pid":91,"error":"setns: Operation not permitted (os error 1)","read_through_pid":91}
//! ```

use serde::Deserialize;

use super::{ParseError, Rows};

/// One namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Namespace {
    /// Its inode: its identity while it lives.
    pub inode: u64,
    /// The lowest process id in it; a namespace without processes has none.
    pub pid: Option<u32>,
    /// Name in `/run/netns`, or `host`.
    pub name: Option<String>,
    /// The namespace of PID 1; `None` where that cannot be told.
    pub is_host: Option<bool>,
    /// Why it could not be entered.
    pub error: Option<String>,
    /// The process whose `/proc/PID/net` was read in place of it.
    pub read_through_pid: Option<u32>,
    /// Line.
    #[serde(skip)]
    pub line: u32,
}

/// Reads the list; a damaged line is a problem beside the others.
///
/// # Errors
/// Nothing, or not one line could be read.
pub fn parse(text: &str) -> Result<Rows<Namespace>, ParseError> {
    if text.trim_ascii().is_empty() {
        return Err(ParseError::new(None, text, "one JSON object a line"));
    }
    Rows::of(text, |f| {
        let namespace: Result<Namespace, _> = serde_json::from_str(f.text);
        let namespace = namespace.map_err(|e| f.error(format!("a namespace in JSON ({e})")))?;
        Ok(Some(Namespace { line: f.line, ..namespace }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
{\"inode\":4026531840,\"pid\":1,\"name\":\"host\",\"is_host\":true}
{\"inode\":4026532177,\"pid\":812}
{\"inode\":4026532290,\"name\":\"blue\",\"error\":\"setns: Operation not permitted (os error 1)\"}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entered_and_not() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!(
            (rows[0].inode, rows[0].pid, rows[0].is_host),
            (4_026_531_840, Some(1), Some(true))
        );
        assert_eq!((rows[1].is_host, rows[1].error.as_deref()), (None, None));
        assert_eq!((rows[2].name.as_deref(), rows[2].line), (Some("blue"), 3));
        assert!(parse("").is_err());
        assert_eq!(parse("{}\n{\"inode\":1}\n").unwrap().problems[0].line, Some(1));
    }
}
