//! Health of a disk, whoever told it: smartctl(8) as text or JSON, or the raw pages.
//!
//! <https://www.smartmontools.org/wiki/TocDoc>
//!
//! ATA disks tell attributes, SAS disks error counters, NVMe disks a health log: what a disk does
//! not have is `None` or empty. The readers are [`super::smartctl`], [`super::smartctl_json`],
//! [`super::smart_nvme`] and [`super::smart_ata`].

/// What a disk calls itself (`IDENTIFY` pages of ATA and `NVMe`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Model.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Firmware.
    pub firmware: Option<String>,
    /// SMART is there and on; `None` where the page does not tell.
    pub has_smart: Option<bool>,
}

/// Text of a page, without the blanks that fill its field; control characters are none.
pub(super) fn words_of(bytes: impl Iterator<Item = u8>) -> Option<String> {
    let text: String = bytes.filter(|b| matches!(b, 0x20..=0x7e)).map(char::from).collect();
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// One ATA attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribute {
    /// Number: 5 is the count of reallocated sectors.
    pub id: u8,
    /// Name as smartctl has it; `None` from raw pages.
    pub name: Option<String>,
    /// Normalised value, best is high.
    pub value: Option<u8>,
    /// The worst it was.
    pub worst: Option<u8>,
    /// At or below this the attribute has failed.
    pub threshold: Option<u8>,
    /// A failure of this attribute means that the disk will fail soon.
    pub prefail: bool,
    /// Failed now.
    pub failing_now: bool,
    /// Failed at some time.
    pub failed_before: bool,
    /// First number of the raw value; what it counts differs by vendor.
    pub raw: Option<u64>,
}

/// Health log of an NVMe disk (log page 02h).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NvmeHealth {
    /// Bits: 0 spare, 1 temperature, 2 reliability, 3 read-only, 4 backup device, 5 persistent
    /// memory.
    pub critical_warning: u8,
    /// Spare blocks left.
    pub available_spare_ratio: f64,
    /// Warn below this.
    pub spare_threshold_ratio: f64,
    /// Life used as the vendor estimates; may exceed 1.
    pub used_ratio: f64,
    /// Read by the host.
    pub read_bytes: u64,
    /// Written by the host.
    pub written_bytes: u64,
    /// Times that power was lost without a shutdown.
    pub unsafe_shutdowns: u64,
    /// Errors of the medium that could not be recovered.
    pub media_errors: u64,
    /// Entries of the error log over the life.
    pub error_log_entries: u64,
}

/// Uncorrected errors of a SAS disk over its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SasErrors {
    /// While reading.
    pub read: Option<u64>,
    /// While writing.
    pub write: Option<u64>,
    /// While verifying.
    pub verify: Option<u64>,
}

/// Health of one disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Smart {
    /// Model or product.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Firmware.
    pub firmware: Option<String>,
    /// The disk's own verdict: true for `PASSED` and `OK`.
    pub passed: Option<bool>,
    /// It can tell its health at all.
    pub supported: Option<bool>,
    /// It slept and was left alone.
    pub standby: bool,
    /// A volume of a RAID controller: the disks behind it are not seen.
    pub logical_volume: bool,
    /// Temperature.
    pub temperature_c: Option<i64>,
    /// Time powered on.
    pub power_on_h: Option<u64>,
    /// ATA attributes.
    pub attributes: Vec<Attribute>,
    /// Errors in the ATA error log.
    pub ata_errors: Option<u64>,
    /// NVMe health log.
    pub nvme: Option<NvmeHealth>,
    /// SAS: defects that came after manufacture.
    pub grown_defects: Option<u64>,
    /// SAS: uncorrected errors.
    pub sas_errors: SasErrors,
    /// SAS: errors on the way, not of the medium.
    pub non_medium_errors: Option<u64>,
    /// Exit status of smartctl.
    pub exit: Option<ExitStatus>,
}

impl Smart {
    /// An attribute by its number.
    #[must_use]
    pub fn attribute(&self, id: u8) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.id == id)
    }
}

/// Exit status of smartctl: a mask of bits, not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitStatus(pub u8);

impl ExitStatus {
    /// The device could not be asked (bits 0 and 1): there is no verdict.
    #[must_use]
    pub fn no_answer(self) -> bool {
        self.0 & 0b11 != 0
    }

    /// The disk says that it is failing (bit 3).
    #[must_use]
    pub fn failing(self) -> bool {
        self.0 & 1 << 3 != 0
    }

    /// Pre-failure attributes are at or below their threshold (bit 4).
    #[must_use]
    pub fn prefail_now(self) -> bool {
        self.0 & 1 << 4 != 0
    }

    /// Attributes were at or below their threshold at some time (bit 5).
    #[must_use]
    pub fn failed_before(self) -> bool {
        self.0 & 1 << 5 != 0
    }

    /// The error log has entries (bit 6).
    #[must_use]
    pub fn error_log(self) -> bool {
        self.0 & 1 << 6 != 0
    }

    /// A self-test failed (bit 7).
    #[must_use]
    pub fn self_test_failed(self) -> bool {
        self.0 & 1 << 7 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_29_the_exit_status_is_a_mask() {
        let s = ExitStatus(0b0100_1000);
        assert!(s.failing() && s.error_log() && !s.no_answer());
        assert!(!s.prefail_now() && !s.failed_before() && !s.self_test_failed());
        assert!(ExitStatus(2).no_answer());
    }
}
