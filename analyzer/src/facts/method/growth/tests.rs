//! The classifier against simulated series with the detection rates of its calibration, and
//! against eleven live processes recorded for a minute.

use std::io::Read;

use super::super::num::from_len;
use super::*;

const MIB: f64 = 1_048_576.0;

/// A small generator with a fixed seed: the rates below are the same on every run.
struct Random(u64);

impl Random {
    /// Uniform in 0..1 (xorshift64*).
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        f64::from(u32::try_from(bits).unwrap()) / f64::from(1_u32 << 24)
    }

    /// Standard normal, by the sum of twelve uniforms.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn series(n: usize, mut value: impl FnMut(f64) -> f64) -> Vec<Point> {
    (0..n)
        .map(|i| {
            let at_s = from_len(i);
            Point { at_s, value: value(at_s) }
        })
        .collect()
}

/// Share of 300 simulated series that get `class`.
fn rate(n: usize, class: Class, mut make: impl FnMut(&mut Random) -> Vec<Point>) -> f64 {
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ u64::try_from(n).unwrap());
    let hits = (0..300)
        .filter(|_| {
            let points = make(&mut random);
            assert_eq!(points.len(), n);
            classify(&points, FLOOR_RESIDENT_BYTES, None).unwrap().class == class
        })
        .count();
    from_len(hits) / 300.0
}

fn steady(n: usize, r: &mut Random) -> Vec<Point> {
    let (slope, noise) = ((0.3 + 2.0 * r.uniform()) * MIB, 0.05 * MIB);
    series(n, |t| 100.0 * MIB + slope * t + noise * r.normal())
}

fn step(n: usize, r: &mut Random) -> Vec<Point> {
    let (when, noise) = (from_len(n) * (0.2 + 0.6 * r.uniform()), 0.02 * MIB);
    series(n, |t| (100.0 + if t >= when { 50.0 } else { 0.0 }) * MIB + noise * r.normal())
}

fn warm_up(n: usize, r: &mut Random) -> Vec<Point> {
    let (tau, noise) = (from_len(n) * (0.1 + 0.08 * r.uniform()), 0.05 * MIB);
    series(n, |t| (100.0 + 80.0 * (1.0 - (-t / tau).exp())) * MIB + noise * r.normal())
}

fn spike(n: usize, r: &mut Random) -> Vec<Point> {
    let from = from_len(n) * (0.2 + 0.3 * r.uniform());
    let to = from + from_len(n) * 0.2;
    let noise = 0.05 * MIB;
    series(n, |t| (100.0 + if t >= from && t < to { 60.0 } else { 0.0 }) * MIB + noise * r.normal())
}

fn stable(n: usize, r: &mut Random) -> Vec<Point> {
    let noise = 0.2 * MIB;
    series(n, |_| 100.0 * MIB + noise * r.normal())
}

/// Allocates for `period` seconds, then falls back; `leak` stays each time.
fn saw(n: usize, leak: f64, r: &mut Random) -> Vec<Point> {
    let (period, phase) = ((6.0 + 3.0 * r.uniform()).floor(), (6.0 * r.uniform()).floor());
    series(n, |t| {
        let rounds = ((t + phase) / period).floor();
        let since = t + phase - rounds * period;
        (100.0 + leak * rounds + 8.0 * since) * MIB + 0.1 * MIB * r.normal()
    })
}

fn lumpy(n: usize, r: &mut Random) -> Vec<Point> {
    let mut size = 100.0 * MIB;
    series(n, |_| {
        if r.uniform() < 0.2 {
            size += 4.0 * MIB;
        }
        size
    })
}

#[test]
fn a_constant_leak_is_found_in_any_window() {
    for n in [10, 15, 30, 60] {
        let found = rate(n, Class::Steady, |r| steady(n, r));
        assert!(found >= 0.97, "{found} at {n} samples");
    }
}

#[test]
fn steps_spikes_and_warm_ups_are_not_leaks() {
    for n in [10, 15, 30, 60] {
        let found = rate(n, Class::Step, |r| step(n, r));
        assert!(found >= 0.99, "step {found} at {n} samples");
        let leaks =
            rate(n, Class::Steady, |r| spike(n, r)) + rate(n, Class::Steady, |r| step(n, r));
        assert!(leaks == 0.0, "{leaks} at {n} samples");
    }
    for n in [15, 30, 60] {
        let found = rate(n, Class::Plateau, |r| warm_up(n, r));
        assert!(found >= 0.99, "warm-up {found} at {n} samples");
        let found = rate(n, Class::Spike, |r| spike(n, r));
        assert!(found >= 0.99, "spike {found} at {n} samples");
    }
    assert!(rate(10, Class::Plateau, |r| warm_up(10, r)) >= 0.6);
    assert!(rate(10, Class::Spike, |r| spike(10, r)) >= 0.8);
}

#[test]
fn noise_is_stable() {
    for n in [10, 15, 30, 60] {
        let found = rate(n, Class::Stable, |r| stable(n, r));
        assert!(found >= 0.95, "{found} at {n} samples");
    }
}

