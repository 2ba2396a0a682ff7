//! Values over the window: at most two curves, a gap where samples lack.

use serde::Serialize;

use super::{Point, Tick, path, px, scale, thin};
use crate::report::units::{Unit, float_len};

const WIDTH: f64 = 500.0;
const HEIGHT: f64 = 140.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;
/// Two labels closer than this would overlap.
const LABEL_HEIGHT: f64 = 13.0;

/// One series to draw: seconds since the first sample, and the value if that sample has one.
#[derive(Clone, Debug)]
pub struct Curve<'a> {
    /// Name, written at the end of the curve.
    pub label: &'a str,
    /// Samples in order of time.
    pub points: Vec<(f64, Option<f64>)>,
    /// Fact path of the list of samples.
    pub fact: String,
}

/// A chart with its axes and the numbers that stand in the table below it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeSeries {
    /// What it shows.
    pub title: String,
    /// Left edge of the plot.
    pub left: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
    /// Ticks of the time axis.
    pub x_ticks: Vec<Tick>,
    /// Ticks of the value axis.
    pub y_ticks: Vec<Tick>,
    /// One or two curves.
    pub curves: Vec<DrawnCurve>,
    /// Moments at which something was told.
    pub marks: Vec<Mark>,
    span_s: f64,
}

/// A moment in the window, and what happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// Where on the time axis.
    pub x: f64,
    /// What was told.
    pub title: String,
}

/// A curve as drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrawnCurve {
    /// Name.
    pub label: String,
    /// Path data; a new `M` after each gap.
    pub path: String,
    /// Where the name stands.
    pub label_at: Point,
    /// Dashed, so that two curves differ without colour.
    pub dashed: bool,
    /// Lowest, mean, 95th percentile, highest.
    pub stats: Stats,
    /// Fact path of the samples.
    pub fact: String,
}

/// The numbers of a curve, with their unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stats {
    /// Lowest.
    pub min: String,
    /// Arithmetic mean over the samples.
    pub mean: String,
    /// 95th percentile (nearest rank).
    pub p95: String,
    /// Highest.
    pub max: String,
    /// Samples that have a value.
    pub samples: usize,
}

impl TimeSeries {
    /// Draws up to two curves with a common zero-based scale. `None` when no curve has two
    /// values.
    #[must_use]
    pub fn new(title: &str, unit: Unit, curves: Vec<Curve<'_>>) -> Option<Self> {
        let curves: Vec<Curve<'_>> = curves
            .into_iter()
            .filter(|c| c.points.iter().filter(|(_, v)| v.is_some()).count() >= 2)
            .take(2)
            .collect();
        let values = || curves.iter().flat_map(|c| c.points.iter());
        let span_s = values().map(|(t, _)| *t).fold(f64::NEG_INFINITY, f64::max);
        let max = values().filter_map(|(_, v)| *v).fold(0.0, f64::max);
        if curves.is_empty() || !span_s.is_finite() || span_s <= 0.0 {
            return None;
        }
        let steps = scale::steps(max, unit);
        let top = steps.last().copied().unwrap_or(1.0);
        let plot_width = WIDTH - LEFT - RIGHT;
        let plot_height = HEIGHT - TOP - BOTTOM;
        let place = |t: f64, v: f64| Point {
            x: LEFT + t / span_s * plot_width,
            y: TOP + (1.0 - (v / top).clamp(0.0, 1.0)) * plot_height,
        };
        let mut drawn: Vec<DrawnCurve> =
            curves.iter().enumerate().filter_map(|(i, c)| draw(c, i > 0, unit, place)).collect();
        spread_labels(&mut drawn);
        Some(Self {
            title: title.to_owned(),
            left: LEFT,
            right: WIDTH - RIGHT,
            bottom: HEIGHT - BOTTOM,
            x_ticks: scale::times(span_s, LEFT, plot_width),
            y_ticks: steps
                .iter()
                .map(|v| Tick {
                    at: px(place(0.0, *v).y),
                    label: unit.format(*v).replace(".0 ", " "),
                })
                .collect(),
            curves: drawn,
            marks: Vec::new(),
            span_s,
        })
    }

    /// The same with marks at moments of the window: seconds since the first sample, and what
    /// happened.
    #[must_use]
    pub fn with_marks(mut self, events: &[(f64, String)]) -> Self {
        let width = self.right - self.left;
        let inside = events.iter().filter(|(at_s, _)| (0.0..=self.span_s).contains(at_s));
        self.marks = inside
            .map(|(at_s, title)| Mark {
                x: px(self.left + at_s / self.span_s * width),
                title: title.clone(),
            })
            .collect();
        self
    }
}

fn draw(
    curve: &Curve<'_>,
    dashed: bool,
    unit: Unit,
    place: impl Fn(f64, f64) -> Point,
) -> Option<DrawnCurve> {
    let mut d = String::new();
    for run in runs(&curve.points) {
        let points = run.iter().map(|(t, v)| place(*t, *v)).collect();
        d.push_str(&path(&thin(points, 378)));
    }
    let last = curve.points.iter().rev().find_map(|(t, v)| v.map(|v| place(*t, v)))?;
    Some(DrawnCurve {
        label: curve.label.to_owned(),
        path: d,
        label_at: Point { x: px(last.x + 5.0), y: px(last.y + 4.0) },
        dashed,
        stats: stats(&curve.points, unit)?,
        fact: curve.fact.clone(),
    })
}

