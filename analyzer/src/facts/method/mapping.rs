//! M2, second half: which mapping of a growing process grows, and which part of it is new.
//!
//! The new part holds what leaked between two looks at the process, so it is the best thing to
//! dump. A heap grows at its end (`brk`), a mapped area usually at its start: new chunks are placed
//! below and merged with it.

use std::collections::BTreeMap;
use std::ops::Range;

/// One mapping at one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vma {
    /// Start address.
    pub start: u64,
    /// End address.
    pub end: u64,
    /// `rw-p`.
    pub perms: [u8; 4],
    /// Path or `[heap]`; empty for anonymous memory.
    pub name: Box<str>,
    /// Inode of a mapped file.
    pub inode: u64,
    /// `Rss` plus `Swap`.
    pub resident_bytes: u64,
}

impl Vma {
    /// Size of the address range.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    fn is_same_kind(&self, other: &Self) -> bool {
        self.perms == other.perms && self.name == other.name && self.inode == other.inode
    }

    fn overlap(&self, other: &Self) -> u64 {
        self.end.min(other.end).saturating_sub(self.start.max(other.start))
    }

    /// Private memory that is counted in `VmData`: what a leak consists of.
    fn is_private_data(&self) -> bool {
        matches!(self.perms, [_, b'w', _, b'p'])
    }

    /// Name shown to people: of the mapping alone, or of its class.
    fn label(&self) -> String {
        if self.name.is_empty() {
            format!("anon {}", String::from_utf8_lossy(&self.perms))
        } else if self.name.starts_with("[stack") {
            "[stack]".to_owned()
        } else {
            self.name.to_string()
        }
    }
}

/// What grew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grown {
    /// Name of the mapping or of its class.
    pub name: String,
    /// Range now; `None` when a class of many mappings grew.
    pub range: Option<Range<u64>>,
    /// The part that was not there at the first look.
    pub new: Option<Range<u64>>,
    /// Growth in size.
    pub delta_size: i64,
    /// Growth in resident and swapped memory.
    pub delta_resident: i64,
    /// Growth of all private mappings by the measure that was asked for.
    pub total: i64,
    /// Mappings that the class gained.
    pub added: i64,
}

/// What to judge growth by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Address space.
    Size,
    /// Resident and swapped memory.
    Resident,
}

/// The mapping that holds at least half of the growth between two looks, else the class that grew
/// most. `None` when nothing grew.
#[must_use]
pub fn growing(then: &[Vma], now: &[Vma], by: By) -> Option<Grown> {
    let changes = changes(then, now);
    let measure = |size: i64, resident: i64| match by {
        By::Size => size,
        By::Resident => resident,
    };
    let gained = sum(changes.iter().map(|c| measure(c.size, c.resident)));
    let lost = sum(lost(then, now).map(|v| measure(int(v.size()), int(v.resident_bytes))));
    let total = gained.saturating_sub(lost);
    let best = changes.iter().max_by_key(|c| measure(c.size, c.resident))?;
    let gain = measure(best.size, best.resident);
    if gain <= 0 || total <= 0 {
        return None;
    }
    if gain.saturating_mul(2) >= total {
        return Some(Grown {
            name: best.vma.label(),
            range: Some(best.vma.start..best.vma.end),
            new: largest(best.uncovered()),
            delta_size: best.size,
            delta_resident: best.resident,
            total,
            added: i64::from(best.before.is_empty()),
        });
    }
    let mut classes: BTreeMap<String, Grown> = BTreeMap::new();
    for c in &changes {
        let name = c.vma.label();
        let class = classes.entry(name.clone()).or_insert_with(|| Grown {
            name,
            range: None,
            new: None,
            delta_size: 0,
            delta_resident: 0,
            total,
            added: 0,
        });
        class.delta_size = class.delta_size.saturating_add(c.size);
        class.delta_resident = class.delta_resident.saturating_add(c.resident);
        class.added += 1 - int(u64::try_from(c.before.len()).unwrap_or(0));
    }
    classes.into_values().max_by_key(|c| measure(c.delta_size, c.delta_resident))
}

/// A mapping of now, the mappings of then that became it, and the difference.
struct Change<'a> {
    vma: &'a Vma,
    before: Vec<&'a Vma>,
    size: i64,
    resident: i64,
}

impl Change<'_> {
    /// Parts of the mapping that no mapping of then covered.
    fn uncovered(&self) -> Vec<Range<u64>> {
        let mut parts = Vec::new();
        let mut at = self.vma.start;
        let mut before = self.before.clone();
        before.sort_by_key(|v| v.start);
        for v in before {
            if v.start > at {
                parts.push(at..v.start.min(self.vma.end));
            }
            at = at.max(v.end);
        }
        if at < self.vma.end {
            parts.push(at..self.vma.end);
        }
        parts
    }
}

