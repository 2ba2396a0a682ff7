//! Types of everything a rule can name, from the facts' own JSON schema.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// The type of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    Bool,
    Int,
    Double,
    String,
    List(Box<Ty>),
    /// Keys are data: `sysctl.runtime["vm.swappiness"]`.
    Map(Box<Ty>),
    Object(BTreeMap<String, Ty>),
    /// Anything; not checked further.
    Any,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(crate::facts::schema);

static FACTS: LazyLock<Ty> = LazyLock::new(|| {
    let definitions = SCHEMA.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    read(&SCHEMA, &definitions, 0)
});

/// The facts tree.
pub(crate) fn facts() -> &'static Ty {
    &FACTS
}

/// What the schema says about a fact, by path (`netns.*.tcp.established`).
pub(crate) fn doc(path: &str) -> Option<String> {
    let definitions = SCHEMA.get("$defs").cloned().unwrap_or_default();
    let mut schema = SCHEMA.clone();
    for part in path.split('.') {
        let object = resolved(&schema, &definitions);
        let next = match part {
            "*" => object.get("items").or_else(|| object.get("additionalProperties")),
            name => object
                .get("properties")
                .and_then(|p| p.get(name))
                .or_else(|| object.get("additionalProperties")),
        };
        schema = next?.clone();
    }
    let text = |s: &Value| s.get("description").and_then(Value::as_str).map(str::to_owned);
    text(&schema).or_else(|| text(&resolved(&schema, &definitions)))
}

/// What a schema refers to, null aside.
fn resolved(schema: &Value, definitions: &Value) -> Value {
    let choice = schema.get("anyOf").and_then(Value::as_array);
    let schema =
        choice.and_then(|all| all.iter().find(|s| s.get("$ref").is_some())).unwrap_or(schema);
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next());
    name.and_then(|n| definitions.get(n)).unwrap_or(schema).clone()
}

/// What `findings["id"]` gives.
pub(crate) static FINDING: LazyLock<Ty> = LazyLock::new(|| {
    let subject = object(&[
        ("name", Ty::String),
        ("rank", Ty::Int),
        ("status", Ty::String),
        ("outcome", Ty::String),
    ]);
    object(&[("rank", Ty::Int), ("status", Ty::String), ("subjects", Ty::List(Box::new(subject)))])
});

/// `coverage`.
pub(crate) static COVERAGE: LazyLock<Ty> = LazyLock::new(|| {
    object(&[
        ("rules", Ty::Int),
        ("applicable", Ty::Int),
        ("assessable", Ty::Int),
        ("not_applicable", Ty::Int),
        ("not_assessable", Ty::Int),
    ])
});

fn object(fields: &[(&str, Ty)]) -> Ty {
    Ty::Object(fields.iter().map(|(k, t)| ((*k).to_owned(), t.clone())).collect())
}

const MAX_DEPTH: usize = 24;

fn read(schema: &Value, definitions: &Map<String, Value>, depth: usize) -> Ty {
    let Some(map) = schema.as_object().filter(|_| depth < MAX_DEPTH) else { return Ty::Any };
    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return definitions.get(name).map_or(Ty::Any, |d| read(d, definitions, depth + 1));
    }
    for choice in ["anyOf", "oneOf"] {
        let parts = map.get(choice).and_then(Value::as_array);
        let is_null = |p: &Value| p.get("type").is_some_and(|t| t == "null");
        let mut parts = parts.into_iter().flatten().filter(|p| !is_null(p));
        if let Some(first) = parts.next() {
            return read(first, definitions, depth + 1);
        }
    }
    let sub = |key: &str| map.get(key).map_or(Ty::Any, |s| read(s, definitions, depth + 1));
    let kind = match map.get("type") {
        Some(Value::String(s)) => s.as_str(),
        Some(Value::Array(all)) => {
            all.iter().filter_map(Value::as_str).find(|t| *t != "null").unwrap_or_default()
        }
        _ => "",
    };
    match kind {
        "boolean" => Ty::Bool,
        "integer" => Ty::Int,
        "number" => Ty::Double,
        "string" => Ty::String,
        "array" => Ty::List(Box::new(sub("items"))),
        "object" => match map.get("properties").and_then(Value::as_object) {
            Some(fields) => Ty::Object(
                fields.iter().map(|(k, s)| (k.clone(), read(s, definitions, depth + 1))).collect(),
            ),
            None => Ty::Map(Box::new(sub("additionalProperties"))),
        },
        _ if map.contains_key("const") || map.contains_key("enum") => Ty::String,
        _ => Ty::Any,
    }
}

