//! ATA disks behind libata: SMART pages by ATA PASS-THROUGH (16), a SCSI command that wraps an ATA
//! one.
//!
//! First CHECK POWER MODE, which no disk wakes up for; a sleeping disk is asked nothing else.
//! SMART that is switched off stays off.

use std::fs::File;

use super::Page;
use super::nvme::message;
use super::sg::{self, Answer};

const CHECK_POWER_MODE: u8 = 0xe5;
const IDENTIFY_DEVICE: u8 = 0xec;
const SMART: u8 = 0xb0;
const READ_DATA: u8 = 0xd0;
const READ_THRESHOLDS: u8 = 0xd1;
const RETURN_STATUS: u8 = 0xda;
const PAGE_BYTES: usize = 512;

/// What a disk left in its registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Registers {
    count: u8,
    lba_mid: u8,
    lba_high: u8,
}

/// Why a disk is not asked.
pub(super) fn refusal(disk: &File) -> Option<String> {
    let registers = match call(disk, CHECK_POWER_MODE, 0, &mut []) {
        Ok(sense) => registers(&sense),
        Err(why) => return Some(why),
    };
    match registers.map(|registers| registers.count) {
        // Idle and active states in which the platters turn.
        Some(0x41 | 0x80..=0x83 | 0xff) => None,
        Some(_) => Some("asleep".to_owned()),
        None => Some("its power state cannot be told".to_owned()),
    }
}

/// Reads one page of a disk that is awake.
pub(super) fn read(disk: &File, page: Page) -> Result<Vec<u8>, String> {
    let mut data = vec![0; PAGE_BYTES];
    match page {
        Page::Identify => {
            call(disk, IDENTIFY_DEVICE, 0, &mut data)?;
            Ok(data)
        }
        Page::Attributes | Page::Thresholds => {
            let feature = if page == Page::Attributes { READ_DATA } else { READ_THRESHOLDS };
            call(disk, SMART, feature, &mut data)?;
            let sum = data.iter().fold(0_u8, |sum, b| sum.wrapping_add(*b));
            if sum == 0 { Ok(data) } else { Err("the page's checksum is wrong".to_owned()) }
        }
        Page::Status => {
            let sense = call(disk, SMART, RETURN_STATUS, &mut [])?;
            let registers = registers(&sense).ok_or("the disk returned no registers")?;
            let verdict = match (registers.lba_mid, registers.lba_high) {
                (0x4f, 0xc2) => "passed\n",
                (0xf4, 0x2c) => "failing\n",
                _ => return Err("the disk returned no verdict".to_owned()),
            };
            Ok(verdict.as_bytes().to_vec())
        }
        Page::Health => Err("no page of an ATA disk".to_owned()),
    }
}

/// Whether SMART is supported and on: words 82 and 85 of IDENTIFY DEVICE.
pub(super) fn has_smart(identify: &[u8]) -> bool {
    let bit = |word: usize| identify.get(word * 2).is_some_and(|low| low & 1 == 1);
    bit(82) && bit(85)
}

/// Sends one ATA command; the sense bytes that came back.
fn call(disk: &File, command: u8, feature: u8, data: &mut [u8]) -> Result<Vec<u8>, String> {
    let mut sense = [0; 64];
    let wrapped = wrapped(command, feature, !data.is_empty());
    let answer = sg::send(disk, &wrapped, data, &mut sense).map_err(message)?;
    check(&answer, !data.is_empty())?;
    Ok(sense.get(..usize::from(answer.sense_bytes)).unwrap_or_default().to_vec())
}

/// Whether the transport and the disk say that it went well.
fn check(answer: &Answer, has_data: bool) -> Result<(), String> {
    const CHECK_CONDITION: u8 = 2;
    if answer.host_status != 0 {
        return Err(format!("the adapter says {:#x}", answer.host_status));
    }
    // Registers come back as sense of a "failed" command: only without data is that success.
    let well = answer.status == 0 || (answer.status == CHECK_CONDITION && !has_data);
    if !well {
        return Err(format!("the disk says status {:#x}", answer.status));
    }
    if has_data && answer.residue != 0 {
        return Err(format!("{} bytes are missing", answer.residue));
    }
    Ok(())
}

