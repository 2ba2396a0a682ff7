//! The rules engine: facts and rule files in, one outcome per rule and subject out.

pub mod outcome;

pub use outcome::{Assessment, Finding, RuleResult, Status, SubjectResult};
