//! I/O of a control group by device: `io.stat` of version 2, and version 1's
//! `blkio.throttle.io_service_bytes` and `io_serviced`.
//!
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html>,
//! <https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html>
//!
//! ```text
//! 254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0     io.stat: with the groups below
//! 254:0 Read 4096                                                 v1: of the group alone
//! 254:0 Write 8192
//! 254:0 Total 12288
//! Total 12288
//! ```

use std::collections::BTreeMap;

use super::{Fields, ParseError, Rows, number};

/// I/O of a group on one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceIo {
    /// Device number.
    pub device: (u32, u32),
    /// Read.
    pub read_bytes: Option<u64>,
    /// Written.
    pub write_bytes: Option<u64>,
    /// Reads.
    pub reads: Option<u64>,
    /// Writes.
    pub writes: Option<u64>,
}

fn device(f: &mut Fields<'_>) -> Result<(u32, u32), ParseError> {
    let (major, minor) =
        f.next().and_then(|d| d.split_once(':')).ok_or_else(|| f.error("major:minor"))?;
    Ok((number(f.line, major, "major")?, number(f.line, minor, "minor")?))
}

/// `io.stat`. A group without I/O has an empty file, a device without I/O only its number.
///
/// # Errors
/// Rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<DeviceIo>, ParseError> {
    Rows::of(text, |mut f| {
        let mut io = DeviceIo { device: device(&mut f)?, ..DeviceIo::default() };
        for (key, value) in f.filter_map(|w| w.split_once('=')) {
            let value = value.parse().ok();
            match key {
                "rbytes" => io.read_bytes = value,
                "wbytes" => io.write_bytes = value,
                "rios" => io.reads = value,
                "wios" => io.writes = value,
                _ => {}
            }
        }
        Ok(Some(io))
    })
}

/// Both files of version 1; what one of them does not tell stays unknown.
///
/// # Errors
/// Rows of which none could be read.
pub fn parse_v1(bytes: &str, requests: &str) -> Result<Rows<DeviceIo>, ParseError> {
    let mut devices: BTreeMap<(u32, u32), DeviceIo> = BTreeMap::new();
    let mut all = Rows::default();
    for (text, is_bytes) in [(bytes, true), (requests, false)] {
        let operations = operations(text)?;
        all.damaged = all.damaged.saturating_add(operations.damaged);
        all.problems.extend(operations.problems);
        for (device, kind, value) in operations.rows {
            let io = devices.entry(device).or_insert(DeviceIo { device, ..DeviceIo::default() });
            match (kind, is_bytes) {
                (Kind::Read, true) => io.read_bytes = Some(value),
                (Kind::Write, true) => io.write_bytes = Some(value),
                (Kind::Read, false) => io.reads = Some(value),
                (Kind::Write, false) => io.writes = Some(value),
            }
        }
    }
    all.rows = devices.into_values().collect();
    Ok(all)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

/// Device, what was done, how often or how much.
type Operation = ((u32, u32), Kind, u64);

/// Lines of reads and writes; `Sync`, `Async`, `Discard` and the totals count the same again.
fn operations(text: &str) -> Result<Rows<Operation>, ParseError> {
    Rows::of(text, |mut f| {
        if f.rest().starts_with("Total") {
            return Ok(None);
        }
        let device = device(&mut f)?;
        let kind = match f.word("operation")? {
            "Read" => Kind::Read,
            "Write" => Kind::Write,
            _ => return Ok(None),
        };
        Ok(Some((device, kind, f.num("count")?)))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str =
    "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n253:0 \n";

/// A group on 6.18, with version 1.
#[cfg(test)]
pub(super) const SAMPLE_V1: &str = "\
254:0 Read 3182592
254:0 Write 16384
254:0 Sync 3198976
254:0 Async 0
254:0 Discard 0
254:0 Total 3198976
Total 3198976
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_2_by_device() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!(
            (rows[0].device, rows[0].write_bytes, rows[0].writes),
            ((254, 0), Some(8192), Some(2))
        );
        assert_eq!((rows[1].device, rows[1].reads), ((253, 0), None));
        assert!(parse("").unwrap().rows.is_empty());
        assert!(parse("x\n").is_err());
    }

    #[test]
    fn version_1_by_device() {
        let requests = "254:0 Read 99\n254:0 Write 3\n254:0 Total 102\nTotal 102\n";
        let devices = parse_v1(SAMPLE_V1, requests).unwrap();
        let vda = DeviceIo {
            device: (254, 0),
            read_bytes: Some(3_182_592),
            write_bytes: Some(16_384),
            reads: Some(99),
            writes: Some(3),
        };
        assert_eq!(devices.rows, [vda]);
        assert_eq!(parse_v1("Total 0\n", "").unwrap().rows, [], "no I/O");
        assert_eq!(parse_v1("8:0 Read 5\n", "").unwrap().rows[0].reads, None);
        assert!(parse_v1("8:0 Read\n", "").is_err());
    }
}
