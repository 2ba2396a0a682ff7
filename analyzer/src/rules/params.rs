//! Thresholds: as the rule states them, or as the operator sets them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::diagnostics::nearest;
use super::load::RuleSet;
use super::rule::Rule;

/// Values of params that differ from their defaults, by rule id and name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(BTreeMap<String, BTreeMap<String, Value>>);

/// A `--set` that names no param, or not with a fitting value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("--set {key}: {why}")]
pub struct SetError {
    /// As given.
    pub key: String,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl Params {
    /// Reads `rule.id.param` = text pairs. Keys below `site.` are operator facts, not params, and
    /// are left to the facts.
    ///
    /// # Errors
    ///
    /// An unknown rule or param, or a value of another type than the default.
    pub fn read<'a>(
        rules: &RuleSet,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SetError> {
        let mut out = Self::default();
        for (key, text) in pairs {
            if key.starts_with("site.") {
                continue;
            }
            let fail = |why: String| SetError { key: key.to_owned(), why };
            let Some((id, name)) = key.rsplit_once('.') else {
                return Err(fail("write `rule.id.param=value` or `site.name=value`".to_owned()));
            };
            let Some(rule) = rules.get(id) else {
                let hint = nearest(id, &rules.ids()).map(|n| format!(", did you mean `{n}`?"));
                return Err(fail(format!("no rule `{id}`{}", hint.unwrap_or_default())));
            };
            let value = rule.param(name, &toml_value(text)).map_err(fail)?;
            out.set(id, name, value);
        }
        Ok(out)
    }

    /// Sets one param.
    pub(crate) fn set(&mut self, id: &str, name: &str, value: Value) {
        self.0.entry(id.to_owned()).or_default().insert(name.to_owned(), value);
    }

    /// All params of a rule, as its conditions see them.
    pub(crate) fn of(&self, rule: &Rule) -> Value {
        let set = self.0.get(&rule.id);
        let value = |name: &str, default: &toml::Value| {
            set.and_then(|s| s.get(name)).cloned().unwrap_or_else(|| json(default))
        };
        let all = rule.file.params.iter();
        let all = all.map(|(name, p)| (name.clone(), value(name, &p.get_ref().default)));
        Value::Object(all.collect::<Map<_, _>>())
    }

    /// Whether the operator set this param.
    #[must_use]
    pub fn is_set(&self, id: &str, name: &str) -> bool {
        self.0.get(id).is_some_and(|s| s.contains_key(name))
    }
}

impl Rule {
    /// A value for a param, brought to the type of its default.
    pub(crate) fn param(&self, name: &str, value: &toml::Value) -> Result<Value, String> {
        let Some(param) = self.file.params.get(name) else {
            let names: Vec<&str> = self.file.params.keys().map(String::as_str).collect();
            return Err(match nearest(name, &names) {
                Some(best) => format!("no param `{name}`, did you mean `{best}`?"),
                None if names.is_empty() => format!("`{}` has no params", self.id),
                None => format!("no param `{name}`; there is {}", names.join(", ")),
            });
        };
        let default = &param.get_ref().default;
        match (default, value) {
            #[expect(clippy::cast_precision_loss, reason = "thresholds are small")]
            (toml::Value::Float(_), toml::Value::Integer(i)) => Ok(Value::from(*i as f64)),
            (d, v) if d.same_type(v) => Ok(json(v)),
            (d, v) => Err(format!("the value is a {}, {} is expected", v.type_str(), d.type_str())),
        }
    }
}

/// A value as TOML has it, or else text.
fn toml_value(text: &str) -> toml::Value {
    let parsed = format!("v = {text}").parse::<toml::Table>().ok();
    let value = parsed.and_then(|mut t| if t.len() == 1 { t.remove("v") } else { None });
    value.unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

/// TOML as JSON, which is what conditions and texts read.
pub(crate) fn json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(s) => Value::from(s.as_str()),
        toml::Value::Integer(i) => Value::from(*i),
        toml::Value::Float(f) => Value::from(*f),
        toml::Value::Boolean(b) => Value::from(*b),
        toml::Value::Datetime(d) => Value::from(d.to_string()),
        toml::Value::Array(list) => Value::Array(list.iter().map(json).collect()),
        toml::Value::Table(t) => {
            Value::Object(t.iter().map(|(k, v)| (k.clone(), json(v))).collect())
        }
    }
}
