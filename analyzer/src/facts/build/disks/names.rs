//! Serial numbers by the stable names of disks, where neither kernel nor tool tells them: the names
//! of `/dev/disk/by-id` are made of them.

use crate::facts::inputs::Inputs;

/// `ata-Samsung_SSD_860_EVO_500GB_S3Z9NB0K123456X`: what stands behind the last `_`; of NVMe the
/// number of the name space may follow. `virtio-` is followed by the serial alone.
pub(super) fn serial(inputs: &Inputs, disk: &str) -> Option<String> {
    let of = |prefix: &'static str| links(inputs, disk).filter_map(move |n| n.strip_prefix(prefix));
    if let Some(whole) = of("virtio-").next() {
        return Some(whole.to_owned());
    }
    let named = of("ata-").chain(of("nvme-").filter(|n| !n.starts_with("eui.")));
    // The shortest has no name space behind it.
    let name = named.min_by_key(|n| n.len())?;
    let (model, serial) = name.trim_end_matches('_').rsplit_once('_')?;
    (!model.is_empty() && !serial.is_empty()).then(|| serial.to_owned())
}

/// `wwn-0x5002538e40a1b2c3`: as the kernel writes it, without the `0x`.
pub(super) fn wwn(inputs: &Inputs, disk: &str) -> Option<String> {
    links(inputs, disk).find_map(|n| {
        let nvme = n.strip_prefix("nvme-").filter(|rest| rest.starts_with("eui."));
        nvme.map(str::to_owned).or_else(|| Some(format!("naa.{}", n.strip_prefix("wwn-0x")?)))
    })
}

/// Names below `by-id` of a whole disk.
fn links<'i>(inputs: &'i Inputs, disk: &'i str) -> impl Iterator<Item = &'i str> {
    let rows = inputs.storage.disk_names.first().map(|p| p.rows.as_slice()).unwrap_or_default();
    let to_disk = move |target: &str| target.rsplit('/').next() == Some(disk);
    rows.iter()
        .filter(move |(_, target)| to_disk(target))
        .filter_map(|(key, _)| key.strip_prefix("by-id/"))
}

#[cfg(test)]
mod tests {
    use crate::facts::{SiteInputs, build};
    use crate::input::Snapshot;

    #[test]
    fn serials_come_from_the_names() {
        let record =
            |(key, text): &(&str, &str)| format!("{key} {} collected 5\n{text}", text.len());
        let names: String = [
            ("by-id/ata-WDC_WD40EFRX-68N32N0_WD-WCC7K0ABCDEF", "../../sda"),
            ("by-id/ata-WDC_WD40EFRX-68N32N0_WD-WCC7K0ABCDEF-part1", "../../sda1"),
            ("by-id/wwn-0x50014ee2b1c2d3e4", "../../sda"),
            ("by-id/nvme-Samsung_SSD_970_EVO_1TB_S5H9NS0N123456_1", "../../nvme0n1"),
            ("by-id/nvme-Samsung_SSD_970_EVO_1TB_S5H9NS0N123456", "../../nvme0n1"),
            ("by-id/nvme-eui.0025385b01234567", "../../nvme0n1"),
            ("by-id/virtio-vol-0123", "../../vdb"),
            ("by-path/pci-0000:00:1f.2-ata-1", "../../sda"),
        ]
        .iter()
        .map(record)
        .collect();
        let sizes: String = ["sda", "nvme0n1", "vdb"]
            .map(|d| record(&(format!("block/{d}/size").as_str(), "2048")))
            .concat();
        let files = [("packs/dev/disk", names), ("packs/sys/block", sizes)];
        let f = build(&Snapshot::of_files(files), &SiteInputs::default());
        let of = |name: &str| {
            let disk = f.tree.disks.items.iter().find(|d| d.name == name).unwrap();
            (disk.serial.as_deref(), disk.wwn.as_deref())
        };
        assert_eq!(of("sda"), (Some("WD-WCC7K0ABCDEF"), Some("naa.50014ee2b1c2d3e4")));
        assert_eq!(of("nvme0n1"), (Some("S5H9NS0N123456"), Some("eui.0025385b01234567")));
        assert_eq!(of("vdb"), (Some("vol-0123"), None));
    }
}
