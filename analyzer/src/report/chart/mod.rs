//! Geometry of the charts: numbers in, coordinates out, so that a drawing can be tested without
//! looking at it. Templates only print what stands here.
//!
//! All charts are SVG with a `viewBox`; one unit is one CSS pixel at full size. Colours come from
//! classes, with presentation attributes as fallback.

mod cpus;
mod histogram;
mod scale;
mod series;
mod sparkline;
mod stacked;

pub use cpus::{BarPart, CpuBars, CpuMap, CpuParts, Shade};
pub use histogram::{Bar, Histogram, QuantileMark};
pub use series::{Curve, DrawnCurve, Stats, TimeSeries};
pub use sparkline::Sparkline;
pub use stacked::{Part, Segment, StackedBar};

use serde::Serialize;

/// A place in a chart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// A tick of an axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tick {
    /// Coordinate along the axis.
    pub at: f64,
    /// What stands beside it.
    pub label: String,
}

/// One decimal is enough for a pixel and keeps files small.
fn px(n: f64) -> f64 {
    let n = (n * 10.0).round() / 10.0;
    if n == 0.0 { 0.0 } else { n }
}

/// Path data of one line through the points. A single point becomes a dot (round line caps).
fn path(points: &[Point]) -> String {
    use std::fmt::Write;
    let mut d = String::new();
    for (i, p) in points.iter().enumerate() {
        let command = if i == 0 { 'M' } else { 'L' };
        write!(d, "{command}{} {}", px(p.x), px(p.y)).ok();
    }
    if points.len() == 1 {
        d.push_str("h0");
    }
    d
}

/// Thins a run of points, ordered by x, to its first, lowest, highest and last point in each of
/// `columns` pixel columns: a spike of one sample stays visible however long the window is.
fn thin(points: Vec<Point>, columns: usize) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return points };
    if points.len() <= columns.max(1) * 2 || last.x <= first.x {
        return points;
    }
    let width = (last.x - first.x) / crate::report::units::float_len(columns.max(1));
    let start = first.x;
    let mut out: Vec<Point> = Vec::with_capacity(columns * 4);
    for column in
        points.chunk_by(|a, b| ((a.x - start) / width).floor() >= ((b.x - start) / width).floor())
    {
        let by_y = |a: &&Point, b: &&Point| a.y.total_cmp(&b.y);
        let mut keep: Vec<Point> =
            [column.first(), column.iter().min_by(by_y), column.iter().max_by(by_y), column.last()]
                .into_iter()
                .flatten()
                .copied()
                .collect();
        keep.sort_by(|a, b| a.x.total_cmp(&b.x));
        keep.dedup();
        out.append(&mut keep);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_of_one_sample_survives_thinning() {
        let points: Vec<Point> = (0..10_000)
            .map(|i| Point { x: f64::from(i) / 20.0, y: if i == 5003 { 0.0 } else { 50.0 } })
            .collect();
        let thinned = thin(points, 500);
        assert!(thinned.len() <= 2000, "{}", thinned.len());
        assert!(thinned.iter().any(|p| p.y < 1.0));
        assert!(thinned.is_sorted_by(|a, b| a.x <= b.x));
    }

    #[test]
    fn paths_are_short() {
        let p = [Point { x: 1.04, y: 2.0 }, Point { x: 3.0, y: -0.01 }];
        assert_eq!(path(&p), "M1 2L3 0");
        assert_eq!(path(&p[..1]), "M1 2h0");
        assert_eq!(path(&[]), "");
    }
}
