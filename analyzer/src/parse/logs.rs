//! `probes/logs.jsonl`: what services logged when ports, files or processes ran out.
//!
//! Lines of the last 24 hours, counted by file, pattern and peer; matches without a readable time
//! are told apart, because a line of last year raises no alarm today:
//!
//! ```json
//! {"file":"/var/log/nginx/error.log","size_bytes":812345,"read_bytes":812345,"lines":5123,"oldest_unix_s":1763809000,"newest_unix_s":1763869000}
//! {"file":"/var/log/nginx/error.log","pattern":"connect-no-address","peer":"10.0.0.5:3306","count":17,"undated":0,"first_unix_s":1763860000,"last_unix_s":1763869000,"samples":["…"]}
//! {"file":"/var/log/haproxy.log","skipped":"not written for 24 hours"}
//! ```

use serde::Deserialize;

use super::{ParseError, Rows};

/// What a line has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogRow {
    /// A file that was looked at, or why it was not.
    File(LogFile),
    /// Matches of one pattern with one peer in one file.
    Matches(LogMatches),
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct LogFile {
    /// Its path.
    pub file: String,
    /// Size.
    pub size_bytes: Option<u64>,
    /// How much of its end was looked at.
    pub read_bytes: Option<u64>,
    /// Lines in that part.
    pub lines: Option<u64>,
    /// Time of the first of them that tells one: the matches reach back no further.
    pub oldest_unix_s: Option<i64>,
    /// Time of the last line.
    pub newest_unix_s: Option<i64>,
    /// Why it was left out.
    pub skipped: Option<String>,
    /// Line.
    #[serde(skip)]
    pub line: u32,
}

/// Matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct LogMatches {
    /// The file.
    pub file: String,
    /// `fork-failed`, `connect-no-address`, `bind-in-use`, `too-many-files`, `connect-timed-out`.
    pub pattern: String,
    /// Peer or address that the lines name; `*` for those beyond the first fifty.
    pub peer: Option<String>,
    /// Lines with a time in the last 24 hours.
    pub count: u64,
    /// Lines without a readable time; not in `count`.
    pub undated: u64,
    /// Time of the first.
    pub first_unix_s: Option<i64>,
    /// Time of the last.
    pub last_unix_s: Option<i64>,
    /// At most three lines, secrets masked.
    pub samples: Vec<String>,
    /// Line.
    #[serde(skip)]
    pub line: u32,
}

/// Reads the list; a damaged line is a problem beside the others. An empty text has no rows: the
/// host has none of the files.
///
/// # Errors
/// Not one line could be read.
pub fn parse(text: &str) -> Result<Rows<LogRow>, ParseError> {
    Rows::of(text, |f| {
        let value: Result<serde_json::Value, _> = serde_json::from_str(f.text);
        let value = value.map_err(|e| f.error(format!("a JSON object ({e})")))?;
        let row = if value.get("pattern").is_some() {
            serde_json::from_value(value)
                .map(|matches| LogRow::Matches(LogMatches { line: f.line, ..matches }))
        } else {
            serde_json::from_value(value).map(|file| LogRow::File(LogFile { line: f.line, ..file }))
        };
        row.map(Some).map_err(|e| f.error(format!("a log file or its matches ({e})")))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"file":"/var/log/nginx/error.log","size_bytes":990,"read_bytes":990,"lines":5,"oldest_unix_s":1795411108,"newest_unix_s":1795411109}
{"file":"/var/log/nginx/error.log","pattern":"connect-no-address","peer":"10.0.0.5:3306","count":5,"undated":1,"first_unix_s":1795411108,"last_unix_s":1795411109,"samples":["2026/11/23 05:18:28 [crit] 7#7: *1 connect() to 10.0.0.5:3306 failed (99: Cannot assign requested address) while connecting to upstream"]}
{"file":"/var/log/app.log","pattern":"too-many-files","count":0,"undated":3,"samples":[]}
{"file":"/var/log/postgresql/postgresql-15-main.log","skipped":"not written for 24 hours"}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_matches() {
        let rows = parse(SAMPLE).unwrap().rows;
        let LogRow::File(file) = &rows[0] else { panic!("{rows:?}") };
        assert_eq!((file.lines, file.oldest_unix_s), (Some(5), Some(1_795_411_108)));
        let LogRow::Matches(matches) = &rows[1] else { panic!("{rows:?}") };
        assert_eq!((matches.count, matches.undated, matches.line), (5, 1, 2));
        assert_eq!(matches.peer.as_deref(), Some("10.0.0.5:3306"));
        let LogRow::Matches(undated) = &rows[2] else { panic!("{rows:?}") };
        assert_eq!((undated.count, undated.first_unix_s, &undated.peer), (0, None, &None));
        let LogRow::File(skipped) = &rows[3] else { panic!("{rows:?}") };
        assert_eq!(skipped.skipped.as_deref(), Some("not written for 24 hours"));
        assert_eq!(parse("").unwrap().rows, []);
    }

    #[test]
    fn a_damaged_line_is_a_problem_beside_the_others() {
        let damaged = format!("{SAMPLE}{{\"file\":7}}\n{{\"file\":\"/x\",\"pattern\":\"y\"}}\n");
        let rows = parse(&damaged).unwrap();
        assert_eq!((rows.rows.len(), rows.damaged), (4, 2));
        assert!(parse("nothing\n").is_err());
    }
}
