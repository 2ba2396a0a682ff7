//! `probes/smart/<dev>/…`: the raw health log of an NVMe disk (log page 02h).
//!
//! <https://nvmexpress.org/specifications/> (NVM Express Base Specification, SMART / Health
//! Information)
//!
//! 512 bytes, little-endian:
//!
//! ```text
//! 00  36 01  64 0a 03 …   critical warning, temperature in kelvin, spare, threshold, used
//! ```

use super::ParseError;
use super::binary::Binary;
use super::smart::{Identity, NvmeHealth, Smart, words_of};
use super::smartctl::DATA_UNIT_BYTES;

/// Reads the page.
///
/// # Errors
/// Fewer than 512 bytes, or all zero: a disk that did not answer.
pub fn parse(bytes: &[u8]) -> Result<Smart, ParseError> {
    let page = Binary { bytes, little_endian: true };
    let short = || {
        ParseError::new(None, &format!("{} bytes", bytes.len()), "an NVMe health log of 512 bytes")
    };
    if page.u8(511).is_none() || bytes.iter().all(|b| *b == 0) {
        return Err(short());
    }
    // Counters have 128 bits; beyond 64 they saturate.
    let counter = |at: usize| match (page.u64(at), page.u64(at + 8)) {
        (Some(low), Some(0)) => low,
        _ => u64::MAX,
    };
    let percent = |at: usize| f64::from(page.u8(at).unwrap_or(0)) / 100.0;
    let critical_warning = page.u8(0).ok_or_else(short)?;
    let health = NvmeHealth {
        critical_warning,
        available_spare_ratio: percent(3),
        spare_threshold_ratio: percent(4),
        used_ratio: percent(5),
        read_bytes: counter(32).saturating_mul(DATA_UNIT_BYTES),
        written_bytes: counter(48).saturating_mul(DATA_UNIT_BYTES),
        unsafe_shutdowns: counter(144),
        media_errors: counter(160),
        error_log_entries: counter(176),
    };
    // The composite temperature is in kelvin; 0 is "not reported".
    let kelvin = page.u16(1).filter(|k| *k != 0);
    Ok(Smart {
        passed: Some(critical_warning == 0),
        supported: Some(true),
        temperature_c: kelvin.map(|k| i64::from(k) - 273),
        power_on_h: Some(counter(128)),
        nvme: Some(health),
        ..Smart::default()
    })
}

/// Reads what the controller calls itself (Identify Controller): text filled up with blanks.
///
/// # Errors
/// Fewer than 72 bytes, or all zero.
pub fn identify(bytes: &[u8]) -> Result<Identity, ParseError> {
    let Some(head) = bytes.get(..72).filter(|h| h.iter().any(|b| *b != 0)) else {
        let found = format!("{} bytes", bytes.len());
        return Err(ParseError::new(None, &found, "an NVMe controller's identity of 4096 bytes"));
    };
    let field = |from, to| words_of(head.get(from..to).unwrap_or_default().iter().copied());
    Ok(Identity {
        serial: field(4, 24),
        model: field(24, 64),
        firmware: field(64, 72),
        has_smart: None,
    })
}

#[cfg(test)]
pub(crate) const SAMPLE: &[u8] = &{
    let mut page = [0u8; 512];
    page[0] = 4;
    (page[1], page[2]) = (0x37, 1);
    (page[3], page[4], page[5]) = (97, 10, 3);
    (page[48], page[49], page[50]) = (0x87, 0xd6, 0x12);
    (page[128], page[129]) = (0x39, 0x30);
    page[144] = 7;
    page[160] = 2;
    (page[176], page[177]) = (0, 4);
    page
};

#[cfg(test)]
mod tests {
    use super::super::smartctl;
    use super::*;

    #[test]
    fn the_page_and_smartctl_end_in_the_same_record() {
        let text = "=== START OF SMART DATA SECTION ===\nCritical Warning: 0x04\nAvailable Spare: 97%\nAvailable Spare Threshold: 10%\nPercentage Used: 3%\nData Units Read: 0\nData Units Written: 1,234,567 [632 GB]\nPower On Hours: 12,345\nUnsafe Shutdowns: 7\nMedia and Data Integrity Errors: 2\nError Information Log Entries: 1,024\nTemperature: 38 Celsius\n";
        let (raw, text) = (parse(SAMPLE).unwrap(), smartctl::parse(text).unwrap());
        assert_eq!((raw.nvme, raw.power_on_h), (text.nvme, text.power_on_h));
        assert_eq!((raw.temperature_c, raw.passed), (text.temperature_c, Some(false)));
    }

    #[test]
    fn the_controller_tells_its_name() {
        let mut page = vec![0; 4];
        page.extend(
            format!("{:<20}{:<40}{:<8}", "S4EWNX0N", "Samsung SSD 970 EVO", "2B2QEXE7").bytes(),
        );
        page.resize(4096, 0);
        let found = identify(&page).unwrap();
        assert_eq!(found.model.as_deref(), Some("Samsung SSD 970 EVO"));
        assert_eq!(found.serial.as_deref(), Some("S4EWNX0N"));
        assert_eq!(found.firmware.as_deref(), Some("2B2QEXE7"));
        assert!(identify(&page[..71]).is_err() && identify(&[0; 4096]).is_err());
    }

    #[test]
    fn damage() {
        assert!(parse(&SAMPLE[..511]).is_err());
        assert!(parse(&[0; 512]).is_err());
        let mut page = [0xff; 512];
        page[0] = 0;
        assert_eq!(parse(&page).unwrap().nvme.unwrap().media_errors, u64::MAX);
    }
}
