//! Kernel parameters: at run time, and as the next boot would set them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// Kernel parameters.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Sysctl {
    /// Values at run time by key (`vm.swappiness`), whitespace normalised to one space.
    pub runtime: BTreeMap<String, String>,
    /// Parameters set in files whose run-time value is another, or that another rule cares about
    /// and no file sets.
    pub mismatches: Vec<Mismatch>,
    /// Lines of files below `/etc` that set what this kernel does not have, or what has no effect
    /// in it; at most 50.
    pub unknown_keys: Vec<UnknownKey>,
    /// Defaults of this kernel, for those keys that it has and whose default is a constant.
    pub defaults: BTreeMap<String, String>,
    /// What files set, after precedence, by key.
    pub persisted: BTreeMap<String, Persisted>,
}

/// A parameter whose value will change at the next boot.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Mismatch {
    /// Key.
    pub key: String,
    /// Value at run time.
    pub runtime: String,
    /// Value that the files set.
    pub persisted: Option<String>,
    /// Default of this kernel, where known.
    pub kernel_default: Option<String>,
    /// `not-active` (a file sets another value), `not-persisted` (no file sets the tuned value) or
    /// `late-module` (a file sets this value, but at boot the parameter is not there yet).
    pub kind: String,
    /// The module that brings the parameter, where it comes too late.
    pub module: Option<String>,
    /// File that wins.
    pub file: Option<String>,
    /// Line in it.
    pub line: Option<i64>,
    /// Lines that lost against it: `file:line value`.
    pub losers: Vec<String>,
    /// Set by daemons on purpose (`ip_forward` under Docker): not worth a word.
    pub by_design: bool,
}

/// What files set for a key.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Persisted {
    /// Value.
    pub value: String,
    /// File.
    pub file: String,
    /// Line.
    pub line: i64,
}

/// A line that sets a parameter which the running kernel does not have.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct UnknownKey {
    /// Key.
    pub key: String,
    /// Value that the line sets.
    pub value: String,
    /// File.
    pub file: String,
    /// Line.
    pub line: i64,
    /// `removed`, `moved`, `renamed`, `no-effect` (it exists and does nothing), `misspelt`, or
    /// `unknown`.
    pub kind: String,
    /// First kernel without it: `4.12`.
    pub since: Option<String>,
    /// What to use instead.
    pub instead: Option<String>,
    /// The line begins with `-`: a failure to set it is expected.
    pub tolerated: bool,
}
