//! The closed vocabularies of rule files.

use crate::severity::Severity;

/// What an outcome rests on; it caps the severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Seen inside the window, or a state read now.
    Window,
    /// A dated event less than a day old.
    Day,
    /// A counter since boot, or an undated event.
    SinceBoot,
    /// A setting.
    Config,
}

impl Evidence {
    pub(crate) const WORDS: [&str; 4] = ["window", "24h", "since_boot", "config"];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "window" => Self::Window,
            "24h" => Self::Day,
            "since_boot" => Self::SinceBoot,
            "config" => Self::Config,
            _ => return None,
        })
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Day => "24h",
            Self::SinceBoot => "since_boot",
            Self::Config => "config",
        }
    }
}

/// How sure a finding is; ordered, `High` is greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Low,
    Medium,
    High,
}

impl Level {
    /// Those that a rule can lower to.
    pub(crate) const WORDS: [&str; 2] = ["medium", "low"];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "medium" => Self::Medium,
            "low" => Self::Low,
            _ => return None,
        })
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

pub(crate) const SEVERITIES: [&str; 3] = ["info", "warning", "critical"];

/// What an action can do to the host.
pub(crate) const RISKS: [&str; 4] = ["none", "brief", "outage", "data"];

/// What an empty list can mean.
pub(crate) const EMPTY: [&str; 2] = ["clear", "not_applicable"];

/// Statuses that a test can expect beside an outcome.
pub(crate) const STATUSES: [&str; 3] = ["clear", "not_applicable", "not_assessable"];

pub(crate) fn severity(word: &str) -> Option<Severity> {
    Some(match word {
        "info" => Severity::Info,
        "warning" => Severity::Warning,
        "critical" => Severity::Critical,
        _ => return None,
    })
}

/// Severity as a number, as conditions see it: 1 info, 2 warning, 3 critical.
pub(crate) const fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 1,
        Severity::Warning => 2,
        Severity::Critical => 3,
    }
}
