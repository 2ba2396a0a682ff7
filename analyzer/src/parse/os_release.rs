//! `/etc/os-release`, and `/etc/lsb-release`, which tells the name by another key.
//!
//! <https://man7.org/linux/man-pages/man5/os-release.5.html>
//!
//! ```text
//! PRETTY_NAME="Ubuntu 20.04.3 LTS"
//! ```

use super::{ParseError, lines};

/// The distribution. Fields it does not set are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `ID`: `ubuntu`, `rhel`.
    pub id: Option<String>,
    /// `ID_LIKE`, split.
    pub id_like: Vec<String>,
    /// `VERSION_ID`: `20.04`.
    pub version_id: Option<String>,
    /// `PRETTY_NAME`.
    pub pretty_name: Option<String>,
}

/// Reads the assignments.
///
/// # Errors
/// No assignment at all.
pub fn parse(text: &str) -> Result<OsRelease, ParseError> {
    let mut os = OsRelease::default();
    let mut assignments = 0u32;
    for (_, line) in lines(text) {
        let line = line.trim_ascii();
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        assignments = assignments.saturating_add(1);
        match key {
            "ID" => os.id = Some(unquote(value)),
            "ID_LIKE" => os.id_like = unquote(value).split_whitespace().map(Into::into).collect(),
            "VERSION_ID" => os.version_id = Some(unquote(value)),
            "PRETTY_NAME" | "DISTRIB_DESCRIPTION" => os.pretty_name = Some(unquote(value)),
            _ => {}
        }
    }
    if assignments == 0 { Err(ParseError::new(None, text, "assignments: ID=…")) } else { Ok(os) }
}

/// Shell quoting as the manual page allows it: one pair of quotes, and backslashes.
fn unquote(value: &str) -> String {
    let inner = ['"', '\''].iter().find_map(|&q| value.strip_prefix(q)?.strip_suffix(q));
    let mut out = String::new();
    let mut chars = inner.unwrap_or(value).chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
NAME=\"Red Hat Enterprise Linux\"
ID=\"rhel\"
ID_LIKE=\"fedora centos\"
VERSION_ID=\"9.3\"
PRETTY_NAME=\"Red Hat Enterprise Linux 9.3 (Plow)\"
# comment=1

HOME_URL=https://www.redhat.com/
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        let os = parse(SAMPLE).unwrap();
        assert_eq!(os.id.as_deref(), Some("rhel"));
        assert_eq!(os.id_like, ["fedora", "centos"]);
        assert_eq!(os.version_id.as_deref(), Some("9.3"));
        assert_eq!(parse("ID='a\\$b'\n").unwrap().id.as_deref(), Some("a$b"));
        assert_eq!(parse("NAME=x\n").unwrap().pretty_name, None);
        assert!(parse("").is_err());
    }

    #[test]
    fn lsb_release_tells_the_name_too() {
        let os = parse("DISTRIB_ID=Ubuntu\nDISTRIB_DESCRIPTION=\"Ubuntu 20.04.3 LTS\"\n").unwrap();
        assert_eq!(os.pretty_name.as_deref(), Some("Ubuntu 20.04.3 LTS"));
    }
}
