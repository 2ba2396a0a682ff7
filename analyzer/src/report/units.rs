//! Numbers as people read them. The unit of a fact stands in its name, so its name decides how it
//! is printed: one place, no number without its unit. The digits are those of the rules' texts, so
//! a sentence and the table below it agree.

use serde_json::Value;

use crate::rules::filters::{bytes, duration, number, percent};

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
const NAMES: [&str; 14] = [
    "pid",
    "ppid",
    "tid",
    "uid",
    "euid",
    "inode",
    "line",
    "low",
    "high",
    "port",
    "remote_port",
    "cpu",
    "fd",
    "kernel_number",
];

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
            Self::MbitPerS => format!("{} Mbit/s", number(n)),
            Self::Ratio => share(n),
            Self::RatioPerMin => format!("{}/min", share(n)),
            Self::Seconds => duration(n),
            Self::Milliseconds => duration(n / 1e3),
            Self::Microseconds => duration(n / 1e6),
            Self::PerS => format!("{}/s", number(n)),
            Self::Plain => number(n),
            Self::Name => format!("{n:.0}"),
        }
    }
}

/// Per cent; what is too small to show has no sign.
fn share(n: f64) -> String {
    let text = percent(n);
    text.strip_prefix('-').filter(|t| *t == "0.00 %").map_or(text.clone(), str::to_owned)
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
    format!("{} {noun}{plural}", number(float_len(n)))
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
    fn values_of_any_type_fit_a_line() {
        use serde_json::json;
        let show = |v: Value| value(&v, Unit::Plain);
        assert_eq!(show(json!(["a", "b"])), "a, b");
        assert_eq!(show(json!([])), "none");
        assert_eq!(show(json!([{"a": 1}])), "1 element");
        assert_eq!(show(json!({"a": 1, "b": 2})), "2 fields");
        assert_eq!(show(json!(true)), "yes");
        assert_eq!(show(json!(5132)), "5,132");
        assert_eq!(Unit::Bytes.format(1536.0), "1.5 KiB");
        assert_eq!(Unit::Ratio.format(-0.000_01), "0.00 %");
        assert_eq!(Unit::Ratio.format(-0.01), "-1.0 %");
        assert_eq!(counted(5132, "check"), "5,132 checks");
    }
}
