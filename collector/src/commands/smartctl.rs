//! What smartctl(8) is asked: which disks, and how those behind a RAID controller are reached.
//!
//! A controller shows its logical volumes as disks; the disks themselves answer only through
//! `-d TYPE,SLOT`, a type that depends on the driver. Slots are tried in order until some in a row
//! do not open; behind `megaraid_sas`, whose numbers begin anywhere, all of them are. Disks behind
//! a network (iSCSI, Fibre Channel) and virtual ones are left alone: their health is told
//! elsewhere, and a dead path would hang the tool. `-n standby` and sysfs see to it that no
//! sleeping disk is woken.

use super::devices::{self, Disk};
use super::{Command, Planned, Series};
use crate::probe::Context;

/// Slots tried behind a controller.
const SLOTS: u32 = 32;

/// Hosts without hardware of their own.
const NOT_OURS: [&str; 20] = [
    "iscsi_tcp",
    "ib_iser",
    "bnx2i",
    "be2iscsi",
    "cxgb3i",
    "cxgb4i",
    "qedi",
    "qla4xxx",
    "qla2xxx",
    "lpfc",
    "bnx2fc",
    "qedf",
    "fcoe",
    "fnic",
    "zfcp",
    "virtio_scsi",
    "storvsc_host_t",
    "storvsc",
    "vmw_pvscsi",
    "xen-scsifront",
];

/// The commands for all disks of this host.
pub(super) fn plan(context: &Context, command: &Command) -> Vec<Planned> {
    let disks = devices::disks(context);
    let mut all = Vec::new();
    let mut hosts = Vec::new();
    for disk in &disks {
        let device = format!("/dev/{}", disk.name);
        if NOT_OURS.contains(&disk.driver.as_str()) {
            let mut planned = Planned::on(command, &device, None);
            planned.skip = Some(format!("a disk of {}: not of this host's hardware", disk.driver));
            all.push(planned);
        } else if !disk.is_awake {
            let mut planned = Planned::on(command, &device, None);
            planned.skip = Some("asleep".to_owned());
            all.push(planned);
        } else if let Some(behind) = behind(context, disk) {
            if !hosts.contains(&disk.host) {
                hosts.push(disk.host);
                all.extend(slots(command, disk, &behind));
            }
        } else {
            all.push(Planned::on(command, &device, None));
        }
    }
    let nvmes = devices::nvmes(context);
    all.extend(nvmes.iter().map(|name| Planned::on(command, &format!("/dev/{name}"), None)));
    if all.is_empty() {
        all.push(Planned::skipped(command, "no disk that has SMART"));
    }
    all
}

/// The slots of a controller, one command each.
fn slots<'a>(
    command: &'a Command,
    disk: &Disk,
    behind: &'a str,
) -> impl Iterator<Item = Planned> + 'a {
    let is_sparse = disk.driver.starts_with("megaraid");
    let series = Series { host: disk.host, patience: if is_sparse { SLOTS } else { 2 } };
    // Those that count from 1.
    let first = u32::from(matches!(disk.driver.as_str(), "arcmsr" | "hptiop"));
    (first..first + SLOTS).map(move |slot| {
        Planned::on(command, &behind.replace("{}", &slot.to_string()), Some(series))
    })
}

/// How smartctl reaches the disks behind this volume, `{}` being the slot; `None`: it is a disk.
fn behind(context: &Context, disk: &Disk) -> Option<String> {
    let Disk { name, host, .. } = disk;
    Some(match disk.driver.as_str() {
        "cciss" | "hpsa" | "smartpqi" => format!("-d cciss,{{}} /dev/{name}"),
        "megaraid_sas" | "megaraid" => format!("-d megaraid,{{}} /dev/{name}"),
        "aacraid" => format!("-d aacraid,{host},0,{{}} /dev/{name}"),
        "hptiop" | "rr62x" | "rr64x" | "rr172x_182x" => format!("-d hpt,1/{{}} /dev/{name}"),
        "arcmsr" => format!("-d areca,{{}} /dev/{}", devices::sg_of(context, *host)?),
        "3w-xxxx" => "-d 3ware,{} /dev/twe0".to_owned(),
        "3w-9xxx" => "-d 3ware,{} /dev/twa0".to_owned(),
        "3w-sas" => "-d 3ware,{} /dev/twl0".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::super::{Needs, TABLE};
    use super::*;

    fn disk(root: &Path, name: &str, host: u32, driver: &str, status: &str) {
        let device = root.join(format!("sys/devices/pci/ata1/host{host}/target/{name}"));
        fs::create_dir_all(device.join("power")).unwrap();
        fs::write(device.join("power/runtime_status"), status).unwrap();
        let block = root.join("sys/block").join(name);
        fs::create_dir_all(&block).unwrap();
        symlink(&device, block.join("device")).unwrap();
        let class = root.join(format!("sys/class/scsi_host/host{host}"));
        fs::create_dir_all(&class).unwrap();
        fs::write(class.join("proc_name"), format!("{driver}\n")).unwrap();
    }

    #[test]
    fn each_driver_has_its_way_and_sleepers_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        disk(dir.path(), "sda", 0, "ahci", "active\n");
        disk(dir.path(), "sdb", 1, "ahci", "suspended\n");
        disk(dir.path(), "sdc", 2, "megaraid_sas", "unsupported\n");
        disk(dir.path(), "sdd", 2, "megaraid_sas", "unsupported\n");
        disk(dir.path(), "sde", 3, "iscsi_tcp", "unsupported\n");
        let context = Context::of_root(dir.path());
        let command = TABLE.iter().find(|command| command.needs == Needs::Disk).unwrap();
        let all = plan(&context, command);
        let line = |i: usize| (all[i].line.as_str(), all[i].skip.is_some(), all[i].series);
        assert_eq!(line(0), ("smartctl -n standby -x -j /dev/sda", false, None));
        assert_eq!(line(1), ("smartctl -n standby -x -j /dev/sdb", true, None));
        assert_eq!(
            line(2),
            (
                "smartctl -n standby -x -j -d megaraid,0 /dev/sdc",
                false,
                Some(Series { host: 2, patience: SLOTS })
            )
        );
        assert_eq!(all.len(), 2 + SLOTS as usize + 1);
        assert!(all.last().unwrap().skip.as_ref().unwrap().contains("iscsi_tcp"));
        assert_eq!(all[2].older.as_deref(), Some("smartctl -n standby -x -d megaraid,0 /dev/sdc"));
    }
}
