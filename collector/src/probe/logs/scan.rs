//! Which lines count, and for which peer. A bare error text matches nothing: what failed must stand
//! in the same line, or any program that quotes an error would raise an alarm.

use std::collections::BTreeMap;

use serde::Serialize;

use super::time::{Now, unix_s};
use crate::redact;

/// Peers told apart in one file for one pattern; more are counted together as `*`.
const MAX_PEERS: usize = 50;
/// Lines kept of a group.
const SAMPLES: usize = 3;
/// Bytes kept of a line.
const SAMPLE_BYTES: usize = 300;
/// Bytes of a line that are looked at.
const LINE_BYTES: usize = 16 << 10;
/// Matches of another day are history.
const WINDOW_S: i64 = 86_400;

/// One pattern: words that must follow each other in a line; of the first, one of several.
struct Pattern {
    name: &'static str,
    what: &'static [&'static str],
    then: &'static [&'static str],
    /// Whether the line names a peer or an address.
    has_peer: bool,
}

const PATTERNS: [Pattern; 6] = [
    Pattern {
        name: "fork-failed",
        what: &["fork", "clone", "pthread_create"],
        then: &["failed", "Resource temporarily unavailable"],
        has_peer: false,
    },
    Pattern {
        name: "connect-no-address",
        what: &["connect()"],
        then: &["Cannot assign requested address"],
        has_peer: true,
    },
    Pattern {
        name: "bind-in-use",
        what: &["bind()"],
        then: &["Address already in use"],
        has_peer: true,
    },
    Pattern {
        name: "too-many-files",
        what: &["accept", "open", "socket"],
        then: &["Too many open files"],
        has_peer: false,
    },
    Pattern { name: "connect-timed-out", what: &["connect"], then: &["timed out"], has_peer: true },
    // nginx names what it was doing behind the error.
    Pattern {
        name: "connect-timed-out",
        what: &["timed out"],
        then: &["while connecting to"],
        has_peer: true,
    },
];

/// Matches of one pattern with one peer.
#[derive(Debug, Default, Serialize)]
pub(super) struct Group {
    file: String,
    pattern: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    count: u64,
    undated: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_unix_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_unix_s: Option<i64>,
    samples: Vec<String>,
    #[serde(skip)]
    masked: u64,
}

/// All matches of one file.
#[derive(Debug)]
pub(super) struct Matches {
    now: Now,
    groups: BTreeMap<(&'static str, Option<String>), Group>,
    /// Times of the first and the last line that tell one.
    pub oldest_unix_s: Option<i64>,
    last_line: Vec<u8>,
    /// Lines seen.
    pub lines: u64,
}

impl Matches {
    pub(super) fn new(now: Now) -> Self {
        Self { now, groups: BTreeMap::new(), oldest_unix_s: None, last_line: Vec::new(), lines: 0 }
    }

    /// Looks at one line.
    pub(super) fn line(&mut self, line: &[u8]) {
        let line = line.get(..LINE_BYTES.min(line.len())).unwrap_or_default();
        self.lines += 1;
        if self.oldest_unix_s.is_none() {
            self.oldest_unix_s = unix_s(line, self.now);
        }
        self.last_line.clear();
        self.last_line.extend_from_slice(line.get(..128.min(line.len())).unwrap_or_default());
        let Some(pattern) = PATTERNS.iter().find(|pattern| pattern.matches(line)) else { return };
        let at = unix_s(line, self.now);
        if at.is_some_and(|at| at < self.now.unix_s - WINDOW_S) {
            return;
        }
        let mut peer = if pattern.has_peer { peer(&String::from_utf8_lossy(line)) } else { None };
        let known = self.groups.contains_key(&(pattern.name, peer.clone()));
        if !known
            && self.groups.keys().filter(|(name, _)| *name == pattern.name).count() >= MAX_PEERS
        {
            peer = Some("*".to_owned());
        }
        self.groups.entry((pattern.name, peer)).or_default().add(line, at);
    }

    /// Time of the last line, if it tells one.
    pub(super) fn newest_unix_s(&self) -> Option<i64> {
        unix_s(&self.last_line, self.now)
    }

