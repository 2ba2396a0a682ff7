//! Conversions between counts and measures, in one place: each states what it may lose.

/// A count as a measure. Exact up to 2^53, far above any byte size or counter of one host.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
#[must_use]
pub fn from_u64(n: u64) -> f64 {
    n as f64
}

/// A signed count as a measure. Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
#[must_use]
pub fn from_i64(n: i64) -> f64 {
    n as f64
}

/// A length as a measure.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
#[must_use]
pub fn from_len(n: usize) -> f64 {
    n as f64
}

/// The nearest integer; saturates, and not-a-number is 0.
#[expect(clippy::cast_possible_truncation, reason = "saturating is what is wanted")]
#[must_use]
pub fn to_i64(x: f64) -> i64 {
    x.round() as i64
}

/// A non-negative measure as an index: rounded down; saturates, and not-a-number is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturating is what is wanted"
)]
#[must_use]
pub fn to_index(x: f64) -> usize {
    x as usize
}

/// An unsigned count in the tree's integer; saturates.
#[must_use]
pub fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A length in the tree's integer; saturates.
#[must_use]
pub fn len(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// `part / whole`; `None` when the whole is nothing, which is not the same as a ratio of 0.
#[must_use]
pub fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
