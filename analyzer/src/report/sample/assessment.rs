//! The verdicts on the sample.

use serde_json::json;

use super::Name;
use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::rules::outcome::{Action, Coverage, Missing, Reading, Test, Undecided};
use crate::rules::{Assessment, Finding, RuleResult, Status, SubjectResult};
use crate::severity::Severity;

fn rule(id: &str, summary: &str, subjects: Vec<SubjectResult>) -> RuleResult {
    RuleResult {
        id: id.to_owned(),
        summary: summary.to_owned(),
        chapter: 7,
        explains: vec![],
        subjects,
        incomplete: None,
    }
}

fn subject(name: &str, status: Status) -> SubjectResult {
    SubjectResult {
        subject: name.to_owned(),
        fingerprint: format!("{:016x}", name.len()),
        status,
        reasoning: vec![],
        undecided: vec![],
    }
}

fn lacking(path: &str, absence: Absence) -> Status {
    Status::NotAssessable { missing: vec![Missing { path: path.to_owned(), absence }] }
}

fn fired(severity: Severity, title: String, says: String) -> Finding {
    Finding {
        outcome: "exhausted".to_owned(),
        severity,
        capped: None,
        raised: None,
        accepted: None,
        title,
        says,
        evidence: "window".to_owned(),
        confidence: "high".to_owned(),
        confidence_because: vec![],
        why: "A new outgoing connection needs a local port that is not in use for the same source address, destination address and destination port. Closed connections keep theirs for 60 s. When all are taken, connect() fails at once with EADDRNOTAVAIL.".to_owned(),
        verify: "`ss -Htan dst 10.0.0.5 dport = 8080 | wc -l` falls below a third of the range; no EADDRNOTAVAIL.".to_owned(),
        wrong_if: "The application binds several source addresses: each has a range of its own.".to_owned(),
        actions: vec![],
        references: vec!["ip(7)".to_owned(), "https://www.rfc-editor.org/rfc/rfc6056".to_owned()],
    }
}

fn reading(
    path: &str,
    name: &str,
    value: serde_json::Value,
    sources: Vec<Locator>,
    test: (&str, &str, &str),
) -> Reading {
    Reading {
        path: path.to_owned(),
        name: name.to_owned(),
        value: Some(value),
        absence: None,
        sources,
        tests: vec![Test {
            role: test.0.to_owned(),
            condition: test.1.to_owned(),
            result: test.2.to_owned(),
        }],
    }
}

fn ports(n: Name<'_>) -> RuleResult {
    let key = n("10.0.0.17 -> 10.0.0.5:8080");
    let finding = Finding {
        actions: vec![
            Action {
                number: 0,
                says: "Keep connections open: use a connection pool or upstream keepalive"
                    .to_owned(),
                command: None,
                risk: "brief".to_owned(),
                risk_because: Some("a reload of the application".to_owned()),
                undo: Some("the old configuration".to_owned()),
                persist: None,
            },
            Action {
                number: 0,
                says: "Let new connections take over ports in TIME-WAIT".to_owned(),
                command: Some("sysctl -w net.ipv4.tcp_tw_reuse=1".to_owned()),
                risk: "none".to_owned(),
                risk_because: None,
                undo: Some("sysctl -w net.ipv4.tcp_tw_reuse=0".to_owned()),
                persist: Some(
                    "`net.ipv4.tcp_tw_reuse = 1` in a file of its own in /etc/sysctl.d".to_owned(),
                ),
            },
        ],
        ..fired(
            Severity::Critical,
            format!("Local ports to {} run out", n("10.0.0.5:8080")),
            format!(
                "27,140 of 28,232 local ports to {} are in use, 27,101 of them in TIME-WAIT; 452 connections close each second.",
                n("10.0.0.5:8080")
            ),
        )
    };
    let mut s = subject(&key, Status::Fired(Box::new(finding)));
    let test = ("outcome exhausted", "key.utilization_ratio >= params.critical_ratio", "true");
    s.reasoning = vec![
        reading(
            "netns.0.port_keys.0.utilization_ratio",
            "key.utilization_ratio",
            json!(0.961),
            vec![
                Locator::facts(["netns.0.ports.low", "netns.0.ports.tw_reuse"]),
                Locator::entry("probes/inet_diag/4026531840/tcp4"),
            ],
            test,
        ),
        reading(
            "netns.0.ports.tw_reuse",
            "ns.ports.tw_reuse",
            json!(0),
            vec![Locator::line("commands/sysctl_-a", 4)],
            ("outcome hidden", "ns.ports.tw_reuse == 0", "true"),
        ),
    ];
    s.undecided = vec![Undecided {
        outcome: "logged".to_owned(),
        severity: Severity::Critical,
        missing: vec![Missing {
            path: "logs.connect_failures".to_owned(),
            absence: Absence::of(Reason::Denied, "var/log/messages", "EACCES"),
        }],
    }];
    RuleResult {
        explains: vec!["tcp.connect-failures".to_owned()],
        incomplete: Some("1 of 3 namespaces seen".to_owned()),
        ..rule("tcp.ports.exhaustion", "Whether local ports to one destination run out", vec![s])
    }
}

