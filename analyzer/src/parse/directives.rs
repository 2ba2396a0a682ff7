//! Configuration files of one directive a line: `key value` or `key = value`, in sections or not.
//!
//! haproxy.cfg, httpd.conf, redis.conf, rabbitmq.conf, postgresql.conf, my.cnf and `sshd_config` are
//! all of this shape; what differs is how a section begins.
//!
//! ```text
//! backend app
//!     timeout connect 500ms
//! tcp-keepalive 300
//! tcp_keepalives_idle = 60
//! ```

use super::{ParseError, lines};

/// Directives of one file that are kept.
const MAX_DIRECTIVES: usize = 20_000;

/// One directive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The section it stands in, as it is written: `backend app`, `[mysqld]`, `<VirtualHost *:80>`;
    /// empty outside.
    pub section: String,
    /// First word, as written.
    pub key: String,
    /// The rest, quotes around all of it taken off.
    pub value: String,
    /// Line.
    pub line: u32,
}

/// Words that begin a section of haproxy.
const HAPROXY: [&str; 5] = ["global", "defaults", "frontend", "backend", "listen"];

/// Reads a file; `is_haproxy` tells whether its sections begin with words.
///
/// # Errors
/// More directives than any configuration has.
pub fn parse(text: &str, is_haproxy: bool) -> Result<Vec<Line>, ParseError> {
    let mut out = Vec::new();
    let mut section = String::new();
    for (line, text) in lines(text) {
        let text = text.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        let text = [" #", "\t#"]
            .iter()
            .filter_map(|c| text.find(c))
            .min()
            .map_or(text, |at| text.get(..at).unwrap_or(text).trim_end());
        let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
        let (key, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        if text.starts_with("</") {
            section.clear();
        } else if text.starts_with(['[', '<']) || is_haproxy && HAPROXY.contains(&key) {
            text.clone_into(&mut section);
        } else {
            let value = rest.trim().trim_start_matches('=').trim();
            let value = value.trim_matches(['"', '\'']).to_owned();
            out.push(Line { section: section.clone(), key: key.to_owned(), value, line });
        }
        if out.len() > MAX_DIRECTIVES {
            return Err(ParseError::new(line, text, "at most 20,000 directives"));
        }
    }
    Ok(out)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
defaults
    timeout connect 500ms # short
backend app
    option http-server-close
# comment
tcp-keepalive 300
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_each_kind() {
        let rows = parse(SAMPLE, true).unwrap();
        assert_eq!((rows[0].section.as_str(), rows[0].key.as_str()), ("defaults", "timeout"));
        assert_eq!((rows[0].value.as_str(), rows[0].line), ("connect 500ms", 2));
        assert_eq!(
            (rows[1].section.as_str(), rows[1].value.as_str()),
            ("backend app", "http-server-close")
        );
        let rows = parse("[mysqld]\nwait_timeout=60\n<VirtualHost *:80>\nKeepAlive \"Off\"\n</VirtualHost>\nTimeout 60\n", false).unwrap();
        assert_eq!((rows[0].section.as_str(), rows[0].value.as_str()), ("[mysqld]", "60"));
        assert_eq!((rows[1].key.as_str(), rows[1].value.as_str()), ("KeepAlive", "Off"));
        assert_eq!(rows[2].section, "");
    }
}
