//! What kind of machine an archive shows.

use super::*;

const CPUINFO: &str = "processor\t: 0\nmodel name\t: x\nflags\t\t: fpu vme";

/// Kind, hypervisor and cloud of a machine with these fields of DMI.
fn machine(guest: bool, fields: &[(&str, &str)], more: Files) -> [Option<String>; 3] {
    let keys: Vec<(String, &str)> =
        fields.iter().map(|(k, v)| (format!("class/dmi/id/{k}"), *v)).collect();
    let records: Vec<(&str, &str)> = keys.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    let cpuinfo = format!("{CPUINFO}{}\n", if guest { " hypervisor" } else { "" });
    let mut files = vec![
        file("proc/1/cgroup", "0::/init.scope\n"),
        file("proc/cpuinfo", &cpuinfo),
        pack_of("packs/sys/dmi", &records),
    ];
    files.extend(more);
    let env = facts(files).tree.env;
    [env.kind, env.hypervisor, env.cloud]
}

fn words<const N: usize>(of: [Option<&str>; N]) -> [Option<String>; N] {
    of.map(|w| w.map(str::to_owned))
}

#[test]
fn hypervisors_and_clouds_by_their_firmware() {
    let azure = "7783-7084-3265-9085-8269-3286-77";
    for (fields, hypervisor, cloud) in [
        (&[("sys_vendor", "Amazon EC2"), ("product_name", "m5.large")][..], "kvm", Some("aws")),
        (&[("product_name", "HVM domU"), ("bios_version", "4.11.amazon")], "xen", Some("aws")),
        (
            &[("product_name", "Google Compute Engine"), ("sys_vendor", "Google")],
            "kvm",
            Some("gcp"),
        ),
        (
            &[("product_name", "Virtual Machine"), ("chassis_asset_tag", azure)],
            "hyper-v",
            Some("azure"),
        ),
        (
            &[("product_name", "Virtual Machine"), ("sys_vendor", "Microsoft Corporation")],
            "hyper-v",
            None,
        ),
        (
            &[("sys_vendor", "QEMU"), ("chassis_asset_tag", "OracleCloud.com")],
            "kvm",
            Some("oracle"),
        ),
        (&[("sys_vendor", "VMware, Inc.")], "vmware", None),
    ] {
        assert_eq!(
            machine(true, fields, vec![]),
            words([Some("vm"), Some(hypervisor), cloud]),
            "{fields:?}"
        );
    }
}

#[test]
fn bare_metal_in_a_cloud_and_at_home() {
    let metal = [("sys_vendor", "Amazon EC2"), ("product_name", "m5.metal")];
    assert_eq!(machine(false, &metal, vec![]), words([Some("bare-metal"), None, Some("aws")]));
    let dell = [("sys_vendor", "Dell Inc."), ("product_name", "PowerEdge R640")];
    assert_eq!(machine(false, &dell, vec![]), words([Some("bare-metal"), None, None]));
}

#[test]
fn guests_without_firmware_tell_by_clock_and_card() {
    let clock = "devices/system/clocksource/clocksource0/available_clocksource";
    let card = [("class/net/eth0/device/driver", "../../../../bus/pci/drivers/gve")];
    let more = vec![
        pack_of("packs/sys/cpu", &[(clock, "tsc kvm-clock\n")]),
        pack_of("packs/sys/net", &card),
    ];
    assert_eq!(machine(true, &[], more), words([Some("vm"), Some("kvm"), Some("gcp")]));
}

/// However many signs there are, the verdict is one, and rules ask for it alone.
#[test]
fn a_container_is_said_once_and_lowers_confidence() {
    let mounts = "1 0 0:1 / /proc/meminfo rw - fuse.lxcfs lxcfs rw\n\
                  2 0 0:1 / /proc/stat rw - fuse.lxcfs lxcfs rw\n";
    let more = vec![file("proc/self/mountinfo", mounts), file("run/systemd/container", "lxc\n")];
    let [kind, ..] = machine(true, &[], more.clone());
    assert_eq!(kind.as_deref(), Some("container-view"));
    let env = facts(more).tree.env;
    assert_eq!((env.container_view, env.reasons.len()), (Some(true), 3));
}

#[test]
fn the_numbers_of_process_1_tell_a_container_that_names_no_engine() {
    let of = |link: &str, sched: &str| {
        let more =
            vec![pack_of("packs/proc-pid/ns", &[("1/pid", link)]), file("proc/1/sched", sched)];
        machine(true, &[], more)[0].clone()
    };
    let (first, other) = ("pid:[4026531836]", "pid:[4026532201]");
    assert_eq!(of(first, "init (1, #threads: 1)\n").as_deref(), Some("vm"));
    assert_eq!(of(other, "init (1, #threads: 1)\n").as_deref(), Some("container-view"));
    assert_eq!(of(first, "bash (8123, #threads: 1)\n").as_deref(), Some("container-view"));
    assert_eq!(of("", "?\n").as_deref(), Some("vm"), "unknown is no sign");
}
