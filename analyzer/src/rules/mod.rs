//! The rules engine: facts and rule files in, one outcome per rule and subject out.
//!
//! | module | does |
//! |---|---|
//! | [`file`] | the rule file as written (TOML) |
//! | [`load`] | finds rule files, built in and in directories |
//! | `rule` | compiles one file: words, conditions, templates |
//! | [`mod@check`] | refuses rules that compile but cannot be right |
//! | `order` | puts readers of findings after those they read |
//! | [`evaluate`] | judges a snapshot, rule by rule |
//! | `subjects`, `decide`, `trace` | loops; one verdict; three-valued truth and its record |
//! | `condition`, `node` | CEL, and the facts tree as CEL sees it |
//! | `text`, [`filters`], `shell` | minijinja, numbers for people, quoting for commands |
//! | `accept` | findings that the operator accepts |
//! | [`outcome`] | what is handed to the report |
//! | [`testing`] | the tests that stand in rule files |
//! | [`page`] | a rule as a page of a book |

mod accept;
mod compile;
mod condition;
mod decide;
mod node;
mod order;
mod outline;
mod rule;
mod schema;
mod shell;
mod state;
mod subjects;
mod text;
mod trace;
mod words;

pub mod chapters;
pub mod check;
pub mod diagnostics;
pub mod docs;
pub mod evaluate;
pub mod file;
pub mod filters;
pub mod inputs;
pub mod load;
pub mod outcome;
pub mod page;
pub mod params;
pub mod reference;
pub mod source;
pub mod testing;

pub use diagnostics::Diagnostic;
pub use inputs::Inputs;
pub use load::{LoadError, RuleSet};
pub use outcome::{Assessment, Finding, RuleResult, Status, SubjectResult};
pub use params::Params;
pub use rule::Rule;

#[cfg(test)]
mod tests;
