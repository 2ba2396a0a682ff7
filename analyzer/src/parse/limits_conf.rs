//! `/etc/security/limits.conf` and `limits.d/*.conf`: limits that a login session starts with.
//!
//! <https://man7.org/linux/man-pages/man5/limits.conf.5.html>
//!
//! ```text
//! @dba  -     nofile  65536
//! *     soft  nproc   4096
//! ```

use super::{ParseError, Rows};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// User, `@group`, `*`.
    pub domain: String,
    /// It sets the soft limit (`soft`, or `-` for both).
    pub is_soft: bool,
    /// It sets the hard limit.
    pub is_hard: bool,
    /// `nofile`, `nproc`, ….
    pub item: String,
    /// The value; `None` for `unlimited`, `infinity` and `-1`.
    pub value: Option<u64>,
    /// Line.
    pub line: u32,
}

/// Reads one file; one of comments alone sets nothing.
///
/// # Errors
/// There were entries, and not one could be read.
pub fn parse(text: &str) -> Result<Rows<Entry>, ParseError> {
    Rows::of(text, |mut f| {
        if f.text.trim_start().starts_with('#') {
            return Ok(None);
        }
        let domain = f.word("domain")?.to_owned();
        let kind = f.word("type")?;
        // `user -` alone takes the user out of all limits.
        let Some(item) = f.next() else { return Ok(None) };
        let (is_soft, is_hard) = match kind {
            "soft" => (true, false),
            "hard" => (false, true),
            "-" => (true, true),
            _ => return Err(f.error("`soft`, `hard` or `-`")),
        };
        let item = item.to_owned();
        let value = match f.word("value")? {
            "unlimited" | "infinity" | "-1" => None,
            number => Some(number.parse().map_err(|_e| f.error("a number or `unlimited`"))?),
        };
        Ok(Some(Entry { domain, is_soft, is_hard, item, value, line: f.line }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "# /etc/security/limits.conf\n#*  soft core 0\n\n\
    *    soft nofile 4096\n@dba -    nofile 65536\nroot hard nproc  unlimited\nnobody -\n\
    x    both nofile 1\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_one_of_them_and_none() {
        let rows = parse(SAMPLE).unwrap();
        let got: Vec<_> = rows
            .rows
            .iter()
            .map(|e| (e.domain.as_str(), e.is_soft, e.is_hard, e.item.as_str(), e.value, e.line))
            .collect();
        assert_eq!(
            got,
            [
                ("*", true, false, "nofile", Some(4096), 4),
                ("@dba", true, true, "nofile", Some(65536), 5),
                ("root", false, true, "nproc", None, 6),
            ]
        );
        assert_eq!((rows.damaged, rows.problems[0].line), (1, Some(8)));
        assert!(parse("# nothing\n").unwrap().rows.is_empty());
        assert!(parse("* soft nofile many\n").is_err());
    }
}
