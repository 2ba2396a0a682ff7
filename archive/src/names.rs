//! Names of entries: one place that both programs ask.

use crate::limits::MAX_PATH_BYTES;

/// The first entry.
pub const HEADER: &str = "linsight.json";
/// The last entry.
pub const END: &str = "linsight.end.json";

/// `journal/<frame>.jsonl`.
#[must_use]
pub fn journal(frame: u32) -> String {
    format!("journal/{frame:06}.jsonl")
}

/// Whether an entry is a frame's journal.
#[must_use]
pub fn is_journal(name: &str) -> bool {
    name.strip_prefix("journal/")
        .and_then(|rest| rest.strip_suffix(".jsonl"))
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a source (without sample prefix) is a pack ([`crate::pack`]).
#[must_use]
pub fn is_pack(path: &str) -> bool {
    path.starts_with("packs/")
}

/// A source read again: `samples/<pass>/<path>`. Pass 0 is the path itself.
#[must_use]
pub fn sample(pass: u32, path: &str) -> String {
    if pass == 0 { path.to_owned() } else { format!("samples/{pass}/{path}") }
}

/// The inverse of [`sample`]: pass and path.
#[must_use]
pub fn split_sample(name: &str) -> (u32, &str) {
    let Some(rest) = name.strip_prefix("samples/") else { return (0, name) };
    match rest.split_once('/') {
        Some((n, path)) => n.parse().map_or((0, name), |n| (n, path)),
        None => (0, name),
    }
}

/// Entry name of part `k` (from 0) of a source larger than one entry: `<path>.part00000`.
#[must_use]
pub fn part(path: &str, k: u32) -> String {
    format!("{path}.part{k:05}")
}

/// The inverse of [`part`]: the source's path and the number, for names that are parts.
#[must_use]
pub fn split_part(name: &str) -> Option<(&str, u32)> {
    let (path, k) = name.rsplit_once(".part")?;
    (k.len() == 5 && k.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
    Some((path, k.parse().ok()?))
}

/// The name under which a source is stored: relative, without `..` and without NUL, so that every
/// `tar` lists and unpacks it; no longer than a path may be; never taken for a part of another.
/// Almost always the path as it is.
#[must_use]
pub fn clean(path: &str) -> String {
    let mut name: Vec<_> = path
        .split('/')
        .filter(|step| !matches!(*step, "" | "."))
        .map(|step| if step == ".." { "%2E%2E".to_owned() } else { step.replace('\0', "%00") })
        .collect();
    if name.is_empty() {
        name.push("unnamed".to_owned());
    }
    let mut name = name.join("/");
    // Room for a part's suffix, and a cut that leaves UTF-8 whole.
    let end = (0..=MAX_PATH_BYTES - 16).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    name.truncate(end);
    if split_part(&name).is_some() {
        name.push('_');
    }
    name
}

/// Name of a command's output, by sosreport's rule: the leading `/usr/sbin/` and its kin go, runs
/// outside `[\w\-./]` become `_`, `/` becomes `.`, ` ._-` are stripped at the ends, 255 bytes.
#[must_use]
pub fn command(line: &str) -> String {
    let line = ["/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"]
        .iter()
        .find_map(|prefix| line.strip_prefix(prefix))
        .unwrap_or(line);
    let mut out = String::new();
    for c in line.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') {
            out.push(c);
        } else if c == '/' {
            out.push('.');
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    let mut name = out.trim_matches(|c| matches!(c, ' ' | '.' | '_' | '-')).to_owned();
    name.truncate(255);
    format!("commands/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_parts_go_back_and_forth() {
        assert_eq!(sample(0, "proc/stat"), "proc/stat");
        assert_eq!(sample(7, "proc/stat"), "samples/7/proc/stat");
        assert_eq!(split_sample("samples/7/proc/stat"), (7, "proc/stat"));
        assert_eq!(split_sample("proc/stat"), (0, "proc/stat"));
        assert_eq!(split_sample("samples/x/proc/stat"), (0, "samples/x/proc/stat"));
        assert_eq!(split_part(&part("proc/kmsg", 3)), Some(("proc/kmsg", 3)));
        assert_eq!(split_part("proc/x.part1"), None);
    }

    #[test]
    fn hostile_names_are_made_harmless() {
        assert_eq!(clean("proc/1/net/dev"), "proc/1/net/dev");
        assert_eq!(clean("/etc//./sysctl.d/a b\n.conf"), "etc/sysctl.d/a b\n.conf");
        assert_eq!(clean("../../etc/passwd"), "%2E%2E/%2E%2E/etc/passwd");
        assert_eq!(clean("//"), "unnamed");
        assert_eq!(clean("a\0b"), "a%00b");
        assert_eq!(split_part(&clean("etc/x.part00001")), None);
        assert_eq!(clean(&"ä".repeat(4000)).len(), 4080);
    }

    #[test]
    fn command_names_follow_sosreport() {
        assert_eq!(command("/usr/sbin/smartctl -a /dev/sda"), "commands/smartctl_-a_.dev.sda");
        assert_eq!(command("ss -peaonmi"), "commands/ss_-peaonmi");
        assert_eq!(command("ethtool -g eth0"), "commands/ethtool_-g_eth0");
        assert_eq!(command("sysctl -a"), "commands/sysctl_-a");
    }
}
