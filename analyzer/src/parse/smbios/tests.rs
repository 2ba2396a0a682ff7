use super::*;
use crate::parse::dmidecode;

/// The table behind the text of `dmidecode::SAMPLE`: a virtual machine of QEMU.
pub(in crate::parse) const SAMPLE: &[u8] = b"\
\x00\x18\x00\x00\x01\x02\x00\xe8\x03\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\xff\xff\
SeaBIOS\x001.10.2-1ubuntu1\x0004/01/2014\0\0\
\x01\x1b\x00\x01\x01\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\
OpenStack Foundation\0OpenStack Nova\0\0\
\x04\x2a\x00\x04\x01\x03\x01\x02\xc1\x06\x03\x00\xff\xfb\x8b\x0f\x03\x00\x00\x00\xd0\x07\xd0\x07\x41\x01\
\xff\xff\xff\xff\xff\xff\x00\x00\x00\x01\x01\x01\x02\x00\x01\x00\
CPU 0\0QEMU\0pc-i440fx-disco\0\0\
\x10\x17\x00\x10\x01\x03\x06\x00\x00\x40\x00\xfe\xff\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\0\0\
\x11\x28\x00\x11\x00\x10\xfe\xff\xff\xff\xff\xff\x00\x10\x09\x00\x01\x00\x07\x02\x00\x00\x00\x02\x00\x00\x00\x00\
\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
DIMM 0\0QEMU\0\0\
\x7f\x04\x00\x7f\0\0";

#[test]
fn the_table_and_dmidecode_end_in_the_same_records() {
    let raw = parse(SAMPLE).unwrap();
    let mut text = dmidecode::parse(dmidecode::SAMPLE).unwrap().told().unwrap().clone();
    text.memory[0].line = None;
    assert_eq!(raw, text);
    assert_eq!(raw.memory[0].size, SlotSize::Bytes(4 << 30));
}

/// A type 17 structure of 40 bytes with this size field and extended size.
fn slot(size: u16, extended: u32) -> SlotSize {
    let mut fields = [0u8; 40];
    fields[..4].copy_from_slice(&[17, 40, 0, 0]);
    fields[0x0c..0x0e].copy_from_slice(&size.to_le_bytes());
    fields[0x1c..0x20].copy_from_slice(&extended.to_le_bytes());
    parse(&[&fields[..], &[0, 0]].concat()).unwrap().memory[0].size
}

#[test]
fn item_25_extended_and_unknown_sizes() {
    assert_eq!((slot(0, 9), slot(0xffff, 9)), (SlotSize::Empty, SlotSize::Unknown));
    assert_eq!(slot(0x7fff, 65536), SlotSize::Bytes(64 << 30));
    assert_eq!(
        (slot(0x8200, 0), slot(0x4000, 0)),
        (SlotSize::Bytes(512 << 10), SlotSize::Bytes(16 << 30))
    );
}

#[test]
fn many_cores_and_large_arrays() {
    let mut cpu = [0u8; 48];
    cpu[..4].copy_from_slice(&[4, 48, 0, 0]);
    (cpu[0x23], cpu[0x24], cpu[0x25], cpu[0x2e], cpu[0x2f]) = (128, 96, 255, 0, 1);
    let mut array = [0u8; 23];
    array[..4].copy_from_slice(&[16, 23, 0, 0]);
    array[0x0a] = 0x80;
    array[0x0f + 5] = 2;
    let dmi = parse(&[&cpu[..], &[0, 0], &array[..], &[0, 0]].concat()).unwrap();
    let p = &dmi.processors[0];
    assert_eq!(
        (p.cores, p.cores_enabled, p.threads, p.populated),
        (Some(128), Some(96), Some(256), Some(false))
    );
    assert_eq!(dmi.arrays[0].maximum_bytes, Some(2 << 40));
}

#[test]
fn damage() {
    assert!(parse(b"").is_err());
    assert!(parse(&[17, 3, 0, 0, 0, 0]).is_err());
    assert_eq!(parse(&SAMPLE[..SAMPLE.len() - 30]).unwrap().memory.len(), 0);
}

#[test]
fn the_case_and_its_management_controller() {
    let mut table = vec![3, 0x15, 0, 3, 1, 0x97, 0, 2, 0, 3, 5, 3, 3, 0, 0, 0, 0, 2, 0, 0, 0];
    table.extend(b"Dell Inc.\x008XK1X23\0\0");
    table.extend([38, 8, 0, 38, 1, 0x20, 0, 0, 0, 0]);
    table.extend([42, 6, 0, 42, 0x40, 0, 0, 0]);
    let d = parse(&table).unwrap();
    let c = d.chassis.unwrap();
    assert_eq!(
        (c.manufacturer.as_deref(), c.kind.as_deref(), c.serial.as_deref()),
        (Some("Dell Inc."), Some("Rack Mount Chassis"), Some("8XK1X23"))
    );
    assert_eq!(
        (c.boot_state.as_deref(), c.power_state.as_deref(), c.thermal_state.as_deref()),
        (Some("Safe"), Some("Critical"), Some("Safe"))
    );
    let b = d.bmc.unwrap();
    assert_eq!((b.interface.as_deref(), b.version.as_deref()), (Some("KCS"), Some("2.0")));
    assert_eq!(b.host_interface.as_deref(), Some("Network"));
}