/// ATA PASS-THROUGH (16): protocol, direction, and the registers of the ATA command.
fn wrapped(command: u8, feature: u8, has_data: bool) -> [u8; 16] {
    // PIO in, one block counted in `count`; or no data, and the registers wanted back.
    let (protocol, transfer, count) = if has_data { (4, 0x0e, 1) } else { (3, 0x20, 0) };
    let (mid, high) = if command == SMART { (0x4f, 0xc2) } else { (0, 0) };
    [0x85, protocol << 1, transfer, 0, feature, 0, count, 0, 0, 0, mid, 0, high, 0, command, 0]
}

/// The registers in sense data, descriptor or fixed format.
fn registers(sense: &[u8]) -> Option<Registers> {
    let at = |i: usize| sense.get(i).copied();
    let places = match at(0)? & 0x7f {
        0x72 if at(8)? == 0x09 => [13, 17, 19],
        0x70 => [6, 10, 11],
        _ => return None,
    };
    let [count, lba_mid, lba_high] = places.map(at);
    Some(Registers { count: count?, lba_mid: lba_mid?, lba_high: lba_high? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libata returns for CHECK POWER MODE of a disk that is active.
    const ACTIVE: [u8; 22] = [
        0x72, 0x01, 0x00, 0x1d, 0, 0, 0, 14, 0x09, 0x0c, 0, 0, 0, 0xff, 0, 0, 0, 0x4f, 0, 0xc2, 0,
        0x50,
    ];

    #[test]
    fn registers_are_read_from_both_formats_and_from_nothing_else() {
        let active = Registers { count: 0xff, lba_mid: 0x4f, lba_high: 0xc2 };
        assert_eq!(registers(&ACTIVE), Some(active));
        let fixed = [0x70, 0, 1, 0, 0x50, 0, 0x80, 10, 0, 0, 0xf4, 0x2c, 0, 0x1d];
        let failing = Registers { count: 0x80, lba_mid: 0xf4, lba_high: 0x2c };
        assert_eq!(registers(&fixed), Some(failing));
        for cut in 0..20 {
            assert_eq!(registers(&ACTIVE[..cut]), None, "{cut}");
        }
        assert_eq!(registers(&[0; 32]), None);
    }

    #[test]
    fn commands_only_read() {
        assert_eq!(
            wrapped(SMART, READ_DATA, true),
            [0x85, 8, 0x0e, 0, 0xd0, 0, 1, 0, 0, 0, 0x4f, 0, 0xc2, 0, 0xb0, 0]
        );
        assert_eq!(
            wrapped(CHECK_POWER_MODE, 0, false),
            [0x85, 6, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xe5, 0]
        );
    }

    #[test]
    fn an_answer_is_taken_only_when_all_sides_say_yes() {
        let answer = |status, host_status, residue| {
            let mut answer = Answer::default();
            (answer.status, answer.host_status, answer.residue) = (status, host_status, residue);
            answer
        };
        assert!(check(&answer(0, 0, 0), true).is_ok());
        assert!(check(&answer(2, 0, 0), false).is_ok(), "registers come as sense");
        assert!(check(&answer(2, 0, 0), true).is_err(), "a page with an error is no page");
        assert!(check(&answer(0, 7, 0), false).is_err());
        assert!(check(&answer(0, 0, 12), true).is_err());
    }

    #[test]
    fn smart_must_be_there_and_on() {
        let mut identify = vec![0; 512];
        assert!(!has_smart(&identify));
        identify[164] = 1;
        assert!(!has_smart(&identify), "supported, but off");
        identify[170] = 1;
        assert!(has_smart(&identify));
        assert!(!has_smart(&identify[..100]));
    }
}
