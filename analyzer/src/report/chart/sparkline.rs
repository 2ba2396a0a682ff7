//! A series beside its number, small in every sense: whole and half pixels only, since a table may
//! hold dozens.

use std::fmt::Write;

use serde::Serialize;

use super::{Point, px, thin};
use crate::report::units::{Unit, float_len};

const WIDTH: f64 = 80.0;
const HEIGHT: f64 = 18.0;
const PAD: f64 = 2.0;

/// 80 by 18 pixels, the last value marked. It shows shape, not size: its vertical scale is the
/// range of its own values, and a flat series is a line in the middle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sparkline {
    /// Path data.
    pub path: String,
    /// The last value.
    pub end: Point,
    /// In words, for those who do not see it.
    pub label: String,
    /// Fact path of the values.
    pub fact: Option<String>,
}

impl Sparkline {
    /// `None` for fewer than two values.
    #[must_use]
    pub fn new(values: &[f64], unit: Unit) -> Option<Self> {
        let (first, last) = (values.first()?, values.last()?);
        if values.len() < 2 || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let step = (WIDTH - 2.0 * PAD) / float_len(values.len() - 1);
        let y = |v: f64| {
            if high > low {
                PAD + (high - v) / (high - low) * (HEIGHT - 2.0 * PAD)
            } else {
                HEIGHT / 2.0
            }
        };
        let points: Vec<Point> = values
            .iter()
            .enumerate()
            .map(|(i, v)| Point {
                x: (PAD + float_len(i) * step).round(),
                y: (y(*v) * 2.0).round() / 2.0,
            })
            .collect();
        let end = Point { x: px(WIDTH - PAD), y: px(y(*last)) };
        let label = format!(
            "from {} to {}, lowest {}, highest {}",
            unit.format(*first),
            unit.format(*last),
            unit.format(low),
            unit.format(high)
        );
        Some(Self { path: steps(&thin(points, 40)), end, label, fact: None })
    }
}

/// Path data in steps from point to point: halves of pixels have no rounding to add up, and what
/// goes on in the same direction is one step.
fn steps(points: &[Point]) -> String {
    let mut path = String::new();
    let mut at: Option<Point> = None;
    let mut along = (0.0, 0.0);
    let step = |path: &mut String, (dx, dy): (f64, f64)| {
        if dx.abs() + dy.abs() > 0.0 {
            let sign = if dy < 0.0 { "" } else { " " };
            write!(path, " {dx}{sign}{dy}").ok();
        }
    };
    for p in points {
        let Some(from) = at.replace(*p) else {
            write!(path, "m{} {}", p.x, p.y).ok();
            continue;
        };
        let next = (p.x - from.x, p.y - from.y);
        if (next.1 * along.0 - next.0 * along.1).abs() < 0.01 {
            along = (along.0 + next.0, along.1 + next.1);
        } else {
            step(&mut path, along);
            along = next;
        }
    }
    step(&mut path, along);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_spans_its_box() {
        let s = Sparkline::new(&[0.0, 1_048_576.0, 2_097_152.0], Unit::Bytes).unwrap();
        assert_eq!(s.path, "m2 16 76-14");
        assert_eq!(s.end, Point { x: 78.0, y: 2.0 });
        assert_eq!(s.label, "from 0 B to 2.0 MiB, lowest 0 B, highest 2.0 MiB");
    }

    #[test]
    fn corners_stay_and_straight_lines_are_one_step() {
        let s = Sparkline::new(&[0.0, 0.0, 4.0, 4.0, 0.0], Unit::Plain).unwrap();
        assert_eq!(s.path, "m2 16 19 0 19-14 19 0 19 14");
        let s = Sparkline::new(&[0.0, 2.0, 4.0, 4.0, 4.0, 0.0], Unit::Plain).unwrap();
        assert_eq!(s.path, "m2 16 30-14 31 0 15 14");
    }

    #[test]
    fn flat_short_and_broken_series() {
        assert_eq!(Sparkline::new(&[5.0, 5.0], Unit::Plain).unwrap().path, "m2 9 76 0");
        assert_eq!(Sparkline::new(&[5.0], Unit::Plain), None);
        assert_eq!(Sparkline::new(&[], Unit::Plain), None);
        assert_eq!(Sparkline::new(&[1.0, f64::NAN], Unit::Plain), None);
    }
}
