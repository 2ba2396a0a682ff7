//! The parts of a rule file fit together: names, params, actions, subject, prose.

use std::collections::BTreeSet;

use toml::Spanned;

use crate::rules::diagnostics::Diagnostic;
use crate::rules::file::{Action, Text};
use crate::rules::reference;
use crate::rules::rule::Rule;

/// Checks a rule; `used` are the params that its conditions and texts read.
pub(super) fn check(rule: &Rule, ids: &[&str], used: &BTreeSet<String>, out: &mut Vec<Diagnostic>) {
    outcome_names(rule, out);
    explains(rule, ids, out);
    params(rule, used, out);
    for action in &rule.file.action {
        self::action(rule, action, out);
    }
    subject(rule, out);
    prose(rule, out);
}

fn at(rule: &Rule, text: &Text, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&rule.source, rule.source.inner(text), message)
}

fn outcome_names(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut names: Vec<&str> = Vec::new();
    for outcome in rule.file.outcome.iter().map(Spanned::get_ref) {
        let name = outcome.name.get_ref();
        if names.contains(&name.as_str()) {
            let message = format!("a second outcome is named `{name}`");
            out.push(
                at(rule, &outcome.name, message).help("tests and reports tell outcomes by name"),
            );
        }
        names.push(name);
    }
    let f = &rule.file;
    let meant = f.guard.iter().flat_map(|g| &g.get_ref().outcomes);
    let meant = meant.chain(f.confidence.iter().flat_map(|c| &c.get_ref().outcomes));
    let meant = meant.chain(f.raise.iter().flat_map(|r| &r.get_ref().outcomes));
    for name in meant.chain(f.action.iter().flat_map(|a| &a.get_ref().outcomes)) {
        if !names.contains(&name.get_ref().as_str()) {
            let d = at(rule, name, format!("no outcome is named `{}`", name.get_ref()));
            out.push(d.did_you_mean(name.get_ref(), names.iter().copied()));
        }
    }
}

fn explains(rule: &Rule, ids: &[&str], out: &mut Vec<Diagnostic>) {
    for id in &rule.file.explains {
        let name = id.get_ref().as_str();
        if name == rule.id {
            out.push(at(rule, id, "a rule does not explain itself"));
        } else if !ids.contains(&name) {
            let d = at(rule, id, format!("no rule has the id `{name}`"));
            out.push(d.did_you_mean(name, ids.iter().copied()));
        }
    }
}

fn params(rule: &Rule, used: &BTreeSet<String>, out: &mut Vec<Diagnostic>) {
    for (name, param) in &rule.file.params {
        let header = format!("[params.{name}]");
        let span = match rule.source.text.find(&header) {
            Some(start) => start..start + header.len(),
            None => param.span(),
        };
        let wrong = |message: String| Diagnostic::new(&rule.source, span.clone(), message);
        let p = param.get_ref();
        if !used.contains(name) {
            let d = wrong(format!("no condition and no text reads the param `{name}`"));
            out.push(d.help(format!("read it as `params.{name}`, or remove it")));
        }
        let plain = !matches!(p.default, toml::Value::Table(_) | toml::Value::Datetime(_));
        if !plain {
            let message = format!("the param `{name}` is a {}", p.default.type_str());
            out.push(
                wrong(message).help("numbers, text, truth values and lists of them can be set"),
            );
        }
        if p.help.trim().is_empty() || p.source.trim().is_empty() {
            let d = wrong(format!("the param `{name}` does not say what it decides and why"));
            out.push(d.help("write `help` and `source`"));
        }
    }
}

fn action(rule: &Rule, action: &Spanned<Action>, out: &mut Vec<Diagnostic>) {
    let a = action.get_ref();
    let risk = a.risk.as_ref().map_or("", |r| r.get_ref().as_str());
    if a.changes && a.undo.is_none() {
        let d = at(rule, &a.says, "this action does not say how to undo it");
        out.push(d.help("add `undo`, or `changes = false` if it only reads"));
    }
    if !a.changes && risk != "none" && a.risk_because.is_none() {
        out.push(at(rule, &a.says, "an action that only reads, with a risk that it does not name"));
    } else if risk != "none" && a.risk_because.is_none() {
        let d =
            at(rule, &a.says, format!("this action has the risk `{risk}` and does not say which"));
        out.push(d.help("add `risk_because`"));
    }
    if !a.changes && a.undo.is_some() {
        let d = at(rule, &a.says, "an action that changes nothing cannot be undone");
        out.push(d.help("remove `undo`, or `changes = false`"));
    }
}

