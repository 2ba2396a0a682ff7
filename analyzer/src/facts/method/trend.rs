//! Trend of a short series: Theil-Sen slope with its band, Mann-Kendall test, least squares fit.
//!
//! Medians of pairwise slopes shrug off the outliers that a least squares line follows, and need
//! no even spacing: sampling intervals are what they were measured to be.
//!
//! Sen 1968, "Estimates of the regression coefficient based on Kendall's tau"; Mann 1945; Kendall
//! 1975 (the correction for ties).

use super::num::{from_len, to_index};
use super::quantile;

/// One sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Time.
    pub at_s: f64,
    /// Value, in the unit of the series.
    pub value: f64,
}

/// The trend of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trend {
    /// Median of all pairwise slopes, per second.
    pub slope: f64,
    /// Lower end of its 95 % band.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Kendall's tau: concordant minus discordant pairs, by all pairs. From -1 to 1.
    pub tau: f64,
    /// Mann-Kendall test statistic, corrected for ties: |z| > 2.576 is p < 0.01, two-sided.
    pub z: f64,
    /// R squared of the least squares line.
    pub r2: f64,
}

/// Two-sided 1 % point of the normal distribution.
pub const Z_99: f64 = 2.575_829;
/// Two-sided 5 % point.
const Z_95: f64 = 1.959_964;

/// The trend of `points`, which are in order of time; `None` with fewer than two.
#[must_use]
pub fn trend(points: &[Point]) -> Option<Trend> {
    let pairs = Pairs::of(points);
    let n = from_len(points.len());
    let possible = n * (n - 1.0) / 2.0;
    let deviation = variance(points).sqrt();
    let z = if deviation > 0.0 { (pairs.s - pairs.s.signum()) / deviation } else { 0.0 };
    let reach = Z_95 * deviation;
    let count = from_len(pairs.slopes.len());
    let at = |rank: f64| pairs.slopes.get(to_index(rank.max(0.0))).copied();
    let last = pairs.slopes.last().copied();
    Some(Trend {
        slope: quantile::of_sorted(&pairs.slopes, 0.5)?,
        low: at((count - reach) / 2.0)?,
        high: at(f64::midpoint(count, reach).ceil()).or(last)?,
        tau: pairs.s / possible,
        z,
        r2: r2(points),
    })
}

/// The Theil-Sen slope alone; 0 with fewer than two points.
#[must_use]
pub fn slope(points: &[Point]) -> f64 {
    quantile::of_sorted(&Pairs::of(points).slopes, 0.5).unwrap_or(0.0)
}

/// Kendall's tau of values at even distances; 0 with fewer than two.
#[must_use]
pub fn tau(values: &[f64]) -> f64 {
    let points: Vec<Point> =
        values.iter().enumerate().map(|(i, &value)| Point { at_s: from_len(i), value }).collect();
    let n = from_len(values.len());
    if values.len() < 2 { 0.0 } else { Pairs::of(&points).s / (n * (n - 1.0) / 2.0) }
}

/// All pairs of points: their slopes, sorted, and the sum of their signs.
struct Pairs {
    slopes: Vec<f64>,
    s: f64,
}

impl Pairs {
    fn of(points: &[Point]) -> Self {
        let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
        let mut s = 0.0;
        for (i, a) in points.iter().enumerate() {
            for b in points.iter().skip(i + 1) {
                let rise = b.value - a.value;
                if rise != 0.0 {
                    s += rise.signum();
                }
                let run = b.at_s - a.at_s;
                if run > 0.0 {
                    slopes.push(rise / run);
                }
            }
        }
        quantile::sort(&mut slopes);
        Self { slopes, s }
    }
}

/// Variance of S with the correction for groups of equal values.
fn variance(points: &[Point]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut values: Vec<f64> = points.iter().map(|p| p.value).collect();
    quantile::sort(&mut values);
    let ties: f64 = values
        .chunk_by(|a, b| a.total_cmp(b).is_eq())
        .map(|group| term(from_len(group.len())))
        .sum();
    ((term(from_len(points.len())) - ties) / 18.0).max(0.0)
}

/// R squared of the least squares line; 0 for a flat series, which has no trend to fit.
fn r2(points: &[Point]) -> f64 {
    let n = from_len(points.len());
    let mean_t = points.iter().map(|p| p.at_s).sum::<f64>() / n;
    let mean_v = points.iter().map(|p| p.value).sum::<f64>() / n;
    let (mut tt, mut tv, mut vv) = (0.0, 0.0, 0.0);
    for p in points {
        let (t, v) = (p.at_s - mean_t, p.value - mean_v);
        tt += t * t;
        tv += t * v;
        vv += v * v;
    }
    if tt > 0.0 && vv > 0.0 { tv * tv / (tt * vv) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Vec<Point> {
        values.iter().enumerate().map(|(i, &value)| Point { at_s: from_len(i), value }).collect()
    }

    #[test]
    fn a_line_is_a_line() {
        let t = trend(&series(&[1.0, 3.0, 5.0, 7.0, 9.0, 11.0])).unwrap();
        assert_eq!((t.slope, t.low, t.high, t.tau), (2.0, 2.0, 2.0, 1.0));
        assert!((t.r2 - 1.0).abs() < 1e-12);
        // S = 15, Var = 6*5*17/18 = 28.33, z = 14/5.32.
        assert!((t.z - 2.6299).abs() < 1e-3, "{}", t.z);
    }

    /// The worked example of ties: 2 2 3 5 gives S = 5, Var = (4*3*13 - 2*1*9)/18 = 7.667.
    #[test]
    fn ties_lower_the_variance() {
        let t = trend(&series(&[2.0, 2.0, 3.0, 5.0])).unwrap();
        assert!((t.tau - 5.0 / 6.0).abs() < 1e-12);
        assert!((t.z - 4.0 / 7.666_667_f64.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn an_outlier_does_not_bend_the_slope() {
        let mut values: Vec<f64> = (0..30).map(f64::from).collect();
        values[15] = 1e6;
        let t = trend(&series(&values)).unwrap();
        assert!((t.slope - 1.0).abs() < 1e-9);
        assert!(t.low <= t.slope && t.slope <= t.high);
        assert!(t.r2 < 0.1);
    }

    #[test]
    fn short_and_flat_series_have_no_trend() {
        assert_eq!(trend(&series(&[1.0])), None);
        assert_eq!(trend(&[]), None);
        let flat = trend(&series(&[4.0; 9])).unwrap();
        assert_eq!((flat.slope, flat.tau, flat.z, flat.r2), (0.0, 0.0, 0.0, 0.0));
        assert_eq!((tau(&[1.0, 2.0, 3.0]), slope(&[])), (1.0, 0.0));
    }

    #[test]
    fn uneven_times_are_used_as_measured() {
        let points = [(0.0, 0.0), (1.0, 10.0), (5.0, 50.0), (5.5, 55.0)];
        let points: Vec<Point> =
            points.iter().map(|&(at_s, value)| Point { at_s, value }).collect();
        assert!((trend(&points).unwrap().slope - 10.0).abs() < 1e-9);
    }
}
