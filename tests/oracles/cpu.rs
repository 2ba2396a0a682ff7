//! Processors, load, processes: lscpu(1), vmstat(8), uptime(1), ps(1).

use std::collections::{BTreeMap, BTreeSet};

use linsight::parse::{
    cpuinfo, cpulist, loadavg, lscpu, pid_stat, pid_status, ps, stat, uptime, uptime_text,
};

use crate::{ENV, kernel, near, oracle, rises};

#[test]
fn processors_are_as_lscpu_shows_them() {
    let Some(text) = oracle("lscpu") else { return };
    let tool = lscpu::parse(&text).unwrap();
    let list =
        |name: &str| cpulist::parse(&kernel(&format!("/sys/devices/system/cpu/{name}"))).unwrap();
    let online = list("online");
    assert_eq!(tool.online.as_ref(), Some(&online));
    assert_eq!(tool.cpus, Some(list("present").len()));
    let info = cpuinfo::parse(&kernel("/proc/cpuinfo")).unwrap();
    assert_eq!(info.processors.len() as u64, online.len());
    assert_eq!(tool.vendor, info.vendor);
    assert_eq!(tool.model, info.model);
    let packages: BTreeSet<_> = info.processors.iter().map(|p| p.physical_id).collect();
    assert_eq!(tool.sockets, Some(packages.len() as u64));
    let cores: BTreeSet<_> = info.processors.iter().map(|p| (p.physical_id, p.core_id)).collect();
    assert_eq!(tool.cores_per_socket, Some((cores.len() / packages.len()) as u64));
    let node = cpulist::parse(&kernel("/sys/devices/system/node/node0/cpulist")).unwrap();
    if let Some((_, tool)) = tool.node_cpus.first() {
        assert_eq!(*tool, node);
    }
    assert_eq!(tool.hypervisor.is_some(), info.hypervisor() == Some(true));
}

#[test]
fn cpu_time_is_as_vmstat_shows_it() {
    let read = || stat::parse(&kernel("/proc/stat")).unwrap();
    let before = read();
    let Some(text) = oracle("vmstat -s") else { return };
    let after = read();
    let tool = |what: &str| -> u64 {
        let rows = text.lines().filter_map(|line| line.trim().split_once(' '));
        let row = rows.map(|(n, name)| (n, name.trim())).find(|(_, name)| *name == what);
        row.unwrap_or_else(|| panic!("no `{what}` in {text}")).0.parse().unwrap()
    };
    let (b, a) = (before.all, after.all);
    rises("user", b.user, tool("non-nice user cpu ticks"), a.user);
    rises("nice", b.nice, tool("nice user cpu ticks"), a.nice);
    rises("system", b.system, tool("system cpu ticks"), a.system);
    rises("idle", b.idle, tool("idle cpu ticks"), a.idle);
    rises("softirq", b.softirq.unwrap(), tool("softirq cpu ticks"), a.softirq.unwrap());
    rises("steal", b.steal.unwrap(), tool("stolen cpu ticks"), a.steal.unwrap());
    // The time of pending I/O may decrease: a hundredth of a second for each CPU and moment.
    near("iowait", b.iowait.unwrap(), tool("IO-wait cpu ticks"), a.iowait.unwrap(), 100);
    let switches = |s: &stat::Stat| s.context_switches.unwrap();
    rises("switches", switches(&before), tool("CPU context switches"), switches(&after));
    let interrupts = |s: &stat::Stat| s.interrupts.unwrap();
    rises("interrupts", interrupts(&before), tool("interrupts"), interrupts(&after));
    let forks = |s: &stat::Stat| s.forks.unwrap();
    rises("forks", forks(&before), tool("forks"), forks(&after));
}

