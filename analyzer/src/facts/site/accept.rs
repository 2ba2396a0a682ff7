//! Findings that the operator accepts: known, decided, and for how long.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// An entry `[[accept]]` of a site file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Id of the rule.
    pub rule: String,
    /// Its subject; absent: all.
    pub subject: Option<String>,
    /// Last day on which it is accepted; absent: for good.
    #[serde(default, deserialize_with = "date")]
    pub until: Option<Date>,
    /// Why, in the operator's words.
    pub reason: String,
}

/// What an entry says of one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Accepted {
    /// Why, in the operator's words.
    pub reason: String,
    /// Last day.
    pub until: Option<String>,
    /// That day was over when the snapshot was taken: the finding is shown as any other.
    pub has_expired: bool,
}

/// A day: a date of TOML, or the same as text.
fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let text = match toml::Value::deserialize(from)? {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(text) => text,
        other => return Err(de::Error::custom(format!("a {} is no date", other.type_str()))),
    };
    let wrong = |_| de::Error::custom(format!("`{text}` is no day as 2026-03-31"));
    text.parse().map(Some).map_err(wrong)
}

impl Accept {
    /// What this entry says of a finding at the time of the snapshot; `None` if it means another.
    /// Where the archive does not tell its time, nothing has expired.
    #[must_use]
    pub fn of(&self, rule: &str, subject: &str, taken: Option<Timestamp>) -> Option<Accepted> {
        let meant = self.rule == rule && self.subject.as_deref().is_none_or(|s| s == subject);
        let day = taken.map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).date());
        meant.then(|| Accepted {
            reason: self.reason.clone(),
            until: self.until.map(|d| d.to_string()),
            has_expired: self.until.zip(day).is_some_and(|(until, day)| day > until),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_holds_up_to_its_last_day() {
        let entry = Accept {
            rule: "a.b".to_owned(),
            subject: Some("eth0".to_owned()),
            until: Some("2026-03-31".parse().unwrap()),
            reason: "ordered".to_owned(),
        };
        let of = |rule: &str, subject: &str, at: &str| {
            entry.of(rule, subject, Some(at.parse().unwrap())).map(|a| a.has_expired)
        };
        assert_eq!(of("a.b", "eth0", "2026-03-31T23:59:59Z"), Some(false));
        assert_eq!(of("a.b", "eth0", "2026-04-01T00:00:00Z"), Some(true));
        assert_eq!(of("a.b", "eth1", "2026-03-01T00:00:00Z"), None);
        assert_eq!(of("a.c", "eth0", "2026-03-01T00:00:00Z"), None);
        assert_eq!(entry.of("a.b", "eth0", None).map(|a| a.has_expired), Some(false));
    }
}