/// Splits a series where a value lacks, or where two samples are further apart than two and a half
/// usual intervals: a line across a hole would claim what nobody measured.
fn runs(points: &[(f64, Option<f64>)]) -> Vec<Vec<(f64, f64)>> {
    let mut intervals: Vec<f64> =
        points.windows(2).filter_map(|w| Some(w.get(1)?.0 - w.first()?.0)).collect();
    intervals.sort_by(f64::total_cmp);
    let usual = intervals.get(intervals.len() / 2).copied().unwrap_or(f64::INFINITY);
    let mut out: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open = false;
    for (t, v) in points {
        let Some(v) = v.filter(|v| v.is_finite()) else {
            open = false;
            continue;
        };
        let near = |run: &Vec<(f64, f64)>| run.last().is_some_and(|l| t - l.0 <= usual * 2.5);
        match out.last_mut().filter(|run| open && near(run)) {
            Some(run) => run.push((*t, v)),
            None => out.push(vec![(*t, v)]),
        }
        open = true;
    }
    out
}

fn stats(points: &[(f64, Option<f64>)], unit: Unit) -> Option<Stats> {
    let mut values: Vec<f64> = points.iter().filter_map(|(_, v)| *v).collect();
    values.sort_by(f64::total_cmp);
    // Nearest rank: the smallest value that at least 95 % of the samples do not exceed.
    let rank = (values.len() * 95).div_ceil(100).saturating_sub(1);
    Some(Stats {
        min: unit.format(*values.first()?),
        mean: unit.format(values.iter().sum::<f64>() / float_len(values.len())),
        p95: unit.format(*values.get(rank)?),
        max: unit.format(*values.last()?),
        samples: values.len(),
    })
}

/// Moves two labels apart that would stand on each other.
fn spread_labels(curves: &mut [DrawnCurve]) {
    let [a, b] = curves else { return };
    let (upper, lower) = if a.label_at.y <= b.label_at.y {
        (&mut a.label_at, &mut b.label_at)
    } else {
        (&mut b.label_at, &mut a.label_at)
    };
    let lack = LABEL_HEIGHT - (lower.y - upper.y);
    if lack > 0.0 {
        let limit = HEIGHT - BOTTOM + 4.0;
        lower.y = px((lower.y + lack / 2.0).min(limit));
        upper.y = px(lower.y - LABEL_HEIGHT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, Option<f64>)]) -> Curve<'static> {
        Curve { label: "running", points: points.to_vec(), fact: "load.series".to_owned() }
    }

    #[test]
    fn a_missing_sample_leaves_a_gap() {
        let points =
            [(0.0, Some(1.0)), (1.0, Some(2.0)), (2.0, None), (3.0, Some(2.0)), (4.0, Some(0.0))];
        let chart = TimeSeries::new("Tasks", Unit::Plain, vec![curve(&points)]).unwrap();
        assert_eq!(chart.curves[0].path, "M52 64L146.5 8M335.5 8L430 120");
        assert_eq!(chart.curves[0].stats.samples, 4);
        assert_eq!(chart.curves[0].stats.mean, "1.25");
    }

    #[test]
    fn late_samples_leave_a_gap_too() {
        let points: Vec<(f64, Option<f64>)> =
            [0.0, 1.0, 2.0, 9.0, 10.0].iter().map(|t| (*t, Some(1.0))).collect();
        assert_eq!(runs(&points).iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn a_lone_sample_is_a_dot() {
        let points = [(0.0, Some(1.0)), (1.0, None), (2.0, Some(1.0)), (3.0, Some(1.0))];
        let chart = TimeSeries::new("", Unit::Plain, vec![curve(&points)]).unwrap();
        assert!(chart.curves[0].path.starts_with("M52 8h0M"), "{}", chart.curves[0].path);
    }

    #[test]
    fn p95_is_the_nearest_rank() {
        let points: Vec<(f64, Option<f64>)> =
            (1..=100).map(|n| (f64::from(n), Some(f64::from(n)))).collect();
        assert_eq!(stats(&points, Unit::Plain).unwrap().p95, "95");
    }

    #[test]
    fn labels_do_not_overlap_and_stay_inside() {
        let flat = |v| [(0.0, Some(v)), (1.0, Some(v))];
        let chart = TimeSeries::new(
            "",
            Unit::Plain,
            vec![curve(&flat(0.0)), curve(&flat(0.01)), curve(&flat(9.0))],
        )
        .unwrap();
        assert_eq!(chart.curves.len(), 2);
        let y: Vec<f64> = chart.curves.iter().map(|c| c.label_at.y).collect();
        assert!((y[0] - y[1]).abs() >= 12.9, "{y:?}");
        assert!(y.iter().all(|y| *y <= HEIGHT - BOTTOM + 4.1), "{y:?}");
        assert!(chart.curves[1].dashed);
    }

    #[test]
    fn nothing_to_draw() {
        assert_eq!(TimeSeries::new("", Unit::Plain, vec![]), None);
        assert_eq!(TimeSeries::new("", Unit::Plain, vec![curve(&[(0.0, Some(1.0))])]), None);
        assert_eq!(
            TimeSeries::new("", Unit::Plain, vec![curve(&[(0.0, None), (1.0, None)])]),
            None
        );
    }
}
