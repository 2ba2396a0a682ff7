//! `probes/smart/<dev>/…`: the raw SMART pages of an ATA disk.
//!
//! <https://www.t13.org/> (ATA8-ACS, SMART READ DATA; the layout of the attributes is what all
//! vendors keep to)
//!
//! Both pages have 512 bytes, little-endian. Attributes: from byte 2, 30 of 12 bytes (id, flags,
//! value, worst, raw of 6 bytes); thresholds: likewise (id, threshold):
//!
//! ```text
//! 05  33 00  64 64  00 00 00 00 00 00  00     reallocated sectors
//! ```

use super::ParseError;
use super::binary::Binary;
use super::smart::{Attribute, Identity, Smart, words_of};

const SLOTS: usize = 30;
const SLOT_BYTES: usize = 12;

/// Reads the page of attributes, and of thresholds where it was stored.
///
/// # Errors
/// Fewer than 512 bytes, or a checksum that is wrong.
pub fn parse(bytes: &[u8], thresholds: Option<&[u8]>) -> Result<Smart, ParseError> {
    let page = checked(bytes)?;
    let thresholds = thresholds.map(checked).transpose()?;
    let mut attributes = Vec::new();
    for slot in slots(page) {
        let Some(id) = slot.u8(0).filter(|id| *id != 0) else { continue };
        let flags = slot.u16(1).unwrap_or(0);
        let (value, worst) = (slot.u8(3), slot.u8(4));
        let threshold = thresholds.and_then(|t| slots(t).find(|s| s.u8(0) == Some(id))?.u8(1));
        // A threshold of 0 never fails; values of 0, 254 and 255 are no values.
        let failed = |v: Option<u8>| {
            v.zip(threshold).is_some_and(|(v, t)| t != 0 && (1..=253).contains(&v) && v <= t)
        };
        let raw =
            slot.raw::<6>(5).map(|raw| raw.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)));
        attributes.push(Attribute {
            id,
            name: None,
            value,
            worst,
            threshold,
            prefail: flags & 1 != 0,
            failing_now: failed(value),
            failed_before: failed(worst),
            raw,
        });
    }
    let low = |id: u8, mask: u64| attributes.iter().find(|a| a.id == id)?.raw.map(|r| r & mask);
    Ok(Smart {
        supported: Some(true),
        // Without thresholds nothing says whether the disk would pass.
        passed: thresholds.map(|_| !attributes.iter().any(|a| a.prefail && a.failing_now)),
        temperature_c: low(194, 0xff).and_then(|t| i64::try_from(t).ok()),
        // Some disks keep minutes or milliseconds in the upper half.
        power_on_h: low(9, 0xffff_ffff),
        attributes,
        ..Smart::default()
    })
}

/// Reads what the disk calls itself (`IDENTIFY DEVICE`): words of 16 bits, whose two letters stand in
/// reverse.
///
/// # Errors
/// Fewer than 512 bytes, or all zero.
pub fn identify(bytes: &[u8]) -> Result<Identity, ParseError> {
    let page = bytes.get(..512).filter(|p| p.iter().any(|b| *b != 0));
    let Some(page) = page else {
        let found = format!("{} bytes", bytes.len());
        return Err(ParseError::new(None, &found, "an IDENTIFY page of 512 bytes"));
    };
    let words = |from: usize, to: usize| {
        let words = page.get(from * 2..(to + 1) * 2).unwrap_or_default();
        words_of(words.chunks_exact(2).flat_map(|w| w.iter().rev().copied()))
    };
    let word = |at: usize| Binary { bytes: page, little_endian: true }.u16(at * 2).unwrap_or(0);
    // Words 82 and 85 are valid where the two upper bits of word 83 are 01.
    let told = word(83) >> 14 == 1;
    Ok(Identity {
        model: words(27, 46),
        serial: words(10, 19),
        firmware: words(23, 26),
        has_smart: told.then(|| word(82) & 1 != 0 && word(85) & 1 != 0),
    })
}

