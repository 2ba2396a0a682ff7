//! A directory: an unpacked archive, or a copy of a host's files.
//!
//! No link is followed on disk, no other file system is entered (so a live /proc below the
//! directory is not read), and only regular files are opened.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use walkdir::{DirEntry, WalkDir};

use super::Limits;
use super::layout::is_read;
use super::tree::{Node, Tree};

/// Directories deeper than this are not entered; /sys has some 20 levels.
const MAX_DEPTH: usize = 64;

/// Reads the files of a directory; what could not be read is told in words.
pub(super) fn read(root: &Path, limits: &Limits) -> (Tree, Vec<String>) {
    let mut tree = Tree::default();
    let mut problems = Vec::new();
    let mut failed = 0_u64;
    let mut members = 0_u64;
    let (mut deep, mut special) = (0_u64, 0_u64);
    let walk = WalkDir::new(root).same_file_system(true).max_depth(MAX_DEPTH).sort_by_file_name();
    for entry in walk {
        members += 1;
        if members > limits.members {
            problems.push(format!("only the first {} files are read", limits.members));
            break;
        }
        if let Ok(entry) = &entry {
            let kind = entry.file_type();
            deep += u64::from(kind.is_dir() && entry.depth() == MAX_DEPTH);
            special += u64::from(!kind.is_dir() && !kind.is_file() && !kind.is_symlink());
        }
        let kept = entry.map_err(|e| e.to_string()).and_then(|entry| {
            keep(&mut tree, root, &entry, limits)
                .map_err(|e| format!("read {}: {e}", entry.path().display()))
        });
        if let Err(e) = kept {
            failed += 1;
            if failed == 1 {
                problems.push(e);
            }
        }
    }
    if deep > 0 {
        problems.push(format!("{deep} directories lie deeper than {MAX_DEPTH}: they are not read"));
    }
    if special > 0 {
        problems.push(format!("{special} pipes, sockets or devices are not read"));
    }
    if failed > 1 {
        problems.push(format!("{failed} files could not be read"));
    }
    tree.strip_root();
    (tree, problems)
}

fn keep(tree: &mut Tree, root: &Path, entry: &DirEntry, limits: &Limits) -> std::io::Result<()> {
    let Ok(path) = entry.path().strip_prefix(root) else { return Ok(()) };
    let path = path.to_string_lossy();
    let kind = entry.file_type();
    if kind.is_symlink() {
        let target = std::fs::read_link(entry.path())?;
        tree.node(&path, Node::Link(target.to_string_lossy().into_owned()));
    } else if kind.is_file() {
        let meta = entry.metadata()?;
        if let Ok(age) = meta.modified().map(|at| at.duration_since(UNIX_EPOCH)) {
            tree.changed(age.unwrap_or_default().as_secs());
        }
        let size = meta.len();
        if size > limits.small_bytes && (size > limits.large_bytes || !is_read(&path)) {
            tree.node(&path, Node::Dropped(size));
            return Ok(());
        }
        let mut content = Vec::new();
        File::open(entry.path())?.take(limits.large_bytes).read_to_end(&mut content)?;
        tree.file(&path, &content, limits);
    }
    Ok(())
}