/// Private data mappings of now with what became of them; each mapping of then counts once, for
/// the mapping that it overlaps most.
fn changes<'a>(then: &'a [Vma], now: &'a [Vma]) -> Vec<Change<'a>> {
    let mut changes: Vec<Change<'a>> = now
        .iter()
        .filter(|v| v.is_private_data())
        .map(|vma| Change {
            vma,
            before: Vec::new(),
            size: int(vma.size()),
            resident: int(vma.resident_bytes),
        })
        .collect();
    changes.sort_by_key(|c| c.vma.start);
    for old in then {
        // Mappings do not overlap each other, so the candidates are neighbours in order of start.
        let from = changes.partition_point(|c| c.vma.end <= old.start);
        let heir = changes
            .iter_mut()
            .skip(from)
            .take_while(|c| c.vma.start < old.end)
            .filter(|c| c.vma.is_same_kind(old))
            .max_by_key(|c| c.vma.overlap(old));
        if let Some(heir) = heir {
            heir.before.push(old);
            heir.size = heir.size.saturating_sub(int(old.size()));
            heir.resident = heir.resident.saturating_sub(int(old.resident_bytes));
        }
    }
    changes
}

/// Private data mappings of then that have gone.
fn lost<'a>(then: &'a [Vma], now: &'a [Vma]) -> impl Iterator<Item = &'a Vma> {
    let mut sorted: Vec<&Vma> = now.iter().collect();
    sorted.sort_by_key(|v| v.start);
    then.iter().filter(|v| v.is_private_data()).filter(move |old| {
        let from = sorted.partition_point(|v| v.end <= old.start);
        let mut near = sorted.iter().skip(from).take_while(|v| v.start < old.end);
        !near.any(|v| v.is_same_kind(old))
    })
}

fn largest(parts: Vec<Range<u64>>) -> Option<Range<u64>> {
    parts.into_iter().max_by_key(|r| r.end.saturating_sub(r.start))
}

fn sum(values: impl Iterator<Item = i64>) -> i64 {
    values.fold(0, i64::saturating_add)
}

fn int(n: u64) -> i64 {
    super::num::signed(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vma(start: u64, end: u64, name: &str, resident_bytes: u64) -> Vma {
        Vma { start, end, perms: *b"rw-p", name: name.into(), inode: 0, resident_bytes }
    }

    #[test]
    fn a_heap_grows_at_its_end_and_an_area_at_its_start() {
        let then = [vma(100, 200, "[heap]", 50), vma(1000, 1100, "", 10)];
        let now = [vma(100, 260, "[heap]", 110), vma(1000, 1100, "", 10)];
        let g = growing(&then, &now, By::Resident).unwrap();
        assert_eq!((g.name.as_str(), g.new, g.delta_size), ("[heap]", Some(200..260), 60));
        let now = [vma(100, 200, "[heap]", 50), vma(500, 1100, "", 14)];
        let g = growing(&then, &now, By::Size).unwrap();
        assert_eq!(
            (g.name.as_str(), g.new, g.range),
            ("anon rw-p", Some(500..1000), Some(500..1100))
        );
        assert_eq!((g.delta_size, g.delta_resident, g.total), (500, 4, 500));
    }

    #[test]
    fn merged_and_new_mappings() {
        let then = [vma(100, 200, "", 1), vma(300, 400, "", 1)];
        let now = [vma(100, 400, "", 9)];
        let g = growing(&then, &now, By::Size).unwrap();
        assert_eq!((g.delta_size, g.new), (100, Some(200..300)));
        let now = [vma(100, 200, "", 1), vma(300, 400, "", 1), vma(900, 990, "", 0)];
        let g = growing(&then, &now, By::Size).unwrap();
        assert_eq!((g.new, g.added), (Some(900..990), 1));
        assert_eq!(growing(&then, &then, By::Size), None);
        assert_eq!(growing(&now, &then, By::Size), None);
    }

    #[test]
    fn many_small_mappings_are_reported_as_their_class() {
        let then: Vec<Vma> = (0..4).map(|i| vma(i * 1000, i * 1000 + 100, "", 5)).collect();
        let now: Vec<Vma> = (0..12).map(|i| vma(i * 1000, i * 1000 + 100, "", 5)).collect();
        let g = growing(&then, &now, By::Size).unwrap();
        assert_eq!((g.name.as_str(), g.range, g.added, g.delta_size), ("anon rw-p", None, 8, 800));
    }

    /// Guard pages, code and shared memory are not what a leak consists of.
    #[test]
    fn only_private_data_counts() {
        let guard = |start, end| Vma { perms: *b"---p", ..vma(start, end, "", 0) };
        let shared = |start, end| Vma { perms: *b"rw-s", ..vma(start, end, "/dev/shm/x", 0) };
        assert_eq!(growing(&[guard(1, 2)], &[guard(1, 900)], By::Size), None);
        assert_eq!(growing(&[shared(1, 2)], &[shared(1, 900)], By::Size), None);
    }

    /// A mapping that is split by `mprotect` must not count its past twice.
    #[test]
    fn a_split_mapping_has_not_grown() {
        let code = |start, end| Vma { perms: *b"rwxp", ..vma(start, end, "", 0) };
        let then = [vma(0, 1000, "", 0)];
        let now = [vma(0, 400, "", 0), code(400, 600), vma(600, 1000, "", 0)];
        assert_eq!(growing(&then, &now, By::Size), None);
    }

    #[test]
    fn any_addresses_are_survived() {
        let odd = [vma(10, 5, "", u64::MAX), vma(0, u64::MAX, "", u64::MAX)];
        assert!(growing(&odd, &odd, By::Size).is_none());
    }
}
