//! `/proc/diskstats`: I/O of block devices since boot.
//!
//! <https://docs.kernel.org/admin-guide/iostats.html>
//!
//! ```text
//!  254       0 vda 64881 14939 8540474 62761 25602 141239 14809440 71970 0 18932 135637 8789 58 992248 778 3034 126
//! ```

use super::{Fields, ParseError, Rows};

/// One device or partition. 11 counters always; 15 since 4.18, 17 since 5.5.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Device number.
    pub major: u32,
    /// Device number.
    pub minor: u32,
    /// Name.
    pub name: String,
    /// Line.
    pub line: u32,
    /// Reads completed.
    pub reads: u64,
    /// Reads merged into others.
    pub reads_merged: u64,
    /// Read.
    pub read_bytes: u64,
    /// Time of all reads together.
    pub read_ms: u64,
    /// Writes completed.
    pub writes: u64,
    /// Writes merged into others.
    pub writes_merged: u64,
    /// Written.
    pub write_bytes: u64,
    /// Time of all writes together.
    pub write_ms: u64,
    /// Requests under way now.
    pub in_flight: u64,
    /// Time in which any request was under way.
    pub busy_ms: u64,
    /// Requests under way, summed over time.
    pub queue_ms: u64,
    /// Discards completed (4.18).
    pub discards: Option<u64>,
    /// Time of all discards (4.18).
    pub discard_ms: Option<u64>,
    /// Flushes completed (5.5).
    pub flushes: Option<u64>,
    /// Time of all flushes (5.5).
    pub flush_ms: Option<u64>,
}

/// Size of the sectors the kernel counts in, whatever the device's own.
const SECTOR_BYTES: u64 = 512;

/// Reads the table; a damaged row is a problem beside the others.
///
/// # Errors
/// Not one row could be read.
pub fn parse(text: &str) -> Result<Rows<Disk>, ParseError> {
    Rows::of(text, |fields| disk(fields).map(Some))
}

fn disk(mut f: Fields<'_>) -> Result<Disk, ParseError> {
    let (major, minor, name) = (f.num("major")?, f.num("minor")?, f.word("name")?.to_owned());
    let (reads, reads_merged) = (f.num("reads")?, f.num("reads merged")?);
    let (read_bytes, read_ms) = (sectors(&mut f)?, f.num("read ms")?);
    let (writes, writes_merged) = (f.num("writes")?, f.num("writes merged")?);
    let (write_bytes, write_ms) = (sectors(&mut f)?, f.num("write ms")?);
    let (in_flight, busy_ms, queue_ms) = (f.num("in flight")?, f.num("io ms")?, f.num("queue ms")?);
    let discards = f.opt("discards")?;
    let discard_ms = f.pass(2).opt("discard ms")?;
    let (flushes, flush_ms) = (f.opt("flushes")?, f.opt("flush ms")?);
    Ok(Disk {
        major,
        minor,
        name,
        line: f.line,
        reads,
        reads_merged,
        read_bytes,
        read_ms,
        writes,
        writes_merged,
        write_bytes,
        write_ms,
        in_flight,
        busy_ms,
        queue_ms,
        discards,
        discard_ms,
        flushes,
        flush_ms,
    })
}

fn sectors(f: &mut Fields<'_>) -> Result<u64, ParseError> {
    let sectors: u64 = f.num("sectors")?;
    sectors.checked_mul(SECTOR_BYTES).ok_or_else(|| f.error("sectors that fit 64 bits as bytes"))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
   8       0 sda 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804
   7       0 loop0 10092 0 20790 3898 0 0 0 0 0 1184 88 0 0 0 0
 254       0 vda 64881 14939 8540474 62761 25602 141239 14809440 71970 0 18932 135637 8789 58 992248 778 3034 126
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_35_fourteen_eighteen_and_twenty_fields() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [sda, loop0, vda] = &rows[..] else { panic!("three") };
        assert_eq!((sda.reads, sda.queue_ms, sda.discards), (25_354_637, 82_621_804, None));
        assert_eq!((loop0.busy_ms, loop0.discards, loop0.flushes), (1184, Some(0), None));
        assert_eq!((vda.major, vda.minor, vda.name.as_str(), vda.line), (254, 0, "vda", 3));
        assert_eq!((vda.read_bytes, vda.write_bytes), (8_540_474 * 512, 14_809_440 * 512));
        assert_eq!((vda.discard_ms, vda.flushes, vda.flush_ms), (Some(778), Some(3034), Some(126)));
        assert_eq!((vda.in_flight, vda.busy_ms), (0, 18932));
    }

    #[test]
    fn damaged() {
        assert_eq!(parse(&SAMPLE.replace("10092", "-")).unwrap().problems[0].line, Some(2));
        assert!(parse("8 0 sda 1 2 3\n").is_err());
        assert!(parse("").unwrap().rows.is_empty());
    }
}
