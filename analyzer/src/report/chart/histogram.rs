//! Distributions over orders of magnitude: idle times, TIME-WAIT ages, round-trip times, all of
//! them in seconds.

use serde::Serialize;

use super::px;
use crate::report::units::{Unit, counted, float_len};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 122.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 20.0;
/// Two labels closer than this would touch.
const LABEL_WIDTH: f64 = 58.0;
/// Room for the name and value of a mark.
const NAME_WIDTH: f64 = 90.0;
/// Buckets at most; more would be thinner than a finger's width on a phone.
const BUCKETS: usize = 24;

/// Buckets with edges that people use for times (1, 2, 5, 10, 30 s, 1, 2, 5, 10 min, …), and marks at the median and the 99th
/// percentile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// What it shows.
    pub title: String,
    /// Bars from the left.
    pub bars: Vec<Bar>,
    /// Lower edge of the plot.
    pub bottom: f64,
    /// Median and 99th percentile.
    pub marks: Vec<QuantileMark>,
    /// In words.
    pub label: String,
    /// Fact path of the values.
    pub fact: String,
}

/// A bucket: values from `from` up to, not including, the next one's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height; at least one pixel where there is a value.
    pub height: f64,
    /// Lower bound, with its unit.
    pub from: String,
    /// Upper bound.
    pub to: String,
    /// Values.
    pub count: usize,
    /// Its lower bound is written below it: as many as have room.
    pub labelled: bool,
}

/// A quantile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantileMark {
    /// Where.
    pub x: f64,
    /// `p50` or `p99`.
    pub name: &'static str,
    /// Its value, with its unit.
    pub value: String,
    /// Its name is written to the left of the mark.
    pub leftwards: bool,
    /// Where its name begins, or ends where it is written to the left.
    pub label_x: f64,
}

impl Histogram {
    /// `None` without values.
    #[must_use]
    pub fn new(title: &str, values: &[f64], fact: &str) -> Option<Self> {
        let unit = Unit::Seconds;
        let mut sorted: Vec<f64> =
            values.iter().copied().filter(|v| v.is_finite() && *v >= 0.0).collect();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        let edges = edges(low, high);
        let mut counts = vec![0_usize; edges.len().saturating_sub(1)];
        for v in &sorted {
            let bucket = edges.partition_point(|e| e <= v).saturating_sub(1);
            if let Some(n) = counts.get_mut(bucket.min(edges.len().saturating_sub(2))) {
                *n += 1;
            }
        }
        let most = float_len(counts.iter().copied().max()?.max(1));
        let width = (WIDTH / float_len(counts.len().max(1))).min(60.0);
        let every = (1..=BUCKETS).find(|n| float_len(*n) * width >= LABEL_WIDTH).unwrap_or(1);
        let bars = counts
            .iter()
            .zip(edges.windows(2))
            .enumerate()
            .filter_map(|(i, (count, edge))| {
                let room = HEIGHT - TOP - BOTTOM;
                let height = float_len(*count) / most * room;
                let height = if *count > 0 { height.max(1.0) } else { 0.0 };
                Some(Bar {
                    x: px(float_len(i) * width),
                    y: px(HEIGHT - BOTTOM - height),
                    width: px((width - 2.0).max(1.0)),
                    height: px(height),
                    from: unit.format(*edge.first()?),
                    to: unit.format(*edge.get(1)?),
                    count: *count,
                    labelled: i.is_multiple_of(every),
                })
            })
            .collect();
        let mark = |name, q| {
            let value = quantile(&sorted, q)?;
            let x = px(position(&edges, value)? * width);
            let leftwards = x > WIDTH * 0.6;
            let label_x = if leftwards { x - 4.0 } else { x + 4.0 };
            Some(QuantileMark { x, name, value: unit.format(value), leftwards, label_x })
        };
        let mut marks: Vec<QuantileMark> =
            [mark("p50", 50), mark("p99", 99)].into_iter().flatten().collect();
        if let [a, b] = marks.as_mut_slice()
            && b.x - a.x < NAME_WIDTH
        {
            // Names of near marks stand beside both, so that no mark goes through a name.
            let leftwards = b.x + NAME_WIDTH > WIDTH;
            let label_x = if leftwards { a.x - 4.0 } else { b.x + 4.0 };
            for mark in [a, b] {
                (mark.leftwards, mark.label_x) = (leftwards, label_x);
            }
        }
        let label = format!(
            "{}: {} values from {} to {}",
            title,
            counted(sorted.len(), "value").trim_end_matches(" values").trim_end_matches(" value"),
            unit.format(low),
            unit.format(high)
        );
        Some(Self {
            title: title.to_owned(),
            bars,
            bottom: HEIGHT - BOTTOM,
            marks,
            label,
            fact: fact.to_owned(),
        })
    }
}

