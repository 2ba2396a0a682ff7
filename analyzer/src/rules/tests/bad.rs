//! One bad rule file for each check: the mistake is found, alone, where it stands.

use std::fmt::Write as _;

use super::*;

/// What is edited in the good rule, and what is wrong then.
const BAD: &[(&str, &str, &str)] = &[
    // TOML
    ("TOML syntax", "chapter = 8", "chapter = "),
    ("unknown key", "evidence = \"window\"", "evidense = \"window\"\nevidence = \"window\""),
    (
        "missing key",
        "summary = \"Keepalive starts before the L4 device on the way forgets a silent session.\"\n",
        "",
    ),
    ("wrong kind of value", "chapter = 8", "chapter = \"eight\""),
    // Words
    ("unknown severity", "severity = \"warning\"\nevidence", "severity = \"warn\"\nevidence"),
    ("unknown evidence", "evidence = \"config\"", "evidence = \"since-boot\""),
    ("unknown risk", "risk = \"none\"", "risk = \"nona\""),
    ("unknown confidence level", "level = \"low\"", "level = \"weak\""),
    // Loops
    ("each syntax", "[\"ns in netns\"]", "[\"ns of netns\"]"),
    ("each over an unknown list", "[\"ns in netns\"]", "[\"ns in netnss\"]"),
    ("each over what is no list", "[\"ns in netns\"]", "[\"ns in sysctl\"]"),
    (
        "a loop variable that hides a fact",
        "[\"ns in netns\"]",
        "[\"ns in netns\", \"cpu in ns.port_keys\"]",
    ),
    // Conditions
    ("CEL syntax", "ns.tcp.idle_over_l4_timeout > 0'", "ns.tcp.idle_over_l4_timeout >'"),
    (
        "CEL syntax in a multi-line string",
        "when = 'env.container_view'",
        "when = '''\n  env.container_view\n  &&& cpu.online > 1'''",
    ),
    (
        "types in a multi-line string",
        "when = 'env.container_view'",
        "when = \"\"\"\\\n  env.kind == \\\"vm\\\"\n  && cpu.onlin > 1\"\"\"",
    ),
    ("single equals", "env.container_view'", "env.container_view = true'"),
    ("unknown fact", "when = 'env.container_view'", "when = 'env.container'"),
    (
        "unknown fact of a loop variable",
        "ns.tcp.idle_established > 0'",
        "ns.tcp.idle_establishd > 0'",
    ),
    ("unknown fact in has()", "!has(site.l4_idle_timeout_s)", "!has(site.l4_timeout_s)"),
    (
        "unknown fact in a macro",
        "applies = 'ns.tcp.established_remote > 0'",
        "applies = 'ns.tcp.peers.exists(p, p.cnt > 0)'",
    ),
    ("unknown name", "when = 'env.container_view'", "when = 'environment.container_view'"),
    ("field of a number", "when = 'env.container_view'", "when = 'host.uptime_s.days > 1'"),
    (
        "field of a list",
        "applies = 'ns.tcp.established_remote > 0'",
        "applies = 'ns.tcp.peers.count > 0'",
    ),
    ("unlike types", "when = 'env.container_view'", "when = 'env.kind == 3'"),
    (
        "unlike order",
        "when = 'env.container_view'",
        "when = 'sysctl.runtime[\"vm.swappiness\"] < 60'",
    ),
    (
        "integer and number in arithmetic",
        "when = 'env.container_view'",
        "when = 'ns.keepalive.time_s * 2 > 9.0'",
    ),
    (
        "count and number in arithmetic",
        "when = 'env.container_view'",
        "when = 'ns.keepalive.time_s * ns.keepalive.probes > 9.0'",
    ),
    ("not a truth value", "when = 'env.container_view'", "when = 'env.kind'"),
    (
        "a number as truth",
        "when = 'env.container_view'",
        "when = 'env.container_view && cpu.online'",
    ),
    ("null", "when = 'env.container_view'", "when = 'env.kind != null'"),
    ("unknown function", "when = 'env.container_view'", "when = 'length(netns) > 1'"),
    ("contains on a list", "when = 'env.container_view'", "when = 'env.reasons.contains(\"x\")'"),
    ("unknown param", "params.ask_above_s &&", "params.ask_above_s && params.ask_above > 1.0 &&"),
    (
        "unknown finding",
        "when = 'env.container_view'",
        "when = 'findings[\"tcp.keepalives\"].rank > 0'",
    ),
    (
        "finding by a computed id",
        "when = 'env.container_view'",
        "when = 'findings[ns.name].rank > 0'",
    ),
    // Evidence
    ("a warning on settings alone", "&& ns.tcp.idle_over_l4_timeout > 0'", "'"),
    (
        "a setting above info",
        "severity = \"warning\"\nevidence = \"window\"",
        "severity = \"warning\"\nevidence = \"config\"",
    ),
    (
        "a counter since boot above info",
        "severity = \"warning\"\nevidence = \"window\"",
        "severity = \"warning\"\nevidence = \"since_boot\"",
    ),
    (
        "critical on an old event",
        "severity = \"warning\"\nevidence = \"window\"",
        "severity = \"critical\"\nevidence = \"24h\"",
    ),
    // Texts
    (
        "template syntax",
        "{{ ns.keepalive.time_s | duration }}: is",
        "{{ ns.keepalive.time_s | }}: is",
    ),
    (
        "open template",
        "{{ ns.keepalive.time_s | duration }}: is",
        "{{ ns.keepalive.time_s | duration: is",
    ),
    (
        "unknown filter",
        "{{ ns.keepalive.time_s | duration }}: is",
        "{{ ns.keepalive.time_s | durations }}: is",
    ),
    (
        "unknown fact in a text",
        "{{ ns.keepalive.time_s | duration }}: is",
        "{{ ns.keepalive.tme_s | duration }}: is",
    ),
    (
        "unknown fact in a loop of a text",
        "why = \"An",
        "why = \"{% for p in ns.tcp.peers %}{{ p.cnt }}{% endfor %}An",
    ),
    (
        "a list in a command",
        "tcp_keepalive_time={{ ns.keepalive.time_s | int }}\"",
        "x={{ ns.tcp.idle_s }}\"",
    ),
    ("values in the summary", "summary = \"Keepalive", "summary = \"{{ ns.name }} Keepalive"),
    ("empty text", "wrong_if = \"The application has a heartbeat of its own.\"", "wrong_if = \"\""),
    // Parts
    (
        "two outcomes of one name",
        "[[confidence]]",
        "[[outcome]]\nname = \"forgotten\"\nseverity = \"info\"\nevidence = \"window\"\nwhen = 'true'\nsays = \"x\"\n\n[[confidence]]",
    ),
    (
        "guard of an unknown outcome",
        "says = \"the longest",
        "outcomes = [\"forgoten\"]\nsays = \"the longest",
    ),
    ("explains nothing", "since   = \"0.1.0\"", "since = \"0.1.0\"\nexplains = [\"tcp.nothing\"]"),
    (
        "unused param",
        "[params.ask_above_s]",
        "[params.spare]\ndefault = 1\nhelp = \"h\"\nsource = \"s\"\n[params.ask_above_s]",
    ),
    (
        "param without reason",
        "source  = \"the shortest common cloud default above 240 s (AWS NLB)\"",
        "source = \"\"",
    ),
    ("action without risk", "risk = \"none\"\n", ""),
    (
        "action without undo",
        "undo = \"sysctl -w net.ipv4.tcp_keepalive_time={{ ns.keepalive.time_s | int }}\"\n",
        "",
    ),
    ("risk without words", "risk = \"none\"", "risk = \"brief\""),
    ("undo of what changes nothing", "risk = \"none\"", "risk = \"none\"\nchanges = false"),
    ("many subjects without a name", "subject = \"{{ ns.name }}\"\n", ""),
    (
        "a pid as subject",
        "each    = [\"ns in netns\"]\nsubject = \"{{ ns.name }}\"",
        "each = [\"ns in netns\", \"p in processes.growth\"]\nsubject = \"{{ ns.name }} {{ p.pid }}\"",
    ),
    ("not applicable without applies", "applies = 'ns.tcp.established_remote > 0'\n", ""),
    ("version", "since   = \"0.1.0\"", "since = \"next\""),
    ("reference", "\"tcp(7)\"", "\"the tcp man page\""),
    // Tests
    ("unknown fact in a test", "established_remote = 0 }", "established_remot = 0 }"),
    ("wrong type in a test", "established_remote = 0 }", "established_remote = \"0\" }"),
    ("unknown outcome in a test", "outcome = \"would-break\"", "outcome = \"would-brake\""),
    ("unknown status in a test", "status = \"clear\"", "status = \"clean\""),
    ("no expectation", "status = \"clear\", says", "says"),
    (
        "unknown param in a test",
        "expect = { status = \"clear\"",
        "set = { ask_above = 1.0 }\nexpect = { status = \"clear\"",
    ),
    (
        "finding that is not read",
        "expect = { status = \"clear\"",
        "findings = { \"z.other\" = { rank = 1 } }\nexpect = { status = \"clear\"",
    ),
    ("excuse without a reason", "[[test]]", "[no_test]\nfired = \"\"\n\n[[test]]"),
    ("excuse for nothing", "[[test]]", "[no_test]\n\"guard 2\" = \"x\"\n\n[[test]]"),
];

