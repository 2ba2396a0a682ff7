//! `--dry-run`: what a run would read on this host. Directories are listed, no file is opened.

use std::fmt::Write as _;

use linsight_archive::Outcome;

use crate::answer::Request;
use crate::class::Class;
use crate::files;
use crate::plan::{How, Source};
use crate::stop::Flow;
use crate::wire::{Asked, Op};
use crate::workers::Workers;

/// One line for each file that is here, one for each row that is not or was not asked for.
///
/// # Errors
/// When a signal ends it.
pub(crate) fn text(workers: &mut Workers, chosen: &[&Source], skipped: &[&Source]) -> Flow<String> {
    let mut out = String::new();
    for source in chosen {
        for (word, path) in resolve(workers, source)? {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{word}\t{}\t{path}", source.when.word());
        }
    }
    for source in skipped {
        let _ = writeln!(out, "left out\t{}\t{}", source.when.word(), source.path);
    }
    Ok(out)
}

fn resolve(workers: &mut Workers, source: &Source) -> Flow<Vec<(&'static str, String)>> {
    let found = match source.how {
        How::File => {
            let path = source.path.replace("{release}", &crate::host::release());
            files::lines(workers, Op::Glob, &path, source.class)?.0
        }
        How::Small(_) => vec![source.path.to_owned()],
        How::Names => vec![source.path.trim_start_matches("names/").to_owned()],
        How::Pack(prefix, patterns) => {
            let mut found = Vec::new();
            for pattern in patterns {
                let pattern = format!("{prefix}/{}", pattern.trim_end_matches('@'));
                found.extend(files::lines(workers, Op::Glob, &pattern, source.class)?.0);
            }
            found
        }
        How::Tree(dir, names) => {
            files::lines(workers, Op::Find, &format!("{dir}//{names}"), source.class)?.0
        }
        How::Process(name)
        | How::ProcessLink(name)
        | How::ProcessLinks(name)
        | How::ProcessEntries(name)
        | How::ProcessLines(name) => vec![format!("proc/self/{name}")],
        How::Deleted => vec!["proc/self/fd".to_owned()],
        How::Descriptors => vec!["proc/self/fdinfo".to_owned()],
        How::MountNamespaces => vec!["proc/self/mountinfo".to_owned()],
        How::Thread(name) => vec![format!("proc/self/task/self/{name}")],
        How::Sysctl(_) => files::lines(workers, Op::Walk, "proc/sys", source.class)?.0,
        How::Probe(_) | How::Yield | How::Own => {
            return Ok(vec![("would ask", source.path.to_owned())]);
        }
    };
    let here = are_here(workers, &found, source.class)?;
    let per_process = matches!(
        source.how,
        How::Process(_)
            | How::ProcessLink(_)
            | How::ProcessLinks(_)
            | How::ProcessEntries(_)
            | How::ProcessLines(_)
            | How::Deleted
            | How::Descriptors
            | How::MountNamespaces
            | How::Thread(_)
    );
    let mut lines = Vec::new();
    for (path, is_here) in found.into_iter().zip(here) {
        if per_process {
            lines.push(("would read", path.replace("/self", "/*")));
        } else if is_here {
            lines.push(("would read", path));
        } else if matches!(source.how, How::File | How::Names) {
            lines.push(("not here", path));
        }
    }
    if lines.is_empty() {
        lines.push(("not here", source.path.to_owned()));
    }
    Ok(lines)
}

/// Which paths exist. Asking for a link's target opens nothing, and another error than "no such
/// file" tells that something is there.
fn are_here(workers: &mut Workers, paths: &[String], class: Class) -> Flow<Vec<bool>> {
    let request = |path: &String| {
        let asked = Asked { op: Op::Link, ptrace: false, cap: 0, path: path.clone() };
        Request { asked, class, pid: None }
    };
    let requests: Vec<Request> = paths.iter().map(request).collect();
    let mut here = vec![false; paths.len()];
    workers.run(&requests, &mut |answer| {
        if let Some(is_here) = here.get_mut(answer.index) {
            *is_here = answer.outcome != Outcome::Missing;
        }
        Ok(())
    })?;
    Ok(here)
}
