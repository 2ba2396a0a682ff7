//! `/proc/net/softnet_stat`: packets between driver and stack, one row a CPU.
//!
//! `softnet_seq_show` in `net/core/net-procfs.c`,
//! <https://docs.kernel.org/networking/scaling.html>
//!
//! ```text
//! 04ae30cc 00000000 00000028 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
//! ```

use super::{Fields, ParseError, Rows};

/// One CPU. Counters are 32 bits wide and wrap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoftnetCpu {
    /// Number of the CPU: told since 5.10, before it is the row among online CPUs.
    pub cpu: Option<u32>,
    /// Line.
    pub line: u32,
    /// Packets processed.
    pub processed: u64,
    /// Dropped because the backlog was full.
    pub dropped: u64,
    /// Times the budget ran out with packets left.
    pub squeezed: u64,
    /// Woken by another CPU for receive packet steering (2.6.36).
    pub received_rps: Option<u64>,
    /// Times the flow limit dropped (3.11).
    pub flow_limited: Option<u64>,
    /// Present length of the backlog (5.10).
    pub backlog: Option<u64>,
}

/// Reads the rows: 9, 10, 11, 13 or 15 columns by kernel, all hexadecimal.
///
/// # Errors
/// Nothing, or not one row of at least 9 hexadecimal columns.
pub fn parse(text: &str) -> Result<Rows<SoftnetCpu>, ParseError> {
    if text.trim_ascii().is_empty() {
        return Err(ParseError::new(None, text, "rows of hexadecimal columns"));
    }
    Rows::of(text, |fields| row(fields).map(Some))
}

fn row(mut fields: Fields<'_>) -> Result<SoftnetCpu, ParseError> {
    let mut columns = [None; 15];
    for (column, to) in columns.iter_mut().enumerate() {
        if column >= 9 && fields.rest().is_empty() {
            break;
        }
        *to = Some(fields.hex("9 to 15 columns")?);
    }
    let [processed, dropped, squeezed, _, _, _, _, _, _, rps, flow_limited, backlog, cpu, _, _] =
        columns;
    Ok(SoftnetCpu {
        cpu: cpu.and_then(|n| u32::try_from(n).ok()),
        line: fields.line,
        processed: processed.unwrap_or_default(),
        dropped: dropped.unwrap_or_default(),
        squeezed: squeezed.unwrap_or_default(),
        received_rps: rps,
        flow_limited,
        backlog,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
04ae30cc 00000000 00000028 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
01849199 00000001 00000055 00000000 00000000 00000000 00000000 00000000 00000000 00000007 00000000
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_16_hexadecimal_and_eleven_columns() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!((rows[0].processed, rows[0].squeezed), (0x04ae_30cc, 0x28));
        assert_eq!((rows[1].dropped, rows[1].received_rps, rows[1].cpu), (1, Some(7), None));
    }

    #[test]
    fn item_16_nine_to_fifteen_columns() {
        for (columns, cpu) in [(9, None), (10, None), (11, None), (13, Some(0xc)), (15, Some(0xc))]
        {
            let columns_of = (0..columns).map(|n| format!("{n:08x}"));
            let text = columns_of.collect::<Vec<_>>().join(" ");
            let row = parse(&text).unwrap().rows.remove(0);
            assert_eq!((row.cpu, row.processed, row.squeezed), (cpu, 0, 2), "{columns}");
            assert_eq!(row.flow_limited.is_some(), columns > 10);
        }
        assert!(parse("1 2 3 4 5 6 7 8\n").is_err());
        assert!(parse("").is_err());
    }
}
