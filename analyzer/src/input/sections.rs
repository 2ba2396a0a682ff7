//! Archives whose files hold many sources each: the sections of supportconfig, SUSE's collector.
//!
//! `memory.txt` and its kin hold what commands printed and what files contained, one section a
//! source. Splitting them once, into a tree of files, leaves nothing to know of it behind: the
//! stages after this one see `proc/meminfo` and `commands/free_-k`.
//!
//! ```text
//! #==[ Command ]======================================#
//! # /usr/bin/free -k
//!               total        used        free …
//!
//! #==[ Configuration File ]===========================#
//! # /proc/meminfo
//! MemTotal:        4026036 kB
//! ```
//!
//! The form is that of `log_cmd` and `conf_files` in `supportconfig.rc`
//! (<https://github.com/openSUSE/supportutils>). Sections of log files hold their last lines only
//! and are left out, as is everything that is neither command nor file.

use linsight_archive::names;

use super::Limits;
use super::tree::Tree;

/// A file that every supportconfig has, and no other archive.
pub(super) const MARKER: &str = "basic-environment.txt";

/// Files whose sections are read. Others (`rpm.txt`, `y2log.txt`, `openfiles.txt`) are large and
/// hold nothing that a parser knows.
const FILES: [&str; 15] = [
    MARKER,
    "basic-health-check.txt",
    "boot.txt",
    "env.txt",
    "fs-diskio.txt",
    "fs-smartmon.txt",
    "fs-softraid.txt",
    "hardware.txt",
    "memory.txt",
    "modules.txt",
    "mpio.txt",
    "network.txt",
    "proc.txt",
    "sysfs.txt",
    "systemd.txt",
];

/// Whether a member holds sections.
pub(super) fn is_split(path: &str) -> bool {
    FILES.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// Puts every section into the tree as a file of its own. Of two with one name the first stays:
/// they were taken seconds apart.
pub(super) fn split(tree: &mut Tree, limits: &Limits) {
    for file in FILES {
        let Some(content) = tree.content(file, limits).map(<[u8]>::to_vec) else { continue };
        for (path, section) in sections(&String::from_utf8_lossy(&content)) {
            if !tree.has(&path) {
                tree.file(&path, section.as_bytes(), limits);
            }
        }
    }
}

/// Path and content of each section that is a source.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut lines = text.lines();
    // Whether lines belong to the last one of `out`.
    let mut open = false;
    while let Some(line) = lines.next() {
        if let Some(kind) = heading(line) {
            let name = lines.next().and_then(|name| name.strip_prefix("# ")).unwrap_or_default();
            let path = path(kind, name.trim_end());
            open = path.is_some();
            out.extend(path.map(|path| (path, String::new())));
        } else if let Some((_, content)) = out.last_mut().filter(|_| open) {
            content.push_str(line);
            content.push('\n');
        }
    }
    // An empty line closes each section, and a command that the host lacks has one nevertheless.
    for (_, content) in &mut out {
        content.truncate(content.trim_end_matches('\n').len());
        content.push('\n');
    }
    out.retain(|(_, content)| !content.starts_with("ERROR: Command not found"));
    out
}

/// The kind of the section that begins with this line: `#==[ Command ]====#`.
fn heading(line: &str) -> Option<&str> {
    let (kind, rule) = line.strip_prefix("#==[ ")?.split_once(" ]=")?;
    (rule.trim_end().trim_start_matches('=') == "#").then_some(kind)
}

fn path(kind: &str, name: &str) -> Option<String> {
    match kind {
        "Command" if !name.is_empty() => Some(names::command(name)),
        "Configuration File" if !name.ends_with(" - File not found") => {
            name.strip_prefix('/').map(str::to_owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: &str = "\
=============================================================================
                     Support Utilities - Supportconfig

#==[ Command ]======================================#
# /usr/bin/free -k
              total        used        free      shared  buff/cache   available
Mem:        4026036     1000000      123456        1111     2902580     2775844
Swap:             0           0           0

#==[ Command ]======================================#
# numastat
ERROR: Command not found or not executable

#==[ Configuration File ]===========================#
# /proc/meminfo
MemTotal:        4026036 kB
#==[ a line of the file ]
MemFree:          123456 kB


#==[ Configuration File ]===========================#
# /proc/slabinfo - File not found

#==[ Log File ]=====================================#
# /var/log/messages - Last 500 Lines
Jan  1 00:00:00 host kernel: x

#==[ Configuration File ]===========================#
# /../../etc/shadow
x
";

    #[test]
    fn commands_and_files_become_files() {
        let all = sections(MEMORY);
        let names: Vec<&str> = all.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["commands/free_-k", "proc/meminfo", "../../etc/shadow"]);
        assert!(all[0].1.starts_with("              total") && all[0].1.ends_with("0\n"));
        let whole =
            "MemTotal:        4026036 kB\n#==[ a line of the file ]\nMemFree:          123456 kB\n";
        assert_eq!(all[1].1, whole);
    }

    #[test]
    fn of_two_sections_the_first_stays_and_none_leads_out() {
        let limits = Limits::default();
        let mut tree = Tree::default();
        tree.file("memory.txt", MEMORY.as_bytes(), &limits);
        let again = MEMORY.replace("4026036", "1");
        tree.file("proc.txt", again.as_bytes(), &limits);
        split(&mut tree, &limits);
        let meminfo = tree.content("proc/meminfo", &limits).unwrap();
        assert!(meminfo.starts_with(b"MemTotal:        4026036 kB\n"));
        assert!(!tree.has("etc/shadow"));
        assert_eq!(tree.problems().len(), 1, "{:?}", tree.problems());
    }

    #[test]
    fn any_text_has_sections_or_none() {
        for text in ["", "#==[ ", "#==[ Command ]", "#==[ Command ]=#\n", "\n#==[ Command ]=#\n# "]
        {
            assert!(sections(text).len() <= 1, "{text}");
        }
        assert!(is_split("scc_host_240101_1200/memory.txt") && !is_split("scc_x/rpm.txt"));
    }
}
