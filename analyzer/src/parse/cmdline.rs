//! `/proc/cmdline`, the kernel's, and `/proc/PID/cmdline`, a process's.
//!
//! <https://docs.kernel.org/admin-guide/kernel-parameters.html>,
//! <https://man7.org/linux/man-pages/man5/proc_pid_cmdline.5.html>
//!
//! ```text
//! BOOT_IMAGE=/boot/vmlinuz-5.4.0-99-generic root=LABEL=cloudimg-rootfs ro console="tty1 x"
//! ```

use super::ParseError;

/// Parameters of the kernel in their order: name, and value after the `=`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelCmdline(pub Vec<(String, Option<String>)>);

impl KernelCmdline {
    /// The last occurrence of a parameter, which is the one that counts for most: `Some(None)`
    /// when it has no value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<&str>> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_deref())
    }
}

/// Splits the kernel's command line; double quotes protect blanks. What follows `--` is for init.
///
/// # Errors
/// None in fact: any text is a command line. The signature is that of every parser.
pub fn parse(text: &str) -> Result<KernelCmdline, ParseError> {
    let mut parameters = Vec::new();
    let mut quoted = false;
    let words = text.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c.is_ascii_whitespace()
    });
    for word in words.filter(|w| !w.is_empty()).take_while(|w| *w != "--") {
        let (name, value) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v)));
        let clean = |s: &str| s.replace('"', "");
        parameters.push((clean(name), value.map(clean)));
    }
    Ok(KernelCmdline(parameters))
}

/// Splits a process's arguments at the zero bytes. Empty for kernel threads and zombies.
#[must_use]
pub fn arguments(text: &str) -> Vec<&str> {
    let text = text.strip_suffix('\0').unwrap_or(text);
    if text.is_empty() { Vec::new() } else { text.split('\0').collect() }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "BOOT_IMAGE=/boot/vmlinuz root=LABEL=cloudimg-rootfs ro console=tty1 console=ttyS0 \
     dyndbg=\"file a.c +p\" -- --verbose=1\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel() {
        let c = parse(SAMPLE).unwrap();
        assert_eq!(c.get("root"), Some(Some("LABEL=cloudimg-rootfs")));
        assert_eq!(c.get("ro"), Some(None));
        assert_eq!(c.get("console"), Some(Some("ttyS0")));
        assert_eq!(c.get("dyndbg"), Some(Some("file a.c +p")));
        assert_eq!((c.get("--verbose"), c.get("quiet")), (None, None));
        assert_eq!(parse(""), Ok(KernelCmdline::default()));
    }

    #[test]
    fn process() {
        assert_eq!(arguments("nginx: worker process\0"), ["nginx: worker process"]);
        assert_eq!(arguments("a\0\0b c\0"), ["a", "", "b c"]);
        assert!(arguments("").is_empty());
    }
}
