//! Kernel parameters as `sysctl -a` prints them: `commands/sysctl_-a`, `probes/netns/*/sysctl`.
//!
//! <https://man7.org/linux/man-pages/man8/sysctl.8.html>
//!
//! ```text
//! net.ipv4.ip_local_port_range = 32768   60999
//! dev.cdrom.info = CD-ROM information, Id: cdrom.c 3.20 2003/12/17
//! dev.cdrom.info =
//! ```

use std::collections::BTreeMap;

use super::{ParseError, lines};

/// The value of one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Text with runs of blanks as one space; several lines are joined by newlines.
    pub text: String,
    /// First line it stands on.
    pub line: u32,
}

/// Parameters by key, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sysctl {
    /// Values by key. A slash inside a component (`net.ipv4.conf.eth0/100.forwarding`) stands for
    /// a dot of the name.
    pub values: BTreeMap<String, Value>,
    /// Keys that the tool was not allowed to read.
    pub denied: Vec<String>,
}

impl Sysctl {
    /// The value as text.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|v| v.text.as_str())
    }

    /// The value as a number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        self.get(key)?.parse().ok()
    }
}

/// Reads the listing. Lines without ` = ` are messages of the tool.
///
/// # Errors
/// Not one parameter.
pub fn parse(text: &str) -> Result<Sysctl, ParseError> {
    let mut sysctl = Sysctl::default();
    for (line, text) in lines(text) {
        if let Some(message) = text.strip_prefix("sysctl: ") {
            sysctl.denied.extend(denied(message));
            continue;
        }
        let Some((key, value)) = text.split_once(" =") else { continue };
        if key.is_empty() || key.contains(char::is_whitespace) {
            continue;
        }
        let value = words(value);
        match sysctl.values.get_mut(key) {
            Some(first) => {
                first.text.push('\n');
                first.text.push_str(&value);
            }
            None => {
                sysctl.values.insert(key.to_owned(), Value { text: value, line });
            }
        }
    }
    if sysctl.values.is_empty() {
        return Err(ParseError::new(None, text, "lines `key = value`"));
    }
    Ok(sysctl)
}

/// `permission denied on key 'fs.protected_fifos'`, `reading key "net.ipv6.conf.all.stable_secret"`.
fn denied(message: &str) -> Option<String> {
    message.split(['\'', '"']).nth(1).map(Into::into)
}

/// Blanks and tabs as one space.
pub(super) fn words(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
dev.cdrom.info = CD-ROM information, Id: cdrom.c 3.20 2003/12/17
dev.cdrom.info = 
dev.cdrom.info = drive name:\t\tsr0
kernel.core_pattern = |/usr/share/apport/apport %p %s %c %d %P %E
net.ipv4.ip_local_port_range = 32768\t60999
net.ipv4.conf.eth0/100.forwarding = 1
sysctl: permission denied on key 'fs.protected_fifos'
sysctl: reading key \"net.ipv6.conf.all.stable_secret\"
vm.swappiness = 60
kernel.modprobe =
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_20_values_with_blanks_tabs_and_several_lines() {
        let s = parse(SAMPLE).unwrap();
        assert_eq!(s.get("net.ipv4.ip_local_port_range"), Some("32768 60999"));
        assert_eq!(
            s.get("kernel.core_pattern"),
            Some("|/usr/share/apport/apport %p %s %c %d %P %E")
        );
        assert_eq!(s.number("vm.swappiness"), Some(60));
        assert_eq!(s.get("kernel.modprobe"), Some(""));
        let info = s.get("dev.cdrom.info").unwrap();
        assert_eq!(info.lines().last(), Some("drive name: sr0"));
        assert_eq!(s.values["vm.swappiness"].line, 9);
        assert_eq!(s.denied, ["fs.protected_fifos", "net.ipv6.conf.all.stable_secret"]);
        assert_eq!(s.get("vm.overcommit_memory"), None);
        assert!(parse("").is_err());
    }
}