/// Edges around the values; a value below 1 ms counts into the first bucket, one above 100 days
/// into the last.
fn edges(low: f64, high: f64) -> Vec<f64> {
    const DAY: f64 = 86_400.0;
    const EDGES: [f64; 33] = [
        0.0,
        1e-3,
        2e-3,
        5e-3,
        0.01,
        0.02,
        0.05,
        0.1,
        0.2,
        0.5,
        1.0,
        2.0,
        5.0,
        10.0,
        15.0,
        30.0,
        60.0,
        120.0,
        300.0,
        600.0,
        1800.0,
        3600.0,
        7200.0,
        21_600.0,
        43_200.0,
        DAY,
        2.0 * DAY,
        5.0 * DAY,
        10.0 * DAY,
        20.0 * DAY,
        50.0 * DAY,
        100.0 * DAY,
        1000.0 * DAY,
    ];
    let first = EDGES.partition_point(|e| *e <= low).saturating_sub(1).min(EDGES.len() - 2);
    let end = (EDGES.partition_point(|e| *e <= high) + 1).clamp(first + 2, EDGES.len());
    let mut out: Vec<f64> = EDGES.iter().copied().take(end).skip(first).collect();
    if out.len() > BUCKETS + 1 {
        out.drain(1..out.len() - BUCKETS);
    }
    out
}

/// Nearest-rank quantile in per cent.
fn quantile(sorted: &[f64], percent: usize) -> Option<f64> {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
}

/// Place of a value in buckets from the left, linear inside its bucket.
fn position(edges: &[f64], value: f64) -> Option<f64> {
    let i =
        edges.partition_point(|e| *e <= value).saturating_sub(1).min(edges.len().saturating_sub(2));
    let (a, b) = (*edges.get(i)?, *edges.get(i + 1)?);
    let inside = if b > a { ((value - a) / (b - a)).clamp(0.0, 1.0) } else { 0.0 };
    Some(float_len(i) + inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_near_marks_stand_beside_both() {
        let near = Histogram::new("t", &[31.0, 32.0, 33.0], "f").unwrap().marks;
        assert_eq!((near[0].label_x, near[0].leftwards), (near[1].label_x, near[1].leftwards));
        assert!(near[0].label_x > near[1].x);
        let far = Histogram::new("t", &[0.1, 0.1, 0.1, 7200.0], "f").unwrap().marks;
        assert!(far[0].label_x < far[1].x && far[0].label_x > far[0].x);
    }

    #[test]
    fn every_value_is_in_one_bucket() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.06).collect();
        let h = Histogram::new("TIME-WAIT ages", &values, "netns.0.tcp.time_wait_age_s").unwrap();
        assert_eq!(h.bars.iter().map(|b| b.count).sum::<usize>(), 1000);
        assert!(h.bars.len() <= BUCKETS);
        assert_eq!(h.bars.first().unwrap().from, "0 s");
        assert_eq!(h.bars.last().unwrap().to, "60 s");
        assert_eq!(h.marks[0].value, "29.9 s");
        assert_eq!(h.label, "TIME-WAIT ages: 1,000 values from 0 s to 59.9 s");
    }

    #[test]
    fn one_value_and_none() {
        let h = Histogram::new("x", &[7200.0], "f").unwrap();
        assert_eq!(h.bars.len(), 1);
        assert_eq!((h.bars[0].from.as_str(), h.bars[0].to.as_str()), ("2 h", "6 h"));
        assert_eq!(Histogram::new("x", &[], "f"), None);
        assert_eq!(Histogram::new("x", &[f64::NAN, -1.0], "f"), None);
    }

    #[test]
    fn bars_and_marks_stay_inside() {
        let values = [0.0, 1e-9, 1.0, 1e7, 1e9];
        let h = Histogram::new("x", &values, "f").unwrap();
        assert!(h.bars.iter().all(|b| b.x >= 0.0 && b.x + b.width <= WIDTH && b.y >= TOP - 0.1));
        assert!(h.marks.iter().all(|m| m.x >= 0.0 && m.x <= WIDTH));
    }
}
