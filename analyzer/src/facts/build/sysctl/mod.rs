//! Chapter: kernel parameters, at run time and as the next boot would set them.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::sysctl::Sysctl as Runtime;

use super::super::inputs::Inputs;
use super::super::method::defaults;
use super::super::method::precedence::{self, File, Line, Winner};
use super::super::sysctl::{Mismatch, Persisted, Sysctl};
use super::Book;

mod late;
mod unknown;

const ETC: &str = "etc/sysctl.conf";
const MISMATCHES: &str = "sysctl.mismatches";

pub(super) fn build(inputs: &Inputs, kernel: Option<i64>, book: &mut Book) -> Sysctl {
    let mut sysctl = Sysctl::default();
    let runtime = book.first("sysctl.runtime", &inputs.parameters.sysctl);
    if let Some(runtime) = runtime {
        sysctl.runtime = runtime.values.iter().map(|(k, v)| (k.clone(), v.text.clone())).collect();
    }
    let known: Vec<&str> = sysctl.runtime.keys().map(String::as_str).collect();
    let winners = persisted(inputs, &known);
    if winners.is_empty() && configuration_unread(inputs) {
        let absence = Absence::of(Reason::NotCollected, "etc/sysctl.d", "no file of sysctl.d");
        book.absent("sysctl.persisted", absence.clone());
        book.absent(MISMATCHES, absence);
    } else if let Some(runtime) = runtime {
        let engines = engines(inputs);
        let found = Found { runtime, winners: &winners, engines: &engines, kernel };
        sysctl.mismatches = found.mismatches();
        sysctl.mismatches.extend(late::build(inputs, &found));
        sysctl.mismatches.sort_by(|a, b| a.key.cmp(&b.key));
        for (i, m) in sysctl.mismatches.iter().enumerate() {
            let runtime = runtime
                .values
                .get(&m.key)
                .map(|v| Locator::line(&inputs.parameters.sysctl.path, v.line));
            let file = m.file.as_ref().zip(m.line);
            let file = file.map(|(f, l)| Locator::line(f, u32::try_from(l).unwrap_or(0)));
            book.sources(format!("{MISMATCHES}.{i}"), runtime.into_iter().chain(file).collect());
            for (field, known) in [
                ("persisted", m.persisted.is_some()),
                ("file", m.file.is_some()),
                ("line", m.line.is_some()),
            ] {
                if !known {
                    let absence = Absence::new(Reason::NotApplicable, "no file sets it");
                    book.absent(format!("{MISMATCHES}.{i}.{field}"), absence);
                }
            }
            if m.module.is_none() {
                let absence = Absence::new(Reason::NotApplicable, "no module comes too late");
                book.absent(format!("{MISMATCHES}.{i}.module"), absence);
            }
            if m.kernel_default.is_none() {
                let absence =
                    Absence::new(Reason::NotApplicable, "no default is known for this key");
                book.absent(format!("{MISMATCHES}.{i}.kernel_default"), absence);
            }
        }
        // The archive's path was for the sources; a reader looks for the file on the host.
        for m in &mut sysctl.mismatches {
            m.file = m.file.take().map(|path| on_host(&path));
            m.losers.iter_mut().for_each(|loser| *loser = on_host(loser));
        }
    } else {
        book.absent(MISMATCHES, inputs.parameters.sysctl.absence());
    }
    let has = |key: &str| sysctl.runtime.contains_key(key);
    let defaults = defaults::all(kernel).filter(|(key, _)| has(key));
    sysctl.defaults = defaults.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    book.source("sysctl.defaults", Locator::facts(["host.kernel_number"]));
    let absence = Absence::new(
        Reason::NotApplicable,
        "no constant: the kernel derives it, or its \
        default is not known",
    );
    book.absent("sysctl.defaults", absence);
    sysctl.unknown_keys = unknown::build(inputs, kernel, book);
    for (key, w) in &winners {
        let fact = format!("sysctl.persisted.{key}");
        book.source(fact, Locator::line(&w.line.path, w.line.line));
    }
    sysctl.persisted = winners.into_iter().map(|(key, w)| (key, fact(w.line))).collect();
    sysctl
}

fn fact(line: Line) -> Persisted {
    Persisted { value: line.value, file: on_host(&line.path), line: line.line.into() }
}

