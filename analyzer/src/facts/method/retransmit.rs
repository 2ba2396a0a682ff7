//! M5: how long TCP keeps trying, from the kernel's parameters.
//!
//! `net/ipv4/tcp_timer.c`; RFC 6298. The first time-out of a SYN is 1 s since Linux 3.1 and was
//! 3 s before; since 6.5 the first four repeats are linear (`tcp_syn_linear_timeouts`).

/// Smallest time-out of data (`TCP_RTO_MIN`), per namespace since 6.11 (`tcp_rto_min_us`).
pub const RTO_MIN_S: f64 = 0.2;
/// Largest time-out (`TCP_RTO_MAX`), per namespace since 6.15 (`tcp_rto_max_ms`).
pub const RTO_MAX_S: f64 = 120.0;
/// No parameter goes further: `tcp_syn_retries` ends at 127.
const MAX_RETRIES: u32 = 255;

/// When a connection attempt sends its SYNs and when it gives up.
#[derive(Clone, Debug, PartialEq)]
pub struct Syn {
    /// Seconds after the first one, which is at 0.
    pub sent_s: Vec<f64>,
    /// `connect()` fails with `ETIMEDOUT`.
    pub gives_up_s: f64,
}

/// The schedule of SYNs. `initial_s` is the first time-out, `linear` is `tcp_syn_linear_timeouts`
/// (0 where the kernel has none; it comes on top of `retries`).
#[must_use]
pub fn syn(retries: u32, linear: u32, initial_s: f64, max_s: f64) -> Syn {
    let mut sent_s = vec![0.0];
    let (mut at, mut gap) = (0.0, initial_s);
    for k in 0..retries.saturating_add(linear).min(MAX_RETRIES) {
        at += gap;
        sent_s.push(at);
        if k >= linear {
            gap = (gap * 2.0).min(max_s);
        }
    }
    Syn { sent_s, gives_up_s: at + gap }
}

/// Time until a connection with data that is never acknowledged is reset, after `retries`
/// (`tcp_retries2`) as the kernel models it: with the smallest time-out, doubled up to the largest.
#[must_use]
pub fn data_s(retries: u32, min_s: f64, max_s: f64) -> f64 {
    let mut gap = min_s;
    let mut total = 0.0;
    for _ in 0..=retries.min(MAX_RETRIES) {
        total += gap;
        gap = if gap * 2.0 <= max_s { gap * 2.0 } else { max_s };
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(retries: u32, linear: u32, initial: f64) -> (Vec<f64>, f64) {
        let s = syn(retries, linear, initial, RTO_MAX_S);
        (s.sent_s, s.gives_up_s)
    }

    /// The defaults of four generations of kernels; the first is confirmed by measurement.
    #[test]
    fn syn_schedules() {
        let v = |x: &[i32]| x.iter().map(|&n| f64::from(n)).collect::<Vec<_>>();
        assert_eq!(schedule(6, 4, 1.0), (v(&[0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]), 131.0));
        assert_eq!(schedule(6, 0, 1.0), (v(&[0, 1, 3, 7, 15, 31, 63]), 127.0));
        assert_eq!(schedule(5, 0, 1.0), (v(&[0, 1, 3, 7, 15, 31]), 63.0));
        assert_eq!(schedule(5, 0, 3.0), (v(&[0, 3, 9, 21, 45, 93]), 189.0));
    }

    #[test]
    fn data_time_outs() {
        let rows = [(3, 3.0), (5, 12.6), (7, 51.0), (8, 102.2), (10, 324.6), (15, 924.6)];
        for (retries, seconds) in rows {
            assert!((data_s(retries, RTO_MIN_S, RTO_MAX_S) - seconds).abs() < 1e-9, "{retries}");
        }
        assert!((data_s(15, RTO_MIN_S, 10.0) - 112.6).abs() < 1e-9, "tcp_rto_max_ms = 10000");
        assert!(data_s(u32::MAX, RTO_MIN_S, RTO_MAX_S).is_finite());
    }
}
