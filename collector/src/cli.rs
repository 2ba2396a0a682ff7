//! The command line.

use std::collections::BTreeMap;

use clap::Parser;

use crate::plan::Group;

/// Takes an offline snapshot of this Linux host: one archive to be analyzed somewhere else.
///
/// Reads /proc, /sys and configuration files, changes nothing, and ends within its window and a
/// few seconds. Run it as root to see everything; it works without.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Clone, Debug, Parser)]
#[command(
    name = "linsight-collect",
    version,
    after_help = "Exit status: 0 archive written; 3 ended early, the archive is readable; 2 error.\n\n\
        Examples:\n  linsight-collect\n  linsight-collect -o /var/tmp/db-17.tar.zst --note l4_idle_timeout_s=350\n  \
        ssh db-17 linsight-collect -o - > db-17.tar.zst"
)]
pub(crate) struct Args {
    /// Archive to create, `-` for standard output [default: ./linsight-HOST-TIME.tar.zst].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<String>,
    /// Length of the sampling window; 0 for no samples.
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = duration_us)]
    pub(crate) duration: u64,
    /// Distance of two samples.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = duration_us)]
    pub(crate) interval: u64,
    /// End the archive at this size, uncompressed.
    #[arg(long, default_value = "512MiB", value_name = "SIZE", value_parser = size_bytes)]
    pub(crate) max_size: u64,
    /// Walk address spaces of any size: may stall large processes for seconds.
    #[arg(long)]
    pub(crate) deep: bool,
    /// Ask network file systems for their size, too: may take long where a server is gone.
    #[arg(long)]
    pub(crate) network_fs: bool,
    /// Root of the host, when it is mounted somewhere (in a container: /host).
    #[arg(long, default_value = "/", value_name = "DIR")]
    pub(crate) root: String,
    /// Collect only these groups (see --list); may be repeated.
    #[arg(long, value_name = "GROUP", value_parser = group, value_delimiter = ',')]
    pub(crate) only: Vec<Group>,
    /// Leave these groups out; may be repeated.
    #[arg(long, value_name = "GROUP", value_parser = group, value_delimiter = ',')]
    pub(crate) skip: Vec<Group>,
    /// A fact only you know, for the analysis: `--note l4_idle_timeout_s=350`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = note)]
    pub(crate) note: Vec<(String, String)>,
    /// `none`: leave the command lines of processes out.
    #[arg(long, value_name = "WHAT", default_value = "masked", value_parser = ["masked", "none"])]
    pub(crate) cmdline: String,
    /// Print the plan: what is read, when, why, at what cost and with which right.
    #[arg(long)]
    pub(crate) list: bool,
    /// Print what would be read here, and read nothing else.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// No progress; errors are still shown.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Args {
    /// Operator notes by key; the last one of a key wins.
    #[must_use]
    pub(crate) fn notes(&self) -> BTreeMap<String, String> {
        self.note.iter().cloned().collect()
    }

    /// Whether a group was asked for.
    #[must_use]
    pub(crate) fn wants(&self, group: Group) -> bool {
        (self.only.is_empty() || self.only.contains(&group)) && !self.skip.contains(&group)
    }
}

fn group(word: &str) -> Result<Group, String> {
    Group::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Group::ALL.iter().map(|(_, word)| *word).collect();
        format!("expected one of {}", words.join(", "))
    })
}

fn note(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// A number in millionths, and its unit. No floating point: its tables would be a hundredth of the
/// whole binary.
fn millionths_and_unit(text: &str) -> Option<(u128, &str)> {
    let text = text.trim();
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(at)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().ok()?;
    // Digits behind the sixth change nothing that is measured here.
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    let fraction: u64 = digits.parse().ok()?;
    Some((u128::from(whole) * 1_000_000 + u128::from(fraction), unit.trim()))
}

/// A time: `60`, `60s`, `500ms`, `2m`, `1h`.
fn duration_us(text: &str) -> Result<u64, String> {
    let expected = || "expected a time such as 60s, 500ms, 2m".to_owned();
    let (number, unit) = millionths_and_unit(text).ok_or_else(expected)?;
    let factor = match unit {
        "" | "s" => 1_000_000,
        "ms" => 1000,
        "m" | "min" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return Err(expected()),
    };
    times(number, factor).ok_or_else(expected)
}

/// A size: `512MiB`, `1GiB`, `100M` (powers of 1024), or bytes.
fn size_bytes(text: &str) -> Result<u64, String> {
    let expected = || "expected a size such as 512MiB, 2GiB".to_owned();
    let (number, unit) = millionths_and_unit(text).ok_or_else(expected)?;
    let factor = match unit {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        _ => return Err(expected()),
    };
    times(number, factor).ok_or_else(expected)
}

/// The product as a whole number below 10^15: thirty years in microseconds, a petabyte.
fn times(millionths: u128, factor: u64) -> Option<u64> {
    let product = millionths.checked_mul(u128::from(factor))? / 1_000_000;
    u64::try_from(product).ok().filter(|number| *number < 1_000_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn times_and_sizes() {
        assert_eq!(duration_us("60s"), Ok(60_000_000));
        assert_eq!(duration_us("0"), Ok(0));
        assert_eq!(duration_us("1.5"), Ok(1_500_000));
        assert_eq!(duration_us("500ms"), Ok(500_000));
        assert_eq!(duration_us("2m"), Ok(120_000_000));
        assert!(
            duration_us("-1s").is_err() && duration_us("1d").is_err() && duration_us("").is_err()
        );
        assert!(duration_us("1.2.3").is_err() && duration_us("99999999999999999999h").is_err());
        assert!(duration_us(".").is_err() && size_bytes("18446744073709551615GiB").is_err());
        assert_eq!(size_bytes("512MiB"), Ok(512 << 20));
        assert_eq!(size_bytes("1.5K"), Ok(1536));
        assert!(size_bytes("many").is_err());
    }

    #[test]
    fn groups_are_chosen() {
        let args = |words: &[&str]| Args::try_parse_from([&["x"], words].concat());
        let only = args(&["--only", "net,cpu"]).unwrap();
        assert!(only.wants(Group::Net) && !only.wants(Group::Host));
        let skip = args(&["--skip", "net"]).unwrap();
        assert!(!skip.wants(Group::Net) && skip.wants(Group::Host));
        assert!(args(&["--only", "nonsense"]).is_err());
        assert_eq!(args(&["--note", "a=b=c"]).unwrap().notes()["a"], "b=c");
        assert!(args(&["--note", "a"]).is_err());
    }
}
