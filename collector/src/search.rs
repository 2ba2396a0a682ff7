//! Looking for files: by pattern, by walking, by name. Directories are listed, no file is opened.

use rustix::fs::FileType;
use rustix::io::Errno;

use crate::never;
use crate::root::{MAX_NAMES, Root};

/// Deepest directory that is looked into.
const MAX_DEPTH: usize = 16;
/// Directories that a search goes through: control groups of a large container host.
const MAX_FOUND_DIRS: usize = 5000;

/// Where a component stands in its pattern.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    is_last: bool,
}

impl Root {
    /// Paths that match a pattern whose components may hold `*` and `{a,b}`. Wildcards match what
    /// exists; a literal behind the last wildcard is taken as it is.
    ///
    /// # Errors
    /// Only of a pattern that begins with a wildcard; directories below that cannot be listed, or
    /// lack what others have, just match nothing.
    pub(crate) fn glob(&self, pattern: &str) -> Result<Vec<String>, Errno> {
        let mut found = vec![String::new()];
        let mut components = pattern.split('/').enumerate().peekable();
        while let Some((depth, component)) = components.next() {
            let place = Place { depth, is_last: components.peek().is_none() };
            let mut next = Vec::new();
            for prefix in &found {
                self.expand(prefix, component, place, &mut next)?;
            }
            found = next;
        }
        found.sort_unstable();
        Ok(found)
    }

    fn expand(
        &self,
        prefix: &str,
        component: &str,
        place: Place,
        to: &mut Vec<String>,
    ) -> Result<(), Errno> {
        let join = |name: &str| {
            if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
        };
        let choices = crate::pattern::braces(component);
        if !component.contains('*') {
            to.extend(choices.iter().map(|name| join(name)));
            return Ok(());
        }
        let listed = self.each_name(prefix, false, &mut |name, kind| {
            // Nothing is below a file: what would be asked for there is not even missing.
            let leads_on = place.is_last || kind != FileType::RegularFile;
            if leads_on && to.len() < MAX_NAMES && crate::pattern::is_one_of(&choices, name) {
                to.push(join(name));
            }
        });
        // A neighbour without such a directory takes nothing from those that have it.
        if place.depth == 0 { listed } else { Ok(()) }
    }

    /// All files below a directory that may be read, sorted; links are not followed.
    ///
    /// # Errors
    /// When the directory itself cannot be listed.
    pub(crate) fn walk(&self, path: &str) -> Result<Vec<String>, Errno> {
        let mut files = Vec::new();
        let mut open = vec![(path.to_owned(), 0)];
        while let Some((dir, depth)) = open.pop() {
            let listed = self.each_name(&dir, false, &mut |name, kind| {
                let child = format!("{dir}/{name}");
                if never::is_never_read(&child) {
                    return;
                }
                match kind {
                    FileType::Directory if depth < MAX_DEPTH => open.push((child, depth + 1)),
                    FileType::RegularFile if files.len() < MAX_NAMES => files.push(child),
                    _ => {}
                }
            });
            if depth == 0 {
                listed?;
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Files of these names in a directory and all below it (path `DIR//NAME,NAME`); `true` if
    /// there are more directories than are looked into.
    ///
    /// # Errors
    /// When the directory itself cannot be listed.
    pub(crate) fn find(&self, path: &str) -> Result<(Vec<String>, bool), Errno> {
        let (dir, names) = path.split_once("//").ok_or(Errno::INVAL)?;
        let wanted: Vec<&str> = names.split(',').collect();
        let mut found = Vec::new();
        let mut open = vec![(dir.to_owned(), 0)];
        let mut seen = 0;
        while let Some((dir, depth)) = open.pop() {
            seen += 1;
            if seen > MAX_FOUND_DIRS {
                return Ok((found, true));
            }
            let listed = self.each_name(&dir, false, &mut |name, kind| match kind {
                FileType::Directory if depth < MAX_DEPTH => {
                    open.push((format!("{dir}/{name}"), depth + 1));
                }
                FileType::RegularFile if wanted.contains(&name) => {
                    found.push(format!("{dir}/{name}"));
                }
                _ => {}
            });
            if depth == 0 {
                listed?;
            }
        }
        Ok((found, false))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::access::Access;
    use crate::root::Root;

    #[test]
    fn a_neighbour_without_the_directory_takes_nothing_away() {
        let dir = tempfile::tempdir().unwrap();
        // More neighbours on both sides than any order of a directory could hide.
        for name in ["a", "b", "c", "d", "e", "f"] {
            fs::create_dir_all(dir.path().join(format!("fs/{name}"))).unwrap();
        }
        for name in ["b", "d"] {
            fs::create_dir_all(dir.path().join(format!("fs/{name}/devinfo/1"))).unwrap();
        }
        let root =
            Root::open(&dir.path().to_string_lossy(), Access::own(crate::host::capabilities()))
                .unwrap();
        let found = root.glob("fs/*/devinfo/*/error_stats").unwrap();
        assert_eq!(found, ["fs/b/devinfo/1/error_stats", "fs/d/devinfo/1/error_stats"]);
    }
}