    /// The groups, and how many secrets were masked in their samples.
    pub(super) fn into_groups(self, file: &str) -> (Vec<Group>, u64) {
        let groups: Vec<Group> = self
            .groups
            .into_iter()
            .map(|((pattern, peer), group)| Group { file: file.to_owned(), pattern, peer, ..group })
            .collect();
        let masked = groups.iter().map(|group| group.masked).sum();
        (groups, masked)
    }
}

impl Group {
    fn add(&mut self, line: &[u8], at: Option<i64>) {
        match at {
            None => self.undated += 1,
            Some(at) => {
                self.count += 1;
                self.first_unix_s = Some(self.first_unix_s.map_or(at, |first| first.min(at)));
                self.last_unix_s = Some(self.last_unix_s.map_or(at, |last| last.max(at)));
            }
        }
        if self.samples.len() < SAMPLES {
            let redacted = redact::text(line);
            self.masked += redacted.masked;
            let text = without_queries(&String::from_utf8_lossy(&redacted.bytes));
            self.samples.push(text.chars().take(SAMPLE_BYTES).collect());
        }
    }
}

impl Pattern {
    fn matches(&self, line: &[u8]) -> bool {
        // The rarest word decides first.
        let Some(last) = self.then.last() else { return false };
        if find(line, last.as_bytes()).is_none() {
            return false;
        }
        self.what.iter().any(|word| {
            let mut rest = line;
            std::iter::once(word).chain(self.then).all(|word| {
                let Some(at) = find(rest, word.as_bytes()) else { return false };
                rest = rest.get(at + word.len()..).unwrap_or_default();
                true
            })
        })
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    let (first, tail) = word.split_first()?;
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        from += rest.iter().position(|b| b == first)? + 1;
        if text.get(from..)?.starts_with(tail) {
            return Some(from - 1);
        }
    }
}

/// The address in a line: behind `connect() to`, of the upstream, or the first that looks like one.
fn peer(line: &str) -> Option<String> {
    let behind = |mark: &str| line.split_once(mark).map(|(_, rest)| rest);
    let named = [") to ", "upstream: \"", "connecting to ", "connect to "]
        .into_iter()
        .filter_map(behind)
        .find_map(address);
    named.or_else(|| line.split_ascii_whitespace().skip(1).find_map(address))
}

/// `10.0.0.5:3306`, `[::1]:80`, `db.example:5432`, `unix:/run/app.sock` at the beginning of a text.
fn address(text: &str) -> Option<String> {
    let word = text.split(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | ',' | ')' | ';'));
    let word = word.into_iter().next()?.trim_start_matches(['(', '<', '[', '\'', '"']);
    let word = word.split_once("://").map_or(word, |(_, rest)| rest);
    if word.starts_with("unix:/") {
        return Some(word.split(':').take(2).collect::<Vec<_>>().join(":"))
            .filter(|text| is_short(text));
    }
    let word = word.rsplit_once('@').map_or(word, |(_, host)| host);
    let word = word.split('/').next()?.trim_end_matches([':', '.', ']', '\'', '>']);
    let (host, port) = word.rsplit_once(':')?;
    let is_port = port.parse::<u16>().is_ok();
    let host = host.trim_end_matches(']');
    let is_host = host.contains(['.', ':'])
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    if !is_port || !is_host {
        return None;
    }
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Some(format!("{host}:{port}")).filter(|text| is_short(text))
}

fn is_short(text: &str) -> bool {
    text.len() <= 128
}

/// What was asked of a web server may be anybody's business: queries are left out.
fn without_queries(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut in_query = false;
    for c in line.chars() {
        if in_query && (c.is_whitespace() || c == '"') {
            in_query = false;
        }
        if !in_query {
            out.push(c);
        }
        if c == '?' && !in_query {
            in_query = true;
            out.push('…');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now { unix_s: 1_795_380_000, utc_offset_s: 0 };

    fn groups(lines: &[&str]) -> Vec<Group> {
        let mut matches = Matches::new(NOW);
        for line in lines {
            matches.line(line.as_bytes());
        }
        matches.into_groups("/var/log/x").0
    }

    #[test]
    fn real_lines_match_with_their_peer() {
        let cases = [
            (
                "2026/11/22 19:48:01 [crit] 7#7: *1 connect() to 10.0.0.5:3306 failed (99: Cannot assign requested address) while connecting to upstream, client: 1.2.3.4",
                ("connect-no-address", Some("10.0.0.5:3306")),
            ),
            (
                "2026/11/22 19:48:01 [emerg] 7#7: bind() to [::]:80 failed (98: Address already in use)",
                ("bind-in-use", Some("[::]:80")),
            ),
            (
                "2026/11/22 19:48:01 [alert] 7#7: accept4() failed (24: Too many open files)",
                ("too-many-files", None),
            ),
            (
                "2026/11/22 19:48:01 [error] 7#7: *1 upstream timed out (110: Connection timed out) while connecting to upstream, client: 1.2.3.4, server: _, request: \"GET /a?user=eve HTTP/1.1\", upstream: \"http://10.0.0.9:8080/a\", host: \"x\"",
                ("connect-timed-out", Some("10.0.0.9:8080")),
            ),
            (
                "Nov 22 19:48:01 h sshd[7]: error: fork of unprivileged child failed: Resource temporarily unavailable",
                ("fork-failed", None),
            ),
            (
                "2026-11-22 19:48:01,123 ERROR c.z.HikariPool - connect to db.example:5432 timed out",
                ("connect-timed-out", Some("db.example:5432")),
            ),
        ];
        for (line, (pattern, peer)) in cases {
            let found = groups(&[line]);
            assert_eq!(found.len(), 1, "{line}");
            assert_eq!((found[0].pattern, found[0].peer.as_deref()), (pattern, peer), "{line}");
            assert_eq!((found[0].count, found[0].undated), (1, 0), "{line}");
            assert!(!found[0].samples[0].contains("eve"), "{line}");
        }
        assert!(groups(&["Nov 22 19:48:01 h app: Cannot assign requested address"]).is_empty());
        assert!(groups(&["Nov 22 19:48:01 h app: Too many open files"]).is_empty());
    }

    #[test]
    fn only_dated_lines_of_the_last_day_count() {
        let line = "h app: accept failed: Too many open files password=hunter2";
        let found = groups(&[
            &format!("Nov 20 19:48:01 {line}"),
            &format!("Nov 22 19:48:01 {line}"),
            &format!("Nov 22 20:48:01 {line}"),
            line,
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].count, found[0].undated), (2, 1));
        let times = (found[0].first_unix_s, found[0].last_unix_s);
        assert_eq!(times, (Some(1_795_376_881), Some(1_795_380_481)));
        assert!(found[0].samples.iter().all(|s| !s.contains("hunter2")));
        assert_eq!(found[0].masked, 3);
    }

    #[test]
    fn many_peers_are_counted_together() {
        let lines: Vec<String> = (0..80)
            .map(|k| format!("Nov 22 19:48:01 h a: connect to 10.0.0.{k}:80 timed out"))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let found = groups(&lines);
        assert_eq!(found.len(), MAX_PEERS + 1);
        let rest = found.iter().find(|group| group.peer.as_deref() == Some("*")).unwrap();
        assert_eq!(rest.count, 30);
    }
}
