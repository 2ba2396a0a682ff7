//! M2: growing now, or only a spike? The growth classifier.
//!
//! One series, one class. A trend test alone is useless here: a single step has p = 2e-9 and a
//! saturating warm-up a tau of 0.80. What separates a leak from those is that it grows in every
//! third of the window, in many small jumps, and gives nothing back. The thresholds were
//! calibrated on simulated series and on eleven live processes (see the tests); they hold for any
//! quantity that is counted in samples: memory, slab caches, descriptors, threads.

use std::fmt;

use super::num;
use super::quantile;
use super::trend::{self, Point, Trend, Z_99};

/// Noise floor of resident memory: below 1 MiB nothing is worth a word.
pub const FLOOR_RESIDENT_BYTES: f64 = 1_048_576.0;
/// Noise floor of address space.
pub const FLOOR_VIRTUAL_BYTES: f64 = 4.0 * 1_048_576.0;

/// Fewest samples from which anything can be told: two in each third.
pub const MIN_SAMPLES: usize = 6;
/// Fewer samples do not tell a rising floor from a healthy saw-tooth.
pub const FLOOR_SAMPLES: usize = 45;
/// More samples than this are thinned before the pairwise methods, whose cost is quadratic.
const MAX_SAMPLES: usize = 361;

/// What a series does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It stays within the noise.
    Stable,
    /// It grows at a constant rate, now.
    Steady,
    /// It falls back again and again, but each time to a higher level. Its confidence is low below
    /// 45 samples: there is no telling it from a healthy saw-tooth.
    RisingFloor,
    /// One jump.
    Step,
    /// It grew and has stopped: a warm-up.
    Plateau,
    /// It went up and came back.
    Spike,
    /// It rises and falls back: a healthy collector of garbage.
    Sawtooth,
    /// It has grown, but not in a way that says more.
    GrowingUnclear,
    /// None of these.
    Fluctuating,
}

impl Class {
    /// The word of facts and rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Steady => "steady",
            Self::RisingFloor => "rising-floor",
            Self::Step => "step",
            Self::Plateau => "plateau",
            Self::Spike => "spike",
            Self::Sawtooth => "sawtooth",
            Self::GrowingUnclear => "growing-unclear",
            Self::Fluctuating => "fluctuating",
        }
    }

    /// Growing now: the two classes that a rule may call growth.
    #[must_use]
    pub const fn grows(self) -> bool {
        matches!(self, Self::Steady | Self::RisingFloor)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far the class can be trusted, by samples, window and age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Never above an info.
    Low,
    /// Enough for a warning.
    Medium,
    /// The full window.
    High,
}

impl Confidence {
    /// The word of facts and rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A classified series.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// What it does.
    pub class: Class,
    /// How far to trust that.
    pub confidence: Confidence,
    /// Slope, band and test statistics.
    pub trend: Trend,
    /// Theil-Sen slopes of the three thirds.
    pub thirds: [f64; 3],
    /// Largest single rise by all rises.
    pub jump_share: f64,
    /// All falls by all rises; above 1 it ends lower than it began.
    pub give_back: f64,
    /// Noise floor: a range below it is stable.
    pub noise: f64,
    /// Samples.
    pub samples: usize,
    /// Length of the window.
    pub span_s: f64,
    /// First value.
    pub first: f64,
    /// Last value.
    pub last: f64,
    /// `slope * age / last`: near 1 when it has grown like this ever since it started.
    pub lifetime_linearity: Option<f64>,
    /// Falls by more than 30 % of the range.
    pub drops: usize,
    /// Minima of six equal windows (five for fewer than twelve samples): the level after each
    /// collection.
    pub floor: Vec<f64>,
    /// Rise of these minima by time.
    pub floor_slope: f64,
}

/// Whether a series cannot be anything but stable: the prefilter that spares thousands of
/// processes the pairwise methods.
#[must_use]
pub fn is_quiet(values: impl IntoIterator<Item = f64>, floor: f64) -> bool {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in values {
        low = low.min(v);
        high = high.max(v);
    }
    high - low < floor
}

