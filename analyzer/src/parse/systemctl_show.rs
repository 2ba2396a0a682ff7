//! Output of `systemctl show UNIT…`, also of all units: what systemd knows of their control groups.
//!
//! <https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html>
//!
//! ```text
//! Id=nginx.service
//! ActiveState=active
//! ControlGroup=/system.slice/nginx.service
//! MemoryCurrent=8822784
//! CPUQuotaPerSecUSec=1.500000s
//! TasksMax=4677
//! ```
//!
//! Units are separated by an empty line. A number that is not known is `[not set]` or all ones, one
//! that is not limited `infinity`.

use super::pid_limits::Bound;
use super::{ParseError, lines};

/// One unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unit {
    /// `nginx.service`.
    pub id: String,
    /// `active`, `inactive`, `failed`.
    pub active_state: Option<String>,
    /// `success`, `exit-code`, `oom-kill`, `timeout`.
    pub result: Option<String>,
    /// Its control group; `None` while it does not run.
    pub control_group: Option<String>,
    /// Memory in use.
    pub memory_current_bytes: Option<u64>,
    /// Limit of memory.
    pub memory_max: Option<Bound>,
    /// From where its memory is throttled.
    pub memory_high: Option<Bound>,
    /// Tasks.
    pub tasks_current: Option<u64>,
    /// Limit of tasks.
    pub tasks_max: Option<Bound>,
    /// CPU time allowed in a second.
    pub cpu_quota_us: Option<Bound>,
}

/// Reads all units; what has no `Id` (the manager itself) is none.
///
/// # Errors
/// Not one line of the form `Key=Value`.
pub fn parse(text: &str) -> Result<Vec<Unit>, ParseError> {
    let mut units = Vec::new();
    let mut unit = Unit::default();
    let mut any = false;
    for (_, line) in lines(text) {
        if line.trim_ascii().is_empty() {
            units.push(std::mem::take(&mut unit));
        } else if let Some((key, value)) = line.split_once('=') {
            any = true;
            unit.set(key, value.trim_ascii());
        }
    }
    units.push(unit);
    units.retain(|u| !u.id.is_empty());
    if any { Ok(units) } else { Err(ParseError::new(None, text, "lines of the form Key=Value")) }
}

impl Unit {
    fn set(&mut self, key: &str, value: &str) {
        let text = || (!value.is_empty()).then(|| value.to_owned());
        match key {
            "Id" => value.clone_into(&mut self.id),
            "ActiveState" => self.active_state = text(),
            "Result" => self.result = text(),
            "ControlGroup" => self.control_group = text(),
            "MemoryCurrent" => self.memory_current_bytes = number(value),
            "MemoryHigh" => self.memory_high = bound(value),
            // The older name, for v1, stands beside it: whichever limits.
            "MemoryMax" | "MemoryLimit" if !matches!(self.memory_max, Some(Bound::At(_))) => {
                self.memory_max = bound(value);
            }
            "TasksCurrent" => self.tasks_current = number(value),
            "TasksMax" => self.tasks_max = bound(value),
            "CPUQuotaPerSecUSec" => {
                self.cpu_quota_us = match value {
                    "infinity" => Some(Bound::Unlimited),
                    span => timespan_us(span).map(Bound::At),
                };
            }
            _ => {}
        }
    }
}

fn number(value: &str) -> Option<u64> {
    value.parse().ok().filter(|n| *n != u64::MAX)
}

fn bound(value: &str) -> Option<Bound> {
    match value {
        "infinity" => Some(Bound::Unlimited),
        value => match value.parse() {
            Ok(u64::MAX) => Some(Bound::Unlimited),
            Ok(n) => Some(Bound::At(n)),
            Err(_) => None,
        },
    }
}

/// `1.500000s`, `200ms`, `1min 4s`.
fn timespan_us(text: &str) -> Option<u64> {
    const UNITS: [(&str, f64); 5] =
        [("min", 60e6), ("ms", 1e3), ("us", 1.0), ("s", 1e6), ("h", 3600e6)];
    let mut sum = 0.0;
    for word in text.split_ascii_whitespace() {
        let part = UNITS.iter().find_map(|(unit, us)| {
            let number = word.strip_suffix(unit)?.parse::<f64>().ok()?;
            (number.is_finite() && number >= 0.0).then_some(number * us)
        })?;
        sum += part;
    }
    format!("{sum:.0}").parse().ok().filter(|_| !text.is_empty())
}

#[cfg(test)]
pub(crate) const SAMPLE: &str = "\
Type=notify
ControlGroup=/system.slice/nginx.service
MemoryCurrent=8822784
TasksCurrent=2
CPUQuotaPerSecUSec=1.500000s
MemoryMax=infinity
MemoryLimit=104857600
TasksMax=4677
Id=nginx.service
ActiveState=active
Result=success

ControlGroup=
MemoryCurrent=[not set]
MemoryMax=infinity
TasksMax=18446744073709551615
CPUQuotaPerSecUSec=infinity
Id=backup.service
ActiveState=failed
Result=oom-kill
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_with_their_groups() {
        let units = parse(SAMPLE).unwrap();
        let [nginx, backup] = &units[..] else { panic!("two") };
        assert_eq!(nginx.control_group.as_deref(), Some("/system.slice/nginx.service"));
        assert_eq!(nginx.memory_current_bytes, Some(8_822_784));
        assert_eq!(nginx.memory_max, Some(Bound::At(104_857_600)), "the older name limits");
        assert_eq!(nginx.cpu_quota_us, Some(Bound::At(1_500_000)));
        assert_eq!((nginx.tasks_current, nginx.tasks_max), (Some(2), Some(Bound::At(4677))));
        assert_eq!((backup.id.as_str(), backup.control_group.as_deref()), ("backup.service", None));
        assert_eq!((backup.memory_current_bytes, backup.tasks_max), (None, Some(Bound::Unlimited)));
        assert_eq!(backup.result.as_deref(), Some("oom-kill"));
        assert_eq!(parse("Version=249\n").unwrap(), []);
        assert!(parse("").is_err());
        assert_eq!(timespan_us("1min 4s"), Some(64_000_000));
        assert_eq!((timespan_us("x"), timespan_us("")), (None, None));
    }
}
