//! CPUs side by side: bars of where the time of each went, and a map of how busy each was when.
//!
//! Neither grows with the host: above 64 CPUs there are no bars, and a row of the map stands for
//! several CPUs and shows the busiest of them, since an average would hide the one that is full.

use std::fmt::Write;

use serde::Serialize;

use super::{Tick, px, scale};
use crate::report::units::{Unit, float_len};

/// Bars, and rows of the map, at most.
const MOST: usize = 64;
const WIDTH: f64 = 500.0;
const LEFT: f64 = 52.0;
const PLOT: f64 = 430.0;
const TOP: f64 = 8.0;
/// Height of the bars.
const BARS: f64 = 100.0;
/// Widest bar with the space to the next.
const PITCH: f64 = 26.0;
/// Height of a row of the map.
const ROW: (f64, f64) = (4.0, 14.0);
/// Height of the whole map where rows can be chosen.
const MAP: f64 = 180.0;
/// Labels along an axis at most.
const LABELS: usize = 16;
/// Least share of each shade; below the first nothing is drawn.
const SHADES: [f64; 8] = [0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95];

/// One CPU: number and parts of its time, from the ground.
pub struct CpuParts<'a> {
    /// Number.
    pub cpu: i64,
    /// Name, share and class of each part.
    pub parts: Vec<(&'a str, f64, &'static str)>,
}

/// A bar for each CPU.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CpuBars {
    /// Parts of all bars.
    pub parts: Vec<BarPart>,
    /// Marks of the scale.
    pub y_ticks: Vec<Tick>,
    /// Numbers of CPUs.
    pub x_ticks: Vec<Tick>,
    /// Left edge.
    pub left: f64,
    /// Right edge.
    pub right: f64,
    /// Ground.
    pub bottom: f64,
}

/// A part of a bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BarPart {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Class of its colour.
    pub class: &'static str,
    /// CPU, name and share.
    pub title: String,
}

impl CpuBars {
    /// Draws them. `None` without CPUs, and for more than 64.
    #[must_use]
    pub fn new(cpus: &[CpuParts<'_>]) -> Option<Self> {
        if cpus.is_empty() || cpus.len() > MOST {
            return None;
        }
        let pitch = (PLOT / float_len(cpus.len())).min(PITCH);
        let bottom = TOP + BARS;
        let (mut parts, mut x_ticks) = (Vec::new(), Vec::new());
        for (i, cpu) in cpus.iter().enumerate() {
            let x = LEFT + float_len(i) * pitch;
            let mut top = bottom;
            for (name, share, class) in &cpu.parts {
                let height = px((share.clamp(0.0, 1.0) * BARS).min(top - TOP));
                if height < 0.3 {
                    continue;
                }
                top -= height;
                let title = format!("CPU {}: {name} {}", cpu.cpu, Unit::Ratio.format(*share));
                let (x, y, width) = (px(x), px(top), px(pitch * 0.8));
                parts.push(BarPart { x, y, width, height, class, title });
            }
            if i % cpus.len().div_ceil(LABELS) == 0 {
                x_ticks.push(Tick { at: px(x + pitch * 0.4), label: cpu.cpu.to_string() });
            }
        }
        let y_ticks = [0.0, 0.5, 1.0].map(|share| Tick {
            at: px(bottom - share * BARS),
            label: Unit::Ratio.format(share).replace(".0 ", " "),
        });
        let right = px(LEFT + pitch * float_len(cpus.len()));
        Some(Self { parts, y_ticks: y_ticks.to_vec(), x_ticks, left: LEFT, right, bottom })
    }
}

/// Busy shares by CPU and interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CpuMap {
    /// Width of the drawing.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Left edge of the map.
    pub left: f64,
    /// Lower edge.
    pub bottom: f64,
    /// Height of a row.
    pub row: f64,
    /// One path a shade, the lightest first.
    pub shades: Vec<Shade>,
    /// Ticks of the time axis.
    pub x_ticks: Vec<Tick>,
    /// Numbers of CPUs.
    pub y_ticks: Vec<Tick>,
    /// CPUs that share a row.
    pub per_row: usize,
}

/// Everything of one shade.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shade {
    /// How dark, up to 1.
    pub opacity: f64,
    /// Horizontal strokes as high as a row.
    pub path: String,
}