/// Classifies `points`, in order of time, against the noise floor `floor`. `age_s` is the age of
/// what is measured at the last point. `None` below [`MIN_SAMPLES`].
#[must_use]
pub fn classify(points: &[Point], floor: f64, age_s: Option<f64>) -> Option<Growth> {
    if points.len() < MIN_SAMPLES {
        return None;
    }
    let (first, last) = (points.first()?, points.last()?);
    let thinned = thin(points);
    let shape = Shape::of(points, floor);
    let trend = trend::trend(&thinned)?;
    let thirds = thirds(&thinned);
    let span_s = last.at_s - first.at_s;
    let class = decide(&trend, thirds, &shape, span_s);
    let lifetime_linearity =
        age_s.filter(|_| last.value > 0.0).map(|age| trend.slope * age / last.value);
    Some(Growth {
        class,
        confidence: confidence(class, points.len(), span_s, age_s, lifetime_linearity),
        trend,
        thirds,
        jump_share: shape.jump_share,
        give_back: shape.give_back,
        noise: shape.noise,
        samples: points.len(),
        span_s,
        first: first.value,
        last: last.value,
        lifetime_linearity,
        drops: shape.drops,
        floor_slope: floor_slope(&shape.minima, span_s),
        floor: shape.minima,
    })
}

/// From the first minimum to the last; both may lie anywhere in their windows, the middle is as
/// good a guess as any.
fn floor_slope(minima: &[f64], span_s: f64) -> f64 {
    let ends = minima.first().zip(minima.last());
    let windows = num::from_len(minima.len());
    let time = span_s * (windows - 1.0) / windows;
    ends.filter(|_| time > 0.0).map_or(0.0, |(first, last)| (last - first) / time)
}

/// Every k-th point, the last one included, so that at most [`MAX_SAMPLES`] remain.
fn thin(points: &[Point]) -> Vec<Point> {
    let step = points.len().div_ceil(MAX_SAMPLES).max(1);
    let mut kept: Vec<Point> = points.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}

fn thirds(points: &[Point]) -> [f64; 3] {
    let third = points.len() / 3;
    let (first, rest) = points.split_at(third);
    let (second, last) = rest.split_at(third.min(rest.len()));
    [first, second, last].map(trend::slope)
}

/// What the values do from sample to sample, whatever their trend.
struct Shape {
    samples: usize,
    range: f64,
    net: f64,
    /// Largest value minus the last.
    fall_from_top: f64,
    noise: f64,
    jump_share: f64,
    give_back: f64,
    /// Falls by more than 30 % of the range.
    drops: usize,
    /// Kendall's tau of the minima of six (five) equal windows.
    floor_tau: f64,
    /// Last minimum minus the first.
    floor_rise: f64,
    minima: Vec<f64>,
}

impl Shape {
    fn of(points: &[Point], floor: f64) -> Self {
        let values: Vec<f64> = points.iter().map(|p| p.value).collect();
        let steps: Vec<f64> =
            values.iter().zip(values.iter().skip(1)).map(|(a, b)| b - a).collect();
        let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = top - values.iter().copied().fold(f64::INFINITY, f64::min);
        let first = values.first().copied().unwrap_or_default();
        let last = values.last().copied().unwrap_or_default();
        let rises: f64 = steps.iter().filter(|d| **d > 0.0).sum();
        let falls: f64 = -steps.iter().filter(|d| **d < 0.0).sum::<f64>();
        let largest = steps.iter().copied().fold(0.0, f64::max);
        let minima = window_minima(&values);
        Self {
            samples: values.len(),
            range,
            net: last - first,
            fall_from_top: top - last,
            noise: noise(&steps, floor),
            jump_share: if rises > 0.0 { largest / rises } else { 0.0 },
            give_back: if rises > 0.0 { falls / rises } else { f64::INFINITY },
            drops: steps.iter().filter(|d| **d < -0.3 * range).count(),
            floor_tau: trend::tau(&minima),
            floor_rise: minima.last().copied().unwrap_or_default()
                - minima.first().copied().unwrap_or_default(),
            minima,
        }
    }
}

