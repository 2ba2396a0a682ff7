//! The analyzer: archive in, findings and one report out, offline.
//!
//! The way of the data, each stage knowing only the one before it:
//!
//! | module | takes | gives |
//! |---|---|---|
//! | [`input`] | a file, a directory, standard input | paths with bytes and outcomes |
//! | [`parse`] | bytes of one source | typed records |
//! | [`facts`] | all records | one tree of named facts, its sources and its absences |
//! | [`rules`] | facts and rule files | one outcome per rule and subject |
//! | [`report`] | outcomes and facts | HTML, Markdown, JSON, text |

pub mod absence;
pub mod facts;
pub mod input;
pub mod locator;
pub mod parse;
pub mod report;
pub mod rules;
pub mod severity;
