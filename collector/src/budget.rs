//! What walks through address spaces may cost, one by one and together.
//!
//! While `smaps` and its like are read, the process can neither map nor unmap, so the length of one
//! walk is a pause that the process may notice, and it is known only afterwards: it is estimated
//! from the resident memory before.

/// Cost of a walk. Measured: 8 to 11 ms of CPU time, and 26 to 29 ms until it ended on a virtual
/// machine whose two processors share a core with the process that waits; each for 4K pages. Larger
/// pages cost less.
pub(crate) const US_PER_GIB: u64 = 28_000;
/// Longest walk: half as long again was measured in the worst of five, which is a pause of 30 ms.
/// Processes of up to 731 MiB are walked.
pub(crate) const MAX_WALK_US: u64 = 20_000;
/// All walks of a pass.
pub(crate) const MAX_PASS_US: u64 = 5_000_000;
/// All walks of growers at one moment: samples wait for them.
pub(crate) const MAX_WINDOW_US: u64 = 1_500_000;
/// Walks that are asked for at once: those that are expected to take no longer than this together.
const BATCH_US: u64 = 10_000;
/// How many of them at most.
const BATCH: usize = 32;

/// Time that is left for walks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    left_us: u64,
    deep: bool,
}

/// Whether a process is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is, and is expected to take so long.
    Walk(u64),
    /// It would be stalled for too long.
    TooLarge,
    /// The time for all is used up.
    NoTime,
}

impl Budget {
    /// So much for all; `deep` lifts every bound.
    pub(crate) const fn new(us: u64, deep: bool) -> Self {
        Self { left_us: us, deep }
    }

    /// Whether a process of so much resident memory is walked, when walks that are expected to take
    /// `promised_us` are asked for already.
    pub(crate) fn ask(&self, resident_bytes: u64, promised_us: u64) -> Verdict {
        let cost_us = resident_bytes.saturating_mul(US_PER_GIB) >> 30;
        if self.deep {
            Verdict::Walk(cost_us)
        } else if cost_us > MAX_WALK_US {
            Verdict::TooLarge
        } else if self.left_us == 0 || cost_us.saturating_add(promised_us) > self.left_us {
            Verdict::NoTime
        } else {
            Verdict::Walk(cost_us)
        }
    }

    /// Whether walks are to be done before more are asked for.
    pub(crate) const fn is_full(walks: usize, promised_us: u64) -> bool {
        walks >= BATCH || promised_us >= BATCH_US
    }

    /// A walk took so long.
    pub(crate) const fn spend(&mut self, us: u64) {
        self.left_us = self.left_us.saturating_sub(us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Walks processes of these sizes as the collector does, each taking `factor` times what was
    /// expected; gives all walks, the longest, and how many were left out for want of time.
    fn all(sizes: &[u64], factor: u64, mut budget: Budget) -> (u64, u64, usize) {
        let (mut spent, mut longest, mut no_time) = (0, 0, 0);
        let (mut batch, mut promised) = (Vec::new(), 0);
        for size in sizes.iter().map(Some).chain([None]) {
            match size.map(|size| budget.ask(*size, promised)) {
                Some(Verdict::Walk(us)) => {
                    batch.push(us * factor);
                    promised += us;
                }
                Some(Verdict::NoTime) => no_time += 1,
                Some(Verdict::TooLarge) => {}
                None => promised = u64::MAX,
            }
            if Budget::is_full(batch.len(), promised) {
                for us in batch.drain(..) {
                    budget.spend(us);
                    spent += us;
                    longest = longest.max(us);
                }
                promised = 0;
            }
        }
        (spent, longest, no_time)
    }

    #[test]
    fn no_walk_is_longer_than_a_process_can_bear() {
        let budget = Budget::new(MAX_PASS_US, false);
        assert_eq!(budget.ask(731 * MIB, 0), Verdict::Walk(19_988));
        assert_eq!(budget.ask(732 * MIB, 0), Verdict::TooLarge);
        assert_eq!(budget.ask(u64::MAX, 0), Verdict::TooLarge);
        assert_eq!(Budget::new(0, true).ask(2048 * MIB, 0), Verdict::Walk(56_000));
    }

    #[test]
    fn all_walks_together_stay_within_their_time() {
        let sizes: Vec<u64> = (0..10_000).map(|k| (1200 - k % 1200) * MIB).collect();
        for total in [MAX_PASS_US, MAX_WINDOW_US] {
            let (spent, longest, no_time) = all(&sizes, 1, Budget::new(total, false));
            assert!(spent <= total && spent > total / 2, "{spent}");
            assert!(longest <= MAX_WALK_US && no_time > 1000, "{longest} {no_time}");
        }
    }

    #[test]
    fn what_takes_longer_than_expected_overruns_by_one_batch_at_most() {
        let sizes = vec![MIB; 100_000];
        let (spent, _, no_time) = all(&sizes, 100, Budget::new(MAX_PASS_US, false));
        let batch = 100 * 32 * ((MIB * US_PER_GIB) >> 30);
        assert!(spent <= MAX_PASS_US + batch && no_time > 0, "{spent}");
    }

    #[test]
    fn small_ones_go_on_when_a_large_one_does_not_fit_any_more() {
        let mut budget = Budget::new(MAX_PASS_US, false);
        budget.spend(MAX_PASS_US - 1000);
        assert_eq!(budget.ask(512 * MIB, 0), Verdict::NoTime);
        assert_eq!(budget.ask(32 * MIB, 0), Verdict::Walk(875));
        assert_eq!(budget.ask(32 * MIB, 900), Verdict::NoTime);
        budget.spend(1000);
        assert_eq!(budget.ask(0, 0), Verdict::NoTime);
    }
}
