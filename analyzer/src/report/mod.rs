//! The report: outcomes and facts in, one file out that a reader understands in 30 seconds and
//! trusts after 30 minutes.
//!
//! [`view`] decides what is said, once; the renderers decide only how: [`html`], [`markdown`],
//! [`text`] (for tickets), [`terminal`] and [`json`]. Nothing here computes a fact or judges.
//!
//! Every string of a snapshot is hostile, in every form: see [`visible`].

pub mod chart;
pub mod evidence;
pub mod html;
pub mod index;
pub mod json;
pub mod terminal;
pub mod units;
pub mod view;
pub mod visible;

mod markdown;
mod text;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Excerpt};
pub use html::html;
pub use json::{json, schema};
pub use markdown::markdown;
pub use text::text;
pub use view::View;
pub use view::origin::Origin;
