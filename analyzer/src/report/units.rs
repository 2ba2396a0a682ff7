//! Numbers as people read them. The unit of a fact stands in its name, so its name decides how it
//! is printed: one place, no number without its unit.

use serde_json::Value;

/// How a fact is printed, from the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `_bytes`.
    Bytes,
    /// `_bytes_per_s`.
    BytesPerS,
    /// `_mbit_per_s`.
    MbitPerS,
    /// `_ratio`: shown as per cent.
    Ratio,
    /// `_ratio_per_min`.
    RatioPerMin,
    /// `_s`.
    Seconds,
    /// `_ms`.
    Milliseconds,
    /// `_us`.
    Microseconds,
    /// `_per_s`.
    PerS,
    /// A count or a measure without unit.
    Plain,
    /// A number that is a name: process and user ids, ports, inodes, lines. Never grouped.
    Name,
}

/// Names whose number is itself a name.
const NAMES: [&str; 10] =
    ["pid", "ppid", "uid", "euid", "inode", "line", "low", "high", "remote_port", "kernel_number"];

/// The end of a fact's name and its unit; the longer ending first.
const BY_SUFFIX: [(&str, Unit); 9] = [
    ("_bytes_per_s", Unit::BytesPerS),
    ("_mbit_per_s", Unit::MbitPerS),
    ("_ratio_per_min", Unit::RatioPerMin),
    ("_per_s", Unit::PerS),
    ("_bytes", Unit::Bytes),
    ("_ratio", Unit::Ratio),
    ("_ms", Unit::Milliseconds),
    ("_us", Unit::Microseconds),
    ("_s", Unit::Seconds),
];

impl Unit {
    /// The unit in the last part of a fact path that has one: the elements of `idle_s` are
    /// seconds, too.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let name = path.rsplit('.').find(|p| p.parse::<usize>().is_err()).unwrap_or(path);
        if NAMES.contains(&name) {
            return Self::Name;
        }
        let ends = |s: &str| name.ends_with(s) || s.strip_prefix('_') == Some(name);
        BY_SUFFIX.iter().find(|(s, _)| ends(s)).map_or(Self::Plain, |(_, u)| *u)
    }

    /// The number with its unit.
    #[must_use]
    pub fn format(self, n: f64) -> String {
        match self {
            Self::Bytes => bytes(n),
            Self::BytesPerS => format!("{}/s", bytes(n)),
            Self::MbitPerS => format!("{} Mbit/s", plain(n)),
            Self::Ratio => percent(n),
            Self::RatioPerMin => format!("{}/min", percent(n)),
            Self::Seconds => duration(n),
            Self::Milliseconds => duration(n / 1e3),
            Self::Microseconds => duration(n / 1e6),
            Self::PerS => format!("{}/s", plain(n)),
            Self::Plain => plain(n),
            Self::Name => trimmed(n, 0),
        }
    }
}

/// Any value of the tree in one line; lists and maps shortened.
#[must_use]
pub fn value(v: &Value, unit: Unit) -> String {
    match v {
        Value::Null => "?".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(n) => n.as_f64().map_or_else(|| n.to_string(), |n| unit.format(n)),
        Value::String(s) => s.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) if items.len() <= 8 && items.iter().all(|v| !v.is_object()) => {
            items.iter().map(|v| value(v, unit)).collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => counted(items.len(), "element"),
        Value::Object(fields) => counted(fields.len(), "field"),
    }
}

/// `1 check`, `2 checks`, `5,132 checks`.
#[must_use]
pub fn counted(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(&n.to_string()))
}

/// A count as a float; exact up to 2^53, which is more than any host has of anything.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shown with three digits, or below 2^53")]
pub const fn float(n: i64) -> f64 {
    n as f64
}

/// The same for lengths.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "lengths of lists in memory are below 2^53")]
pub const fn float_len(n: usize) -> f64 {
    n as f64
}

/// Binary units, three significant digits.
#[must_use]
pub fn bytes(n: f64) -> String {
    let mut size = n.abs();
    if size < 1024.0 {
        return format!("{} B", plain(n));
    }
    let sign = if n < 0.0 { "-" } else { "" };
    for unit in ["KiB", "MiB", "GiB", "TiB"] {
        size /= 1024.0;
        if size < 1023.5 {
            return format!("{sign}{} {unit}", three_digits(size));
        }
    }
    format!("{sign}{} PiB", three_digits(size / 1024.0))
}

