//! Output of smartctl(8): `-a` or `-x` for ATA, SAS and NVMe disks.
//!
//! <https://man7.org/linux/man-pages/man8/smartctl.8.html>
//!
//! ```text
//! SMART overall-health self-assessment test result: PASSED
//! ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE
//!   5 Reallocated_Sector_Ct   0x0033   100   100   036    Pre-fail  Always       -       0
//! ```

use super::smart::{Attribute, SasErrors, Smart};
use super::{ParseError, lines};

/// Units that NVMe disks count reads and writes in: thousands of 512 bytes.
pub(super) const DATA_UNIT_BYTES: u64 = 512_000;

/// Reads the output.
///
/// # Errors
/// Nothing that smartctl says of a disk.
pub fn parse(text: &str) -> Result<Smart, ParseError> {
    let mut smart = Smart::default();
    let mut table = false;
    for (_, text) in lines(text) {
        let line = text.trim_ascii();
        if line.starts_with("ID#") {
            table = true;
        } else if line.is_empty() {
            table = false;
        } else if table {
            smart.attributes.extend(attribute(line));
        } else if let Some((key, value)) = line.split_once(':') {
            smart.set(key.trim_ascii(), value.trim_ascii());
        }
        smart.standby |=
            line.starts_with("Device is in STANDBY") || line.starts_with("Device is in SLEEP");
    }
    if smart == Smart::default() && !text.contains("=== START OF") {
        return Err(ParseError::new(None, text, "what smartctl says of a disk"));
    }
    Ok(smart)
}

impl Smart {
    fn set(&mut self, key: &str, value: &str) {
        let text = || (!value.is_empty()).then(|| value.to_owned());
        match key {
            "Device Model" | "Model Number" => self.model = text(),
            "Product" => {
                self.model = text();
                self.logical_volume |= value.contains("LOGICAL VOLUME");
            }
            "Serial Number" | "Serial number" => self.serial = text(),
            "Firmware Version" | "Revision" => self.firmware = text(),
            "SMART overall-health self-assessment test result" => {
                self.passed = Some(value == "PASSED");
            }
            "SMART Health Status" => self.passed = Some(value == "OK"),
            "SMART support is" if value.starts_with("Unavailable") => self.supported = Some(false),
            "SMART support is" if value.starts_with("Available") => self.supported = Some(true),
            "Current Drive Temperature" | "Temperature" => {
                self.temperature_c = value.split(' ').next().and_then(|n| n.parse().ok());
            }
            "Power On Hours" => self.power_on_h = grouped(value),
            "number of hours powered up" => self.power_on_h = number(value),
            "Accumulated power on time, hours" => {
                // `Accumulated power on time, hours:minutes 12345:06`
                let clock = value.strip_prefix("minutes").unwrap_or(value).trim_ascii();
                self.power_on_h = number(clock);
            }
            "ATA Error Count" => self.ata_errors = number(value),
            "Elements in grown defect list" => self.grown_defects = number(value),
            "Non-medium error count" => self.non_medium_errors = number(value),
            "read" | "write" | "verify" => sas(&mut self.sas_errors, key, value),
            _ => self.nvme(key, value),
        }
    }

    fn nvme(&mut self, key: &str, value: &str) {
        if key == "Critical Warning" {
            let bits = value.strip_prefix("0x").and_then(|h| u8::from_str_radix(h, 16).ok());
            self.nvme.get_or_insert_default().critical_warning = bits.unwrap_or(0);
            return;
        }
        let Some(health) = self.nvme.as_mut() else { return };
        let n = || grouped(value).unwrap_or(0);
        let ratio = || {
            value
                .strip_suffix('%')
                .and_then(|p| p.parse::<u32>().ok())
                .map_or(0.0, |p| f64::from(p) / 100.0)
        };
        match key {
            "Available Spare" => health.available_spare_ratio = ratio(),
            "Available Spare Threshold" => health.spare_threshold_ratio = ratio(),
            "Percentage Used" => health.used_ratio = ratio(),
            "Data Units Read" => health.read_bytes = n().saturating_mul(DATA_UNIT_BYTES),
            "Data Units Written" => health.written_bytes = n().saturating_mul(DATA_UNIT_BYTES),
            "Unsafe Shutdowns" => health.unsafe_shutdowns = n(),
            "Media and Data Integrity Errors" => health.media_errors = n(),
            "Error Information Log Entries" => health.error_log_entries = n(),
            _ => {}
        }
    }
}

