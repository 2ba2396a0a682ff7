//! What the next boot sets: precedence of `sysctl.d(5)`.
//!
//! Files are ordered by their name without the directory; a file in `/etc` hides one of the same
//! name in `/run`, and that one in `/usr/lib`. A later file wins. A key that is set by its name is
//! never touched by a pattern. Without systemd, `/etc/sysctl.conf` comes last; with it, that file
//! is read only through a link such as `99-sysctl.conf`.

use std::collections::{BTreeMap, BTreeSet};

use crate::parse::sysctl_conf::Setting;

/// Directories, the strongest first.
pub const DIRECTORIES: [&str; 5] = [
    "etc/sysctl.d/",
    "run/sysctl.d/",
    "usr/local/lib/sysctl.d/",
    "usr/lib/sysctl.d/",
    "lib/sysctl.d/",
];

/// A file with its settings.
#[derive(Clone, Debug)]
pub struct File<'a> {
    /// Path in the archive, without a leading slash.
    pub path: &'a str,
    /// Its lines.
    pub settings: &'a [Setting],
}

/// A line that sets a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Path.
    pub path: String,
    /// Line.
    pub line: u32,
    /// Value.
    pub value: String,
    /// The line holds a pattern.
    pub by_pattern: bool,
}

/// The line that wins for a key, and those that lost, the strongest last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    /// It.
    pub line: Line,
    /// The others.
    pub losers: Vec<Line>,
}

/// Files in the order in which they are applied, hidden ones left out.
#[must_use]
pub fn order<'f, 'a>(files: &'f [File<'a>]) -> Vec<&'f File<'a>> {
    let mut by_name: BTreeMap<&str, (usize, &File<'a>)> = BTreeMap::new();
    for file in files {
        let place =
            DIRECTORIES.iter().enumerate().find_map(|(i, d)| Some((i, file.path.strip_prefix(d)?)));
        if let Some((strength, name)) =
            place.filter(|(_, name)| name.strip_suffix(".conf").is_some())
        {
            let entry = by_name.entry(name).or_insert((strength, file));
            if strength < entry.0 {
                *entry = (strength, file);
            }
        }
    }
    by_name.into_values().map(|(_, file)| file).collect()
}

/// What `files`, in order of application, set for each key. `known` are the keys of the running
/// kernel, which patterns are expanded over.
#[must_use]
pub fn winners<'k>(
    files: &[&File<'_>],
    known: impl IntoIterator<Item = &'k str>,
) -> BTreeMap<String, Winner> {
    let mut set: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    let mut patterns: Vec<(&str, Line)> = Vec::new();
    let mut excluded: BTreeSet<&str> = BTreeSet::new();
    for file in files {
        for setting in file.settings {
            let Some(value) = &setting.value else {
                excluded.insert(&setting.key);
                continue;
            };
            let line = Line {
                path: file.path.to_owned(),
                line: setting.line,
                value: value.clone(),
                by_pattern: setting.is_glob(),
            };
            if setting.is_glob() {
                patterns.push((&setting.key, line));
            } else {
                set.entry(&setting.key).or_default().push(line);
            }
        }
    }
    let mut all: BTreeMap<String, Vec<Line>> =
        set.into_iter().map(|(key, lines)| (key.to_owned(), lines)).collect();
    if !patterns.is_empty() {
        for key in known {
            if all.contains_key(key) || excluded.contains(key) {
                continue;
            }
            let hits = patterns.iter().filter(|(p, _)| matches(p, key)).map(|(_, l)| l.clone());
            let lines: Vec<Line> = hits.collect();
            if !lines.is_empty() {
                all.insert(key.to_owned(), lines);
            }
        }
    }
    let winner = |(key, mut lines): (String, Vec<Line>)| {
        let line = lines.pop()?;
        Some((key, Winner { line, losers: lines }))
    };
    all.into_iter().filter_map(winner).collect()
}

/// A pattern of glob(7) against a key; a wildcard does not cross a component.
fn matches(pattern: &str, key: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split('.'), key.split('.'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(p), Some(k)) if component(p.as_bytes(), k.as_bytes()) => {}
            _ => return false,
        }
    }
}

/// One component. Iterative with one point of return, so that `*a*a*a*…` costs no more than the
/// product of the lengths.
fn component(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (pattern, text);
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let Some((b'*', rest)) = p.split_first() {
            retry = Some((rest, t));
            p = rest;
            continue;
        }
        match t.split_first() {
            None => return p.is_empty(),
            Some((c, t_rest)) => {
                if let Some(p_rest) = one(p, *c) {
                    (p, t) = (p_rest, t_rest);
                } else if let Some((p_star, t_star)) = retry
                    && let Some((_, t_next)) = t_star.split_first()
                {
                    retry = Some((p_star, t_next));
                    (p, t) = (p_star, t_next);
                } else {
                    return false;
                }
            }
        }
    }
}

