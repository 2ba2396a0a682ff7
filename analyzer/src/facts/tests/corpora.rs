//! Archives of others, with the figures that their own tools show. They are large and not part of
//! the sources: skipped, loudly, where they are not there, but not in CI.

use std::path::Path;

use super::*;
use crate::input::{Limits, Source};

fn corpus(name: &str) -> Option<Facts> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
    let path = dir.join(name);
    if !path.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent", path.display());
        println!("SKIPPED: {} is absent", path.display());
        return None;
    }
    let snapshot = Snapshot::open(&Source::Path(path), &Limits::default()).unwrap();
    Some(build(&snapshot, &SiteInputs::default()))
}

fn kb(bytes: Option<i64>) -> Option<i64> {
    bytes.map(|b| b / 1024)
}

#[test]
fn a_virtual_machine() {
    let Some(f) = corpus("sosreport-vm.tar.xz") else { return };
    let memory = &f.tree.memory;
    assert_eq!(kb(memory.total_bytes), Some(4_026_036));
    assert_eq!(kb(memory.available_bytes), Some(2_775_844));
    assert_eq!(memory.swap_total_bytes, Some(0));
    assert!(memory.identity.as_ref().unwrap().residual_ratio.abs() < 0.02);
    assert_eq!((f.tree.env.kind.as_deref(), f.tree.env.container_view), (Some("vm"), Some(false)));
    assert_eq!(f.tree.cpu.online, Some(2));
    let tcp = f.tree.netns.items[0].tcp.as_ref().unwrap();
    assert_eq!((tcp.established, tcp.time_wait, tcp.listen), (141, 76, 10));
    let again = tcp.retrans_ratio_since_boot.unwrap();
    assert!((again - 0.000_244).abs() < 0.000_000_5, "0.0244 %: {again}");
    let load = &f.tree.load;
    assert_eq!((load.one, load.five, load.fifteen), (Some(0.83), Some(0.73), Some(0.76)));
    assert_eq!(f.sources.get("load.one"), Some(&vec![Locator::entry("commands/uptime")]));
    let host = &f.tree.host;
    assert_eq!(host.name.as_deref(), Some("juju-110cc2-k8stest-4"));
    assert_eq!(host.kernel_release.as_deref(), Some("5.4.0-99-generic"));
    assert_eq!((host.kernel_number, host.machine.as_deref()), (Some(5004), Some("x86_64")));
    assert_eq!((host.uptime_s, host.utc_offset_s), (Some(1500.0), Some(0)));
    assert_eq!(host.taken_unix_s, Some(1_644_607_419.0), "Fri Feb 11 19:23:39 UTC 2022");
}

#[test]
fn a_container() {
    let Some(f) = corpus("sosreport-lxc.tar.xz") else { return };
    assert_eq!(f.tree.env.kind.as_deref(), Some("container-view"));
    assert_eq!(f.tree.env.container_view, Some(true));
    assert_eq!(kb(f.tree.memory.total_bytes), Some(16_393_172));
    assert!(f.tree.memory.identity.as_ref().unwrap().inconsistent.is_some());
    let tcp = f.tree.netns.items[0].tcp.as_ref().unwrap();
    assert_eq!((tcp.established, tcp.time_wait), (20, 105));
    // netstat shows 18 keepalive timers; one of them is on a connection of the host to itself.
    assert_eq!((tcp.keepalive_timers, tcp.keepalive_on), (Some(18), Some(17)));
}

#[test]
fn a_partial_collection() {
    let Some(f) = corpus("sosreport-partial.tar.xz") else { return };
    let (memory, host) = (&f.tree.memory, &f.tree.host);
    assert_eq!(kb(memory.total_bytes), Some(16_393_164));
    assert_eq!(kb(memory.available_bytes), Some(8_638_440));
    let swap = (memory.swap_total_bytes, memory.swap_free_bytes);
    assert_eq!(
        (kb(swap.0), kb(swap.0.zip(swap.1).map(|(t, f)| t - f))),
        (Some(4_194_300), Some(67_584))
    );
    assert_eq!(
        f.sources.get("memory.swap_total_bytes"),
        Some(&vec![Locator::entry("commands/free")])
    );
    assert_eq!(memory.compaction_stalls_since_boot, Some(1038));
    assert_eq!(memory.compaction_failures_since_boot, Some(825));
    assert_eq!(f.tree.load.one, Some(3.58));
    assert_eq!(host.name.as_deref(), Some("compute4"));
    assert_eq!(host.kernel_release.as_deref(), Some("5.4.0-97-generic"));
    assert_eq!(host.uptime_s, Some(f64::from(17 * 3600 + 41 * 60)));
    assert_eq!(host.taken_unix_s, Some(1_644_509_957.0), "Thu Feb 10 16:19:17 UTC 2022");
    assert_eq!(f.tree.nics.items.len(), 24);
    let ens3 = f.tree.nics.items.iter().find(|n| n.name == "ens3").unwrap();
    assert_eq!((ens3.driver.as_deref(), ens3.is_virtual), (Some("virtio_net"), Some(false)));
    assert_eq!(ens3.ring.as_ref().and_then(|r| r.rx), Some(256));
    let lo = f.tree.nics.items.iter().find(|n| n.name == "lo").unwrap();
    assert_eq!((lo.is_virtual, lo.ring.is_some()), (Some(true), false));
    let init = f.tree.processes.top.iter().find(|p| p.pid == 1).unwrap();
    assert_eq!((init.comm.as_str(), init.cpu_time_s), ("init", Some(38.0)));
    assert_eq!((kb(init.resident_bytes), init.cmdline.as_deref()), (Some(17_464), None));
    assert_eq!(f.absences.get("memory.anon_bytes").unwrap().reason, Reason::NotCollected);
    assert_eq!(f.absences.get("netns.0.tcp.established").unwrap().reason, Reason::NotCollected);
}

/// A sosreport copies the tree of control groups; ours packs it.
#[test]
fn control_groups_of_archives_of_others() {
    for name in ["sosreport-vm.tar.xz", "sosreport-lxc.tar.xz", "sosreport-partial.tar.xz"] {
        let Some(f) = corpus(name) else { return };
        assert!(f.tree.collection.lists.contains_key("cgroups"), "{name}");
        let container = "/lxc.payload.juju-04f1e3-1-lxd-4";
        let group = f.tree.cgroups.items.iter().find(|g| g.path == container);
        let Some(group) = group.filter(|_| name.contains("partial")) else { continue };
        let memory = group.memory.as_ref().unwrap();
        assert_eq!(memory.limit_bytes, Some(1 << 30));
        assert!(group.processes.is_some_and(|n| n > 10), "by cgroup.procs: {group:?}");
        assert!(group.comms.iter().all(|c| c != "?"), "named by ps: {:?}", group.comms);
        assert_eq!(memory.oom_kills_in_window, None, "one look has no window");
    }
}