impl CpuMap {
    /// Draws one row a CPU: its number, and its busy share in the interval that ends at each of
    /// `ends_s`. `None` with fewer than two CPUs or intervals.
    #[must_use]
    pub fn new(ends_s: &[f64], cpus: &[(i64, &[f64])]) -> Option<Self> {
        let span_s = ends_s.last().copied().filter(|s| s.is_finite() && *s > 0.0)?;
        let fits = |shares: &[f64]| shares.len() == ends_s.len();
        let cpus: Vec<&(i64, &[f64])> = cpus.iter().filter(|(_, s)| fits(s)).collect();
        if cpus.len() < 2 || ends_s.len() < 2 {
            return None;
        }
        let per_row = cpus.len().div_ceil(MOST);
        let rows: Vec<&[&(i64, &[f64])]> = cpus.chunks(per_row).collect();
        let row = (MAP / float_len(rows.len())).clamp(ROW.0, ROW.1).floor();
        let x = |s: f64| (LEFT + s / span_s * PLOT).round();
        let mut paths = vec![String::new(); SHADES.len()];
        let mut y_ticks = Vec::new();
        for (i, group) in rows.iter().enumerate() {
            let middle = TOP + (float_len(i) + 0.5) * row;
            for (shade, from, to) in runs(ends_s, group) {
                if let Some(path) = paths.get_mut(shade) {
                    let (from, to) = (x(from), x(to));
                    write!(path, "M{from} {middle}h{}", to - from).ok();
                }
            }
            if i % rows.len().div_ceil(LABELS) == 0 {
                let label = group.first().map_or_else(String::new, |(cpu, _)| cpu.to_string());
                y_ticks.push(Tick { at: middle, label });
            }
        }
        let bottom = TOP + float_len(rows.len()) * row;
        let shades = paths.into_iter().enumerate().filter(|(_, path)| !path.is_empty());
        Some(Self {
            width: WIDTH,
            height: bottom + 20.0,
            left: LEFT,
            bottom,
            row,
            shades: shades
                .map(|(i, path)| Shade { opacity: px(float_len(i + 2) / 9.0), path })
                .collect(),
            x_ticks: scale::times(span_s, LEFT, PLOT),
            y_ticks,
            per_row,
        })
    }
}

/// Intervals of one shade that follow each other: shade, begin, end. The busiest of a group
/// counts.
fn runs(ends_s: &[f64], group: &[&(i64, &[f64])]) -> Vec<(usize, f64, f64)> {
    let mut out: Vec<(usize, f64, f64)> = Vec::new();
    let mut began = 0.0;
    for (i, end) in ends_s.iter().enumerate() {
        let busiest = group.iter().filter_map(|(_, shares)| shares.get(i)).copied();
        let share = busiest.fold(0.0, f64::max);
        let tone = SHADES.iter().filter(|least| share >= **least).count().checked_sub(1);
        match (tone, out.last_mut()) {
            (Some(tone), Some(last)) if last.0 == tone && last.2 >= began => last.2 = *end,
            (Some(tone), _) => out.push((tone, began, *end)),
            (None, _) => {}
        }
        began = *end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_each_other() {
        let parts = vec![("user", 0.5, "p1"), ("system", 0.25, "p2"), ("steal", 0.0, "p7")];
        let bars = CpuBars::new(&[CpuParts { cpu: 3, parts }]).unwrap();
        let edges: Vec<(f64, f64)> = bars.parts.iter().map(|p| (p.y, p.height)).collect();
        assert_eq!(edges, [(58.0, 50.0), (33.0, 25.0)]);
        assert_eq!(bars.parts[1].title, "CPU 3: system 25.0 %");
        assert_eq!(bars.x_ticks[0].label, "3");
    }

    #[test]
    fn shares_above_the_whole_stay_inside() {
        let parts = vec![("user", 0.9, "p1"), ("system", 0.9, "p2")];
        let bars = CpuBars::new(&[CpuParts { cpu: 0, parts }]).unwrap();
        assert!(bars.parts.iter().all(|p| p.y >= TOP), "{bars:?}");
    }

    #[test]
    fn the_map_joins_equal_neighbours_and_leaves_idle_out() {
        let ends = [1.0, 2.0, 3.0, 4.0];
        let map =
            CpuMap::new(&ends, &[(0, &[1.0, 0.97, 0.0, 0.5]), (1, &[0.0, 0.0, 0.0, 0.0])]).unwrap();
        let paths: Vec<&str> = map.shades.iter().map(|s| s.path.as_str()).collect();
        assert_eq!(paths, ["M375 15h107", "M52 15h215"]);
        assert_eq!(map.per_row, 1);
    }

    #[test]
    fn a_thousand_cpus_are_bounded_and_the_full_one_is_seen() {
        let ends: Vec<f64> = (1..=60).map(f64::from).collect();
        let noisy: Vec<f64> = (0..60).map(|i| f64::from(i % 7) / 7.0).collect();
        let full = vec![1.0; 60];
        let cpus: Vec<(i64, &[f64])> =
            (0..1024).map(|n| (n, if n == 777 { &full[..] } else { &noisy[..] })).collect();
        let map = CpuMap::new(&ends, &cpus).unwrap();
        let bytes: usize = map.shades.iter().map(|s| s.path.len()).sum();
        assert!(bytes < 80_000, "{bytes}");
        assert_eq!((map.per_row, map.y_ticks.len()), (16, 16));
        let dark = &map.shades.last().unwrap().path;
        assert!(dark.ends_with("h430") && dark.matches('M').count() == 1, "{dark}");
        let bars: Vec<CpuParts<'_>> =
            (0..1024).map(|cpu| CpuParts { cpu, parts: Vec::new() }).collect();
        assert_eq!(CpuBars::new(&bars), None);
    }

    #[test]
    fn nothing_to_compare_is_no_map() {
        assert_eq!(CpuMap::new(&[1.0, 2.0], &[(0, &[0.1, 0.2])]), None);
        assert_eq!(CpuMap::new(&[], &[(0, &[]), (1, &[])]), None);
        assert_eq!(CpuMap::new(&[1.0, f64::NAN], &[(0, &[0.1, 0.2]), (1, &[0.1, 0.2])]), None);
    }
}
