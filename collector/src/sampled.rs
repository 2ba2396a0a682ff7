//! What is sampled of packs: control groups that have a limit or much memory, and the memory of
//! each node. All of them would be too many for every second; these are the ones that a limit stops
//! or that could have grown.

use std::collections::BTreeMap;

use crate::answer::{Answer, Request};
use crate::class::Class;
use crate::files;
use crate::plan::{How, Source};
use crate::run::Run;
use crate::stop::Flow;
use crate::wire::Op;

/// Groups in every sample.
const FOLLOWED: usize = 100;
/// Of those, how many for their memory alone.
const LARGEST: usize = 50;
/// A limit above this is none: version 1 has no other word for it.
const NO_LIMIT: u64 = 1 << 60;
/// Of how many what their memory is made of is read too: a file of some 2 KiB, for which the kernel
/// adds up what every CPU has counted.
const DETAILED: usize = 50;
/// Longer than this takes no read of it that is made again in every sample, and all of them
/// together: on old kernels it walks every group below, those that were removed too.
const DETAIL_US: u64 = 1_000;
const DETAILS_US: u64 = 20_000;
/// The file that tells it.
const DETAILS: &str = "memory.stat";
/// Files of a group in every sample, versions 2 and 1.
const SAMPLED: [&str; 9] = [
    DETAILS,
    "memory.current",
    "memory.swap.current",
    "memory.events",
    "cpu.stat",
    "pids.current",
    "memory.usage_in_bytes",
    "memory.failcnt",
    "cpuacct.usage",
];

/// A control group, as the start set has shown it.
#[derive(Clone, Debug, Default)]
struct ControlGroup {
    memory_bytes: u64,
    limited: bool,
    files: Vec<&'static str>,
    /// What the details took to read.
    details_us: u64,
}

/// What is chosen, and the requests for it.
#[derive(Debug, Default)]
pub(crate) struct Sampled {
    groups: BTreeMap<String, ControlGroup>,
    chosen: Option<[Vec<String>; 2]>,
}

impl Sampled {
    /// Takes note of a file of a pack of the start set.
    pub(crate) fn learn(&mut self, row: &Source, path: &str, answer: &Answer<'_>) {
        if !matches!(row.how, How::Tree(..)) || !answer.outcome.has_content() {
            return;
        }
        let Some((dir, name)) = path.rsplit_once('/') else { return };
        let text = String::from_utf8_lossy(answer.content);
        let first = text.split_ascii_whitespace().next().unwrap_or_default();
        let number = first.parse().unwrap_or(0);
        let group = self.groups.entry(dir.to_owned()).or_default();
        match name {
            "memory.current" | "memory.usage_in_bytes" => group.memory_bytes = number,
            "memory.max" | "memory.high" | "cpu.max" => group.limited |= first != "max",
            "memory.limit_in_bytes" => group.limited |= number < NO_LIMIT,
            "cpu.cfs_quota_us" => group.limited |= number > 0,
            DETAILS => group.details_us = answer.us,
            _ => {}
        }
        group.files.extend(SAMPLED.into_iter().find(|sampled| *sampled == name));
    }

    /// Paths of the chosen groups' files: those with a limit first, each kind by its memory.
    fn of_groups(&mut self) -> Vec<String> {
        let groups = std::mem::take(&mut self.groups);
        let mut order: Vec<(&String, &ControlGroup)> = groups.iter().collect();
        order.sort_unstable_by_key(|(dir, g)| {
            (std::cmp::Reverse((g.limited, g.memory_bytes)), *dir)
        });
        let limited = order.iter().filter(|(_, group)| group.limited).count();
        order.truncate(FOLLOWED.min(limited.saturating_add(LARGEST)));
        let (mut left, mut left_us) = (DETAILED, DETAILS_US);
        let mut paths = Vec::new();
        for (dir, group) in order {
            let cheap = group.details_us <= left_us.min(DETAIL_US);
            let details = left > 0 && cheap && group.files.contains(&DETAILS);
            left -= usize::from(details);
            left_us -= if details { group.details_us } else { 0 };
            let files = group.files.iter().filter(|file| details || **file != DETAILS);
            paths.extend(files.map(|file| format!("{dir}/{file}")));
        }
        paths
    }
}

