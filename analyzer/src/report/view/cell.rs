//! What stands in a table: text, and for a number the fact it is.

use serde::Serialize;

use crate::report::chart::Sparkline;
use crate::severity::Severity;

/// One cell. A number that is not known shows `?` and says why; it is never 0.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cell {
    /// What is printed.
    pub text: String,
    /// Path of the fact, for every number.
    pub fact: Option<String>,
    /// Set to the right, in tabular figures.
    pub number: bool,
    /// Why the value is not known; then `text` is `?`.
    pub absent: Option<String>,
    /// Set in the monospaced face.
    pub code: bool,
    /// Anchor in this page (`#f-…`), never an address from the snapshot.
    pub href: Option<String>,
    /// A second line, muted.
    pub note: Option<String>,
    /// A series beside the number.
    pub spark: Option<Sparkline>,
    /// A share of a whole, 0 to 60 pixels.
    pub meter: Option<f64>,
    /// Shade of the ground, 1 to 7, for tables that are read by their hot cells.
    pub heat: Option<u8>,
    /// Class of the colour that the same thing has in a chart.
    pub swatch: Option<&'static str>,
    /// A verdict.
    pub badge: Option<Badge>,
}

impl Cell {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Text in the monospaced face: names that the kernel or a person typed.
    #[must_use]
    pub fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: true, ..Self::default() }
    }

    /// A verdict.
    #[must_use]
    pub fn badge(badge: Badge) -> Self {
        Self { text: badge.word.to_owned(), badge: Some(badge), ..Self::default() }
    }

    /// A link inside the page.
    #[must_use]
    pub fn link(text: impl Into<String>, anchor: &str) -> Self {
        Self { text: text.into(), href: Some(format!("#{anchor}")), ..Self::default() }
    }

    /// The same with a second line, unless it is empty.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into()).filter(|n| !n.is_empty());
        self
    }

    /// The same with a bar for a share between 0 and 1.
    #[must_use]
    pub fn with_meter(mut self, ratio: Option<f64>) -> Self {
        self.meter =
            ratio.filter(|r| r.is_finite()).map(|r| (r.clamp(0.0, 1.0) * 600.0).round() / 10.0);
        self
    }

    /// The same on a ground that is the darker, the larger a share between 0 and 1 is.
    #[must_use]
    pub fn with_heat(mut self, ratio: Option<f64>) -> Self {
        const ABOVE: [f64; 7] = [0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75];
        let shade = ABOVE.iter().filter(|above| ratio.is_some_and(|r| r >= **above)).count();
        self.heat = u8::try_from(shade).ok().filter(|shade| *shade > 0);
        self
    }
}

/// Severity or status: word, shape and class of the colour together, so that none of them is
/// needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Badge {
    /// The word.
    pub word: &'static str,
    /// The shape.
    pub shape: &'static str,
    /// Class of the colour.
    pub class: &'static str,
}

impl Badge {
    /// Looked, found nothing.
    pub const CLEAR: Self = Self { word: "clear", shape: "✓", class: "clear" };
    /// Could not look.
    pub const UNKNOWN: Self = Self { word: "not checked", shape: "?", class: "unknown" };
    /// Nothing to look at.
    pub const NOT_APPLICABLE: Self = Self { word: "not applicable", shape: "–", class: "na" };
}

impl From<Severity> for Badge {
    fn from(s: Severity) -> Self {
        match s {
            Severity::Critical => Self { word: "critical", shape: "◆", class: "critical" },
            Severity::Warning => Self { word: "warning", shape: "▲", class: "warning" },
            Severity::Info => Self { word: "info", shape: "●", class: "info" },
        }
    }
}
