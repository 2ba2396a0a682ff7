//! Parameters of modules that are loaded after the files of sysctl.d were applied: their lines are
//! skipped at boot without a word, although they are right and the value is in force today.

use std::collections::BTreeSet;

use crate::absence::Reason;

use crate::facts::inputs::Inputs;
use crate::facts::method::precedence;
use crate::facts::sysctl::Mismatch;

use super::{Found, Winner};

/// Parameters by their beginning, and the module that brings them. Not those of sunrpc and lockd:
/// the packages of NFS set them when the modules are loaded.
const MODULES: [(&str, &str); 4] = [
    ("net.netfilter.nf_conntrack_", "nf_conntrack"),
    ("net.nf_conntrack_max", "nf_conntrack"),
    ("net.bridge.bridge-nf-", "br_netfilter"),
    ("net.ipv4.vs.", "ip_vs"),
];

pub(super) fn build(inputs: &Inputs, found: &Found<'_>) -> Vec<Mismatch> {
    // Without the list nobody knows whether it is a module at all.
    let Ok(loaded) = inputs.hardware.modules.first() else { return Vec::new() };
    let Some(at_boot) = at_boot(inputs) else { return Vec::new() };
    let late = |module: &str| {
        let module = loaded.rows.iter().find(|m| m.name == module);
        module.is_some_and(|m| {
            !at_boot.contains(m.name.as_str())
                && !m.used_by.iter().any(|user| at_boot.contains(user.as_str()))
        })
    };
    let of = |(key, w): (&String, &Winner)| {
        let (_, module) = MODULES.iter().find(|(start, _)| key.starts_with(start))?;
        let runtime = found.runtime.get(key)?;
        // tuned, and the units behind it, come later anyway.
        let early = ["etc/sysctl", "run/sysctl", "usr/", "lib/sysctl"]
            .iter()
            .any(|d| w.line.path.starts_with(d))
            && !w.line.path.contains("/tuned/");
        if !early || !late(module) || !precedence::same(runtime, &w.line.value) {
            return None;
        }
        Some(Mismatch {
            key: key.clone(),
            runtime: runtime.to_owned(),
            persisted: Some(w.line.value.clone()),
            kind: "late-module".to_owned(),
            module: Some((*module).to_owned()),
            file: Some(w.line.path.clone()),
            line: Some(w.line.line.into()),
            by_design: found.is_by_design(key),
            ..Mismatch::default()
        })
    };
    found.winners.iter().filter_map(of).collect()
}

/// Modules that are loaded before the parameters are set; `None` where a file that may name one was
/// not read, or the archive does not say whether there is one.
fn at_boot(inputs: &Inputs) -> Option<BTreeSet<&str>> {
    let files = inputs.parameters.modules_load.iter().flat_map(|dir| dir.values());
    let all = files.chain(std::iter::once(&inputs.parameters.modules));
    let (mut modules, mut known) = (BTreeSet::new(), false);
    for file in all {
        match file.first() {
            Ok(names) => modules.extend(names.iter().map(String::as_str)),
            Err(why) if why.reason == Reason::NotCollected => continue,
            Err(why) if why.reason != Reason::Missing => return None,
            Err(_) => {}
        }
        known = true;
    }
    known.then_some(modules)
}
