//! `/proc/PID/cgroup`: the control groups of a process.
//!
//! <https://man7.org/linux/man-pages/man7/cgroups.7.html>
//!
//! ```text
//! 4:memory:/system.slice/ssh.service
//! 0::/user.slice/user-1000.slice
//! ```

use super::{ParseError, Rows, number};

/// Membership in one hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership<'a> {
    /// Number of the hierarchy; 0 for the unified one (v2).
    pub hierarchy: u32,
    /// Controllers joined by commas, or `name=systemd`; empty for the unified hierarchy.
    pub controllers: &'a str,
    /// Path below the root of the hierarchy; ends with ` (deleted)` when the group is gone.
    pub path: &'a str,
}

/// All memberships: one on a v2 host, many on v1, both on a hybrid one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PidCgroup<'a>(pub Vec<Membership<'a>>);

impl<'a> PidCgroup<'a> {
    /// Path in the unified hierarchy (v2).
    #[must_use]
    pub fn unified(&self) -> Option<&'a str> {
        self.0.iter().find(|m| m.hierarchy == 0 && m.controllers.is_empty()).map(|m| m.path)
    }

    /// Path of a controller: its v1 hierarchy if it is mounted there, else the unified one.
    #[must_use]
    pub fn of_controller(&self, controller: &str) -> Option<&'a str> {
        let v1 = self.0.iter().find(|m| m.controllers.split(',').any(|c| c == controller));
        v1.map(|m| m.path).or_else(|| self.unified())
    }
}

/// Reads all lines.
///
/// # Errors
/// Not one line could be read.
pub fn parse(text: &str) -> Result<PidCgroup<'_>, ParseError> {
    let mut rows = Rows::default();
    for (line, text) in super::lines(text) {
        let mut parts = text.splitn(3, ':');
        let (number_text, controllers, path) = (parts.next(), parts.next(), parts.next());
        rows.take(match (number_text, controllers, path) {
            (Some(n), Some(controllers), Some(path)) => number(line, n, "hierarchy")
                .map(|hierarchy| Some(Membership { hierarchy, controllers, path })),
            _ => Err(ParseError::new(line, text, "`number:controllers:path`")),
        });
    }
    if rows.rows.is_empty() && rows.problems.is_empty() {
        return Err(ParseError::new(None, text, "`number:controllers:path`"));
    }
    rows.finish().map(|rows| PidCgroup(rows.rows))
}

#[cfg(test)]
pub(super) const SAMPLE: &str =
    "9:name=systemd:/\n4:memory:/a/b:c\n2:cpu,cpuacct:/x\n0::/user.slice\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_36_hybrid() {
        let c = parse(SAMPLE).unwrap();
        assert_eq!(c.unified(), Some("/user.slice"));
        assert_eq!(c.of_controller("memory"), Some("/a/b:c"));
        assert_eq!(c.of_controller("cpuacct"), Some("/x"));
        assert_eq!(c.of_controller("io"), Some("/user.slice"));
        assert_eq!(parse("2:cpu:/x\n").unwrap().of_controller("io"), None);
        assert!(parse("").is_err());
        assert!(parse("x").is_err());
    }
}