fn shown(text: &str) -> Vec<String> {
    let other = small("load.one > 1.0", "").replace(
        "[explain]",
        "[no_test]\nfired = 'r'\nclear = 'r'\nnot_assessable = 'r'\n[explain]",
    );
    let named = |path: &str, text: &str| {
        (path.to_owned(), Source::new(format!("rules/{path}"), text.to_owned()))
    };
    let files = vec![named("tcp/keepalive.toml", text), named("z/other.toml", &other)];
    let found = RuleSet::of(files).map_or_else(|d| d, |set| check::check(&set));
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn the_good_rule_is_clean() {
    assert_eq!(shown(KEEPALIVE), Vec::<String>::new());
}

#[test]
fn each_mistake_is_found_where_it_stands() {
    let mut all = String::new();
    for (what, from, to) in BAD {
        assert!(KEEPALIVE.contains(from), "{what}: the good rule has no `{from}`");
        let found = shown(&KEEPALIVE.replacen(from, to, 1));
        assert_eq!(found.len(), 1, "{what}: {}", found.join("\n\n"));
        write!(all, "## {what}\n{}\n\n", found.concat()).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn no_kind_of_test_may_lack() {
    let (untested, _) = KEEPALIVE.split_once("[[test]]").unwrap();
    let found = shown(untested).join(
        "
",
    );
    for kind in ["firing", "clear", "not assessable"] {
        assert!(found.contains(&format!("no test shows this rule {kind}")), "{kind}: {found}");
    }
}

#[test]
fn files_are_refused_by_their_place() {
    let good = small("load.one > 1.0", "");
    let twice = set(&[("a/b.toml", &good), ("a/b.toml", &good)]).unwrap_err();
    assert!(twice.contains("the rule `a.b` exists already, in rules/a/b.toml"), "{twice}");
    let name = set(&[("A/b_c.toml", &good)]).unwrap_err();
    assert!(name.contains("does not make a rule id"), "{name}");
}

#[test]
fn rules_that_wait_for_each_other_are_refused() {
    let reads = |id: &str| small(&format!("findings[\"{id}\"].rank > 0"), "");
    let found = set(&[
        ("a/a.toml", &reads("b.b")),
        ("b/b.toml", &reads("c.c")),
        ("c/c.toml", &reads("a.a")),
    ]);
    insta::assert_snapshot!(found.unwrap_err());
}

#[test]
fn the_rules_of_the_repository_are_clean() {
    let found = check::check(&RuleSet::compiled::<&str>(&[]).unwrap());
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}
