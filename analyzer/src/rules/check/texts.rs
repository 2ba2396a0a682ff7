//! Texts: every filter and variable exists, and each renders where every fact is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};

use super::scope::{Name, Scope};
use crate::rules::diagnostics::Diagnostic;
use crate::rules::file::Text;
use crate::rules::filters;
use crate::rules::rule::{Rule, TextKind};
use crate::rules::schema::Ty;
use crate::rules::text::Template;

/// Functions that templates have without naming a variable.
const GLOBALS: [&str; 4] = ["range", "dict", "namespace", "loop"];

/// Checks all texts of a rule; tells which params they use.
pub(super) fn check(rule: &Rule, scope: &Scope, out: &mut Vec<Diagnostic>) -> Vec<String> {
    let samples = [sample(scope, true), sample(scope, false)];
    let mut params = Vec::new();
    for (written, template, kind) in rule.texts() {
        let variables = template.variables();
        params
            .extend(variables.iter().filter_map(|v| v.strip_prefix("params.")).map(str::to_owned));
        let before = out.len();
        filters(rule, written, template, out);
        for variable in &variables {
            self::variable(rule, written, variable, scope, out);
        }
        if out.len() > before {
            continue;
        }
        if let Some(e) = samples.iter().find_map(|s| template.check(s).err()) {
            let span = rule.source.span_in(&written.span(), e.span);
            out.push(
                Diagnostic::new(&rule.source, span, "this text cannot be printed").label(e.message),
            );
        } else if kind == TextKind::Command && samples.iter().all(|s| template.command(s).is_none())
        {
            let d = Diagnostic::new(
                &rule.source,
                rule.source.inner(written),
                "this command cannot be printed",
            );
            out.push(
                d.help("values of commands are text or numbers: join a list with `| join(\" \")`"),
            );
        }
    }
    params
}

fn filters(rule: &Rule, written: &Text, template: &Template, out: &mut Vec<Diagnostic>) {
    for (name, place) in template.filters() {
        if !filters::NAMES.contains(&name.as_str()) {
            let span = rule.source.span_in(&written.span(), place);
            let d = Diagnostic::new(&rule.source, span, format!("unknown filter `{name}`"));
            out.push(d.did_you_mean(&name, filters::NAMES.iter().copied()));
        }
    }
}

fn variable(rule: &Rule, written: &Text, name: &str, scope: &Scope, out: &mut Vec<Diagnostic>) {
    if GLOBALS.contains(&name.split('.').next().unwrap_or_default()) {
        return;
    }
    let Err(unknown) = scope.walk(name) else { return };
    let at = written.get_ref().find(&unknown.path).unwrap_or_default();
    let end = at + unknown.path.len().min(written.get_ref().len() - at);
    let span = rule.source.span_in(&written.span(), at..end);
    let d = Diagnostic::new(&rule.source, span, unknown.message());
    out.push(d.did_you_mean(&unknown.part, unknown.known.iter().map(String::as_str)));
}

/// A context with every name present: one with all that can be true and full, one with the rest.
fn sample(scope: &Scope, full: bool) -> Value {
    let all: BTreeMap<String, Value> = scope
        .names()
        .into_iter()
        .filter_map(|n| scope.get(n).map(|Name { ty, .. }| (n.to_owned(), value(ty, full))))
        .collect();
    Value::from_pairs(all)
}

fn value(ty: &Ty, full: bool) -> Value {
    match ty {
        Ty::Bool => Value::from(full),
        Ty::Int | Ty::Any => Value::from(if full { 7 } else { 1 }),
        Ty::Double => Value::from(if full { 7.5 } else { 0.25 }),
        Ty::String => Value::from("7"),
        Ty::List(element) if full => Value::from(vec![value(element, full), value(element, full)]),
        Ty::List(_) => Value::from(Vec::<Value>::new()),
        Ty::Map(inner) => Value::from_object(AnyKey(value(inner, full))),
        Ty::Object(fields) => {
            Value::from_pairs(fields.iter().map(|(k, t)| (k.clone(), value(t, full))))
        }
    }
}

/// A map that has every key.
#[derive(Debug)]
struct AnyKey(Value);

impl Object for AnyKey {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, _key: &Value) -> Option<Value> {
        Some(self.0.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(vec![Value::from("key")])
    }
}
