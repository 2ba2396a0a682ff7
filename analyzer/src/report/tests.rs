//! The report as a whole: inert, complete, within its budgets.

use std::collections::BTreeSet;

use super::html::{self, html};
use super::sample;
use super::*;

/// `REPORT_SAMPLES=DIR cargo test -p linsight report::tests` leaves the pages there for the eye.
#[test]
fn every_form_renders() {
    for (name, view) in
        [("broken", sample::broken()), ("quiet", sample::quiet()), ("hostile", sample::hostile())]
    {
        let page = html(&view).unwrap();
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        assert!(page.len() < 300_000, "{name}: {} bytes", page.len());
        if let Some(dir) = std::env::var_os("REPORT_SAMPLES") {
            std::fs::write(std::path::Path::new(&dir).join(format!("{name}.html")), page).unwrap();
        }
    }
}

#[test]
fn no_host_is_too_large() {
    let page = html(&sample::giant()).unwrap();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("64 of 1,024, the busiest"), "what is left out is said");
    assert!(page.contains("24 of 256 namespaces"));
    assert!(markdown(&sample::giant()).lines().count() <= 60);
    assert!(text(&sample::giant()).lines().count() <= 60);
}

/// The page without its own style and script.
fn markup(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (body, rest) = rest.split_once("<script>").unwrap();
    let (_, end) = rest.split_once("</script>").unwrap();
    format!("{head}{body}{end}")
}

#[test]
fn hostile_strings_are_inert_in_html() {
    let page = html(&sample::hostile()).unwrap();
    let page = markup(&page);
    assert!(page.contains("&lt;script&gt;alert(1)"), "the string is shown");
    assert!(page.contains("\\u{202e}") && page.contains("\\u{1b}"), "controls are seen");
    for bad in ["<script", "<img", "onerror=alert(2)>", "{{", "\u{1b}", "\u{202e}", "\u{85}", "\0"]
    {
        // The only braces are those that the host wrote, and they were not evaluated.
        if bad == "{{" {
            assert!(page.contains("{{ 7 * 7 }}"));
        } else {
            assert!(!page.contains(&bad.replace("onerror=alert(2)>", "<img src=x")), "{bad:?}");
        }
    }
    assert!(!page.contains("javascript:1\""), "no address from a snapshot");
}

#[test]
fn every_tag_of_a_hostile_page_is_one_of_ours() {
    // The same template with harmless and with hostile strings has the same tags in the same order:
    // no string opened, closed or split one.
    let tags = |page: &str| -> Vec<String> {
        markup(page)
            .split('<')
            .skip(1)
            .map(|t| {
                t.chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '/' || *c == '!')
                    .collect()
            })
            .collect()
    };
    let (a, b) =
        (tags(&html(&sample::broken()).unwrap()), tags(&html(&sample::hostile()).unwrap()));
    let names: BTreeSet<&String> = a.iter().collect();
    assert!(b.iter().all(|t| names.contains(t)));
    let count = |tags: &[String], t: &str| tags.iter().filter(|x| *x == t).count();
    for tag in ["script", "style", "a", "section", "article", "table", "td", "svg", "h3"] {
        assert_eq!(count(&a, tag), count(&b, tag), "{tag}");
    }
}

#[test]
fn hostile_strings_are_inert_elsewhere() {
    let view = sample::hostile();
    for text in
        [markdown(&view), text(&view), terminal::summary(&view, &[sample::HOSTILE.to_owned()])]
    {
        let text = anstream::adapter::strip_str(&text).to_string();
        for bad in ["\u{1b}", "\u{202e}", "\u{85}", "\0"] {
            assert!(!text.contains(bad), "{bad:?} in {text}");
        }
        assert!(text.contains("\\u{202e}"));
    }
    let prose = outside_code(&markdown(&view));
    for bad in ["<script", "<img", "@root", " #12 "] {
        assert!(!prose.contains(bad), "{bad} in {prose}");
    }
}

/// Markdown without its code: fences and spans end at a run of backticks as long as the one that
/// opened them; a backslash makes a backtick plain.
#[expect(clippy::string_slice, reason = "all offsets are those of ASCII characters")]
fn outside_code(md: &str) -> String {
    let mut out = String::new();
    let mut rest = md;
    while let Some(at) = rest.find(['`', '\\']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if tail.starts_with('\\') {
            rest = tail.get(2..).unwrap_or_default();
            continue;
        }
        let run = tail.len() - tail.trim_start_matches('`').len();
        let body = &tail[run..];
        let mut runs =
            body.match_indices('`').map(|(i, _)| i).filter(|i| !body[..*i].ends_with('`'));
        let end = runs.find(|i| body[*i..].chars().take_while(|c| *c == '`').count() == run);
        rest = &body[end.expect("every code span is closed") + run..];
    }
    out + rest
}

