//! `/etc/sysctl.conf` and `sysctl.d/*.conf`: what the next boot would set.
//!
//! <https://man7.org/linux/man-pages/man5/sysctl.d.5.html>
//!
//! ```text
//! # comment
//! net.ipv4.tcp_keepalive_time = 600
//! -net/ipv4/conf/eth0.100/rp_filter = 2
//! ```
//!
//! Which file wins is not known here: that is a matter of directories and names.

use super::sysctl::words;
use super::{ParseError, Rows, lines};

/// One line that sets a parameter, or takes it out of a glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Line.
    pub line: u32,
    /// Key in the form of `sysctl -a`: dots between components, slashes for dots inside them. May
    /// hold `*`, `?` and `[`.
    pub key: String,
    /// Value with runs of blanks as one space; `None` for `-key` without a value, which excludes
    /// the key from globs.
    pub value: Option<String>,
    /// `-key = value`: a failure to set it is not reported.
    pub ignore_failure: bool,
}

impl Setting {
    /// The key is a pattern.
    #[must_use]
    pub fn is_glob(&self) -> bool {
        self.key.contains(['*', '?', '['])
    }
}

/// Reads one file. An empty one sets nothing.
///
/// # Errors
/// Not one line could be read, and at least one should have been.
pub fn parse(text: &str) -> Result<Rows<Setting>, ParseError> {
    let mut rows = Rows::default();
    for (line, text) in lines(text) {
        let text = text.trim_ascii();
        if !text.is_empty() && !text.starts_with(['#', ';']) {
            rows.take(setting(line, text).map(Some));
        }
    }
    rows.finish()
}

fn setting(line: u32, text: &str) -> Result<Setting, ParseError> {
    let (text, ignore_failure) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(words(value))),
        None if ignore_failure => (text, None),
        None => return Err(ParseError::new(line, text, "`key = value`")),
    };
    let name = name.trim_ascii();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(ParseError::new(line, text, "`key = value`"));
    }
    Ok(Setting { line, key: key(name), value, ignore_failure })
}

/// The first separator decides: after a slash, slashes separate and dots belong to names.
#[must_use]
pub fn key(name: &str) -> String {
    let slashes = name.find(['.', '/']).is_some_and(|at| name.get(at..at + 1) == Some("/"));
    let swap = |c| match c {
        '/' => '.',
        '.' => '/',
        c => c,
    };
    if slashes { name.chars().map(swap).collect() } else { name.to_owned() }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
# Functions previously found in netbase
; old style comment
net.ipv4.tcp_keepalive_time=600
  net.ipv4.ip_local_port_range =  1024\t 65000 
-net/ipv4/conf/eth0.100/rp_filter = 2
net.ipv4.conf.*.rp_filter = 1
-net.ipv4.conf.eth1.rp_filter
kernel.printk 4
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_20_comments_prefix_vectors_and_globs() {
        let rows = parse(SAMPLE).unwrap();
        let [time, range, dash, glob, exclude] = &rows.rows[..] else { panic!("five settings") };
        assert_eq!((time.line, time.key.as_str()), (3, "net.ipv4.tcp_keepalive_time"));
        assert_eq!(time.value.as_deref(), Some("600"));
        assert_eq!(range.value.as_deref(), Some("1024 65000"));
        assert_eq!(dash.key, "net.ipv4.conf.eth0/100.rp_filter");
        assert!(dash.ignore_failure && !dash.is_glob() && glob.is_glob());
        assert_eq!((exclude.value.as_deref(), exclude.line), (None, 7));
        assert_eq!(rows.problems[0].line, Some(8));
    }

    #[test]
    fn a_file_of_comments_is_fine() {
        assert!(parse("# nothing\n\n").unwrap().rows.is_empty());
        assert!(parse("only rubbish\n").is_err());
        assert_eq!(key("net.ipv4.conf.eth0/100.forwarding"), "net.ipv4.conf.eth0/100.forwarding");
    }
}
