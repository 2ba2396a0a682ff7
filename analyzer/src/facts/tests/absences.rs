//! No fact is absent without a reason: walked along the schema, over snapshots from nothing at
//! all to a sampled host.

use super::*;

/// The definition that a property's schema leads to.
fn resolved<'s>(schema: &'s Value, mut at: &'s Value) -> &'s Value {
    loop {
        let reference = at["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/"));
        let choice = at["anyOf"].as_array();
        if let Some(name) = reference {
            at = &schema["$defs"][name];
        } else if let Some(choice) = choice {
            at = choice.iter().find(|c| c["type"] != "null").unwrap();
        } else {
            return at;
        }
    }
}

/// Paths that are absent and of which nothing says why.
fn unexplained(f: &Facts) -> Vec<String> {
    let schema = schema();
    let value = f.value();
    let mut found = Vec::new();
    let mut open = vec![(String::new(), &schema, &value)];
    while let Some((path, at, value)) = open.pop() {
        let at = resolved(&schema, at);
        for (name, property) in at["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match value.get(name) {
                None if f.absences.get(&path).is_none() => found.push(path),
                Some(Value::Array(items)) => {
                    let element = &resolved(&schema, property)["items"];
                    for (i, item) in items.iter().enumerate().filter(|(_, v)| v.is_object()) {
                        open.push((format!("{path}.{i}"), element, item));
                    }
                }
                Some(inner) if inner.is_object() => open.push((path, property, inner)),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn nothing_at_all_explains_everything() {
    let f = facts(vec![file("proc/nothing", "")]);
    assert_eq!(unexplained(&f), [""; 0]);
    for list in ["processes.growth", "sysctl.mismatches", "netns", "nics", "memory.slab_caches"] {
        let (chapter, name) = list.split_once('.').unwrap_or((list, ""));
        let value = f.value();
        let at = if name.is_empty() { value.get(chapter) } else { value[chapter].get(name) };
        assert_eq!(at, None, "{list} must be unknown, not empty");
    }
}

#[test]
fn one_look_explains_what_samples_would_have_told() {
    let f = facts(vec![
        file("proc/meminfo", MEMINFO),
        file("proc/stat", &stat(0, 1, 0)),
        file("proc/loadavg", "0.1 0.2 0.3 1/2 3\n"),
        file("proc/uptime", "5000.0 1.0\n"),
        file("commands/sysctl_-a", "vm.swappiness = 60\n"),
        pack_of("packs/proc-pid/stat", &[("7", &pid_stat(7, "a", 'S', 1))]),
        pack_of("packs/proc-pid/statm", &[("7", "1000 300 200 10 0 100 0\n")]),
        file("proc/net/tcp", "  sl  local_address rem_address   st\n"),
    ]);
    assert_eq!(unexplained(&f), [""; 0]);
    assert_eq!(f.absences.get("cpu.time").unwrap().reason, Reason::TooFewSamples);
    assert_eq!(f.absences.get("processes.growth").unwrap().reason, Reason::TooFewSamples);
    assert_eq!(f.absences.get("site.l4_idle_timeout_s").unwrap().reason, Reason::NotTold);
}

#[test]
fn a_source_that_is_not_understood_says_where() {
    let f = facts(vec![file("proc/meminfo", "MemTotal: many kB\n"), file("proc/uptime", "x\n")]);
    let memory = f.absences.get("memory.total_bytes").unwrap();
    assert_eq!(
        (memory.reason, memory.source.as_deref()),
        (Reason::ParseError, Some("proc/meminfo"))
    );
    assert!(memory.detail.starts_with("line 1: `many kB`"), "{}", memory.detail);
    assert_eq!(f.tree.collection.sources_not_understood, Some(2));
    assert_eq!(f.tree.collection.gaps.len(), 2);
    assert_eq!(unexplained(&f), [""; 0]);
}
