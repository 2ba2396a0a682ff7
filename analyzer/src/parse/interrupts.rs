//! `/proc/interrupts` and `/proc/softirqs`: counts by CPU.
//!
//! <https://man7.org/linux/man-pages/man5/proc_interrupts.5.html>
//!
//! ```text
//!            CPU0       CPU1
//!  24:          0         23   PCI-MSI 65536-edge      virtio1-config
//! ERR:          0
//! ```

use super::{ParseError, Rows, lines};

/// One interrupt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupt {
    /// Number or name: `24`, `LOC`, `NET_RX`.
    pub name: String,
    /// Counts in the order of [`Interrupts::cpus`]; some rows have fewer.
    pub counts: Vec<u64>,
    /// Chip, kind and devices; empty for soft interrupts.
    pub description: String,
    /// Line.
    pub line: u32,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupts {
    /// Numbers of the CPUs of the columns: those online, which may have gaps.
    pub cpus: Vec<u32>,
    /// Rows; damaged ones stand as problems.
    pub rows: Rows<Interrupt>,
}

/// Reads the table.
///
/// # Errors
/// No heading of CPUs, or not one row could be read.
pub fn parse(text: &str) -> Result<Interrupts, ParseError> {
    let mut all = lines(text);
    let heading = all.next().map_or("", |(_, text)| text);
    let numbers = heading.split_ascii_whitespace().map(|w| w.strip_prefix("CPU")?.parse().ok());
    let cpus: Option<Vec<u32>> = numbers.collect();
    let cpus = cpus.filter(|c| !c.is_empty());
    let cpus = cpus.ok_or_else(|| ParseError::new(1, heading, "a heading of CPUs: CPU0 CPU1"))?;
    let mut rows = Rows::default();
    for (line, text) in all.filter(|(_, text)| !text.trim_ascii().is_empty()) {
        rows.take(match text.split_once(':') {
            Some((name, rest)) => Ok(Some(row(line, name, rest, cpus.len()))),
            None => Err(ParseError::new(line, text.trim_ascii(), "`name: counts`")),
        });
    }
    Ok(Interrupts { cpus, rows: rows.finish()? })
}

fn row(line: u32, name: &str, rest: &str, columns: usize) -> Interrupt {
    let mut counts = Vec::new();
    let mut rest = rest.trim_ascii();
    while counts.len() < columns {
        let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
        let Ok(count) = word.parse() else { break };
        counts.push(count);
        rest = tail.trim_ascii_start();
    }
    let description = rest.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    Interrupt { name: name.trim_ascii().to_owned(), counts, description, line }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "           CPU0       CPU2       
 11:          0        153   IO-APIC  11-fasteoi   virtio3, uhci_hcd:usb1
 24:          7         23   PCI-MSI 65536-edge      virtio1-config
LOC:    1687067    1622564   Local timer interrupts
ERR:          0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_37_short_rows_and_offline_cpus() {
        let i = parse(SAMPLE).unwrap();
        assert_eq!(i.cpus, [0, 2]);
        let [usb, virtio, timer, err] = &i.rows.rows[..] else { panic!("four rows") };
        assert_eq!(usb.description, "IO-APIC 11-fasteoi virtio3, uhci_hcd:usb1");
        assert_eq!((virtio.name.as_str(), &virtio.counts[..]), ("24", &[7, 23][..]));
        assert_eq!((timer.counts[0], err.counts.len(), err.line), (1_687_067, 1, 5));
    }

    #[test]
    fn soft_interrupts_and_damage() {
        let text =
            "                    CPU0       CPU1       \n      NET_RX:      43066     104508\n";
        let i = parse(text).unwrap();
        assert_eq!((i.rows.rows[0].name.as_str(), i.rows.rows[0].counts[1]), ("NET_RX", 104_508));
        assert!(parse("").is_err());
        assert!(parse("CPU0\nrubbish\n").is_err());
    }
}