/// A path of the archive as it is on the host.
fn on_host(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

/// No file and no statement about one: the archive cannot tell what the next boot sets.
fn configuration_unread(inputs: &Inputs) -> bool {
    inputs.parameters.sysctl_conf.first().is_err_and(|a| a.reason != Reason::Missing)
        && inputs.parameters.sysctl_d.iter().all(BTreeMap::is_empty)
}

/// Files of sysctl.d in order, then `/etc/sysctl.conf` where something reads it, then tuned.
fn persisted(inputs: &Inputs, known: &[&str]) -> BTreeMap<String, Winner> {
    let mut files = Vec::new();
    for directory in &inputs.parameters.sysctl_d {
        for sampled in directory.values() {
            if let Ok(rows) = sampled.first() {
                files.push(File { path: &sampled.path, settings: &rows.rows });
            }
        }
    }
    let etc = inputs.parameters.sysctl_conf.first().ok();
    let etc = etc.map(|rows| File { path: ETC, settings: &rows.rows });
    let mut order = precedence::order(&files);
    // systemd reads /etc/sysctl.conf only through a link among the files of sysctl.d.
    order.extend(etc.as_ref().filter(|_| !is_systemd(inputs)));
    let mut winners = precedence::winners(&order, known.iter().copied());
    tuned(inputs, &mut winners);
    boot_parameters(inputs, &mut winners);
    winners
}

/// The first process is systemd; without processes, its own files tell.
fn is_systemd(inputs: &Inputs) -> bool {
    let init = inputs.process.processes.first().ok().and_then(|p| p.get(&1));
    init.map_or_else(
        || inputs.parameters.sysctl_d.iter().any(|d| d.contains_key("50-default.conf")),
        |p| &*p.comm == "systemd",
    )
}

/// tuned sets its parameters after boot, but leaves those alone that `/etc` or `/run` set
/// (`reapply_sysctl`, on by default).
fn tuned(inputs: &Inputs, winners: &mut BTreeMap<String, Winner>) {
    let Ok(active) = inputs.parameters.tuned_active.first() else { return };
    let mut open: Vec<&str> = active.split_whitespace().rev().collect();
    let mut chain = Vec::new();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.len() < 32 && seen.insert(name.to_owned()) {
            let file = format!("{name}/tuned.conf");
            let found = inputs.parameters.tuned.iter().find_map(|dir| dir.get(&file));
            let Some((sampled, profile)) = found.and_then(|s| Some((s, s.first().ok()?))) else {
                continue;
            };
            chain.push((sampled.path.as_str(), profile));
            open.extend(profile.includes.iter().map(String::as_str));
        }
    }
    // A profile overrides the ones that it includes.
    for (path, profile) in chain.into_iter().rev() {
        for p in profile.parameters.iter().filter(|p| !p.value.contains('$')) {
            let line = Line {
                path: path.to_owned(),
                line: p.line,
                value: p.value.trim_matches('"').to_owned(),
                by_pattern: false,
            };
            let weaker = |w: &Winner| {
                !w.line.path.starts_with("etc/sysctl") && !w.line.path.starts_with("run/")
            };
            match winners.get_mut(&p.key) {
                Some(w) if p.only_raise && !raises(&w.line.value, &line.value) => {}
                Some(w) if weaker(w) => {
                    let lost = std::mem::replace(&mut w.line, line);
                    w.losers.push(lost);
                }
                Some(w) => w.losers.insert(0, line),
                None => drop(winners.insert(p.key.clone(), Winner { line, losers: Vec::new() })),
            }
        }
    }
}

fn raises(from: &str, to: &str) -> bool {
    from.parse::<i128>().ok().zip(to.parse::<i128>().ok()).is_none_or(|(from, to)| to > from)
}

/// `sysctl.vm.swappiness=1` on the kernel's command line (5.8): set before any file.
fn boot_parameters(inputs: &Inputs, winners: &mut BTreeMap<String, Winner>) {
    let Ok(text) = inputs.host.cmdline.first() else { return };
    let parameters = crate::parse::cmdline::parse(text).map(|c| c.0).unwrap_or_default();
    for (name, value) in parameters {
        let Some((key, value)) = name.strip_prefix("sysctl.").zip(value) else { continue };
        let key = crate::parse::sysctl_conf::key(key);
        let line =
            Line { path: inputs.host.cmdline.path.clone(), line: 1, value, by_pattern: false };
        match winners.get_mut(&key) {
            Some(w) => w.losers.insert(0, line),
            None => drop(winners.insert(key, Winner { line, losers: Vec::new() })),
        }
    }
}

/// Daemons that set network and memory parameters at run time, for containers.
const ENGINES: [&str; 12] = [
    "dockerd",
    "containerd",
    "kubelet",
    "kube-proxy",
    "crio",
    "podman",
    "lxd",
    "incusd",
    "cilium-agent",
    "calico-node",
    "libvirtd",
    "k3s-server",
];

fn engines(inputs: &Inputs) -> Vec<String> {
    let processes = inputs.process.processes.first().map(|p| p.rows.as_slice()).unwrap_or_default();
    let names = processes.iter().map(|(_, p)| p.comm.to_string());
    names.filter(|n| ENGINES.contains(&n.as_str())).collect()
}

