//! Whom the OOM killer of the host would take: the kernel's own score of every process.
//!
//! The largest process is not always the first: `oom_score_adj` moves others before it, and which
//! service an operator loses is known before it happens.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::facts::build::Book;
use crate::facts::build::load;
use crate::facts::inputs::Inputs;
use crate::facts::memory::Victim;
use crate::facts::method::num::signed;
use crate::locator::Locator;

const FACT: &str = "memory.first_killed";
const MAX_ROWS: usize = 5;

pub(in crate::facts::build) fn build(inputs: &Inputs, book: &mut Book) -> Vec<Victim> {
    let process = &inputs.process;
    let Some(scores) = book.first(FACT, &process.oom_score) else { return Vec::new() };
    let own = load::own(inputs);
    let size = |pid: u32| {
        let last = process.processes.good().filter_map(|(_, p)| p.get(&pid)).next_back();
        last.map(|p| (p.resident_bytes, p.comm.to_string()))
    };
    let mut order: Vec<(u32, u64)> =
        scores.rows.iter().filter(|(pid, n)| *n > 0 && !own.contains(pid)).copied().collect();
    let resident: BTreeMap<u32, u64> =
        process.processes.good().last().map_or_else(BTreeMap::new, |(_, p)| {
            p.rows.iter().map(|(pid, p)| (*pid, p.resident_bytes)).collect()
        });
    // Of equal scores the kernel takes the one with most pages, and the score is rounded.
    order.sort_by_key(|(pid, score)| {
        (Reverse(*score), Reverse(resident.get(pid).copied().unwrap_or(0)), *pid)
    });
    order.truncate(MAX_ROWS);
    let row = |(pid, score): (u32, u64)| {
        let (resident, comm) = size(pid)?;
        let adj = process.oom_score_adj.first().ok().and_then(|p| p.get(&pid)).copied();
        Some(Victim {
            pid: pid.into(),
            comm,
            score: signed(score),
            adj,
            resident_bytes: signed(resident),
        })
    };
    let rows: Vec<Victim> = order.into_iter().filter_map(row).collect();
    for i in rows.iter().enumerate().filter(|(_, v)| v.adj.is_none()).map(|(i, _)| i) {
        book.absent(format!("{FACT}.{i}.adj"), process.oom_score_adj.absence());
    }
    book.sources(
        FACT,
        [&process.oom_score.path, &process.oom_score_adj.path]
            .map(|p| Locator::entry(p.as_str()))
            .into(),
    );
    rows
}

#[cfg(test)]
mod tests {
    use crate::facts::SiteInputs;
    use crate::input::Snapshot;
    use linsight_archive::{Outcome, pack};

    fn pack_of(path: &str, records: &[(&str, String)]) -> (String, Vec<u8>) {
        let mut bytes = Vec::new();
        for (key, content) in records {
            pack::append(&mut bytes, key, Outcome::Collected, 5, content.as_bytes());
        }
        (path.to_owned(), bytes)
    }

    fn stat(pid: u32, comm: &str, pages: u32) -> String {
        format!(
            "{pid} ({comm}) S 1 1 1 0 -1 4194304 0 0 0 0 1 1 0 0 20 0 1 0 100 4096000 {pages} \
             18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n"
        )
    }

    #[test]
    fn by_the_kernels_score_without_the_collector() {
        let stats = [
            ("7", stat(7, "java", 900)),
            ("8", stat(8, "worker", 9)),
            ("9", stat(9, "own", 9)),
            ("10", stat(10, "large", 950)),
        ];
        let score = |n: u32| format!("{n}\n");
        let files = vec![
            pack_of("packs/proc-pid/stat", &stats),
            pack_of(
                "packs/proc-pid/oom_score",
                &[
                    ("7", score(800)),
                    ("8", score(1000)),
                    ("9", score(1333)),
                    ("1", score(0)),
                    ("10", score(800)),
                ],
            ),
            pack_of("packs/proc-pid/oom_score_adj", &[("8", score(500))]),
            ("probes/own_pids".to_owned(), b"9\n".to_vec()),
        ];
        let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
        let rows = f.tree.memory.first_killed.iter();
        let rows: Vec<(i64, &str, i64, Option<i64>)> =
            rows.map(|v| (v.pid, v.comm.as_str(), v.score, v.adj)).collect();
        let expected =
            [(8, "worker", 1000, Some(500)), (10, "large", 800, None), (7, "java", 800, None)];
        assert_eq!(rows, expected, "the larger of equals first");
        let none: Vec<(String, Vec<u8>)> = Vec::new();
        let f = crate::facts::build(&Snapshot::of_files(none), &SiteInputs::default());
        assert!(f.absences.get("memory.first_killed").is_some());
    }
}
