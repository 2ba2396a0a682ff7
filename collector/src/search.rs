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
    /// Only that of the directory before the first wildcard; others just match nothing.
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
        let any = !to.is_empty();
        let listed = self.each_name(prefix, false, &mut |name, kind| {
            // Nothing is below a file: what would be asked for there is not even missing.
            let leads_on = place.is_last || kind != FileType::RegularFile;
            if leads_on && to.len() < MAX_NAMES && crate::pattern::is_one_of(&choices, name) {
                to.push(join(name));
            }
        });
        if place.depth == 0 || any { listed } else { Ok(()) }
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
