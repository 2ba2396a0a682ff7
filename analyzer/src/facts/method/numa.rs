//! M7: what the NUMA allocation counters of a node say.
//!
//! They count page allocations, not accesses, huge pages excluded. `numa_miss` of a node are pages
//! that were wanted elsewhere and landed here; older documents have it the other way round
//! (Documentation/admin-guide/numastat.rst since 5.8).

use super::num::{from_u64, ratio};

/// Growth of the counters of one node over the window, in pages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delta {
    /// Wanted here, got here.
    pub hit: u64,
    /// Wanted elsewhere, got here.
    pub miss: u64,
    /// Allocated here by a CPU of this node.
    pub local: u64,
    /// Allocated here by a CPU of another node.
    pub other: u64,
}

impl Delta {
    /// Share of the allocations here that CPUs of other nodes made. High with [`Self::miss`] near
    /// 0 is policy or scheduling, not a shortage.
    #[must_use]
    pub fn remote(&self) -> Option<f64> {
        ratio(from_u64(self.other), from_u64(self.local) + from_u64(self.other))
    }

    /// Share of the allocations here that another node should have served: it was full.
    #[must_use]
    pub fn missed(&self) -> Option<f64> {
        ratio(from_u64(self.miss), from_u64(self.hit) + from_u64(self.miss))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_and_missed_are_two_things() {
        let interleaved = Delta { hit: 100, miss: 0, local: 50, other: 50 };
        assert_eq!((interleaved.remote(), interleaved.missed()), (Some(0.5), Some(0.0)));
        let overflow = Delta { hit: 75, miss: 25, local: 75, other: 25 };
        assert_eq!((overflow.remote(), overflow.missed()), (Some(0.25), Some(0.25)));
        assert_eq!((Delta::default().remote(), Delta::default().missed()), (None, None));
    }
}
