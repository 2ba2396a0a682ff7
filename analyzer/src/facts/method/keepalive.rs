//! M4: what keepalive really does on a connection, read from its timers.
//!
//! The kernel parameters say what an application gets if it asks for keepalive and sets nothing
//! else. Whether it asks, and what it set, stands in the timer of each socket.

use super::socket::{Silence, Socket, State, Timer};

/// Which packets a load balancer in the path sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topology {
    /// Both directions.
    #[default]
    Inline,
    /// Direct server return: only those from client to server, and this host is a server.
    DsrServer,
    /// The same, and this host is a client: its bare acknowledgements are not recorded, so the
    /// silence is an upper bound.
    DsrClient,
}

/// Time since the last packet that a box in the path surely saw.
#[must_use]
pub fn silence_ms(silence: Silence, topology: Topology) -> u32 {
    let Silence { sent_ms, received_ms, ack_ms } = silence;
    match topology {
        Topology::Inline => sent_ms.min(received_ms).min(ack_ms),
        Topology::DsrServer => received_ms.min(ack_ms),
        Topology::DsrClient => sent_ms,
    }
}

/// Whether `SO_KEEPALIVE` is set on an established connection; `None` when another timer hides it
/// or the source tells no timers.
#[must_use]
pub fn is_on(socket: &Socket) -> Option<bool> {
    match socket.timer? {
        Timer::Keepalive => Some(true),
        Timer::Off => Some(false),
        Timer::Retransmit | Timer::Probe | Timer::TimeWait => None,
    }
}

/// A lower bound of the connection's own `TCP_KEEPIDLE`, equal to it when nothing was exchanged
/// since the timer was armed. `None` without a keepalive timer, or once probes were exchanged:
/// then the timer counts intervals.
#[must_use]
pub fn time_at_least_ms(socket: &Socket) -> Option<u64> {
    const PROBE_SLACK_MS: u32 = 50;
    let silence = socket.silence?;
    let untouched = socket.state == State::Established
        && socket.timer == Some(Timer::Keepalive)
        && socket.retries == 0
        && silence.ack_ms
            >= silence.sent_ms.min(silence.received_ms).saturating_sub(PROBE_SLACK_MS);
    untouched
        .then(|| u64::from(socket.expires_ms) + u64::from(silence_ms(silence, Topology::Inline)))
}

/// Time until a dead peer is noticed.
#[must_use]
pub fn dead_peer_s(time_s: f64, interval_s: f64, probes: f64) -> f64 {
    time_s + probes * interval_s
}

/// Values that survive an L4 idle timeout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advice {
    /// Idle time before the first probe.
    pub time_s: f64,
    /// Distance of probes.
    pub interval_s: f64,
    /// Probes.
    pub probes: f64,
}

/// Keepalive for an L4 box that forgets a silent session after `timeout_s`: the first probe after
/// half of it, and a dead peer noticed before the box forgets.
#[must_use]
pub fn advice(timeout_s: f64) -> Advice {
    Advice {
        time_s: (timeout_s / 2.0).floor(),
        interval_s: (timeout_s / 12.0).floor().max(1.0),
        probes: 3.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::socket::example;
    use super::*;

    fn idle(timer: Timer, expires_ms: u32, sent: u32, received: u32, ack: u32) -> Socket {
        let silence = Some(Silence { sent_ms: sent, received_ms: received, ack_ms: ack });
        let plain = example(State::Established, "10.0.0.1:22", "10.0.0.2:50000");
        Socket { timer: Some(timer), expires_ms, silence, ..plain }
    }

    #[test]
    fn the_timer_tells_whether_it_is_on() {
        assert_eq!(is_on(&idle(Timer::Keepalive, 1, 0, 0, 0)), Some(true));
        assert_eq!(is_on(&idle(Timer::Off, 0, 0, 0, 0)), Some(false));
        assert_eq!(is_on(&idle(Timer::Retransmit, 1, 0, 0, 0)), None);
        assert_eq!(is_on(&Socket { timer: None, ..idle(Timer::Off, 0, 0, 0, 0) }), None);
    }

    /// Measured on 6.18: `TCP_KEEPIDLE` 20 gave 14.0 to 20 s; the default 119 min and more.
    #[test]
    fn the_time_is_a_lower_bound() {
        let s = idle(Timer::Keepalive, 14_000, 6_000, 6_000, 6_000);
        assert_eq!(time_at_least_ms(&s), Some(20_000));
        let s = idle(Timer::Keepalive, 7_140_000, 60_000, 61_000, 60_010);
        assert_eq!(time_at_least_ms(&s), Some(7_200_000));
        let probed = idle(Timer::Keepalive, 70_000, 7_300_000, 7_300_000, 5_000);
        assert_eq!(time_at_least_ms(&probed), None, "a probe was answered 5 s ago");
        let unanswered = Socket { retries: 1, ..s };
        assert_eq!(time_at_least_ms(&unanswered), None);
        assert_eq!(time_at_least_ms(&idle(Timer::Off, 0, 1, 1, 1)), None);
    }

    #[test]
    fn a_balancer_with_direct_server_return_sees_one_direction() {
        let s = Silence { sent_ms: 5, received_ms: 300, ack_ms: 200 };
        assert_eq!(silence_ms(s, Topology::Inline), 5);
        assert_eq!(silence_ms(s, Topology::DsrServer), 200);
        assert_eq!(silence_ms(s, Topology::DsrClient), 5);
    }

    /// The table of the catalogue; 120 s is the book's own case.
    #[test]
    fn advice_fits_the_timeout() {
        let rows = [(120, 60, 10), (60, 30, 5), (240, 120, 20), (350, 175, 29), (900, 450, 75)];
        for (timeout, time, interval) in rows {
            let a = advice(f64::from(timeout));
            assert_eq!((a.time_s, a.interval_s), (f64::from(time), f64::from(interval)));
            assert!(dead_peer_s(a.time_s, a.interval_s, a.probes) < f64::from(timeout));
        }
        assert_eq!((dead_peer_s(7200.0, 75.0, 9.0),), (7875.0,), "the kernel's defaults");
    }
}