fn slots(page: Binary<'_>) -> impl Iterator<Item = Binary<'_>> {
    (0..SLOTS).filter_map(move |n| page.part(2 + n * SLOT_BYTES, 2 + (n + 1) * SLOT_BYTES))
}

/// A page of 512 bytes whose sum is zero.
fn checked(bytes: &[u8]) -> Result<Binary<'_>, ParseError> {
    let page = bytes.get(..512);
    let sum = page.map(|p| p.iter().fold(0u8, |sum, b| sum.wrapping_add(*b)));
    match (page, sum) {
        (Some(bytes), Some(0)) if bytes.iter().any(|b| *b != 0) => {
            Ok(Binary { bytes, little_endian: true })
        }
        _ => {
            let found = format!("{} bytes, sum {sum:?}", bytes.len());
            Err(ParseError::new(None, &found, "a SMART page of 512 bytes with its checksum"))
        }
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &[u8] = &page(&[
    [5, 0x33, 0, 1, 1, 0xa2, 0x10, 0, 0, 0, 0, 0],
    [9, 0x32, 0, 96, 96, 0x93, 0x0f, 0, 0, 7, 0, 0],
    [194, 0x22, 0, 59, 55, 41, 0, 21, 0, 41, 0, 0],
]);

/// A page with these slots and a good checksum.
#[cfg(test)]
const fn page(slots: &[[u8; 12]]) -> [u8; 512] {
    let mut page = [0u8; 512];
    page[0] = 10;
    let mut sum = page[0];
    let mut n = 0;
    while n < slots.len() * 12 {
        page[2 + n] = slots[n / 12][n % 12];
        sum = sum.wrapping_add(page[2 + n]);
        n += 1;
    }
    page[511] = sum.wrapping_neg();
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_thresholds() {
        let thresholds = page(&[[5, 36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [194; 12]]);
        let s = parse(SAMPLE, Some(&thresholds)).unwrap();
        assert_eq!((s.passed, s.temperature_c, s.power_on_h), (Some(false), Some(41), Some(3987)));
        let sectors = s.attribute(5).unwrap();
        assert_eq!(
            (sectors.raw, sectors.threshold, sectors.value),
            (Some(4258), Some(36), Some(1))
        );
        assert!(sectors.prefail && sectors.failing_now);
        let alone = parse(SAMPLE, None).unwrap();
        assert_eq!((alone.passed, alone.attributes.len()), (None, 3));
    }

    #[test]
    fn a_disk_tells_its_name_in_words_of_two_letters() {
        let mut page = vec![0_u8; 512];
        let mut put = |word: usize, text: &str, words: usize| {
            let padded = format!("{text:<width$}", width = words * 2);
            for (i, pair) in padded.as_bytes().chunks(2).enumerate() {
                page[(word + i) * 2] = pair[1];
                page[(word + i) * 2 + 1] = pair[0];
            }
        };
        put(10, "     S3Z8NB0K", 10);
        put(23, "RVT04B6Q", 4);
        put(27, "Samsung SSD 860 EVO 500GB", 20);
        (page[166], page[167], page[164], page[170]) = (0, 0x40, 1, 1);
        let found = identify(&page).unwrap();
        assert_eq!(found.model.as_deref(), Some("Samsung SSD 860 EVO 500GB"));
        assert_eq!(found.serial.as_deref(), Some("S3Z8NB0K"));
        assert_eq!((found.firmware.as_deref(), found.has_smart), (Some("RVT04B6Q"), Some(true)));
        page[170] = 0;
        assert_eq!(identify(&page).unwrap().has_smart, Some(false), "switched off");
        assert!(identify(&page[..511]).is_err() && identify(&[0; 512]).is_err());
    }

    #[test]
    fn damage() {
        let mut page = SAMPLE.to_vec();
        page[3] ^= 1;
        assert!(parse(&page, None).is_err());
        assert!(parse(&SAMPLE[..511], None).is_err());
        assert!(parse(&[0; 512], None).is_err());
    }
}
