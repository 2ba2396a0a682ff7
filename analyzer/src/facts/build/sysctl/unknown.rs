//! Lines of configuration files that set what this kernel does not have, or what has no effect.

use std::collections::BTreeSet;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::sysctl::Sysctl as Runtime;
use crate::parse::sysctl_conf::Setting;

use super::super::super::inputs::Inputs;
use super::super::super::method::removed::{self, Fate};
use super::super::super::sysctl::UnknownKey;
use super::super::Book;
use super::on_host;

const FACT: &str = "sysctl.unknown_keys";
/// Lines listed at most.
const MAX: usize = 50;
/// Every host has it: a listing without it is no listing of all parameters.
const ALWAYS: &str = "kernel.ostype";

/// Keys of the administrator's own files. What a distribution ships is its maintainers' matter.
pub(super) fn build(inputs: &Inputs, kernel: Option<i64>, book: &mut Book) -> Vec<UnknownKey> {
    let runtime = match inputs.parameters.sysctl.first() {
        Ok(runtime) if runtime.get(ALWAYS).is_some() => runtime,
        Ok(_) => {
            let path = &inputs.parameters.sysctl.path;
            book.absent(FACT, Absence::of(Reason::Truncated, path, "not all parameters"));
            return Vec::new();
        }
        Err(absence) => {
            book.absent(FACT, absence);
            return Vec::new();
        }
    };
    if super::configuration_unread(inputs) {
        let absence = Absence::of(Reason::NotCollected, "etc/sysctl.d", "no file of sysctl.d");
        book.absent(FACT, absence);
        return Vec::new();
    }
    let parents: BTreeSet<&str> = runtime.values.keys().filter_map(|k| parent(k)).collect();
    let known = Known { runtime, parents, kernel };
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for (path, setting) in settings(inputs) {
        let Some(value) = &setting.value else { continue };
        // One file is often found twice, through a link among the files of sysctl.d.
        if setting.is_glob() || !seen.insert((setting.key.as_str(), value.as_str())) {
            continue;
        }
        let Some((kind, since, instead)) = known.judge(&setting.key) else { continue };
        let fact = format!("{FACT}.{}", out.len());
        let line = Locator::line(path, setting.line);
        book.sources(fact.as_str(), vec![line, Locator::entry(&*inputs.parameters.sysctl.path)]);
        let absence = |what| Absence::new(Reason::NotApplicable, what);
        if since.is_none() {
            book.absent(format!("{fact}.since"), absence("no version is known"));
        }
        if instead.is_none() {
            book.absent(format!("{fact}.instead"), absence("nothing takes its place"));
        }
        out.push(UnknownKey {
            key: setting.key.clone(),
            value: value.clone(),
            file: on_host(path),
            line: setting.line.into(),
            kind: kind.to_owned(),
            since: since.map(|v| format!("{}.{}", v / 1000, v % 1000)),
            instead,
            tolerated: setting.ignore_failure,
        });
        if out.len() == MAX {
            break;
        }
    }
    book.source(FACT, Locator::entry(&*inputs.parameters.sysctl.path));
    out
}

/// Lines of the files below `/etc`, with the path of each in the archive.
fn settings(inputs: &Inputs) -> impl Iterator<Item = (&str, &Setting)> {
    let main = std::iter::once(&inputs.parameters.sysctl_conf);
    let more = inputs.parameters.sysctl_d.iter().flat_map(|d| d.values());
    main.chain(more)
        .filter(|s| s.path.starts_with("etc/"))
        .filter_map(|s| Some((s.path.as_str(), s.first().ok()?)))
        .flat_map(|(path, rows)| rows.rows.iter().map(move |setting| (path, setting)))
}

fn parent(key: &str) -> Option<&str> {
    key.rsplit_once('.').map(|(parent, _)| parent)
}

struct Known<'a> {
    runtime: &'a Runtime,
    parents: BTreeSet<&'a str>,
    kernel: Option<i64>,
}

type Verdict = (&'static str, Option<i64>, Option<String>);

impl Known<'_> {
    fn judge(&self, key: &str) -> Option<Verdict> {
        let fate = removed::of(key);
        if self.runtime.get(key).is_some() {
            // A kernel of a distribution may have the effect still: only its version tells.
            let Fate { kind, since, instead } = fate.filter(|f| f.kind == "no-effect")?;
            let over = self.kernel.zip(since).is_some_and(|(kernel, since)| kernel >= since);
            return over.then(|| (kind, since, instead.map(str::to_owned)));
        }
        if let Some(Fate { kind, since, instead }) = fate {
            // What comes with a later version of the kernel is not gone here.
            let due = self.kernel.zip(since).is_none_or(|(kernel, since)| kernel >= since);
            return due.then(|| (kind, since, instead.map(str::to_owned)));
        }
        if let Some((first, rest)) = key.split_once('.')
            && rest.starts_with(&format!("{first}."))
            && self.runtime.get(rest).is_some()
        {
            return Some(("misspelt", None, Some(rest.to_owned())));
        }
        // Without any parameter beside it, its module is not loaded, or its device is not there.
        if is_hidden(key) || !self.parents.contains(parent(key)?) {
            return None;
        }
        let beside = self.runtime.values.keys().filter(|k| parent(k) == parent(key));
        let near = beside.filter_map(|k| Some((removed::slips(key, k)?, k))).min();
        Some(match near {
            Some((_, near)) => ("misspelt", None, Some(near.clone())),
            None => ("unknown", None, None),
        })
    }
}

/// Parameters that exist and that no listing shows: they can only be written, or must not be read.
fn is_hidden(key: &str) -> bool {
    const KEYS: [&str; 8] = [
        "vm.compact_memory",
        "vm.drop_caches",
        "vm.stat_refresh",
        "net.ipv4.route.flush",
        "net.ipv6.route.flush",
        "net.ipv4.tcp_fastopen_key",
        "kernel.ns_last_pid",
        "kernel.unprivileged_userns_clone",
    ];
    const ENDINGS: [&str; 3] = [".stable_secret", ".retrans_time", ".base_reachable_time"];
    // Parameters of parts that may be modules, beside those of parts that are not.
    const MODULES: [&str; 6] = [
        "net.nf_conntrack_max",
        "net.ipv4.tcp_available",
        "kernel.yama",
        "kernel.apparmor",
        "fs.nfs",
        "fs.xfs",
    ];
    KEYS.contains(&key)
        || ENDINGS.iter().any(|e| key.ends_with(e))
        || MODULES.iter().any(|m| key.starts_with(m))
}