/// Six standard deviations of one sample, estimated from the differences so that a slope does not
/// count as noise; at least `floor`.
fn noise(steps: &[f64], floor: f64) -> f64 {
    const NORMAL_BY_MAD: f64 = 1.4826;
    let mut values = steps.to_vec();
    let centre = quantile::median(&mut values).unwrap_or(0.0);
    let mut distances: Vec<f64> = steps.iter().map(|d| (d - centre).abs()).collect();
    let mad = quantile::median(&mut distances).unwrap_or(0.0);
    floor.max(6.0 * NORMAL_BY_MAD * mad / std::f64::consts::SQRT_2)
}

/// Minima of six equal windows, of five for fewer than twelve samples.
fn window_minima(values: &[f64]) -> Vec<f64> {
    let windows = if values.len() >= 12 { 6 } else { 5 };
    (0..windows)
        .filter_map(|k| {
            let from = k * values.len() / windows;
            let to = (k + 1) * values.len() / windows;
            values.get(from..to)?.iter().copied().min_by(f64::total_cmp)
        })
        .collect()
}

/// The decision list; the first that matches wins.
fn decide(trend: &Trend, [s1, s2, s3]: [f64; 3], shape: &Shape, span_s: f64) -> Class {
    let early = s1.max(s2);
    let jump_max = if shape.samples < 20 { 0.45 } else { 0.30 };
    if shape.range < shape.noise {
        return Class::Stable;
    }
    let steady = trend.slope > 0.0
        && trend.z > Z_99
        && trend.tau >= 0.7
        && trend.r2 >= 0.8
        && shape.give_back <= 0.25
        && shape.jump_share <= jump_max
        && s3 >= 0.5 * trend.slope
        && s3 >= 0.3 * early
        && trend.slope * span_s >= shape.noise;
    let rising_floor = shape.drops >= 2
        && shape.floor_tau >= 0.8
        && shape.floor_rise >= shape.noise.max(0.05 * shape.range)
        && shape.give_back <= 1.0;
    let grown = shape.net > 0.5 * shape.range;
    if steady {
        Class::Steady
    } else if rising_floor {
        Class::RisingFloor
    } else if grown && shape.jump_share >= 0.6 {
        Class::Step
    } else if grown && s3 <= 0.3 * early {
        Class::Plateau
    } else if shape.net <= 0.3 * shape.range
        && shape.fall_from_top >= 0.5 * shape.range
        && shape.jump_share >= 0.3
        && shape.drops <= 2
    {
        Class::Spike
    } else if shape.drops >= 2 {
        Class::Sawtooth
    } else if grown {
        Class::GrowingUnclear
    } else {
        Class::Fluctuating
    }
}

/// Tiers by samples and window; one up when the slope explains the whole size of something an hour
/// old, one down within two minutes of its start.
fn confidence(
    class: Class,
    samples: usize,
    span_s: f64,
    age_s: Option<f64>,
    linearity: Option<f64>,
) -> Confidence {
    if class == Class::RisingFloor && samples < FLOOR_SAMPLES {
        return Confidence::Low;
    }
    let tier = match samples {
        0..15 => 0,
        _ if span_s < 15.0 => 0,
        15..30 => 1,
        _ => 2,
    };
    let age = age_s.unwrap_or(f64::INFINITY);
    let raised = age_s.is_some_and(|age| age >= 3600.0)
        && linearity.is_some_and(|l| (0.5..=2.0).contains(&l));
    let tier = if raised { tier + 1 } else { tier };
    let tier = if age < 120.0 { tier - 1 } else { tier };
    match tier {
        i32::MIN..=0 => Confidence::Low,
        1 => Confidence::Medium,
        _ => Confidence::High,
    }
}

/// At most `n` values for a sparkline, spikes kept: of every bucket the value that lies farthest
/// from the one kept before it.
#[must_use]
pub fn sparkline(points: &[Point], n: usize) -> Vec<f64> {
    if points.len() <= n {
        return points.iter().map(|p| p.value).collect();
    }
    let start = |k: usize| k.saturating_mul(points.len()) / n.max(1);
    let mut before = points.first().map_or(0.0, |p| p.value);
    (0..n)
        .filter_map(|k| {
            let distance = |v: f64| (v - before).abs();
            let values = points.get(start(k)..start(k + 1))?.iter().map(|p| p.value);
            before = values.max_by(|a, b| distance(*a).total_cmp(&distance(*b)))?;
            Some(before)
        })
        .collect()
}

#[cfg(test)]
mod tests;
