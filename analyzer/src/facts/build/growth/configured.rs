//! Sizes that command lines allow: a heap or a cache that fills up to its own is no leak.

/// The size of heap or cache that a command line allows.
pub(super) fn configured(comm: &str, cmdline: Option<&str>) -> Option<i64> {
    let words: Vec<&str> = cmdline?.split(' ').collect();
    let after =
        |flag: &str| words.iter().position(|w| *w == flag).and_then(|i| words.get(i + 1)).copied();
    let prefixed = |flag: &str| words.iter().rev().find_map(|w| w.strip_prefix(flag));
    let heap = || prefixed("-Xmx").or_else(|| prefixed("-XX:MaxHeapSize=")).and_then(size);
    let node = || prefixed("--max-old-space-size=").and_then(|n| size(&format!("{n}m")));
    match comm {
        "redis-server" | "valkey-server" => after("--maxmemory").and_then(size),
        "memcached" => after("-m").and_then(|n| size(&format!("{n}m"))),
        _ => heap().or_else(node),
    }
}

/// `512m`, `4g`, `1073741824`.
fn size(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['b', 'B']);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits)?.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1_i64 << 40,
        _ => return None,
    };
    digits.parse::<i64>().ok().filter(|n| *n > 0)?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::configured;

    #[test]
    fn a_command_line_tells_how_large_a_heap_may_get() {
        let java = "java -Xms1g -Xmx4g -jar app.jar";
        assert_eq!(configured("java", Some(java)), Some(4 << 30));
        assert_eq!(configured("java", Some("java -Xmx1g -Xmx524288k")), Some(512 << 20));
        let bytes = "java -XX:MaxHeapSize=1073741824";
        assert_eq!(configured("java", Some(bytes)), Some(1 << 30));
        assert_eq!(configured("node", Some("node --max-old-space-size=512 x.js")), Some(512 << 20));
        assert_eq!(configured("memcached", Some("memcached -u mc -m 64")), Some(64 << 20));
        let redis = "redis-server *:6379 --maxmemory 100mb";
        assert_eq!(configured("redis-server", Some(redis)), Some(100 << 20));
        assert_eq!(configured("ls", Some("ls -m 12")), None);
        assert_eq!(configured("java", Some("java -Xmx9999999999g")), None);
        assert_eq!(configured("x", None), None);
    }
}