#[test]
fn load_is_as_uptime_shows_it() {
    let load = || loadavg::parse(&kernel("/proc/loadavg")).unwrap();
    let before = (load(), uptime::parse(&kernel("/proc/uptime")).unwrap());
    let Some(text) = oracle("uptime") else { return };
    let after = (load(), uptime::parse(&kernel("/proc/uptime")).unwrap());
    let tool = uptime_text::parse(&text).unwrap();
    let said = [tool.one, tool.five, tool.fifteen];
    let all = |l: &loadavg::Loadavg| [l.one, l.five, l.fifteen];
    // The kernel renews them every five seconds: the tool saw what was there before or after.
    let same = |l: &loadavg::Loadavg| all(l).iter().zip(said).all(|(a, b)| (a - b).abs() < 0.005);
    assert!(same(&before.0) || same(&after.0), "{text}: {before:?} {after:?}");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds")]
    let minutes = [before.1, after.1].map(|u| (u.uptime_s / 60.0) as u64);
    rises("minutes", minutes[0], tool.uptime_s / 60, minutes[1]);
}

#[test]
fn processes_are_as_ps_shows_them() {
    // The counts of switches stand in `status`: read first here and last there, they enclose all.
    let kernel_says = |order: [&str; 2]| -> BTreeMap<u32, (String, String)> {
        let pids = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok());
        pids.map(|pid| {
            let files = order.map(|name| kernel(&format!("/proc/{pid}/{name}")));
            let [stat, status] =
                if order[0] == "stat" { files } else { [files[1].clone(), files[0].clone()] };
            (pid, (stat, status))
        })
        .filter(|(_, (stat, status))| !stat.is_empty() && !status.is_empty())
        .collect()
    };
    let before = kernel_says(["status", "stat"]);
    let Some(text) = oracle("ps -eo pid,ppid,stat,ni,nlwp,vsz,rss,uid,comm") else { return };
    let after = kernel_says(["stat", "status"]);
    let switches = |status: &str| -> Vec<String> {
        status.lines().filter(|l| l.contains("ctxt_switches")).map(str::to_owned).collect()
    };
    let rows = ps::parse(&text).unwrap();
    assert_eq!(rows.problems, []);
    let mut compared = 0;
    for row in rows.rows {
        let pid = row.pid.unwrap();
        // A process that moved while it was looked at proves nothing.
        let (Some((stat, status)), Some((later, status_later))) =
            (before.get(&pid), after.get(&pid))
        else {
            continue;
        };
        let ours = pid_stat::parse(stat, &ENV).unwrap();
        let later = pid_stat::parse(later, &ENV).unwrap();
        let moves =
            |s: &pid_stat::PidStat<'_>| (s.state, s.resident_bytes, s.threads, s.virtual_bytes);
        let renamed = ours.comm != later.comm && !ours.comm.starts_with("kworker/");
        let ran = switches(status) != switches(status_later);
        if moves(&ours) != moves(&later) || renamed || ran {
            continue;
        }
        assert_eq!(row.ppid, Some(ours.ppid), "{pid}");
        assert_eq!(row.state, Some(ours.state), "{pid}");
        assert_eq!(row.nice.unwrap_or(0), ours.nice, "{pid}: `-` for real-time tasks");
        assert_eq!(row.threads, Some(ours.threads), "{pid}");
        assert_eq!(row.virtual_bytes, Some(ours.virtual_bytes), "{pid}");
        // The kernel adds up what each CPU changed by up to 64 pages, at other moments for `stat`.
        let (resident, slack) = (ours.resident_bytes, 4 << 20);
        near("resident", resident, row.resident_bytes.unwrap(), resident, slack);
        assert_eq!(row.uid, pid_status::parse(status).unwrap().uid, "{pid}");
        let name = row.command.unwrap();
        // A kernel worker is called by what it does at the moment: `kworker/1:2-events`.
        let lasting = |comm: &str| match comm.strip_prefix("kworker/") {
            Some(worker) => worker.split(['-', '+']).next().map(str::to_owned),
            None => Some(comm.to_owned()),
        };
        assert_eq!(lasting(name.trim_end_matches(" <defunct>")), lasting(ours.comm), "{pid}");
        compared += 1;
    }
    assert!(compared > 10, "{compared} processes stood still");
}
