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