#[test]
fn the_policy_allows_exactly_this_style_and_script() {
    use base64::Engine;
    use sha2::Digest;
    let page = html(&sample::hostile()).unwrap();
    for (open, close, directive) in
        [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")]
    {
        let content = page.split_once(open).unwrap().1.split_once(close).unwrap().0;
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(content));
        let wanted = format!("{directive} &#39;sha256-{hash}&#39;");
        assert!(page.contains(&wanted), "{wanted}");
        assert!(!content.contains("</"), "an element cannot end early");
    }
    for bad in [" style=", "@import", "url(", "<link", "http://", " onclick=", " onload="] {
        assert!(!page.contains(bad), "{bad}");
    }
}

#[test]
fn no_template_marks_anything_as_safe() {
    for (name, text) in html::TEMPLATES {
        for bad in ["|safe", "| safe", "autoescape", " style="] {
            assert!(!text.contains(bad), "{bad} in {name}");
        }
    }
}

#[test]
fn style_and_script_are_within_their_budgets() {
    let page = html(&sample::quiet()).unwrap();
    let len = |open: &str, close: &str| {
        page.split_once(open).unwrap().1.split_once(close).unwrap().0.len()
    };
    assert!(len("<style>", "</style>") < 10_000, "css: {}", len("<style>", "</style>"));
    assert!(len("<script>", "</script>") < 5_000, "js: {}", len("<script>", "</script>"));
}

#[test]
fn every_fact_path_of_the_page_is_in_the_schema() {
    let page = html(&sample::broken()).unwrap();
    let schema = serde_json::to_value(schemars::schema_for!(crate::facts::Tree)).unwrap();
    let paths = fact_paths(&page);
    assert!(paths.len() > 400, "{}", paths.len());
    for path in &paths {
        assert!(in_schema(&schema, &schema, path), "{path}");
    }
    assert!(!in_schema(&schema, &schema, "memory.totel_bytes"));
    assert!(!in_schema(&schema, &schema, "netns.0.tcp.nothing"));
}

/// The paths of all facts of a page. A cell has its own, or that of its column behind that of its
/// row.
fn fact_paths(page: &str) -> BTreeSet<String> {
    let (mut row, mut columns, mut column) = (None, Vec::new(), 0);
    let mut paths = BTreeSet::new();
    for tag in page.split('<').skip(1) {
        let own = tag.split_once(" data-fact=\"").and_then(|(before, rest)| {
            (!before.contains('>')).then(|| rest.split_once('"').unwrap().0.to_owned())
        });
        let name = tag.split([' ', '>']).next().unwrap();
        match name {
            "thead" => columns.clear(),
            "th" => columns.push(own.clone()),
            "tr" => (row, column) = (own.clone(), 0),
            "td" => column += 1,
            _ => {}
        }
        let of_column =
            || columns.get(column.max(1) - 1).cloned().flatten().filter(|_| row.is_some());
        let path = match (name, own) {
            ("th", _) => None,
            ("td", None) => of_column(),
            (_, own) => own,
        };
        if let Some(path) = path {
            let begin = if path.starts_with('.') { row.clone().unwrap() } else { String::new() };
            paths.insert(format!("{begin}{path}"));
        }
    }
    paths
}

/// Follows a path through a JSON schema; list indices, `*` and keys of maps match anything.
fn in_schema(root: &serde_json::Value, at: &serde_json::Value, path: &str) -> bool {
    if let Some(target) = at.get("$ref").and_then(|r| r.as_str()) {
        return in_schema(root, root.pointer(target.trim_start_matches('#')).unwrap(), path);
    }
    let alternatives = at.get("anyOf").or_else(|| at.get("oneOf"));
    if let Some(any) = alternatives.and_then(|a| a.as_array()) {
        return any.iter().any(|s| in_schema(root, s, path));
    }
    if path.is_empty() {
        return true;
    }
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some(field) = at.get("properties").and_then(|p| p.get(key)) {
        return in_schema(root, field, rest);
    }
    if let Some(items) = at.get("items") {
        return (key == "*" || key.parse::<usize>().is_ok()) && in_schema(root, items, rest);
    }
    // Keys of maps may contain dots: the rest of the path is the key or begins with it.
    at.get("additionalProperties").is_some_and(|v| {
        v.is_object()
            && (in_schema(root, v, "") && (rest.is_empty() || v.get("type").is_some())
                || path
                    .match_indices('.')
                    .any(|(i, _)| in_schema(root, v, path.get(i + 1..).unwrap_or_default())))
    })
}

#[test]
fn colours_have_enough_contrast_in_both_themes() {
    let css = include_str!("../../../templates/report.css");
    let colour = |name: &str| -> (f64, f64) {
        let rest =
            css.split_once(&format!("--{name}: light-dark(")).unwrap_or_else(|| panic!("{name}")).1;
        let (light, dark) = rest.split_once(')').unwrap().0.split_once(", ").unwrap();
        (luminance(light), luminance(dark))
    };
    let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
    for ground in ["page", "paper", "sunk"] {
        let g = colour(ground);
        for text in ["ink", "quiet", "link", "critical", "warning", "info", "clear", "unknown"] {
            let t = colour(text);
            assert!(contrast(t.0, g.0) >= 4.5 && contrast(t.1, g.1) >= 4.5, "{text} on {ground}");
        }
    }
    let paper = colour("page");
    for graphic in ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "critical", "free"]
    {
        let c = colour(graphic);
        assert!(contrast(c.0, paper.0) >= 3.0 && contrast(c.1, paper.1) >= 3.0, "{graphic}");
    }
    let (hit, ink) = (colour("hit"), colour("ink"));
    assert!(contrast(hit.0, ink.0) >= 4.5 && contrast(hit.1, ink.1) >= 4.5);
}

