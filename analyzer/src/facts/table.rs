//! A table keyed by fact path and resolved by longest prefix.

use std::collections::BTreeMap;

/// Values attached to paths of the tree: one entry for `memory` speaks for all of `memory.*`
/// unless a longer path says otherwise.
#[derive(Debug, Clone)]
pub struct Table<V> {
    entries: BTreeMap<String, V>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

impl<V> Table<V> {
    /// Attaches `value` to `path`.
    pub fn set(&mut self, path: impl Into<String>, value: V) {
        self.entries.insert(path.into(), value);
    }

    /// Takes over all entries of another table.
    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// Takes away what is attached to `path` itself.
    pub fn remove(&mut self, path: &str) {
        self.entries.remove(path);
    }

    /// What is attached to `path` itself.
    #[must_use]
    pub fn exact(&self, path: &str) -> Option<&V> {
        self.entries.get(path)
    }

    /// What is attached to `path` or to its longest prefix that has anything.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&V> {
        let mut path = path;
        loop {
            if let Some(v) = self.entries.get(path) {
                return Some(v);
            }
            path = path.rsplit_once('.')?.0;
        }
    }

    /// All entries, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.entries.iter().map(|(k, v)| (k.as_str(), v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins() {
        let mut t = Table::default();
        t.set("memory", 1);
        t.set("memory.identity", 2);
        assert_eq!(t.get("memory.free_bytes"), Some(&1));
        assert_eq!(t.get("memory.identity.terms.0"), Some(&2));
        assert_eq!(t.get("memoryx"), None);
        assert_eq!(t.exact("memory.free_bytes"), None);
    }
}