/// What is compared.
struct Found<'a> {
    runtime: &'a Runtime,
    winners: &'a BTreeMap<String, Winner>,
    engines: &'a [String],
    kernel: Option<i64>,
}

impl Found<'_> {
    fn mismatches(&self) -> Vec<Mismatch> {
        let mut found: Vec<Mismatch> =
            self.winners.iter().filter_map(|(key, w)| self.not_active(key, w)).collect();
        let tuned = defaults::all(self.kernel).filter(|(key, _)| !self.winners.contains_key(*key));
        found.extend(tuned.filter_map(|(key, default)| self.not_persisted(key, default)));
        found
    }

    /// A file sets another value than the one in force.
    fn not_active(&self, key: &str, w: &Winner) -> Option<Mismatch> {
        let runtime = self.runtime.get(key)?;
        let of_interface = w.line.by_pattern && is_of_one_interface(key);
        if precedence::same(runtime, &w.line.value)
            || is_computed(key)
            || of_interface
            || self.is_mirrored(key, runtime)
        {
            return None;
        }
        let loser = |l: &Line| format!("{}:{} {}", l.path, l.line, l.value);
        Some(Mismatch {
            key: key.to_owned(),
            runtime: runtime.to_owned(),
            persisted: Some(w.line.value.clone()),
            kernel_default: defaults::of(key, self.kernel).map(str::to_owned),
            kind: "not-active".to_owned(),
            file: Some(w.line.path.clone()),
            line: Some(w.line.line.into()),
            losers: w.losers.iter().map(loser).collect(),
            module: None,
            by_design: self.is_by_design(key),
        })
    }

    /// The value in force is not the kernel's, and no file sets it.
    fn not_persisted(&self, key: &str, default: &str) -> Option<Mismatch> {
        let runtime = self.runtime.get(key)?;
        if precedence::same(runtime, default) || self.is_mirrored(key, runtime) {
            return None;
        }
        Some(Mismatch {
            key: key.to_owned(),
            runtime: runtime.to_owned(),
            kernel_default: Some(default.to_owned()),
            kind: "not-persisted".to_owned(),
            by_design: self.is_by_design(key),
            ..Mismatch::default()
        })
    }

    /// Setting one of a pair zeroes the other: no mismatch of its own if the twin is set.
    fn is_mirrored(&self, key: &str, runtime: &str) -> bool {
        const PAIRS: [(&str, &str); 3] = [
            ("vm.dirty_bytes", "vm.dirty_ratio"),
            ("vm.dirty_background_bytes", "vm.dirty_background_ratio"),
            ("vm.overcommit_kbytes", "vm.overcommit_ratio"),
        ];
        let twin = PAIRS.iter().find_map(|(a, b)| match key {
            k if k == *a => Some(*b),
            k if k == *b => Some(*a),
            _ => None,
        });
        let set = |twin: &str| {
            self.winners.contains_key(twin) || self.runtime.get(twin).is_some_and(|v| v != "0")
        };
        runtime == "0" && twin.is_some_and(set)
    }

    fn is_by_design(&self, key: &str) -> bool {
        const KEYS: [&str; 9] = [
            "net.ipv4.ip_forward",
            "vm.overcommit_memory",
            "vm.panic_on_oom",
            "kernel.panic",
            "kernel.panic_on_oops",
            "kernel.keys.root_maxkeys",
            "kernel.keys.root_maxbytes",
            "vm.zone_reclaim_mode",
            "fs.inotify.max_user_instances",
        ];
        let network = ["forwarding", "route_localnet", "rp_filter", "arp_ignore", "accept_ra"];
        let of_network = key.starts_with("net.ipv") && network.iter().any(|n| key.ends_with(n));
        let of_bridge =
            key.starts_with("net.bridge.") || key.starts_with("net.netfilter.nf_conntrack");
        !self.engines.is_empty() && (KEYS.contains(&key) || of_network || of_bridge)
    }
}

/// Keys that the kernel computes or counts.
fn is_computed(key: &str) -> bool {
    const KEYS: [&str; 6] = [
        "net.netfilter.nf_conntrack_count",
        "kernel.ns_last_pid",
        "kernel.tainted",
        "fs.dentry-state",
        "fs.inode-state",
        "fs.quota.syncs",
    ];
    KEYS.contains(&key)
        || key.starts_with("kernel.random.")
        || key.starts_with("kernel.pty.nr")
        || (key.starts_with("fs.") && key.ends_with("-nr"))
}

/// A parameter of one interface, which a pattern reaches only when the interface appears.
fn is_of_one_interface(key: &str) -> bool {
    let mut parts = key.split('.');
    let family = (parts.next(), parts.next());
    let table = parts.next();
    let interface = parts.next();
    matches!(family, (Some("net"), Some("ipv4" | "ipv6")))
        && matches!(table, Some("conf" | "neigh"))
        && !matches!(interface, Some("all" | "default"))
}
