//! Median, quantiles and mean. Values are finite: the callers compute them from counters.

use super::num::{from_len, to_index};

/// Sorts ascending.
pub fn sort(values: &mut [f64]) {
    values.sort_unstable_by(f64::total_cmp);
}

/// The quantile `q` of sorted values, interpolated linearly between neighbours (type 7 of
/// Hyndman and Fan, what most tools print). `None` without values.
#[must_use]
pub fn of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let at = q.clamp(0.0, 1.0) * from_len(sorted.len().checked_sub(1)?);
    let below = to_index(at);
    let low = *sorted.get(below)?;
    let high = *sorted.get(below + 1).unwrap_or(&low);
    Some(low + (high - low) * (at - from_len(below)))
}

/// The median; reorders its argument.
#[must_use]
pub fn median(values: &mut [f64]) -> Option<f64> {
    sort(values);
    of_sorted(values, 0.5)
}

/// The 95th percentile.
#[must_use]
pub fn p95(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sort(&mut sorted);
    of_sorted(&sorted, 0.95)
}

/// The arithmetic mean.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / from_len(values.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_and_need_values() {
        assert_eq!(of_sorted(&[1.0, 2.0, 3.0, 4.0], 0.5), Some(2.5));
        assert_eq!(of_sorted(&[1.0, 2.0, 3.0], 1.0), Some(3.0));
        assert_eq!(of_sorted(&[7.0], 0.95), Some(7.0));
        assert_eq!(of_sorted(&[], 0.5), None);
        assert_eq!(median(&mut [9.0, 1.0, 4.0]), Some(4.0));
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0, 2.0]), Some(1.5));
        let hundred: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(p95(&hundred), Some(95.0));
    }
}