/// A row of SAS error counters: the last column counts what could not be corrected.
fn sas(errors: &mut SasErrors, key: &str, value: &str) {
    let columns: Vec<&str> = value.split_ascii_whitespace().collect();
    if columns.len() < 7 {
        return;
    }
    let uncorrected = columns.last().and_then(|n| n.parse().ok());
    match key {
        "read" => errors.read = uncorrected,
        "write" => errors.write = uncorrected,
        _ => errors.verify = uncorrected,
    }
}

/// A row of the table of `-a`, or of the brief one of `-x` (`PO--CK` in the third column).
fn attribute(line: &str) -> Option<Attribute> {
    let mut words = line.split_ascii_whitespace();
    let id = words.next()?.parse().ok()?;
    let name = words.next()?.to_owned();
    let flags = words.next()?;
    let mut normal = || words.next().and_then(|n| n.parse().ok());
    let (value, worst, threshold) = (normal(), normal(), normal());
    let (prefail, failed) = if let Some(hex) = flags.strip_prefix("0x") {
        let bits = u16::from_str_radix(hex, 16).ok()?;
        (bits & 1 != 0, words.nth(2)?)
    } else {
        (flags.starts_with('P'), words.next()?)
    };
    Some(Attribute {
        id,
        name: Some(name),
        value,
        worst,
        threshold,
        prefail,
        failing_now: matches!(failed, "FAILING_NOW" | "NOW"),
        failed_before: matches!(failed, "In_the_past" | "Past" | "FAILING_NOW" | "NOW"),
        raw: words.next().and_then(number),
    })
}

