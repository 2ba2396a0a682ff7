//! Operator inputs with the place where each was told.

use super::file::File;
use super::{Accept, Site};

/// A name that `--set` and notes may tell: how its value is written, and how it is taken.
struct Input {
    name: &'static str,
    expected: &'static str,
    /// Takes a value; `false` if it cannot be used. What was told before stays.
    take: fn(&mut Site, &str) -> bool,
}

/// What may be told in one value. Lists stand in a site file only.
const INPUTS: [Input; 5] = [
    Input {
        name: "l4_idle_timeout_s",
        expected: "a number of seconds above zero",
        take: |site, v| number(v).map(|x| site.l4_idle_timeout_s.get_or_insert(x)).is_some(),
    },
    Input {
        name: "topology",
        expected: "`inline` or `dsr`",
        take: |site, v| {
            let known = is_topology(v);
            known && !site.topology.get_or_insert_with(|| v.to_owned()).is_empty()
        },
    },
    Input {
        name: "l7_idle_timeout_s",
        expected: "a number of seconds above zero",
        take: |site, v| number(v).map(|x| site.l7_idle_timeout_s.get_or_insert(x)).is_some(),
    },
    Input {
        name: "dimm_total_gib",
        expected: "a number of GiB above zero",
        take: |site, v| gib(v).map(|x| site.dimm_total_bytes.get_or_insert(x)).is_some(),
    },
    Input {
        name: "roles",
        expected: "words with commas between them: database,broker",
        take: |site, v| {
            if site.roles.is_empty() {
                let words = v.split(',').map(str::trim).filter(|w| !w.is_empty());
                site.roles = words.map(str::to_owned).collect();
            }
            !site.roles.is_empty()
        },
    },
];

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0)
}

fn gib(text: &str) -> Option<i64> {
    use crate::facts::method::num::to_i64;
    Some(to_i64(number(text)? * f64::from(1 << 30)))
}

/// `inline` or `dsr`.
pub(super) fn is_topology(text: &str) -> bool {
    ["inline", "dsr"].contains(&text)
}

/// An input that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// No such input.
    #[error("no operator input `site.{0}`; there are: {1}")]
    Unknown(String, String),
    /// The value is not what it must be.
    #[error("site.{name} is `{value}`: expected {expected}")]
    Value {
        /// Name without `site.`.
        name: String,
        /// What was told.
        value: String,
        /// What it must be.
        expected: String,
    },
    /// The file of `--site` is none that can be used.
    #[error("{0}")]
    File(String),
}

/// Operator inputs with the place where each was told, the strongest place winning.
#[derive(Clone, Debug, Default)]
pub struct SiteInputs {
    site: Site,
    accepted: Vec<Accept>,
    told: Vec<(String, String)>,
}

impl SiteInputs {
    /// Whether a name of `--set` is an operator input and not the parameter of a rule.
    #[must_use]
    pub fn is_input(name: &str) -> bool {
        name.starts_with("site.")
    }

    /// Whether a note of an archive tells an input.
    pub(crate) fn is_known(name: &str) -> bool {
        let name = name.strip_prefix("site.").unwrap_or(name);
        INPUTS.iter().any(|i| i.name == name)
    }

    /// Takes one input; `how` says where it was told. One that was told before stays. The `site.`
    /// in front of `name` may lack.
    ///
    /// # Errors
    /// An unknown name, or a value that it cannot have.
    pub fn tell(&mut self, name: &str, value: &str, how: &str) -> Result<(), SiteError> {
        let name = name.strip_prefix("site.").unwrap_or(name);
        let Some(input) = INPUTS.iter().find(|i| i.name == name) else {
            let all: Vec<String> = INPUTS.iter().map(|i| format!("site.{}", i.name)).collect();
            return Err(SiteError::Unknown(name.to_owned(), all.join(", ")));
        };
        if !(input.take)(&mut self.site, value.trim()) {
            return Err(SiteError::Value {
                name: name.to_owned(),
                value: value.trim().to_owned(),
                expected: input.expected.to_owned(),
            });
        }
        self.note(fact_of(name), how);
        Ok(())
    }

    /// Takes a TOML file: single values bare or in a table `[site]`, lists as `[[l4]]`, `[[l7]]`,
    /// `[[nic]]`, `[[application]]`, and `[[accept]]`.
    ///
    /// # Errors
    /// No TOML, an unknown name, or a value that it cannot have.
    pub fn file(&mut self, text: &str, how: &str) -> Result<(), SiteError> {
        let file = File::parse(text)?;
        for (name, value) in &file.values {
            self.tell(name, value, how)?;
        }
        macro_rules! lists {
            ($($name:ident)*) => {
                $(if !file.$name.is_empty() && self.site.$name.is_empty() {
                    self.site.$name = file.$name;
                    self.note(stringify!($name), how);
                })*
            };
        }
        lists!(l4 l7 nics applications);
        self.accepted.extend(file.accepted);
        Ok(())
    }

    fn note(&mut self, name: &str, how: &str) {
        if self.how(name).is_none() {
            self.told.push((name.to_owned(), how.to_owned()));
        }
    }

    /// Where a fact was told.
    pub(crate) fn how(&self, name: &str) -> Option<&str> {
        self.told.iter().find(|(n, _)| n == name).map(|(_, how)| how.as_str())
    }

    /// The values.
    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// Findings that are accepted.
    #[must_use]
    pub fn accepted(&self) -> &[Accept] {
        &self.accepted
    }
}

/// The fact that an input tells.
fn fact_of(name: &str) -> &str {
    if name == "dimm_total_gib" { "dimm_total_bytes" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_tell_wins() {
        let mut inputs = SiteInputs::default();
        inputs.tell("site.l4_idle_timeout_s", "120", "--set").unwrap();
        inputs.file("l4_idle_timeout_s = 350\n[site]\ntopology = \"dsr\"\n", "site.toml").unwrap();
        inputs.tell("topology", "inline", "note").unwrap();
        assert_eq!(inputs.site().l4_idle_timeout_s, Some(120.0));
        assert_eq!(inputs.site().topology.as_deref(), Some("dsr"));
        assert_eq!(inputs.how("topology"), Some("site.toml"));
        inputs.tell("dimm_total_gib", "512", "--set").unwrap();
        assert_eq!(inputs.site().dimm_total_bytes, Some(512 << 30));
        assert_eq!(inputs.how("dimm_total_bytes"), Some("--set"));
        inputs.tell("roles", "database, broker", "--set").unwrap();
        assert_eq!(inputs.site().roles, ["database", "broker"]);
    }

    #[test]
    fn unknown_names_and_wrong_values_are_errors_that_help() {
        let mut inputs = SiteInputs::default();
        let error = inputs.tell("site.l4_timeout", "1", "--set").unwrap_err().to_string();
        assert!(error.contains("site.l4_idle_timeout_s"), "{error}");
        for value in ["0", "-5", "inf", "two minutes", ""] {
            assert!(inputs.tell("l4_idle_timeout_s", value, "--set").is_err(), "{value}");
        }
        let error = inputs.tell("topology", "ring", "--set").unwrap_err().to_string();
        assert_eq!(error, "site.topology is `ring`: expected `inline` or `dsr`");
        assert!(inputs.tell("roles", " , ", "--set").is_err());
        assert!(inputs.file("a = [", "x").is_err());
        assert_eq!(inputs.site(), &Site::default());
    }
}
