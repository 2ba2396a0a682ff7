//! The names a rule can use, with their types.

use std::collections::BTreeMap;

use crate::rules::diagnostics::Diagnostic;
use crate::rules::params::json;
use crate::rules::rule::{Each, Rule};
use crate::rules::schema::{self, Ty};

/// A name: its type, and its path in the schema (`netns.*` for a loop variable over `netns`).
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) ty: Ty,
    pub(super) path: String,
}

/// All names.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope(BTreeMap<String, Name>);

impl Scope {
    /// The names of a rule; what is wrong with its loops goes to `out`.
    pub(super) fn of(rule: &Rule, out: &mut Vec<Diagnostic>) -> Self {
        let mut scope = Self::default();
        if let Ty::Object(fields) = schema::facts() {
            for (name, ty) in fields {
                scope.add(name, ty.clone(), name.clone());
            }
        }
        let params = rule.file.params.iter();
        let params = params.map(|(n, p)| (n.clone(), Ty::of(&json(&p.get_ref().default))));
        scope.add("params", Ty::Object(params.collect()), "params".to_owned());
        scope.add("coverage", schema::COVERAGE.clone(), "coverage".to_owned());
        let findings = Ty::Map(Box::new(schema::FINDING.clone()));
        scope.add("findings", findings, "findings".to_owned());
        for each in &rule.each {
            scope.bind(rule, each, out);
        }
        scope
    }

    pub(super) fn add(&mut self, name: &str, ty: Ty, path: String) {
        self.0.insert(name.to_owned(), Name { ty, path });
    }

    pub(super) fn get(&self, name: &str) -> Option<&Name> {
        self.0.get(name)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    fn bind(&mut self, rule: &Rule, each: &Each, out: &mut Vec<Diagnostic>) {
        let wrong = |message: String| Diagnostic::new(&rule.source, each.span.clone(), message);
        if self.get(&each.variable).is_some() {
            let message = format!("the loop variable `{}` hides another name", each.variable);
            out.push(wrong(message).help("give it a name of its own"));
        }
        let written = each.list.join(".");
        let element = match self.walk(&written) {
            Ok(Name { ty: Ty::List(element), path }) => Some((*element, format!("{path}.*"))),
            Ok(name) => {
                let message = format!("`{written}` is {}, not a list", name.ty.name());
                out.push(wrong(message).help("a rule walks over lists of the facts"));
                None
            }
            Err(unknown) => {
                let known = unknown.known.iter().map(String::as_str);
                out.push(wrong(unknown.message()).did_you_mean(&unknown.part, known));
                None
            }
        };
        // After a mistake, anything goes: one message is enough.
        let (ty, path) = element.unwrap_or((Ty::Any, String::new()));
        self.add(&each.variable, ty, path);
    }

    /// The name at a dotted path.
    pub(super) fn walk(&self, dotted: &str) -> Result<Name, Unknown> {
        let mut parts = dotted.split('.');
        let first = parts.next().unwrap_or_default();
        let Some(name) = self.get(first) else {
            return Err(Unknown {
                path: first.to_owned(),
                part: first.to_owned(),
                known: self.names().into_iter().map(str::to_owned).collect(),
            });
        };
        let (mut ty, mut path, mut written) = (&name.ty, name.path.clone(), first.to_owned());
        for part in parts {
            written = format!("{written}.{part}");
            let inner = match ty {
                Ty::List(element) if part.parse::<usize>().is_ok() => Some(&**element),
                ty => ty.field(part),
            };
            let Some(inner) = inner else {
                return Err(Unknown {
                    path: written,
                    part: part.to_owned(),
                    known: ty.fields().into_iter().map(str::to_owned).collect(),
                });
            };
            ty = inner;
            path = format!("{path}.{part}");
        }
        Ok(Name { ty: ty.clone(), path })
    }
}

/// A name that nothing has.
#[derive(Debug)]
pub(super) struct Unknown {
    /// As far as it was written.
    pub(super) path: String,
    /// The part that is unknown.
    pub(super) part: String,
    /// What is known in its place.
    pub(super) known: Vec<String>,
}

impl Unknown {
    pub(super) fn message(&self) -> String {
        format!("unknown fact `{}`", self.path)
    }
}
