//! Units of systemd, their drop-ins, and `system.conf`: what they set.
//!
//! <https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html>
//!
//! ```text
//! [Service]
//! LimitNOFILE=65536:524288
//! ```
//!
//! Which file wins is not known here. The collector keeps only some directives, and empty lines for
//! the others, so that lines keep their numbers.

use super::lines;

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `Service`, `Manager`; empty before the first section.
    pub section: String,
    /// `LimitNOFILE`.
    pub key: String,
    /// What stands behind the `=`; empty takes back what was set before.
    pub value: String,
    /// Line.
    pub line: u32,
}

/// Reads one file. Lines that are no assignment are left alone, as systemd does.
#[must_use]
pub fn parse(text: &str) -> Vec<Setting> {
    let mut section = String::new();
    let mut settings = Vec::new();
    for (line, text) in lines(text) {
        let text = text.trim_ascii();
        if text.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = text.split_once('=') {
            let (key, value) = (key.trim_ascii().to_owned(), value.trim_ascii().to_owned());
            settings.push(Setting { section: section.clone(), key, value, line });
        }
    }
    settings
}

/// Soft limit of `65536`, `1024:524288` or `infinity`, which is `None` within.
#[must_use]
pub fn soft_limit(value: &str) -> Option<Option<u64>> {
    match value.split(':').next()?.trim_ascii() {
        "infinity" => Some(None),
        number => number.parse().ok().map(Some),
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "# x=1\n[Unit]\nAfter=network.target\n\n[Service]\nLimitNOFILE=1024:524288\n\
    TasksMax = 100\nno assignment\nLimitNPROC=infinity\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_with_their_sections_and_lines() {
        let settings = parse(SAMPLE);
        let got: Vec<_> = settings
            .iter()
            .map(|s| (s.section.as_str(), s.key.as_str(), s.value.as_str(), s.line))
            .collect();
        assert_eq!(
            got,
            [
                ("Unit", "After", "network.target", 3),
                ("Service", "LimitNOFILE", "1024:524288", 6),
                ("Service", "TasksMax", "100", 7),
                ("Service", "LimitNPROC", "infinity", 9),
            ]
        );
        assert_eq!(soft_limit("1024:524288"), Some(Some(1024)));
        assert_eq!((soft_limit("infinity"), soft_limit("15%")), (Some(None), None));
    }
}