fn leak(n: Name<'_>) -> RuleResult {
    let finding = Finding {
        confidence: "medium".to_owned(),
        confidence_because: vec!["the process is younger than an hour".to_owned()],
        capped: Some(crate::rules::outcome::Capped { from: Severity::Critical, because: "evidence of one window".to_owned() }),
        raised: None,
        accepted: None,
        actions: vec![Action {
            number: 0,
            says: "Look at what fills the memory".to_owned(),
            command: Some("gdb -p 4242 --batch -ex 'dump memory /var/tmp/4242.bin 0x7f31c4000000 0x7f31cbc00000'".to_owned()),
            risk: "brief".to_owned(),
            risk_because: Some("the process stands still while 124 MiB are written".to_owned()),
            undo: Some("rm /var/tmp/4242.bin".to_owned()),
            persist: None,
        }],
        ..fired(
            Severity::Warning,
            format!("{} asks for memory at a constant rate and does not use it", n("leaky-importer")),
            "Its private address space grew by 60.2 MiB in 60 s: 1 MiB a second, without a pause, while its resident memory grew by only 4 KiB a second.".to_owned(),
        )
    };
    let mut s = subject(&n("leaky-importer"), Status::Fired(Box::new(finding)));
    let statm = |path: &str| Locator::Lines {
        path: path.to_owned(),
        record: Some("4242".to_owned()),
        first: 1,
        last: 1,
    };
    s.reasoning = vec![reading(
        "processes.growth.0.virtual_space.slope_bytes_per_s",
        "p.virtual_space.slope_bytes_per_s",
        json!(1_052_672.0),
        vec![
            statm("packs/proc-pid/statm"),
            statm("samples/30/packs/proc-pid/statm"),
            statm("samples/61/packs/proc-pid/statm"),
        ],
        (
            "outcome growing",
            "p.virtual_space.slope_bytes_per_s >= params.min_slope_bytes_per_s",
            "true",
        ),
    )];
    rule(
        "leak.virtual-growth",
        "Processes whose address space is growing now though their resident memory barely does",
        vec![s],
    )
}

fn rings(n: Name<'_>) -> RuleResult {
    let subjects = (0..7)
        .map(|i| {
            let name = n(&format!("eth{i}"));
            let f = fired(
                Severity::Warning,
                format!("{name}: receive ring of 256, 4,096 possible"),
                format!(
                    "{name} lost {} frames in the window because its receive ring was full.",
                    412 + i
                ),
            );
            subject(&name, Status::Fired(Box::new(f)))
        })
        .chain([subject(&n("eth7"), Status::Clear { because: None })])
        .collect();
    rule(
        "hw.nic.ring-below-max",
        "Receive ring smaller than the hardware's, and frames are lost",
        subjects,
    )
}