/// Relative luminance of `#rrggbb`, as WCAG 2 defines it.
fn luminance(hex: &str) -> f64 {
    let channel = |i: usize| {
        let c = f64::from(u8::from_str_radix(hex.get(i..i + 2).unwrap(), 16).unwrap()) / 255.0;
        if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn findings_are_grouped_nested_and_placed() {
    let view = sample::broken();
    let ids: Vec<&str> = view.findings.iter().map(|c| c.rule.as_str()).collect();
    assert_eq!(ids, ["tcp.ports.exhaustion", "hw.nic.ring-below-max", "leak.virtual-growth"]);
    assert_eq!(view.findings[0].symptoms[0].rule, "tcp.connect-failures");
    assert_eq!(view.findings[1].scope.as_deref(), Some("7 of 8 affected"));
    assert_eq!(view.findings[1].subjects.len(), 3);
    assert_eq!(view.findings[1].more.as_ref().unwrap().rows.len(), 4);
    assert_eq!(view.sockets.notes[0].rule, "tcp.keepalive.exceeds-l4-idle-timeout");
    assert!(!html(&view).unwrap().contains("id=\"f-meta.coverage"), "coverage is a banner");
    assert_eq!(
        view.verdict.sentence,
        "One critical problem and 3 warnings. First: Local ports to 10.0.0.5:8080 run out."
    );
}

#[test]
fn poor_coverage_is_never_healthy() {
    let view = sample::quiet();
    assert_eq!(view.verdict.sentence, "No problem found in the 1 of 2 checks that could run.");
    assert_eq!(view.verdict.class, "unknown");
    let cause = &view.coverage.causes[0];
    assert_eq!(cause.title, "1 check: too few samples, or too short a window");
    assert_eq!(cause.remedy, "Collect with linsight-collect --duration 60s or longer.");
}

#[test]
fn evidence_is_read_again_with_its_lines_and_command() {
    let view = sample::broken();
    let evidence = &view.findings[0].subjects[0].evidence;
    let sysctl = &evidence[0];
    assert_eq!(sysctl.command, "linsight show db-17.tar.zst commands/sysctl_-a");
    let hits: Vec<usize> =
        sysctl.excerpt.as_ref().unwrap().lines.iter().filter(|l| l.hit).map(|l| l.number).collect();
    assert_eq!(hits, [1, 4]);
    let leak = &view.findings[2].subjects[0].evidence;
    let paths: Vec<&str> = leak.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["proc/4242/statm", "samples/61/proc/4242/statm"]);
}

#[test]
fn json_has_its_version_and_every_check() {
    let n: sample::Name<'_> = &|s| s.to_owned();
    let (facts, assessment) = sample::parts(n);
    let origin = sample::origin(n);
    let text = json(&sample::broken(), &facts, &assessment, &origin).unwrap();
    let v: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(v["linsight_report"], 1);
    assert_eq!(v["findings"][0]["rule"], "tcp.ports.exhaustion");
    assert_eq!(v["findings"][0]["severity"], "critical");
    assert_eq!(v["checks"].as_array().unwrap().len(), 12);
    assert_eq!(v["checks"][3]["subjects"][0]["status"], "not_assessable");
    assert_eq!(v["checks"][3]["subjects"][0]["missing"][0]["absence"]["reason"], "denied");
}

/// `docs/report.schema.json` is what programs are told to rely on. `UPDATE_DOCS=1` writes it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "a file of the project, not of a host")]
fn the_schema_in_the_docs_is_that_of_the_report() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json");
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    // Both are long: not printed.
    assert!(kept == now, "renew it: UPDATE_DOCS=1 cargo test");
}

#[test]
fn the_report_keeps_to_its_schema() {
    let n: sample::Name<'_> = &|s| s.to_owned();
    let (facts, assessment) = sample::parts(n);
    let text = json(&sample::broken(), &facts, &assessment, &sample::origin(n)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schema = schema();
    let mut paths = Vec::new();
    leaves(&report, String::new(), &mut paths);
    assert!(paths.len() > 300, "{}", paths.len());
    for path in &paths {
        assert!(in_schema(&schema, &schema, path), "{path}");
    }
    assert!(!in_schema(&schema, &schema, "findings.0.nothing"));
}

/// Paths of everything in a JSON value that is no container.
fn leaves(value: &serde_json::Value, at: String, out: &mut Vec<String>) {
    let join = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(k, v)| leaves(v, join(k), out));
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| leaves(v, join(&i.to_string()), out));
        }
        _ => out.push(at),
    }
}