/// Matches one character; gives the rest of the pattern.
fn one(pattern: &[u8], c: u8) -> Option<&[u8]> {
    match pattern.split_first()? {
        (b'?', rest) => Some(rest),
        (b'[', rest) => {
            let end = rest.iter().skip(1).position(|b| *b == b']')? + 1;
            let (set, rest) = rest.split_at_checked(end)?;
            let (set, wanted) = match set.split_first() {
                Some((b'!' | b'^', tail)) => (tail, false),
                _ => (set, true),
            };
            let in_range = |w: &[u8]| matches!(w, [a, b'-', b] if (*a..=*b).contains(&c));
            let hit = set.contains(&c) || set.windows(3).any(in_range);
            (hit == wanted).then(|| rest.get(1..)).flatten()
        }
        (p, rest) => (*p == c).then_some(rest),
    }
}

/// Whether two values mean the same: numbers by value (also hexadecimal), vectors by element,
/// everything else as text with single blanks. Of a remark behind a number the kernel takes no
/// notice, so neither does this: `3 # as agreed` is 3.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    let element = |x: &str, y: &str| match (number(x), number(y)) {
        (Some(x), Some(y)) => x == y,
        _ => x == y,
    };
    let (mut a, mut b) = (a.split_whitespace(), b.split_whitespace());
    let mut numbers = false;
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if element(x, y) => numbers = number(x).is_some(),
            (Some(rest), None) | (None, Some(rest)) => return numbers && rest.starts_with('#'),
            _ => return false,
        }
    }
}

fn number(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::sysctl_conf::parse;

    #[test]
    fn a_remark_behind_a_number_is_none_of_the_value() {
        assert!(same("2097152", "2097152 # A comment for testing"));
        assert!(!same("2097152", "2097151 # A comment"));
        assert!(!same("4096 87380", "4096"));
        assert!(!same("cubic", "cubic # text is taken whole"));
    }

    fn settings(text: &str) -> Vec<Setting> {
        parse(text).unwrap().rows
    }

    #[test]
    fn names_order_and_directories_hide() {
        let files = [
            ("usr/lib/sysctl.d/50-default.conf", "vm.swappiness = 60\n"),
            ("usr/lib/sysctl.d/90-tuned.conf", "vm.swappiness = 1\n"),
            ("etc/sysctl.d/90-tuned.conf", "# masked\n"),
            ("run/sysctl.d/10-early.conf", "vm.swappiness = 5\nkernel.sysrq = 1\n"),
            ("etc/sysctl.d/README", "vm.swappiness = 99\n"),
        ];
        let parsed: Vec<_> = files.iter().map(|(p, t)| (*p, settings(t))).collect();
        let files: Vec<File<'_>> =
            parsed.iter().map(|(path, settings)| File { path, settings }).collect();
        let order = order(&files);
        let names: Vec<&str> = order.iter().map(|f| f.path).collect();
        assert_eq!(
            names,
            [
                "run/sysctl.d/10-early.conf",
                "usr/lib/sysctl.d/50-default.conf",
                "etc/sysctl.d/90-tuned.conf"
            ]
        );
        let won = winners(&order, []);
        assert_eq!(won["vm.swappiness"].line.value, "60");
        assert_eq!(won["vm.swappiness"].losers[0].path, "run/sysctl.d/10-early.conf");
        assert_eq!(won["kernel.sysrq"].losers, []);
    }

    /// The example of sysctl.d(5): a pattern, an exclusion, and a key by its name.
    #[test]
    fn patterns_leave_named_and_excluded_keys_alone() {
        let s = settings(
            "net.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\n\
             net.ipv4.conf.hub0.rp_filter = 1\n",
        );
        let file = File { path: "usr/lib/sysctl.d/50.conf", settings: &s };
        let known =
            ["all", "default", "hub0", "eth0"].map(|i| format!("net.ipv4.conf.{i}.rp_filter"));
        let won = winners(&[&file], known.iter().map(String::as_str));
        let value = |i: &str| {
            won.get(&format!("net.ipv4.conf.{i}.rp_filter")).map(|w| w.line.value.clone())
        };
        assert_eq!(value("all"), None);
        assert_eq!(value("hub0").as_deref(), Some("1"));
        assert_eq!(value("eth0").as_deref(), Some("2"));
        assert!(won["net.ipv4.conf.default.rp_filter"].line.by_pattern);
    }

    #[test]
    fn wildcards_stay_in_their_component() {
        assert!(matches("net.*.conf.*.forwarding", "net.ipv4.conf.eth0.forwarding"));
        assert!(!matches("net.*.forwarding", "net.ipv4.conf.eth0.forwarding"));
        assert!(matches("vm.a?c[0-9]*", "vm.abc7xyz") && !matches("vm.[!a]", "vm.a"));
        assert!(!matches("vm.[", "vm.[") && !matches("", "x"));
        let hostile = "*a".repeat(2000);
        assert!(!component(hostile.as_bytes(), "a".repeat(1999).as_bytes()));
    }

    #[test]
    fn values_compare_by_meaning() {
        assert!(same("4096\t87380  6291456", "4096 87380 6291456"));
        assert!(same("0x10", "16") && same("010", "10"));
        assert!(!same("1 2", "1 2 3") && !same("cubic", "bbr") && same("cubic", "cubic"));
    }
}
