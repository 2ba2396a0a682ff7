//! Numbers as people read them. An absent value passes through and prints `?`.

use minijinja::value::Value;

/// Names of the filters that templates may use, own and built in.
pub(crate) const NAMES: &[&str] = &[
    "abs",
    "bytes",
    "count",
    "default",
    "duration",
    "first",
    "float",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "number",
    "percent",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
];

/// Adds the filters of this module.
pub(crate) fn add(env: &mut minijinja::Environment<'_>) {
    env.add_filter("bytes", |v: &Value| with(v, bytes));
    env.add_filter("duration", |v: &Value| with(v, duration));
    env.add_filter("percent", |v: &Value| with(v, percent));
    env.add_filter("number", |v: &Value| with(v, number));
    env.add_filter("count", count);
    env.add_filter("int", int);
    env.add_filter("float", |v: &Value| float(v).map_or(Value::UNDEFINED, Value::from));
    env.add_filter("round", round);
    env.add_filter("abs", |v: &Value| float(v).map_or(Value::UNDEFINED, |f| f.abs().into()));
}

fn float(v: &Value) -> Option<f64> {
    if !v.is_number() {
        return v.as_str().and_then(|s| s.trim().parse().ok());
    }
    f64::try_from(v.clone()).ok().filter(|f| f.is_finite())
}

fn with(v: &Value, show: impl Fn(f64) -> String) -> Value {
    float(v).map_or(Value::UNDEFINED, |f| Value::from(show(f)))
}

#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is meant")]
fn int(v: &Value) -> Value {
    match v.as_i64() {
        Some(i) if v.is_integer() => Value::from(i),
        _ => float(v).map_or(Value::UNDEFINED, |f| Value::from(f as i64)),
    }
}

fn round(v: &Value, digits: Option<i32>) -> Value {
    let Some(f) = float(v) else { return Value::UNDEFINED };
    match digits.unwrap_or(0).clamp(0, 9) {
        0 => int(&Value::from(f.round())),
        // Text, so that 4.0 keeps its place: a column of numbers, a sentence with two of them.
        n => Value::from(format!("{f:.*}", usize::try_from(n).unwrap_or_default())),
    }
}

/// `1 socket`, `12,345 sockets`; without a noun `12,345`.
fn count(v: &Value, noun: Option<String>, plural: Option<String>) -> Value {
    let n = v.len().filter(|_| !v.is_number() && v.as_str().is_none());
    let Some(n) = n.and_then(|n| i64::try_from(n).ok()).or_else(|| int(v).as_i64()) else {
        return Value::UNDEFINED;
    };
    let number = grouped(n);
    Value::from(match (n, noun, plural) {
        (_, None, _) => number,
        (1, Some(noun), _) => format!("{number} {noun}"),
        (_, Some(_), Some(plural)) => format!("{number} {plural}"),
        (_, Some(noun), None) => format!("{number} {noun}s"),
    })
}

/// An integer in groups of three digits.
fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if n < 0 { format!("-{out}") } else { out }
}

/// A measure with about three digits that matter: `0.0123`, `4.56`, `78.9`, `1,234`.
#[must_use]
pub fn number(f: f64) -> String {
    let a = f.abs();
    let decimals = match a {
        a if a >= 99.95 || (a - a.round()).abs() < 1e-9 => 0,
        a if a >= 9.995 => 1,
        a if a >= 0.995 => 2,
        a if a >= 0.0995 => 3,
        _ => 4,
    };
    if decimals == 0 {
        return int(&Value::from(f.round())).as_i64().map_or_else(|| f.to_string(), grouped);
    }
    let fixed = format!("{f:.decimals$}");
    fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bytes in binary units with one decimal: `1.5 GiB`, `10.0 MiB`, `512 B`.
#[must_use]
pub fn bytes(b: f64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = b;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while value.abs() >= 1023.95 {
        let Some(next) = units.next() else { break };
        value /= 1024.0;
        unit = Some(next);
    }
    let unit = unit.copied().unwrap_or_default();
    if unit == "B" { format!("{} B", number(value)) } else { format!("{value:.1} {unit}") }
}

/// A ratio in percent: `0.06 %`, `4.5 %`, `93.1 %`.
#[must_use]
pub fn percent(ratio: f64) -> String {
    let p = ratio * 100.0;
    match p.abs() {
        0.0 => "0 %".to_owned(),
        a if a < 0.095 => format!("{p:.2} %"),
        _ => format!("{p:.1} %"),
    }
}

/// Seconds in the two largest units that matter: `350 s`, `2 h 11 min`, `3 days`.
#[must_use]
pub fn duration(s: f64) -> String {
    if s < 0.0 {
        return format!("-{}", duration(-s));
    }
    if s < 1.0 {
        return if s == 0.0 { "0 s".to_owned() } else { format!("{} ms", number(s * 1000.0)) };
    }
    // Timeouts that are no whole minutes are known by their seconds: 90 s, 350 s.
    if s < 120.0 || s < 600.0 && s % 60.0 != 0.0 {
        return format!("{} s", number((s * 10.0).round() / 10.0));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, saturates"
    )]
    let whole = s.round() as u64;
    let units = [(86_400, "day"), (3600, "h"), (60, "min"), (1, "s")];
    let mut parts = Vec::new();
    let mut rest = whole;
    for (size, unit) in units {
        let n = rest / size;
        rest %= size;
        match n {
            0 if parts.is_empty() => {}
            0 => break,
            n if unit == "day" && n > 1 => parts.push(format!("{n} days")),
            n => parts.push(format!("{n} {unit}")),
        }
        if parts.len() == 2 {
            break;
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases: &[(String, &str)] = &[
            (number(0.0), "0"),
            (number(0.012_34), "0.0123"),
            (number(4.0), "4"),
            (number(4.567), "4.57"),
            (number(78.94), "78.9"),
            (number(1_234_567.8), "1,234,568"),
            (number(-3.5), "-3.5"),
            (bytes(512.0), "512 B"),
            (bytes(1536.0), "1.5 KiB"),
            (bytes(1024.0 * 1024.0 - 1.0), "1.0 MiB"),
            (bytes(-2.0 * 1024.0 * 1024.0 * 1024.0), "-2.0 GiB"),
            (percent(0.0006), "0.06 %"),
            (percent(0.931), "93.1 %"),
            (percent(1.0), "100.0 %"),
            (duration(0.2), "200 ms"),
            (duration(90.0), "90 s"),
            (duration(120.0), "2 min"),
            (duration(7200.0), "2 h"),
            (duration(7875.0), "2 h 11 min"),
            (duration(350.0), "350 s"),
            (duration(259_200.0), "3 days"),
            (duration(86_460.0), "1 day"),
        ];
        for (shown, expected) in cases {
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn nouns_follow_their_number() {
        let show = |n: i64, noun: Option<&str>| {
            count(&Value::from(n), noun.map(str::to_owned), None).to_string()
        };
        assert_eq!(show(1, Some("socket")), "1 socket");
        assert_eq!(show(12_345, Some("socket")), "12,345 sockets");
        assert_eq!(show(-1000, None), "-1,000");
        assert!(count(&Value::UNDEFINED, None, None).is_undefined());
        assert_eq!(int(&Value::from(59.9)).as_i64(), Some(59));
        assert_eq!(round(&Value::from(2.345), Some(1)).to_string(), "2.3");
    }
}
