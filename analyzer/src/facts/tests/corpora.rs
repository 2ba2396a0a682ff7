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
}

#[test]
fn a_partial_collection() {
    let Some(f) = corpus("sosreport-partial.tar.xz") else { return };
    assert_eq!(f.absences.get("memory.anon_bytes").unwrap().reason, Reason::NotCollected);
    assert_eq!(f.absences.get("netns.0.tcp.established").unwrap().reason, Reason::NotCollected);
}
