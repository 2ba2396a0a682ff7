//! What is wrong with rules that compile.

use super::diagnostics::Diagnostic;
use super::load::RuleSet;

/// All that is wrong with a rule set, file by file.
#[must_use]
pub fn check(_set: &RuleSet) -> Vec<Diagnostic> {
    Vec::new()
}
