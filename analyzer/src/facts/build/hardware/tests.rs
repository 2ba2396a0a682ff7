use linsight_archive::{Outcome, pack};

use crate::facts::{Facts, SiteInputs};
use crate::input::Snapshot;

fn facts(files: &[(&str, Vec<u8>)]) -> Facts {
    let files = files.iter().map(|(p, c)| (*p, c.as_slice()));
    crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default())
}

const DMIDECODE: &str = "\
# dmidecode 3.3
Getting SMBIOS data from sysfs.
SMBIOS 3.2.0 present.

Handle 0x0004, DMI type 4, 48 bytes
Processor Information
\tSocket Designation: CPU1
\tVersion: Intel(R) Xeon(R)
\tStatus: Populated, Enabled
\tCore Count: 10
\tCore Enabled: 8
\tThread Count: 16

Handle 0x1000, DMI type 16, 23 bytes
Physical Memory Array
\tError Correction Type: Multi-bit ECC
\tMaximum Capacity: 512 GB
\tNumber Of Devices: 2

Handle 0x1100, DMI type 17, 40 bytes
Memory Device
\tSize: 16384 MB
\tForm Factor: DIMM
\tLocator: A1
\tType: DDR4
\tSpeed: 3200 MT/s
\tConfigured Memory Speed: 2666 MT/s

Handle 0x1101, DMI type 17, 40 bytes
Memory Device
\tSize: 16384 MB
\tForm Factor: DIMM
\tLocator: A2
\tType: DDR4
";

#[test]
fn modules_against_what_the_firmware_maps() {
    let iomem = "00000000-00000fff : Reserved\n00001000-3ffffffff : System RAM\n";
    let f = facts(&[("commands/dmidecode", DMIDECODE.into()), ("proc/iomem", iomem.into())]);
    let h = &f.tree.hardware;
    assert_eq!(
        (h.memory_installed_bytes, h.memory_smallest_bytes),
        (Some(32 << 30), Some(16 << 30))
    );
    assert_eq!((h.memory_missing_bytes, h.memory_missing_ratio), (Some(16 << 30), Some(0.5)));
    assert_eq!((h.memory_has_ecc, h.memory_below_rated), (Some(true), Some(true)));
    assert_eq!((h.sockets_populated, h.threads, h.cores_disabled), (Some(1), Some(16), Some(2)));
    assert_eq!(h.memory_slots[0].name.as_deref(), Some("A1"));
}

#[test]
fn memory_errors_clock_rate_and_taint() {
    let edac = |ce: &str| {
        let mut bytes = Vec::new();
        for (key, value) in [
            ("devices/system/edac/mc/mc0/ce_count", ce),
            ("devices/system/edac/mc/mc0/ue_count", "0"),
            ("devices/system/edac/mc/mc0/dimm0/dimm_ce_count", ce),
            ("devices/system/edac/mc/mc0/dimm0/dimm_label", "CPU0_A1"),
        ] {
            pack::append(&mut bytes, key, Outcome::Collected, 1, value.as_bytes());
        }
        bytes
    };
    let mut cpu = Vec::new();
    for (key, value) in [
        ("devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet"),
        ("devices/system/clocksource/clocksource0/current_clocksource", "hpet"),
        ("devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq", "3000000"),
        ("devices/system/cpu/cpufreq/policy0/scaling_driver", "acpi-cpufreq"),
        ("devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave"),
        ("devices/system/cpu/cpufreq/policy0/scaling_max_freq", "1500000"),
    ] {
        pack::append(&mut cpu, key, Outcome::Collected, 1, value.as_bytes());
    }
    let f = facts(&[
        ("packs/sys/edac", edac("3")),
        ("samples/9/packs/sys/edac", edac("8")),
        ("packs/sys/cpu", cpu),
        ("proc/sys/kernel/tainted", b"4097\n".to_vec()),
        ("proc/modules", b"nvidia 100 0 - Live 0x0 (POE)\next4 100 0 - Live 0x0\n".to_vec()),
    ]);
    let e = f.tree.hardware.edac.as_ref().unwrap();
    assert_eq!(
        (e.corrected, e.corrected_in_window, e.uncorrected_in_window),
        (8, Some(5), Some(0))
    );
    assert_eq!((e.modules[0].label.as_str(), e.modules[0].corrected), ("CPU0_A1", 8));
    assert_eq!(f.tree.clock.source.as_deref(), Some("hpet"));
    let q = &f.tree.frequency;
    assert_eq!((q.allowed_mhz, q.hardware_mhz), (Some(1500.0), Some(3000.0)));
    assert_eq!((q.governors.join(","), q.is_active_mode), ("powersave".into(), Some(false)));
    let k = &f.tree.kernel;
    let letters: Vec<_> = k.taints.iter().map(|t| t.letter.as_deref().unwrap()).collect();
    assert_eq!((letters, k.tainted_by_damage), (vec!["P", "O"], Some(false)));
    assert_eq!(k.taints[0].modules, ["nvidia"]);
    assert!(f.value().get("hardware").is_none_or(|h| h.get("memory_missing_bytes").is_none()));
}