#[test]
fn a_collector_of_garbage_is_no_leak_unless_its_floor_rises() {
    let found = rate(60, Class::RisingFloor, |r| saw(60, 6.0, r));
    assert!(found >= 0.97, "{found}");
    for n in [15, 30, 60] {
        let leaks = rate(n, Class::Steady, |r| saw(n, 0.0, r));
        assert!(leaks == 0.0, "{leaks} at {n} samples");
    }
    assert!(rate(10, Class::Steady, |r| saw(10, 0.0, r)) <= 0.12);
    let healthy = rate(60, Class::Sawtooth, |r| saw(60, 0.0, r));
    assert!(healthy >= 0.97, "{healthy}");
}

/// A leak in lumps is the hard case: longer windows find more of them.
#[test]
fn lumps_are_found_the_longer_the_better() {
    let rates = [10, 15, 30, 60].map(|n| rate(n, Class::Steady, |r| lumpy(n, r)));
    assert!(rates.is_sorted(), "{rates:?}");
    assert!(rates[0] <= 0.25 && rates[3] >= 0.6, "{rates:?}");
}

#[test]
fn tiers_follow_samples_window_and_age() {
    let grow = |n: usize, age| {
        let g = classify(&series(n, |t| 10.0 * MIB + MIB * t), MIB, age).unwrap();
        assert_eq!(g.class, Class::Steady);
        g.confidence
    };
    assert_eq!(grow(10, None), Confidence::Low);
    assert_eq!(grow(20, None), Confidence::Medium);
    assert_eq!(grow(30, None), Confidence::High);
    assert_eq!(grow(30, Some(100.0)), Confidence::Medium, "start-up");
    // 49 MiB after 3600 s at 1 MiB/s: it cannot always have grown like this.
    assert_eq!(grow(20, Some(3600.0)), Confidence::Medium);
    let always = series(20, |t| 3600.0 * MIB + MIB * t);
    let g = classify(&always, MIB, Some(3619.0)).unwrap();
    assert!((g.lifetime_linearity.unwrap() - 1.0).abs() < 0.01);
    assert_eq!(g.confidence, Confidence::High, "raised by lifetime linearity");
}

#[test]
fn short_series_have_no_class_and_long_ones_are_thinned() {
    assert_eq!(classify(&series(5, |t| t), MIB, None), None);
    let g = classify(&series(4000, |t| MIB * t), MIB, None).unwrap();
    assert_eq!((g.class, g.samples), (Class::Steady, 4000));
    assert!(is_quiet([], MIB) && is_quiet([1.0, 2.0], MIB) && !is_quiet([0.0, 2.0 * MIB], MIB));
    let mut long = series(1000, |_| 5.0);
    long[500].value = 90.0;
    let line = sparkline(&long, 120);
    assert_eq!(line.len(), 120);
    assert!(line.contains(&90.0), "a spike survives");
}

/// The recorded processes, as (name, sample, memory, address space) in bytes. `None` where the
/// recording is not there; in CI that is an error.
fn lab() -> Option<serde_json::Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/lab/growth-series.json.xz");
    let Ok(file) = std::fs::File::open(path) else {
        assert!(std::env::var_os("CI").is_none(), "{path} is not there");
        eprintln!("SKIPPED: {path} is not there");
        return None;
    };
    let mut text = String::new();
    liblzma::read::XzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn live_processes_get_the_class_that_they_were_made_for() {
    let Some(lab) = lab() else { return };
    let expected = [
        ("leakmmap", Class::Steady),
        ("leakheap", Class::Steady),
        ("slowleak", Class::Steady),
        ("spike", Class::Spike),
        ("step", Class::Step),
        ("warm", Class::Plateau),
        ("saw", Class::Sawtooth),
        ("sawleak", Class::RisingFloor),
        ("stable", Class::Stable),
        ("bookleak", Class::Stable),
    ];
    let read = |name: &str, keys: &[&str]| -> Vec<Point> {
        let samples = lab["data"][name].as_array().unwrap();
        let sum = |s: &serde_json::Value| keys.iter().map(|k| s[*k].as_f64().unwrap()).sum::<f64>();
        let at = |s: &serde_json::Value| s["t"].as_f64().unwrap();
        samples.iter().map(|s| Point { at_s: at(s), value: sum(s) * 1024.0 }).collect()
    };
    for (name, class) in expected {
        let memory = read(name, &["RssAnon", "VmSwap"]);
        let g = classify(&memory, FLOOR_RESIDENT_BYTES, None).unwrap();
        assert_eq!(g.class, class, "{name}: {g:?}");
    }
    let space = classify(&read("bookleak", &["VmData"]), FLOOR_VIRTUAL_BYTES, None).unwrap();
    assert_eq!(space.class, Class::Steady, "{space:?}");
    assert!((space.trend.slope / 1024.0 - 1028.0).abs() < 2.0, "{space:?}");
    let touched = classify(&read("bookleak", &["RssAnon", "VmSwap"]), FLOOR_RESIDENT_BYTES, None);
    assert!((touched.unwrap().trend.slope / 1024.0 - 4.0).abs() < 0.5);
}
