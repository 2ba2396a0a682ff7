//! Parts of a whole in one bar.

use serde::Serialize;

use super::px;
use crate::report::units::Unit;

const WIDTH: f64 = 1000.0;

/// One part.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Name.
    pub label: &'a str,
    /// Size in the unit of the whole.
    pub value: f64,
    /// Class of its colour, shared with the swatch in the table.
    pub class: &'static str,
}

/// A bar 1000 units wide; it is stretched to the width of the page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StackedBar {
    /// Its segments from the left; parts narrower than half a unit are left to the table.
    pub segments: Vec<Segment>,
    /// In words, for those who do not see it.
    pub label: String,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Left edge.
    pub x: f64,
    /// Width.
    pub width: f64,
    /// Class of its colour.
    pub class: &'static str,
    /// Name, size and share.
    pub title: String,
}

impl StackedBar {
    /// Draws the parts against `whole`. Where the parts are more than the whole (totals that
    /// disagree), they are scaled to fit and the label says so. Negative parts have no width.
    #[must_use]
    pub fn new(parts: &[Part<'_>], whole: f64, unit: Unit) -> Option<Self> {
        let sum: f64 = parts.iter().map(|p| p.value.max(0.0)).sum();
        let scale = whole.max(sum);
        if !scale.is_finite() || scale <= 0.0 {
            return None;
        }
        let mut segments = Vec::new();
        let mut at = 0.0;
        for p in parts {
            let width = p.value.max(0.0) / scale * WIDTH;
            if width >= 0.5 {
                segments.push(Segment {
                    x: px(at),
                    width: px(width),
                    class: p.class,
                    title: format!(
                        "{}: {} ({})",
                        p.label,
                        unit.format(p.value),
                        Unit::Ratio.format(p.value / whole)
                    ),
                });
            }
            at += width;
        }
        let mut largest: Vec<&Part<'_>> = parts.iter().collect();
        largest.sort_by(|a, b| b.value.total_cmp(&a.value));
        let named: Vec<String> = largest
            .iter()
            .take(4)
            .map(|p| format!("{} {}", p.label, Unit::Ratio.format(p.value / whole)))
            .collect();
        let mut label = format!("{} in all: {}", unit.format(whole), named.join(", "));
        if sum > whole * 1.01 {
            label.push_str("; the parts are more than the whole");
        }
        Some(Self { segments, label })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(label: &str, value: f64) -> Part<'_> {
        Part { label, value, class: "p1" }
    }

    #[test]
    fn segments_fill_the_bar_in_order() {
        let parts =
            [part("free", 50.0), part("cache", 30.0), part("tiny", 0.01), part("anon", 19.99)];
        let bar = StackedBar::new(&parts, 100.0, Unit::Bytes).unwrap();
        let edges: Vec<(f64, f64)> = bar.segments.iter().map(|s| (s.x, s.width)).collect();
        assert_eq!(edges, [(0.0, 500.0), (500.0, 300.0), (800.1, 199.9)]);
        assert_eq!(bar.segments[1].title, "cache: 30 B (30.0 %)");
        assert_eq!(bar.label, "100 B in all: free 50.0 %, cache 30.0 %, anon 20.0 %, tiny 0.01 %");
    }

    #[test]
    fn parts_above_the_whole_are_said() {
        let parts = [part("a", 80.0), part("b", 40.0), part("residual", -20.0)];
        let bar = StackedBar::new(&parts, 100.0, Unit::Plain).unwrap();
        let end = bar.segments.last().map(|s| s.x + s.width).unwrap();
        assert!(end <= 1000.1, "{end}");
        assert!(bar.label.ends_with("the parts are more than the whole"), "{}", bar.label);
        assert_eq!(StackedBar::new(&[], 0.0, Unit::Plain), None);
    }
}
