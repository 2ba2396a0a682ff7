//! `/proc/version`, and `uname -a`, which says the same in another order.
//!
//! <https://man7.org/linux/man-pages/man5/proc_version.5.html>
//!
//! ```text
//! Linux version 5.4.0-99-generic (buildd@lgw01) (gcc version 9.3.0) #112-Ubuntu SMP Thu Feb 3
//! ```

use super::{Fields, ParseError};

/// The kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `5.4.0-99-generic`.
    pub release: String,
    /// Major and minor number, for "since" questions.
    pub number: (u32, u32),
}

/// Reads `/proc/version`.
///
/// # Errors
/// Not `Linux version`, or a release that does not begin with two numbers.
pub fn parse(text: &str) -> Result<Version, ParseError> {
    let mut fields = Fields::new(1, text);
    let words = (fields.next(), fields.next());
    if words != (Some("Linux"), Some("version")) {
        return Err(fields.error("`Linux version …`"));
    }
    release(fields.word("release")?)
}

/// Reads `uname -a`: `Linux host 5.4.0-99-generic #112-Ubuntu SMP … x86_64 GNU/Linux`.
///
/// # Errors
/// Not `Linux`, or a release that does not begin with two numbers.
pub fn parse_uname(text: &str) -> Result<Version, ParseError> {
    let mut fields = Fields::new(1, text);
    if fields.next() != Some("Linux") {
        return Err(fields.error("`Linux host release …`"));
    }
    release(fields.pass(1).word("release")?)
}

/// Reads a bare release (`/proc/sys/kernel/osrelease`).
///
/// # Errors
/// A release that does not begin with two numbers.
pub fn release(text: &str) -> Result<Version, ParseError> {
    let text = text.trim_ascii();
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    let mut part = || parts.next().and_then(|n| n.parse().ok());
    match (part(), part()) {
        (Some(major), Some(minor)) => Ok(Version { release: text.into(), number: (major, minor) }),
        _ => Err(ParseError::new(1, text, "a kernel release: 5.4.0")),
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "Linux version 5.4.0-99-generic (buildd@lgw01-amd64-007) \
    (gcc version 9.3.0 (Ubuntu 9.3.0-17ubuntu1~20.04)) #112-Ubuntu SMP Thu Feb 3 13:50:55 UTC 2022\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_and_number() {
        let v = parse(SAMPLE).unwrap();
        assert_eq!((v.release.as_str(), v.number), ("5.4.0-99-generic", (5, 4)));
        assert_eq!(release("6.18.44-fc-v669\n").unwrap().number, (6, 18));
        assert_eq!(release("4.18-rc1").unwrap().number, (4, 18));
        let uname = "Linux juju-04f1e3-1 5.4.0-99-generic #112-Ubuntu SMP x86_64 GNU/Linux\n";
        assert_eq!(parse_uname(uname).unwrap().number, (5, 4));
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        assert!(parse("Darwin Kernel Version 20").is_err());
        assert!(release("six").is_err());
    }
}
