//! What the operator told: things that no host can know about itself.

use schemars::JsonSchema;
use serde::Serialize;

/// Operator inputs. Told by `--set`, then `--site FILE`, then the archive's notes; absent unless
/// told, and no vendor's value is ever assumed.
#[derive(Debug, Default, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Site {
    /// Idle timeout of the L4 load balancer, NAT or firewall that this host's sessions pass.
    pub l4_idle_timeout_s: Option<f64>,
    /// `inline`, or `dsr` when the balancer sees only packets from client to server.
    pub topology: Option<String>,
}

/// What may be told, and how it is written.
const INPUTS: [(&str, &str); 2] =
    [("l4_idle_timeout_s", "a number of seconds above zero"), ("topology", "`inline` or `dsr`")];

/// An input that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// No such input.
    #[error("no operator input `site.{0}`; there are: site.l4_idle_timeout_s, site.topology")]
    Unknown(String),
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
    /// The file of `--site` is no table of values.
    #[error("{0}")]
    File(String),
}

/// Operator inputs with the place where each was told, the strongest place winning.
#[derive(Clone, Debug, Default)]
pub struct SiteInputs {
    site: Site,
    told: Vec<(String, String)>,
}

impl SiteInputs {
    /// Whether a name of `--set` is an operator input and not the parameter of a rule.
    #[must_use]
    pub fn is_input(name: &str) -> bool {
        name.starts_with("site.")
    }

    /// Takes one input; `how` says where it was told. One that was told before stays. The `site.`
    /// in front of `name` may lack.
    ///
    /// # Errors
    /// An unknown name, or a value that it cannot have.
    pub fn tell(&mut self, name: &str, value: &str, how: &str) -> Result<(), SiteError> {
        let name = name.strip_prefix("site.").unwrap_or(name);
        let Some((_, expected)) = INPUTS.iter().find(|(n, _)| *n == name) else {
            return Err(SiteError::Unknown(name.to_owned()));
        };
        let wrong = || SiteError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            expected: (*expected).to_owned(),
        };
        let value = value.trim();
        if name == "topology" {
            if !["inline", "dsr"].contains(&value) {
                return Err(wrong());
            }
            self.site.topology.get_or_insert_with(|| value.to_owned());
        } else {
            let seconds: f64 = value.parse().ok().ok_or_else(wrong)?;
            if !(seconds.is_finite() && seconds > 0.0) {
                return Err(wrong());
            }
            self.site.l4_idle_timeout_s.get_or_insert(seconds);
        }
        if self.how(name).is_none() {
            self.told.push((name.to_owned(), how.to_owned()));
        }
        Ok(())
    }

    /// Takes a TOML file: `l4_idle_timeout_s = 120`, bare or in a table `[site]`.
    ///
    /// # Errors
    /// No TOML, an unknown name, or a value that it cannot have.
    pub fn file(&mut self, text: &str, how: &str) -> Result<(), SiteError> {
        let table: toml::Table =
            toml::from_str(text).map_err(|e| SiteError::File(e.to_string()))?;
        for (name, value) in &table {
            match value {
                toml::Value::Table(site) if name == "site" => {
                    for (name, value) in site {
                        self.tell(name, &plain(value), how)?;
                    }
                }
                value => self.tell(name, &plain(value), how)?,
            }
        }
        Ok(())
    }

    /// Where an input was told.
    pub(crate) fn how(&self, name: &str) -> Option<&str> {
        self.told.iter().find(|(n, _)| n == name).map(|(_, how)| how.as_str())
    }

    /// The values.
    pub(crate) fn site(&self) -> &Site {
        &self.site
    }
}

/// A value as it would stand behind `--set`.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(n) => n.to_string(),
        toml::Value::Float(x) => x.to_string(),
        toml::Value::Boolean(b) => b.to_string(),
        other => format!("a {}", other.type_str()),
    }
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
        assert!(inputs.file("a = [", "x").is_err());
        assert_eq!(inputs.site(), &Site::default());
    }
}
