//! Names of entries: one place that both programs ask.

/// The first entry.
pub const HEADER: &str = "linsight.json";
/// The last entry.
pub const END: &str = "linsight.end.json";

/// `journal/<frame>.jsonl`.
#[must_use]
pub fn journal(frame: u32) -> String {
    format!("journal/{frame:06}.jsonl")
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
    fn command_names_follow_sosreport() {
        assert_eq!(command("/usr/sbin/smartctl -a /dev/sda"), "commands/smartctl_-a_.dev.sda");
        assert_eq!(command("ss -peaonmi"), "commands/ss_-peaonmi");
        assert_eq!(command("ethtool -g eth0"), "commands/ethtool_-g_eth0");
        assert_eq!(command("sysctl -a"), "commands/sysctl_-a");
    }
}
