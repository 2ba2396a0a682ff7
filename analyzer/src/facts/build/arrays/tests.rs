use crate::facts::SiteInputs;
use crate::facts::arrays::Array;
use crate::input::Snapshot;

fn arrays(files: &[(&str, &str)]) -> (Vec<Array>, crate::facts::Facts) {
    let f = crate::facts::build(&Snapshot::of_files(files.to_vec()), &SiteInputs::default());
    (f.tree.arrays.items.clone(), f)
}

#[test]
fn arrays_and_pools() {
    let (all, f) = arrays(&[
        (
            "proc/mdstat",
            "Personalities : [raid1]\nmd6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]\n\
             \x20     195310144 blocks [2/1] [U_]\n\
             \x20     [=>....]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec\n\n\
             unused devices: <none>\n",
        ),
        ("proc/spl/kstat/zfs/tank/state", "DEGRADED\n"),
    ]);
    let [md, pool] = all.as_slice() else { panic!() };
    assert_eq!((md.degraded, md.wanted, md.working), (Some(true), Some(2), Some(1)));
    assert_eq!(
        (md.failed.as_slice(), md.spares.as_slice()),
        (&["sdb2".to_owned()][..], &["sdc".to_owned()][..])
    );
    assert_eq!((md.action.as_deref(), md.action_left_s), (Some("recovery"), Some(1020.0)));
    assert_eq!((pool.name.as_str(), pool.degraded), ("tank", Some(true)));
    assert_eq!(pool.pool_state.as_deref(), Some("DEGRADED"));
    // Without the tool nobody knows whether its disks have errors.
    assert_eq!((pool.device_errors, pool.data_errors), (None, None));
    let why = f.absences.get("arrays.1.device_errors").unwrap();
    assert_eq!(why.source.as_deref(), Some("commands/zpool_status"));
}

#[test]
fn the_tool_tells_what_the_kernel_does_not() {
    let (all, f) = arrays(&[
        ("proc/spl/kstat/zfs/zones/state", "SUSPENDED\n"),
        ("commands/zpool_status", crate::parse::zpool_status::SAMPLE),
    ]);
    let names: Vec<&str> = all.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["system", "zhandy", "zones"]);
    let [system, zhandy, zones] = all.as_slice() else { panic!() };
    assert_eq!(zones.pool_state.as_deref(), Some("SUSPENDED"), "the kernel's word is newer");
    assert_eq!(zones.device_errors, Some(2 + 292 + 1536 + 16 + 19 + 65 + 56));
    assert_eq!(zones.spares, ["c9t1d7"]);
    let bad: Vec<&str> = zones.bad_devices.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(bad, ["c1t2d0", "c1t0d0s1", "c1t1d0s0", "c1t0d0s0", "c2t3d0", "c2t1d0"]);
    assert_eq!(zones.bad_devices[0].note, "too many errors");
    assert_eq!((system.action.as_deref(), system.data_errors), (Some("resilver"), Some(3)));
    assert_eq!((zhandy.pool_state.as_deref(), zhandy.device_errors), (Some("ONLINE"), Some(2)));
    assert!(f.sources.get("arrays.2").is_some_and(|s| s.len() == 2));
}
