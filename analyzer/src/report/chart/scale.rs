//! Axes: round steps, in tens for counts and in binary for bytes.

use super::Tick;
use crate::report::units::Unit;

/// Round ticks from 0 to at least `max`, as values; three to six of them.
pub(super) fn steps(max: f64, unit: Unit) -> Vec<f64> {
    let max = if max.is_finite() && max > 0.0 { max } else { 1.0 };
    let rough = max / 4.0;
    let binary = matches!(unit, Unit::Bytes | Unit::BytesPerS) && rough >= 1.0;
    let step = if binary {
        rough.log2().ceil().exp2()
    } else {
        let base = 10f64.powf(rough.log10().floor());
        [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|m| m * base)
            .find(|s| *s >= rough * 0.999)
            .unwrap_or(base)
    };
    let mut out = vec![0.0];
    let mut at = 0.0;
    while at < max * 0.999 && out.len() < 8 {
        at += step;
        out.push(at);
    }
    out
}

/// Ticks of a time axis of `span_s` seconds over `width` pixels, from `left`.
pub(super) fn times(span_s: f64, left: f64, width: f64) -> Vec<Tick> {
    const STEPS: [f64; 14] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0,
        21_600.0,
    ];
    if !span_s.is_finite() || span_s <= 0.0 {
        return vec![Tick { at: super::px(left), label: "0 s".to_owned() }];
    }
    let step = STEPS.into_iter().find(|s| span_s / s <= 6.5).unwrap_or(span_s / 4.0);
    let mut out = Vec::new();
    let mut at = 0.0;
    while at <= span_s * 1.001 && out.len() < 12 {
        out.push(Tick {
            at: super::px(left + at / span_s * width),
            label: Unit::Seconds.format(at),
        });
        at += step;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_reach_the_maximum() {
        assert_eq!(steps(3.2, Unit::Plain), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(steps(0.9, Unit::Ratio), [0.0, 0.5, 1.0]);
        let gib = 1024.0 * 1024.0 * 1024.0;
        assert_eq!(steps(24.0 * gib, Unit::Bytes), [0.0, 8.0 * gib, 16.0 * gib, 24.0 * gib]);
        assert_eq!(steps(0.0, Unit::Plain).first(), Some(&0.0));
        assert!(steps(f64::NAN, Unit::Bytes).len() > 1);
    }

    #[test]
    fn a_minute_has_seven_ticks() {
        let ticks = times(60.0, 50.0, 600.0);
        let labels: Vec<&str> = ticks.iter().map(|t| t.label.as_str()).collect();
        assert_eq!(labels, ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"]);
        assert!((ticks[6].at - 650.0).abs() < 0.1);
    }
}
