//! Which processes grow, so that their mappings are looked at while they do.
//!
//! The collector only chooses; whether it is a leak is for the analyzer to say. Theil-Sen's slope
//! (the median of all pairwise slopes) is used because one jump does not move it.

use std::cmp::Reverse;

use crate::proc_stat::Statm;

/// Growth below this is noise: what an allocator takes at once.
const NOISE_BYTES: u64 = 128 << 10;
/// Candidates whose slope is computed.
const CANDIDATES: usize = 64;
/// Processes that are followed. The budget of the walks bounds their cost; this bounds their number.
const FOLLOWED: usize = 16;
/// Share of steps that grow, from which a series counts as steady.
const STEADY_SHARE: f64 = 0.7;
/// Points of a series that are compared, pairwise.
const POINTS: usize = 60;

/// One `statm` of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    us: u64,
    anon: u64,
    data: u64,
}

impl Point {
    /// A reading.
    #[must_use]
    pub(crate) const fn new(us: u64, statm: Statm) -> Self {
        Self { us, anon: statm.anon(), data: statm.data }
    }
}

/// Processes in order of suspicion: those whose anonymous memory grows and those whose address
/// space grows take turns, since the classic leak allocates much and touches little.
#[must_use]
pub(crate) fn rank<'a>(
    all: impl Iterator<Item = (u32, &'a [Point])> + Clone,
    page: u64,
) -> Vec<u32> {
    let by_anon = fastest(all.clone(), |p| p.anon, page);
    let by_data = fastest(all, |p| p.data, page);
    let mut ranked = Vec::new();
    for k in 0..by_anon.len().max(by_data.len()) {
        for pid in [by_anon.get(k), by_data.get(k)].into_iter().flatten() {
            if ranked.len() < FOLLOWED && !ranked.contains(pid) {
                ranked.push(*pid);
            }
        }
    }
    ranked
}

fn fastest<'a>(
    all: impl Iterator<Item = (u32, &'a [Point])>,
    of: impl Fn(&Point) -> u64,
    page: u64,
) -> Vec<u32> {
    let mut candidates: Vec<(u64, u32, &[Point])> = all
        .filter_map(|(pid, series)| {
            let grown = of(series.last()?).checked_sub(of(series.first()?))?;
            (grown.saturating_mul(page) >= NOISE_BYTES).then_some((grown, pid, series))
        })
        .collect();
    candidates.sort_unstable_by_key(|(grown, pid, _)| Reverse((*grown, *pid)));
    candidates.truncate(CANDIDATES);
    let mut slopes: Vec<(bool, f64, u32)> = candidates
        .iter()
        .filter_map(|(_, pid, series)| {
            let slope = theil_sen(series, &of)? * (1.0 - jump_share(series, &of));
            (slope > 0.0).then_some((is_steady(series, &of), slope, *pid))
        })
        .collect();
    // Steady ones first: on a busy host compilers and the like grow faster, but not for ever.
    slopes.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    slopes.into_iter().map(|(_, _, pid)| pid).collect()
}

/// Whether it grew in most steps and shrank in none.
#[expect(clippy::cast_precision_loss, reason = "a ranking needs no more than f64 holds")]
fn is_steady(series: &[Point], of: impl Fn(&Point) -> u64) -> bool {
    let steps = || series.iter().zip(series.iter().skip(1));
    let grew = steps().filter(|(a, b)| of(b) > of(a)).count();
    let shrank = steps().any(|(a, b)| of(b) < of(a));
    !shrank && grew as f64 >= STEADY_SHARE * steps().count() as f64
}

/// The largest single step as a share of all growth: 1 for a process that grew once, at one moment.
#[expect(clippy::cast_precision_loss, reason = "a ranking needs no more than f64 holds")]
fn jump_share(series: &[Point], of: impl Fn(&Point) -> u64) -> f64 {
    let steps = series.iter().zip(series.iter().skip(1)).map(|(a, b)| of(b).saturating_sub(of(a)));
    let (largest, all) = steps.fold((0, 0), |(most, sum), d| (d.max(most), sum + d));
    if series.len() < 3 || all == 0 { 0.0 } else { largest as f64 / all as f64 }
}

/// Median of the pairwise slopes, pages per microsecond.
#[expect(clippy::cast_precision_loss, reason = "a ranking needs no more than f64 holds")]
fn theil_sen(series: &[Point], of: impl Fn(&Point) -> u64) -> Option<f64> {
    let step = series.len().div_ceil(POINTS).max(1);
    let points: Vec<&Point> = series.iter().step_by(step).collect();
    let mut slopes = Vec::new();
    for (k, a) in points.iter().enumerate() {
        for b in points.iter().skip(k + 1) {
            let dt = b.us.saturating_sub(a.us);
            if dt > 0 {
                slopes.push((of(b) as f64 - of(a) as f64) / dt as f64);
            }
        }
    }
    let middle = slopes.len().checked_sub(1)? / 2;
    slopes.sort_unstable_by(f64::total_cmp);
    slopes.get(middle).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(anon: impl Fn(u64) -> u64, data: impl Fn(u64) -> u64) -> Vec<Point> {
        (0..20).map(|s| Point { us: s * 1_000_000, anon: anon(s), data: data(s) }).collect()
    }

    #[test]
    fn growth_is_ranked_and_jumps_and_noise_are_not() {
        let steady = series(|s| 1000 + 50 * s, |_| 5000);
        let slow = series(|s| 1000 + 5 * s, |_| 5000);
        let address_space = series(|s| 100 + s, |s| 5000 + 256 * s);
        let jump = series(|s| if s < 10 { 100 } else { 100_000 }, |_| 5000);
        let noise = series(|s| 1000 + s % 2, |_| 5000);
        let shrinking = series(|s| 9000 - 10 * s, |_| 5000);
        let all = [steady, slow, address_space, jump, noise, shrinking];
        let pids = (1..).zip(all.iter().map(Vec::as_slice));
        assert_eq!(rank(pids, 4096), [1, 3, 2]);
    }

    #[test]
    fn a_slow_but_steady_leak_is_followed_among_many_that_grow_faster() {
        let leak = series(|s| 100 + s, |s| 5000 + 256 * s);
        let sizes = |s| 1000 + 2000 * s + 9000 * (s % 5);
        let compiler = series(sizes, sizes);
        let all: Vec<&[Point]> =
            std::iter::repeat_n(compiler.as_slice(), 40).chain([leak.as_slice()]).collect();
        assert!(rank((1..).zip(all), 4096).contains(&41));
    }

    #[test]
    fn nothing_to_compare_gives_nothing() {
        assert!(rank([(1, &[][..])].into_iter(), 4096).is_empty());
        let one = series(|s| s, |s| s);
        assert!(rank([(1, &one[..1])].into_iter(), 4096).is_empty());
    }
}
