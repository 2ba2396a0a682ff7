//! The first of very many: lists show some dozens, a host has 100,000 peers.

use super::MAX_KEYS;

/// The greatest groups, at most [`MAX_KEYS`]: by rank, those of one rank by key. So names, and what
/// else costs more than a number, are made only of those that are shown.
pub(super) fn greatest<R: Ord, K: Ord, T>(
    groups: impl IntoIterator<Item = (R, K, T)>,
) -> impl Iterator<Item = (K, T)> {
    let mut all: Vec<(R, K, T)> = groups.into_iter().collect();
    let order = |a: &(R, K, T), b: &(R, K, T)| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1));
    if all.len() > MAX_KEYS {
        all.select_nth_unstable_by(MAX_KEYS, order);
        all.truncate(MAX_KEYS);
    }
    all.sort_unstable_by(order);
    all.into_iter().map(|(_, key, group)| (key, group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_rank_then_by_key_and_no_more_than_are_shown() {
        let all = [(1, "b", 'b'), (7, "z", 'z'), (1, "a", 'a'), (7, "y", 'y')];
        assert_eq!(greatest(all).map(|f| f.1).collect::<String>(), "yzab");
        let many = (0..1000_u32).rev().map(|n| (n / 100, n, ()));
        let found: Vec<u32> = greatest(many).map(|f| f.0).collect();
        assert_eq!(found.len(), MAX_KEYS);
        assert_eq!((found.first(), found.last()), (Some(&900), Some(&949)));
    }
}
