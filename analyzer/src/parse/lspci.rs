//! Output of `lspci -nn`, with or without `-v`.
//!
//! <https://man7.org/linux/man-pages/man8/lspci.8.html>
//!
//! ```text
//! 00:03.0 Ethernet controller [0200]: Red Hat, Inc. Virtio network device [1af4:1000]
//!     Kernel driver in use: virtio-pci
//! ```

use super::{ParseError, Rows, lines};

/// One device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PciDevice {
    /// `00:03.0`, with a domain where there are several.
    pub slot: String,
    /// `Ethernet controller`.
    pub class_name: String,
    /// `0x0200`.
    pub class: Option<u16>,
    /// Vendor and device in words.
    pub name: String,
    /// Vendor id.
    pub vendor: Option<u16>,
    /// Device id.
    pub device: Option<u16>,
    /// Driver, with `-k` or `-v`.
    pub driver: Option<String>,
    /// Link speed now in GT/s, and width, with `-vv` as root.
    pub link: Option<(f64, u32)>,
    /// What the device could.
    pub link_capability: Option<(f64, u32)>,
    /// Line.
    pub line: u32,
}

/// Reads all devices; a damaged row is a problem beside the others.
///
/// # Errors
/// Nothing, or not one device could be read.
pub fn parse(text: &str) -> Result<Rows<PciDevice>, ParseError> {
    let mut rows: Rows<PciDevice> = Rows::default();
    for (line, text) in lines(text) {
        if text.starts_with(|c: char| c.is_ascii_hexdigit()) {
            let expected = || ParseError::new(line, text, "`slot class: vendor and device`");
            rows.take(device(line, text).map(Some).ok_or_else(expected));
        } else if let Some(device) = rows.rows.last_mut() {
            let text = text.trim_ascii();
            if let Some(driver) = text.strip_prefix("Kernel driver in use: ") {
                device.driver = Some(driver.to_owned());
            } else if let Some(link) = text.strip_prefix("LnkCap:") {
                device.link_capability = speed(link);
            } else if let Some(link) = text.strip_prefix("LnkSta:") {
                device.link = speed(link);
            }
        }
    }
    if rows.rows.is_empty() && rows.problems.is_empty() {
        return Err(ParseError::new(None, text, "devices as lspci lists them"));
    }
    rows.finish()
}

fn device(line: u32, text: &str) -> Option<PciDevice> {
    let (slot, rest) = text.split_once(' ')?;
    let slot_like = slot.contains('.') && slot.contains(':');
    let (class, name) = rest.split_once(": ").filter(|_| slot_like)?;
    let (class_name, class) = match class.rsplit_once(" [") {
        Some((name, id)) => (name, u16::from_str_radix(id.trim_end_matches(']'), 16).ok()),
        None => (class, None),
    };
    // The last `[vvvv:dddd]`; names may hold brackets, too.
    let ids = name.rmatch_indices('[').find_map(|(at, _)| {
        let (vendor, device) = name.get(at + 1..at + 10)?.split_once(':')?;
        Some((u16::from_str_radix(vendor, 16).ok()?, u16::from_str_radix(device, 16).ok()?))
    });
    Some(PciDevice {
        slot: slot.to_owned(),
        class_name: class_name.to_owned(),
        class,
        name: name.to_owned(),
        vendor: ids.map(|i| i.0),
        device: ids.map(|i| i.1),
        line,
        ..PciDevice::default()
    })
}

/// `Port #0, Speed 8GT/s, Width x8, …`.
fn speed(text: &str) -> Option<(f64, u32)> {
    let after = |key: &str| {
        let rest = text.split_once(key)?.1;
        rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()
    };
    let speed: f64 = after("Speed ")?.parse().ok()?;
    Some((speed, after("Width x")?.parse().ok()?)).filter(|_| speed.is_finite())
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
00:01.1 IDE interface [0101]: Intel Corporation 82371SB PIIX3 IDE [Natoma/Triton II] [8086:7010] (prog-if 80 [ISA])
\tSubsystem: Red Hat, Inc. Qemu virtual machine [1af4:1100]
\tKernel driver in use: ata_piix

0000:03:00.0 Ethernet controller [0200]: Intel Corporation 82599ES [8086:10fb] (rev 01)
\t\tLnkCap:\tPort #0, Speed 5GT/s, Width x8, ASPM L0s
\t\tLnkSta:\tSpeed 5GT/s (ok), Width x4 (downgraded)
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_drivers_and_links() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [ide, nic] = &rows[..] else { panic!("two devices") };
        assert_eq!((ide.class_name.as_str(), ide.class), ("IDE interface", Some(0x0101)));
        assert_eq!(
            (ide.vendor, ide.device, ide.driver.as_deref()),
            (Some(0x8086), Some(0x7010), Some("ata_piix"))
        );
        assert_eq!((nic.slot.as_str(), nic.line), ("0000:03:00.0", 5));
        assert_eq!((nic.link_capability, nic.link), (Some((5.0, 8)), Some((5.0, 4))));
        let plain =
            parse("00:03.0 Ethernet controller: Red Hat, Inc. Virtio network device\n").unwrap();
        assert_eq!((plain.rows[0].class, plain.rows[0].vendor), (None, None));
        assert!(parse("").is_err());
        assert!(parse("00:03.0\n").is_err());
    }
}