/// The number in front: `41 (Min/Max 21/41)`, `4258 (30941 0)`, `1234h+00m+00.000s`.
pub(super) fn number(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// `1,234,567 [632 GB]`, whatever the separator of thousands.
fn grouped(text: &str) -> Option<u64> {
    let digits = text.split('[').next()?.chars().filter(char::is_ascii_digit);
    digits.collect::<String>().parse().ok()
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
smartctl 7.2 2020-12-30 r5155 [x86_64-linux-5.15.0] (local build)

=== START OF INFORMATION SECTION ===
Device Model:     ST4000NM0035-1V4107
Serial Number:    ZC1A2B3C
Firmware Version: TN03
SMART support is: Available - device has SMART capability.
SMART support is: Enabled

=== START OF READ SMART DATA SECTION ===
SMART overall-health self-assessment test result: FAILED!
Drive failure expected in less than 24 hours. SAVE ALL DATA.
Total time to complete Offline
data collection: \t\t(  600) seconds.

ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE
  5 Reallocated_Sector_Ct   0x0033   001   001   036    Pre-fail  Always   FAILING_NOW 4258 (30941 0)
  9 Power_On_Hours          0x0032   096   096   000    Old_age   Always       -       3987h+12m+33.100s
184 End-to-End_Error        0x0032   100   100   099    Old_age   Always   In_the_past 2
190 Airflow_Temperature_Cel 0x0022   059   055   045    Old_age   Always       -       41 (Min/Max 21/41)
240 Head_Flying_Hours       0x0000   100   253   ---    Old_age   Offline      -       0h+00m+00.000s

SMART Error Log Version: 1
ATA Error Count: 12 (device log contains only the most recent five errors)
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_26_raw_values_names_with_dashes_and_multi_line_keys() {
        let s = parse(SAMPLE).unwrap();
        assert_eq!((s.passed, s.supported, s.ata_errors), (Some(false), Some(true), Some(12)));
        assert_eq!(s.model.as_deref(), Some("ST4000NM0035-1V4107"));
        let sectors = s.attribute(5).unwrap();
        assert_eq!(
            (sectors.raw, sectors.threshold, sectors.value),
            (Some(4258), Some(36), Some(1))
        );
        assert!(sectors.prefail && sectors.failing_now);
        let end = s.attribute(184).unwrap();
        assert_eq!((end.name.as_deref(), end.raw), (Some("End-to-End_Error"), Some(2)));
        assert!(end.failed_before && !end.failing_now && !end.prefail);
        assert_eq!(
            (s.attribute(190).unwrap().raw, s.attribute(9).unwrap().raw),
            (Some(41), Some(3987))
        );
        assert_eq!(
            (s.attribute(240).unwrap().raw, s.attribute(240).unwrap().threshold),
            (Some(0), None)
        );
        assert_eq!(s.attributes.len(), 5);
    }

    #[test]
    fn brief_table() {
        let text = "=== START OF READ SMART DATA SECTION ===\nID# ATTRIBUTE_NAME          FLAGS    VALUE WORST THRESH FAIL RAW_VALUE\n  5 Reallocated_Sector_Ct   PO--CK   100   100   036    -    8\n197 Current_Pending_Sector  -O--C-   100   100   000    NOW  1\n                            ||||||_ K auto-keep\n";
        let s = parse(text).unwrap();
        assert_eq!((s.attributes.len(), s.attribute(5).unwrap().raw), (2, Some(8)));
        assert!(s.attribute(5).unwrap().prefail && s.attribute(197).unwrap().failing_now);
    }

    #[test]
    fn item_27_sas_nvme_and_raid_volumes() {
        let sas = "=== START OF INFORMATION SECTION ===\nVendor:               SEAGATE\nProduct:              ST600MM0006\nSMART Health Status: OK\nCurrent Drive Temperature:     31 C\nElements in grown defect list: 4\n           ECC          rereads/    errors   algorithm      processed    uncorrected\nread:   3021834        0         0   3021834          0      53222.1           3\nwrite:         0        0         0         0          0       4125.2           0\nNon-medium error count:       17\n";
        let s = parse(sas).unwrap();
        assert_eq!((s.passed, s.temperature_c, s.grown_defects), (Some(true), Some(31), Some(4)));
        assert_eq!(
            (s.sas_errors.read, s.sas_errors.write, s.sas_errors.verify),
            (Some(3), Some(0), None)
        );
        assert_eq!(s.non_medium_errors, Some(17));
        let volume = "=== START OF INFORMATION SECTION ===\nVendor: HP\nProduct: LOGICAL VOLUME\n";
        assert!(parse(volume).unwrap().logical_volume);
        let nvme = "=== START OF SMART DATA SECTION ===\nSMART overall-health self-assessment test result: PASSED\n\nSMART/Health Information (NVMe Log 0x02)\nCritical Warning:                   0x04\nTemperature:                        38 Celsius\nAvailable Spare:                    97%\nAvailable Spare Threshold:          10%\nPercentage Used:                    3%\nData Units Written:                 1,234,567 [632 GB]\nPower On Hours:                     12,345\nUnsafe Shutdowns:                   7\nMedia and Data Integrity Errors:    2\nError Information Log Entries:      1.024\n";
        let s = parse(nvme).unwrap();
        let health = s.nvme.unwrap();
        assert_eq!((health.critical_warning, health.written_bytes), (4, 1_234_567 * 512_000));
        assert_eq!((health.available_spare_ratio, health.used_ratio), (0.97, 0.03));
        assert_eq!((health.media_errors, health.error_log_entries), (2, 1024));
        assert_eq!((s.power_on_h, s.temperature_c), (Some(12345), Some(38)));
    }

    #[test]
    fn asleep_unavailable_and_damaged() {
        assert!(parse("Device is in STANDBY mode, exit(2)\n").unwrap().standby);
        let text = "=== START OF INFORMATION SECTION ===\nSMART support is: Unavailable - device lacks SMART capability.\n";
        assert_eq!(parse(text).unwrap().supported, Some(false));
        assert!(parse("").is_err());
        assert!(parse("sh: smartctl: not found\n").is_err());
    }
}
