//! The kernel's log: kinds, ages and which source tells of what.

use super::*;

const KMSG: &str = "\
6,1,1000000,-;Linux version 6.1.0
3,2,900000000,-;I/O error, dev sda, sector 0 op 0x0:(READ) flags 0x0
3,3,4990000000,-;I/O error, dev sdb, sector 8 op 0x0:(READ) flags 0x0
3,4,4990000001,-;I/O error, dev sdb, sector 16 op 0x0:(READ) flags 0x0
6,5,4995000000,-;java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
6,6,4995000001,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=java,pid=71,uid=0
3,7,4995000002,-;Memory cgroup out of memory: Killed process 71 (java) total-vm:8192kB, anon-rss:4096kB
";

fn log(files: Files) -> (Facts, kernel_log::KernelLog) {
    let mut f = facts(files);
    let log = std::mem::take(&mut f.tree.kernel_log);
    (f, log)
}

#[test]
fn ages_count_back_from_the_snapshot() {
    let (f, log) = log(vec![file("dev/kmsg", KMSG), file("proc/uptime", "5000.00 1.00\n")]);
    assert_eq!((log.messages, log.covers_day), (Some(7), Some(true)));
    let io = log.io_error.unwrap();
    assert_eq!((io.count, io.in_window, io.in_day, io.undated), (3, 2, 3, 0));
    assert_eq!(
        (io.first_age_s.map(f64::round), io.last_age_s.map(f64::round)),
        (Some(4100.0), Some(10.0))
    );
    let names: Vec<_> =
        io.subjects.iter().map(|s| (s.name.as_str(), s.count, s.in_window)).collect();
    assert_eq!(names, [("sdb", 2, 2), ("sda", 1, 0)]);
    assert!(io.latest[0].text.contains("sector 16"));
    assert_eq!(
        f.sources.get("kernel_log.io_error.latest").unwrap()[0],
        Locator::line("dev/kmsg", 4)
    );
    let [kill] = &log.oom_kills[..] else { panic!("one kill") };
    assert_eq!(
        (kill.scope.as_str(), kill.cgroup.as_deref(), kill.in_window),
        ("cgroup", Some("/a"), true)
    );
    assert_eq!(log.oom_host.unwrap().count, 0, "the log was read, and there was none");
}

#[test]
fn older_sources_tell_only_of_the_time_before() {
    let journal = "\
Feb 10 18:00:00 host kernel: I/O error, dev old, sector 1
Feb 11 19:20:50 host kernel: I/O error, dev sdb, sector 8
";
    let kmsg = "3,3,4990000000,-;I/O error, dev sdb, sector 8 op 0x0:(READ) flags 0x0\n";
    let (_, log) = log(vec![
        file("dev/kmsg", kmsg),
        file("commands/journalctl", journal),
        file("proc/uptime", "5000.00 1.00\n"),
        file("commands/date", "Fri Feb 11 19:21:00 UTC 2022\n"),
        file(
            "commands/timedatectl",
            "Universal time: Fri 2022-02-11 19:21:00 UTC\nTime zone: UTC (UTC, +0000)\n",
        ),
    ]);
    let io = log.io_error.unwrap();
    assert_eq!((io.count, io.in_day), (2, 1));
    assert_eq!(io.subjects.iter().find(|s| s.name == "old").unwrap().in_day, 0);
    assert_eq!(log.covers_day, Some(true), "the journal reaches back two days");
}

#[test]
fn no_log_is_not_an_empty_log() {
    let (f, log) = log(vec![file("proc/uptime", "5000.00 1.00\n")]);
    assert!(log.io_error.is_none());
    assert_eq!(f.absences.get("kernel_log.io_error.count").unwrap().reason, Reason::NotCollected);
}

#[test]
fn without_a_clock_events_are_undated() {
    let (_, log) = log(vec![file("dev/kmsg", KMSG)]);
    let io = log.io_error.unwrap();
    assert_eq!((io.count, io.undated, io.in_window, io.last_age_s), (3, 3, 0, None));
    assert_eq!((log.reaches_back_s, log.covers_day), (None, Some(true)));
}