impl Run {
    /// Reads what is chosen into this sample.
    ///
    /// # Errors
    /// When the run ends early.
    pub(crate) fn sample_packs(&mut self) -> Flow {
        let chosen = match self.sampled.chosen.take() {
            Some(chosen) => chosen,
            None => [self.sampled.of_groups(), self.of_nodes()?],
        };
        for (paths, pack) in chosen.iter().zip(["packs/sys/cgroup", "packs/sys/node"]) {
            let row = self.plan.iter().copied().find(|s| s.path == pack);
            if let Some(row) = row.filter(|_| !paths.is_empty()) {
                let request = |path: &String| files::request(row, Op::Read, path.clone());
                let requests: Vec<Request> = paths.iter().map(request).collect();
                self.read_pack(row, "sys", &requests, false)?;
            }
        }
        self.sampled.chosen = Some(chosen);
        Ok(())
    }

    /// Memory of the nodes, if there are several.
    fn of_nodes(&mut self) -> Flow<Vec<String>> {
        let pattern = "sys/devices/system/node/node*/meminfo";
        let (found, _) = files::lines(&mut self.workers, Op::Glob, pattern, Class::Slow)?;
        Ok(if found.len() > 1 { found } else { Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linsight_archive::Outcome;

    #[test]
    fn groups_with_limits_come_before_large_ones() {
        let row = crate::plan::TABLE.iter().find(|s| s.path == "packs/sys/cgroup").unwrap();
        let mut sampled = Sampled::default();
        let mut learn = |path: &str, content: &str| {
            let answer =
                Answer { content: content.as_bytes(), ..Answer::absent(0, Outcome::Collected, "") };
            sampled.learn(row, path, &answer);
        };
        for (dir, memory, max) in [("a", "900\n", "max\n"), ("b", "5\n", "10\n")] {
            learn(&format!("sys/fs/cgroup/{dir}/memory.current"), memory);
            learn(&format!("sys/fs/cgroup/{dir}/memory.max"), max);
            learn(&format!("sys/fs/cgroup/{dir}/cpu.max"), "max 100000\n");
        }
        learn("sys/fs/cgroup/memory/v1/memory.usage_in_bytes", "7\n");
        learn("sys/fs/cgroup/memory/v1/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(
            sampled.of_groups(),
            [
                "sys/fs/cgroup/b/memory.current",
                "sys/fs/cgroup/a/memory.current",
                "sys/fs/cgroup/memory/v1/memory.usage_in_bytes",
            ]
        );
    }

    #[test]
    fn what_memory_is_made_of_is_read_of_so_many_groups_only() {
        let row = crate::plan::TABLE.iter().find(|s| s.path == "packs/sys/cgroup").unwrap();
        let mut sampled = Sampled::default();
        for group in 0..DETAILED + 9 {
            for (file, content) in
                [("memory.current", format!("{}\n", 1000 - group)), (DETAILS, "anon 1\n".into())]
            {
                let path = format!("sys/fs/cgroup/{group:03}/{file}");
                let absent = Answer::absent(0, Outcome::Collected, "");
                let content = content.as_bytes();
                sampled.learn(row, &path, &Answer { content, ..absent });
            }
            sampled.groups.get_mut(&format!("sys/fs/cgroup/{group:03}")).unwrap().limited = true;
        }
        let paths = sampled.of_groups();
        let read = |file: &str| paths.iter().filter(|p| p.ends_with(file)).count();
        assert_eq!((read(DETAILS), read("memory.current")), (DETAILED, DETAILED + 9));
        assert!(paths.contains(&format!("sys/fs/cgroup/000/{DETAILS}")), "the largest first");
    }

    #[test]
    fn what_is_dear_to_read_is_not_read_again_in_every_sample() {
        let row = crate::plan::TABLE.iter().find(|s| s.path == "packs/sys/cgroup").unwrap();
        let detailed = |us: &[u64]| {
            let mut sampled = Sampled::default();
            for (group, us) in us.iter().enumerate() {
                let absent = Answer::absent(0, Outcome::Collected, "");
                let path = format!("sys/fs/cgroup/{group:03}/{DETAILS}");
                let answer = Answer { content: b"anon 1\n", us: *us, ..absent };
                sampled.learn(row, &path, &answer);
            }
            sampled.of_groups().len()
        };
        assert_eq!(detailed(&[DETAIL_US, DETAIL_US + 1, 1]), 2, "one by one");
        assert_eq!(detailed(&[DETAIL_US; 30]), 20, "and all together");
    }
}
