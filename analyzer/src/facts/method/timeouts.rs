//! The least that a timeout of an application should be: one lost packet is ordinary, and should be
//! sent again before the application gives up (M5).

/// One lost SYN and one lost answer to it cost a second each (Linux 3.1 and later).
const CONNECT_S: f64 = 3.0;
/// The smallest retransmission timeout, and a round trip.
pub const READ_S: f64 = 0.3;
/// From here on a round trip is more than the margin in [`CONNECT_S`].
const LONG_RTT_MS: f64 = 100.0;
/// A timeout that has grown by backoff is no measure of the path.
const RTO_MS: f64 = 1000.0;

/// Of `connect()`, by the round trip.
#[must_use]
pub fn connect_s(round_trip_ms: f64) -> f64 {
    CONNECT_S + if round_trip_ms >= LONG_RTT_MS { round_trip_ms / 1000.0 } else { 0.0 }
}

/// Of reading an answer, on top of the time that the server takes for it.
#[must_use]
pub fn read_s(retransmission_ms: f64, round_trip_ms: f64) -> f64 {
    ((retransmission_ms.min(RTO_MS) + round_trip_ms) / 1000.0).max(READ_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_packet_may_be_lost() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(connect_s(1.0), 3.0) && near(connect_s(250.0), 3.25));
        assert!(near(read_s(204.0, 1.0), 0.3) && near(read_s(420.0, 220.0), 0.64));
        assert!(near(read_s(64_000.0, 20.0), 1.02), "a timeout grown by backoff");
    }
}
