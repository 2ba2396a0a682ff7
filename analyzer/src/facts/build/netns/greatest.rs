//! The first of very many: lists show some dozens, a host has 100,000 peers.

use super::MAX_KEYS;

/// The greatest of `all`, at most [`MAX_KEYS`]: by rank, those of one rank by name. Names are made
/// only of those between which they decide, since making one costs more than all else about it.
pub(super) fn greatest<R: Ord, T>(
    mut all: Vec<(R, T)>,
    name: impl Fn(&T) -> String,
) -> Vec<(String, T)> {
    all.sort_by(|(a, _), (b, _)| b.cmp(a));
    let mut kept: Vec<(String, T)> = Vec::new();
    let mut all = all.into_iter().peekable();
    while kept.len() < MAX_KEYS
        && let Some((rank, first)) = all.next()
    {
        let mut equals = vec![(name(&first), first)];
        while let Some((_, other)) = all.next_if(|(r, _)| *r == rank) {
            equals.push((name(&other), other));
        }
        equals.sort_by(|a, b| a.0.cmp(&b.0));
        kept.extend(equals);
    }
    kept.truncate(MAX_KEYS);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_rank_then_by_name_and_no_more_than_are_shown() {
        let all = vec![(1, "b"), (7, "z"), (1, "a"), (7, "y")];
        let found = greatest(all, |n| (*n).to_owned());
        assert_eq!(found.iter().map(|f| f.1).collect::<String>(), "yzab");
        let many: Vec<(u32, u32)> = (0..1000).map(|n| (n / 100, n)).collect();
        let found = greatest(many, |n| format!("{n:04}"));
        assert_eq!(found.len(), MAX_KEYS);
        assert_eq!((found.first().map(|f| f.1), found.last().map(|f| f.1)), (Some(900), Some(949)));
    }
}
