//! Kernel parameters against files, and what the operator told.

use super::*;

fn mismatches(files: Files) -> Vec<(String, String, Option<String>, bool)> {
    let f = facts(files);
    let row = |m: &sysctl::Mismatch| {
        let place = m.file.as_ref().zip(m.line).map(|(f, l)| format!("{f}:{l}"));
        (m.key.clone(), m.kind.clone(), place, m.by_design)
    };
    f.tree.sysctl.mismatches.iter().map(row).collect()
}

const RUNTIME: &str = "kernel.random.boot_id = x\nnet.ipv4.ip_forward = 1\n\
    net.ipv4.tcp_rmem = 4096\t131072\t6291456\nnet.ipv4.tcp_tw_reuse = 1\nvm.dirty_bytes = 1000\n\
    vm.dirty_ratio = 0\nvm.swappiness = 60\n";

#[test]
fn what_the_next_boot_would_change() {
    let files = vec![
        file("proc/version", "Linux version 6.1.0 (x)\n"),
        file("commands/sysctl_-a", RUNTIME),
        file(
            "usr/lib/sysctl.d/50-a.conf",
            "vm.swappiness = 60\nnet.ipv4.tcp_rmem = 4096 131072 6291456\n",
        ),
        file(
            "etc/sysctl.d/90-db.conf",
            "# tuned for the database\n\nvm.swappiness = 10\nkernel.random.boot_id = y\n",
        ),
        file("etc/sysctl.d/README", "not a configuration\n"),
        file("etc/sysctl.conf", "net.ipv4.ip_forward = 0\nvm.dirty_ratio = 20\n"),
        pack_of(
            "packs/proc-pid/stat",
            &[("1", &pid_stat(1, "init", 'S', 1)), ("77", &pid_stat(77, "dockerd", 'S', 1))],
        ),
    ];
    let place = |p: &str| Some(p.to_owned());
    assert_eq!(
        mismatches(files.clone()),
        [
            ("net.ipv4.ip_forward".into(), "not-active".into(), place("/etc/sysctl.conf:1"), true),
            ("net.ipv4.tcp_tw_reuse".into(), "not-persisted".into(), None, false),
            (
                "vm.swappiness".into(),
                "not-active".into(),
                place("/etc/sysctl.d/90-db.conf:3"),
                false
            ),
        ]
    );
    // systemd does not read /etc/sysctl.conf.
    let mut files = files;
    files.pop();
    files.push(pack_of("packs/proc-pid/stat", &[("1", &pid_stat(1, "systemd", 'S', 1))]));
    let keys: Vec<String> = mismatches(files).into_iter().map(|m| m.0).collect();
    assert_eq!(keys, ["net.ipv4.ip_forward", "net.ipv4.tcp_tw_reuse", "vm.swappiness"]);
}

#[test]
fn tuned_sets_what_no_file_of_the_administrator_sets() {
    let f = facts(vec![
        file("commands/sysctl_-a", RUNTIME),
        file("etc/sysctl.d/a.conf", "vm.dirty_ratio = 30\n"),
        file("usr/lib/sysctl.d/b.conf", "vm.swappiness = 60\n"),
        file("etc/tuned/active_profile", "db\n"),
        file("etc/tuned/db/tuned.conf", "[main]\ninclude=base\n[sysctl]\nvm.swappiness=5\n"),
        file("usr/lib/tuned/base/tuned.conf", "[sysctl]\nvm.swappiness=30\nvm.dirty_ratio=40\n"),
    ]);
    let p = &f.tree.sysctl.persisted;
    assert_eq!((p["vm.swappiness"].value.as_str(), p["vm.swappiness"].line), ("5", 4));
    assert_eq!(p["vm.dirty_ratio"].file, "/etc/sysctl.d/a.conf");
}

#[test]
fn an_operator_input_is_a_fact_with_its_source() {
    let mut told = SiteInputs::default();
    told.tell("site.l4_idle_timeout_s", "120", "--set").unwrap();
    let f = facts_told(vec![file("proc/uptime", "5.0 1.0\n")], &told);
    assert_eq!(f.tree.site.l4_idle_timeout_s, Some(120.0));
    let source = f.sources.exact("site.l4_idle_timeout_s").unwrap();
    assert_eq!(source, &[Locator::Operator { how: "--set".into() }]);
    assert_eq!(f.value()["site"], serde_json::json!({"l4_idle_timeout_s": 120.0}));
}

#[test]
fn what_the_kernel_does_not_have_is_judged_by_what_stands_beside_it() {
    let runtime = "kernel.ostype = Linux\nvm.swappiness = 60\nvm.overcommit_memory = 0\n\
                   net.ipv4.tcp_fack = 0\n";
    let conf = "vm.swapiness = 10\nvm.vm.overcommit_memory = 2\nnet.bridge.x = 1\n\
                vm.drop_caches = 1\nvm.magic = 1\nnet.ipv4.tcp_fack = 1\nvm.swappiness = 10\n\
                -vm.block_dump = 1\nkernel.sched_nr_migrate = 64\n";
    let f = facts(vec![
        file("commands/sysctl_-a", runtime),
        file("proc/version", "Linux version 6.18.5 (a@b) (gcc) #1 SMP\n"),
        file("etc/sysctl.conf", conf),
        file("etc/sysctl.d/99-sysctl.conf", conf),
        file("usr/lib/sysctl.d/50-default.conf", "vm.nonsense = 1\n"),
    ]);
    let found: Vec<(&str, &str, i64)> = f
        .tree
        .sysctl
        .unknown_keys
        .iter()
        .map(|k| (k.key.as_str(), k.kind.as_str(), k.line))
        .collect();
    assert_eq!(
        found,
        [
            ("vm.swapiness", "misspelt", 1),
            ("vm.vm.overcommit_memory", "misspelt", 2),
            ("vm.magic", "unknown", 5),
            ("net.ipv4.tcp_fack", "no-effect", 6),
            ("vm.block_dump", "removed", 8),
            ("kernel.sched_nr_migrate", "moved", 9),
        ]
    );
    assert_eq!(f.tree.sysctl.unknown_keys[0].instead.as_deref(), Some("vm.swappiness"));
    assert!(f.tree.sysctl.unknown_keys[4].tolerated);
}