fn subject(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let f = &rule.file;
    match (&f.subject, f.each.first()) {
        (None, Some(each)) => {
            let d = at(rule, each, "this rule has many subjects and does not name them");
            out.push(d.help("add `subject`, a stable name such as \"{{ ns.name }}\""));
        }
        (Some(subject), None) => {
            let d = at(rule, subject, "a rule without `each` has no subject but the host");
            out.push(d.help("remove `subject`"));
        }
        _ => {}
    }
    if let (Some(text), Some(template)) = (&f.subject, &rule.subject)
        && template.variables().iter().any(|v| v.rsplit('.').next() == Some("pid"))
    {
        let d = at(rule, text, "a subject must be the same in the next archive: no process id");
        out.push(d.help("name the command, the unit or the address instead"));
    }
    if let (Some(empty), true) = (&f.empty, f.each.is_empty()) {
        let d = at(rule, &empty.get_ref().because, "a rule without `each` has no list to be empty");
        out.push(d.help("remove `empty`"));
    }
    let needs = f.empty.as_ref().and_then(|e| e.get_ref().needs.as_ref());
    if let Some(path) = needs.filter(|path| !is_fact(path.get_ref())) {
        let d = at(rule, path, format!("unknown fact `{}`", path.get_ref()));
        out.push(d.help("`linsight facts --schema` lists them"));
    }
    if let (Some(text), None) = (&f.not_applicable, &f.applies) {
        let d = at(rule, text, "a rule without `applies` is never not applicable by condition");
        out.push(d.help("remove `not_applicable`"));
    }
}

/// A fact of the schema, outside lists.
fn is_fact(path: &str) -> bool {
    let facts = crate::rules::schema::facts();
    path.split('.').try_fold(facts, |ty, name| ty.field(name)).is_some()
}

fn prose(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let f = &rule.file;
    let e = &f.explain;
    let mut required = vec![&f.title, &f.summary, &e.why, &e.verify, &e.wrong_if];
    required.extend(f.outcome.iter().map(|o| &o.get_ref().says));
    for text in required {
        if text.get_ref().trim().is_empty() {
            out.push(Diagnostic::new(&rule.source, text.span(), "this text is empty"));
        }
    }
    if f.summary.get_ref().contains("{{") {
        let d = at(rule, &f.summary, "the summary stands in tables without a host: no values");
        out.push(d.help("say what the rule checks, in one sentence"));
    }
    let is_version =
        |v: &str| v.split('.').count() == 3 && v.split('.').all(|p| p.parse::<u32>().is_ok());
    if !is_version(f.since.get_ref()) {
        let d = at(rule, &f.since, format!("`{}` is no version", f.since.get_ref()));
        out.push(d.help("write the version of linsight that first has the rule: 0.1.0"));
    }
    for reference in &e.references {
        if !is_reference(reference.get_ref()) {
            let d = at(rule, reference, "this is no reference that can be looked up");
            out.push(d.help(
                "a man page `tcp(7)`, a kernel document `Documentation/…`, `RFC 9293, section 3.6`, \
                 or an https link",
            ));
        }
    }
}

/// With an address that is sure, or a kernel document that is not rendered.
fn is_reference(text: &str) -> bool {
    let path = |t: &str| !t.is_empty() && !t.contains(char::is_whitespace);
    reference::link(text).is_some() || text.strip_prefix("Documentation/").is_some_and(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_can_be_looked_up() {
        for good in ["tcp(7)", "RFC 6298", "https://a.b/c", "Documentation/mm/slub.rst"] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["the manual", "http://a.b", "tcp", "tcp()", "Documentation/", "a b(7)"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
