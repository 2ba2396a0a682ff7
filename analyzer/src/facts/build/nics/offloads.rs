//! Offloads: work that the card or the stack does on 64 KiB at a time.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::nics::Nic;
use crate::parse::ethtool::Features;

use super::One;

/// What should be on, by the short name of `ethtool -K`: the kernel's names, then the tool's.
const KEPT: [(&str, &[&str]); 7] = [
    ("rx", &["rx-checksum", "rx-checksumming"]),
    ("tx", &["tx-checksum-ip-generic", "tx-checksum-ipv4", "tx-checksumming"]),
    ("sg", &["tx-scatter-gather", "scatter-gather"]),
    ("tso", &["tx-tcp-segmentation", "tcp-segmentation-offload"]),
    ("gso", &["tx-generic-segmentation", "generic-segmentation-offload"]),
    ("gro", &["rx-gro", "generic-receive-offload"]),
    ("rxhash", &["rx-hashing", "receive-hashing"]),
];
const LRO: [&str; 2] = ["rx-lro", "large-receive-offload"];

impl One<'_> {
    pub(super) fn offloads(&self, nic: &mut Nic, book: &mut Book) {
        let features = self.device.and_then(|d| d.features.as_ref()?.told());
        let Some(features) = features.filter(|f| !f.is_empty()) else {
            let path = format!("probes/ethtool/{}.json", self.name);
            let absence = if nic.is_virtual == Some(true) {
                Absence::of(Reason::NotApplicable, path, "a software device")
            } else {
                Absence::of(Reason::NotCollected, path, "features were not read")
            };
            book.absent(format!("{}.offloads_off", self.fact), absence);
            return;
        };
        let off = KEPT.iter().filter(|(_, names)| could_be_on(features, names));
        nic.offloads_off = off.map(|(short, _)| (*short).to_owned()).collect();
        nic.lro = LRO.iter().find_map(|name| features.get(*name)).map(|f| f.active);
    }
}

/// Off under every name that the card has, and under one of them it could be on.
fn could_be_on(features: &Features, names: &[&str]) -> bool {
    let known = || names.iter().filter_map(|name| features.get(*name));
    known().all(|f| !f.active) && known().any(|f| !f.fixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::ethtool::Feature;

    #[test]
    fn only_what_could_be_on_counts_as_off() {
        let feature = |active, fixed| Feature { active, fixed, requested: None };
        let features = Features::from([
            ("rx-gro".into(), feature(false, false)),
            ("tx-tcp-segmentation".into(), feature(false, true)),
            ("tx-checksum-ipv4".into(), feature(false, true)),
            ("tx-checksum-ip-generic".into(), feature(true, false)),
        ]);
        let off = |short: &str| {
            let (_, names) = KEPT.iter().find(|(s, _)| *s == short).unwrap();
            could_be_on(&features, names)
        };
        assert!(off("gro"));
        assert!(!off("tso"), "fixed");
        assert!(!off("tx"), "one of its kinds is on");
        assert!(!off("sg"), "not known");
    }
}