/// Rules that did not fire: clear, without a subject, without a fact.
fn silent(n: Name<'_>) -> Vec<RuleResult> {
    let denied =
        |path: &str, source: &str| lacking(path, Absence::of(Reason::Denied, source, "EACCES"));
    vec![
        rule(
            "load.composition",
            "What the load average is made of",
            vec![subject(
                "",
                Status::Clear { because: Some("3 of 4 CPUs are busy, none waits".to_owned()) },
            )],
        ),
        rule(
            "mem.slab-high",
            "Slab caches that are large or grow",
            vec![subject("", denied("memory.slab_caches", "proc/slabinfo"))],
        ),
        rule(
            "mem.unaccounted",
            "Used memory that processes do not explain",
            vec![subject(
                "",
                denied("memory.identity.hidden_bytes", "packs/proc-pid/smaps_rollup"),
            )],
        ),
        rule(
            "numa.remote-alloc",
            "Memory allocated on the wrong NUMA node",
            vec![subject("", Status::NotApplicable { because: "one NUMA node".to_owned() })],
        ),
        rule(
            "sysctl.runtime-not-persisted",
            "Parameters that the next boot changes",
            vec![subject(&n("vm.swappiness"), Status::Clear { because: None })],
        ),
        rule(
            "tcp.zombie-connections",
            "Sessions whose peer is gone",
            vec![subject(
                &n("host"),
                lacking("site.l4_idle_timeout_s", Absence::new(Reason::NotTold, "")),
            )],
        ),
    ]
}

/// A critical, two warnings (one for seven cards), a symptom, infos, and every way of not knowing.
pub(super) fn broken(n: Name<'_>) -> Assessment {
    let symptom = fired(
        Severity::Warning,
        "Connections to other hosts fail".to_owned(),
        "118 connection attempts failed in the window.".to_owned(),
    );
    let info = Finding {
        evidence: "config".to_owned(),
        ..fired(
            Severity::Info,
            "Keepalive starts after 2 h: is there a load balancer in the path?".to_owned(),
            "The first keepalive probe leaves after 2 h.".to_owned(),
        )
    };
    let banner = fired(Severity::Info, "6 of 11 applicable checks could judge".to_owned(), "5 of 11 applicable checks could not judge. It was collected as uid 1000: 14 sources were not readable.".to_owned());
    let mut rules = vec![
        rings(n),
        leak(n),
        rule(
            "meta.coverage",
            "What the archive cannot answer",
            vec![subject("", Status::Fired(Box::new(banner)))],
        ),
        rule(
            "tcp.connect-failures",
            "Failing connection attempts",
            vec![subject("", Status::Fired(Box::new(symptom)))],
        ),
        rule(
            "tcp.keepalive.exceeds-l4-idle-timeout",
            "Whether keepalive speaks often enough",
            vec![subject(&n("host"), Status::Fired(Box::new(info)))],
        ),
        ports(n),
    ];
    rules.extend(silent(n));
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let coverage =
        Coverage { rules: 12, assessable: 8, applicable: 11, not_applicable: 1, not_assessable: 3 };
    Assessment {
        rules,
        coverage,
        ruleset_sha256: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"
            .to_owned(),
    }
}

/// Nothing found, little seen.
pub(super) fn quiet() -> Assessment {
    let timed_out = lacking(
        "load.series",
        Absence::of(Reason::TooFewSamples, "proc/stat", "1 sample, 10 needed"),
    );
    Assessment {
        rules: vec![
            rule(
                "load.composition",
                "What the load average is made of",
                vec![subject("", timed_out)],
            ),
            rule(
                "sysctl.runtime-not-persisted",
                "Parameters that the next boot changes",
                vec![subject("", Status::Clear { because: None })],
            ),
        ],
        coverage: Coverage {
            rules: 2,
            assessable: 1,
            applicable: 2,
            not_applicable: 0,
            not_assessable: 1,
        },
        ruleset_sha256: "b5bb9d80".to_owned(),
    }
}