impl Ty {
    /// As messages name it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Bool => "a truth value",
            Self::Int => "an integer",
            Self::Double => "a number",
            Self::String => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
            Self::Any => "anything",
        }
    }

    /// The type of a named part.
    pub(crate) fn field(&self, name: &str) -> Option<&Ty> {
        match self {
            Self::Object(fields) => fields.get(name),
            Self::Map(value) => Some(value),
            Self::Any => Some(self),
            _ => None,
        }
    }

    /// Names of the parts.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Object(fields) => fields.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double | Self::Any)
    }

    /// The type of a value.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Any,
            Value::Bool(_) => Self::Bool,
            Value::Number(n) if n.is_f64() => Self::Double,
            Value::Number(_) => Self::Int,
            Value::String(_) => Self::String,
            Value::Array(list) => Self::List(Box::new(list.first().map_or(Self::Any, Self::of))),
            Value::Object(map) => {
                Self::Object(map.iter().map(|(k, v)| (k.clone(), Self::of(v))).collect())
            }
        }
    }

    /// Brings a value of a rule file's test into this type.
    ///
    /// # Errors
    ///
    /// Path and reason of the first part that does not fit.
    pub(crate) fn conform(&self, value: &toml::Value, path: &str) -> Result<Value, Unfit> {
        let below =
            |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match (self, value) {
            #[expect(clippy::cast_precision_loss, reason = "a test's own numbers")]
            (Self::Double, toml::Value::Integer(i)) => Ok(Value::from(*i as f64)),
            (Self::List(element), toml::Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(i, v)| element.conform(v, &below(&i.to_string())))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            (Self::Object(_) | Self::Map(_), toml::Value::Table(table)) => {
                let mut out = Map::new();
                for (key, v) in table {
                    let Some(ty) = self.field(key) else {
                        return Err(Unfit {
                            key: key.clone(),
                            message: format!("unknown fact `{}`", below(key)),
                            known: self.fields().into_iter().map(str::to_owned).collect(),
                        });
                    };
                    out.insert(key.clone(), ty.conform(v, &below(key))?);
                }
                Ok(Value::Object(out))
            }
            (Self::Any, v) => Ok(super::params::json(v)),
            (Self::Bool, toml::Value::Boolean(_))
            | (Self::Int, toml::Value::Integer(_))
            | (Self::Double, toml::Value::Float(_))
            | (Self::String, toml::Value::String(_)) => Ok(super::params::json(value)),
            (ty, v) => Err(Unfit {
                key: path
                    .rsplit('.')
                    .find(|p| p.parse::<usize>().is_err())
                    .unwrap_or(path)
                    .to_owned(),
                message: format!("`{path}` is {}, not of type {}", ty.name(), v.type_str()),
                known: Vec::new(),
            }),
        }
    }
}

/// A value that does not fit its type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// The key where it stands.
    pub(crate) key: String,
    pub(crate) message: String,
    /// What would be known there.
    pub(crate) known: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Option<&'static Ty> {
        path.split('.').try_fold(facts(), |ty, part| match ty {
            Ty::List(element) if part == "*" => Some(&**element),
            ty => ty.field(part),
        })
    }

    #[test]
    fn the_schema_knows_every_kind_of_fact() {
        assert_eq!(at("host.kernel_number"), Some(&Ty::Int));
        assert_eq!(at("netns.*.keepalive.time_s"), Some(&Ty::Double));
        assert_eq!(at("netns.*.name"), Some(&Ty::String));
        assert_eq!(at("netns.*.tcp.states.ESTAB"), Some(&Ty::Int));
        assert_eq!(at("sysctl.runtime.vm"), Some(&Ty::String));
        assert_eq!(at("netns.*.tcp.idle_s"), Some(&Ty::List(Box::new(Ty::Double))));
        assert_eq!(at("memory.identity.suspect.bytes"), Some(&Ty::Int));
        assert_eq!(at("collection.lists.netns.seen"), Some(&Ty::Int));
        assert_eq!(at("memory.nothing"), None);
        assert_eq!(
            doc("netns.*.keepalive.probes").as_deref(),
            Some("Unanswered probes before the connection is reset.")
        );
        assert_eq!(doc("sysctl.runtime.*"), None);
    }

    #[test]
    fn test_facts_are_brought_to_the_schema() {
        let table: toml::Value =
            toml::Value::Table("site = { l4_idle_timeout_s = 120 }".parse().unwrap());
        let json = facts().conform(&table, "").unwrap();
        assert_eq!(json, serde_json::json!({"site": {"l4_idle_timeout_s": 120.0}}));
        let table = toml::Value::Table("netns = [{ tcp = { establishd = 1 } }]".parse().unwrap());
        let unfit = facts().conform(&table, "").unwrap_err();
        assert_eq!(unfit.message, "unknown fact `netns.0.tcp.establishd`");
        assert!(unfit.known.contains(&"established".to_owned()));
        let table = toml::Value::Table("nics = [{ name = 3 }]".parse().unwrap());
        let unfit = facts().conform(&table, "").unwrap_err();
        assert_eq!(
            (unfit.key.as_str(), unfit.message.as_str()),
            ("name", "`nics.0.name` is text, not of type integer")
        );
    }
}
