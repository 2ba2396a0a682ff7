//! Severity of an outcome, as the catalogue defines it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is; ordered, `Critical` is greatest.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A fact that an expert would mention; every configuration smell without a symptom.
    Info,
    /// A limit is near, a fault is latent, or measurable performance is lost.
    Warning,
    /// Users are hurt now or will be within about an hour, or data is at risk.
    Critical,
}

impl Severity {
    /// The word shown to people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}