/// At most two units, from microseconds to days.
#[must_use]
pub fn duration(s: f64) -> String {
    let sign = if s < 0.0 { "-" } else { "" };
    let s = s.abs();
    let two = |whole: f64, unit: &str, rest: f64, small: &str| {
        let (mut whole, mut rest) = (whole.floor(), rest.round());
        let wrap = if unit == "d" { 24.0 } else { 60.0 };
        if rest >= wrap {
            (whole, rest) = (whole + 1.0, 0.0);
        }
        match rest {
            r if r < 1.0 => format!("{sign}{} {unit}", plain(whole)),
            r => format!("{sign}{} {unit} {r:.0} {small}", plain(whole)),
        }
    };
    match s {
        s if s <= 0.0 => "0 s".to_owned(),
        s if s < 1e-3 => format!("{sign}{} µs", three_digits(s * 1e6)),
        s if s < 1.0 => format!("{sign}{} ms", three_digits(s * 1e3)),
        s if s < 10.0 => format!("{sign}{} s", trimmed(s, 1)),
        s if s < 119.5 => format!("{sign}{s:.0} s"),
        s if s < 7200.0 => two(s / 60.0, "min", s % 60.0, "s"),
        s if s < 172_800.0 => two(s / 3600.0, "h", s % 3600.0 / 60.0, "min"),
        s => two(s / 86400.0, "d", s % 86400.0 / 3600.0, "h"),
    }
}

/// Per cent, one decimal below 10.
#[must_use]
pub fn percent(ratio: f64) -> String {
    let p = ratio * 100.0;
    match p.abs() {
        a if a > 0.0 && a < 0.05 => format!("{} %", trimmed(p, 3)),
        a if a < 10.0 => format!("{} %", trimmed(p, 1)),
        _ => format!("{p:.0} %"),
    }
}

/// Thousands separated; up to two decimals.
#[must_use]
pub fn plain(n: f64) -> String {
    let decimals = if n.abs() < 100.0 { 2 } else { usize::from(n.abs() < 1000.0) };
    let text = trimmed(n, decimals);
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(w, r)| (w, Some(r)));
    let whole = match whole.strip_prefix('-') {
        Some(digits) => format!("-{}", grouped(digits)),
        None => grouped(whole),
    };
    rest.map_or(whole.clone(), |r| format!("{whole}.{r}"))
}

fn three_digits(n: f64) -> String {
    match n {
        n if n < 9.995 => trimmed(n, 2),
        n if n < 99.95 => trimmed(n, 1),
        n => format!("{n:.0}"),
    }
}

/// With at most so many decimals, and none that is zero at the end.
fn trimmed(n: f64, decimals: usize) -> String {
    let text = format!("{n:.decimals$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_fact_decides_its_unit() {
        assert_eq!(Unit::of("memory.total_bytes"), Unit::Bytes);
        assert_eq!(Unit::of("processes.growth.0.resident.slope_bytes_per_s"), Unit::BytesPerS);
        assert_eq!(Unit::of("nics.0.speed_mbit_per_s"), Unit::MbitPerS);
        assert_eq!(Unit::of("memory.available_ratio"), Unit::Ratio);
        assert_eq!(Unit::of("netns.0.tcp.idle_s.3"), Unit::Seconds);
        assert_eq!(Unit::of("netns.0.port_keys.1.closes_per_s"), Unit::PerS);
        assert_eq!(Unit::of("memory.identity.terms.2.bytes"), Unit::Bytes);
        assert_eq!(Unit::of("processes.top.3.pid").format(65_536.0), "65536");
        assert_eq!(Unit::of("processes.count"), Unit::Plain);
        assert_eq!(Unit::of("netns.0.tcp.states.TIME-WAIT"), Unit::Plain);
    }

    #[test]
    fn bytes_have_three_digits() {
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(1023.0), "1,023 B");
        assert_eq!(bytes(1024.0), "1 KiB");
        assert_eq!(bytes(1536.0), "1.5 KiB");
        assert_eq!(bytes(25_165_824.0), "24 MiB");
        assert_eq!(bytes(1_048_575.0 * 1024.0), "1 GiB");
        assert_eq!(bytes(-15_435_059.2), "-14.7 MiB");
        assert_eq!(bytes(3e18), "2,664.54 PiB".replace("2,664.54", "2665"));
    }

    #[test]
    fn durations_have_two_units() {
        assert_eq!(duration(0.0), "0 s");
        assert_eq!(duration(0.000_25), "250 µs");
        assert_eq!(duration(0.25), "250 ms");
        assert_eq!(duration(7.5), "7.5 s");
        assert_eq!(duration(60.02), "60 s");
        assert_eq!(duration(119.7), "2 min");
        assert_eq!(duration(130.0), "2 min 10 s");
        assert_eq!(duration(7200.0), "2 h");
        assert_eq!(duration(7875.0), "2 h 11 min");
        assert_eq!(duration(1e6), "11 d 14 h");
        assert_eq!(duration(-30.0), "-30 s");
    }

    #[test]
    fn numbers_are_grouped_and_trimmed() {
        assert_eq!(plain(5132.0), "5,132");
        assert_eq!(plain(-1_234_567.0), "-1,234,567");
        assert_eq!(plain(0.83), "0.83");
        assert_eq!(plain(-0.001), "0");
        assert_eq!(plain(2.0), "2");
        assert_eq!(percent(0.123), "12 %");
        assert_eq!(percent(0.0006), "0.1 %");
        assert_eq!(percent(0.0002), "0.02 %");
        assert_eq!(percent(1.0), "100 %");
    }
}
