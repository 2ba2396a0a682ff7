//! Types in conditions: every path exists, and no operator meets types that CEL does not join.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use super::operators::alike;
use super::scope::{Name, Scope};
use crate::rules::condition::{Condition, dotted};
use crate::rules::diagnostics::Diagnostic;
use crate::rules::rule::{Rule, finding_id};
use crate::rules::schema::{FINDING, Ty};

/// Checks one condition; mistakes go to `out`. Gives the schema paths that it reads, with those
/// that lead to them.
pub(super) fn condition(
    rule: &Rule,
    condition: &Condition,
    scope: &Scope,
    ids: &[&str],
    out: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let mut checker = Checker { rule, condition, ids, out, reads: Vec::new() };
    let ty = checker.infer(condition.expr(), scope).ty;
    if !matches!(ty, Ty::Bool | Ty::Any) {
        let d = checker.wrong(condition.expr(), format!("this condition is {}", ty.name()));
        checker.out.push(d.help("a condition must be true or false: compare it with something"));
    }
    checker.reads
}

pub(super) struct Checker<'a> {
    pub(super) rule: &'a Rule,
    pub(super) condition: &'a Condition,
    ids: &'a [&'a str],
    pub(super) out: &'a mut Vec<Diagnostic>,
    reads: Vec<String>,
}

/// A type without a place in the schema.
fn plain(ty: Ty) -> Name {
    Name { ty, path: String::new() }
}

impl Checker<'_> {
    pub(super) fn wrong(&self, at: &IdedExpr, message: impl Into<String>) -> Diagnostic {
        let span = self.condition.span(&self.rule.source, at);
        Diagnostic::new(&self.rule.source, span, message)
    }

    fn infer(&mut self, expr: &IdedExpr, scope: &Scope) -> Name {
        match &expr.expr {
            Expr::Literal(literal) => self.literal(expr, literal),
            Expr::Ident(name) => self.variable(expr, name, scope),
            Expr::Select(select) => {
                let operand = self.infer(&select.operand, scope);
                let field = self.field(expr, &operand, &select.field);
                if select.test { plain(Ty::Bool) } else { field }
            }
            Expr::Call(call) => self.call(expr, call, scope),
            Expr::Comprehension(c) => self.comprehension(c, scope),
            Expr::List(list) => {
                let types: Vec<Ty> =
                    list.elements.iter().map(|e| self.infer(e, scope).ty).collect();
                let first = types.first().cloned().unwrap_or(Ty::Any);
                for (element, ty) in list.elements.iter().zip(&types) {
                    if !alike(&first, ty) {
                        let message = format!("{} in a list of {}", ty.name(), first.name());
                        let d = self.wrong(element, message);
                        self.out.push(d);
                    }
                }
                plain(Ty::List(Box::new(first)))
            }
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                let d = self.wrong(expr, "conditions build no maps and no messages");
                self.out.push(d);
                plain(Ty::Any)
            }
        }
    }

    fn literal(&mut self, expr: &IdedExpr, literal: &LiteralValue) -> Name {
        plain(match literal {
            LiteralValue::Boolean(_) => Ty::Bool,
            LiteralValue::Int(_) | LiteralValue::UInt(_) => Ty::Int,
            LiteralValue::Double(_) => Ty::Double,
            LiteralValue::String(_) => Ty::String,
            LiteralValue::Bytes(_) => Ty::Any,
            LiteralValue::Null => {
                let d = self.wrong(expr, "a fact is never null, it is there or absent");
                self.out.push(d.help("write `has(x)` or `!has(x)`"));
                Ty::Any
            }
        })
    }

    fn variable(&mut self, expr: &IdedExpr, name: &str, scope: &Scope) -> Name {
        if let Some(found) = scope.get(name) {
            self.reads.push(found.path.clone());
            return found.clone();
        }
        let d = self.wrong(expr, format!("unknown name `{name}`"));
        self.out.push(d.did_you_mean(name, scope.names()));
        plain(Ty::Any)
    }

    fn field(&mut self, expr: &IdedExpr, operand: &Name, field: &str) -> Name {
        if let Some(ty) = operand.ty.field(field) {
            let path = format!("{}.{field}", operand.path);
            self.reads.push(path.clone());
            return Name { ty: ty.clone(), path };
        }
        let written = dotted(expr).unwrap_or_else(|| format!("….{field}"));
        let mut span = self.condition.span(&self.rule.source, expr);
        if self.rule.source.text.get(span.clone()).is_some_and(|t| t.ends_with(field)) {
            span.start = span.end - field.len();
        }
        let message = match &operand.ty {
            Ty::Object(_) => format!("unknown fact `{written}`"),
            other => format!("`{written}`: {} has no fields", other.name()),
        };
        let d = Diagnostic::new(&self.rule.source, span, message);
        let d = match &operand.ty {
            Ty::List(_) => d.help("walk over it with `.exists(x, x.… )`, or with `each`"),
            ty => d.did_you_mean(field, ty.fields()),
        };
        self.out.push(d);
        plain(Ty::Any)
    }

    fn comprehension(&mut self, c: &ComprehensionExpr, scope: &Scope) -> Name {
        let range = self.infer(&c.iter_range, scope);
        let element = match &range.ty {
            Ty::List(element) => (**element).clone(),
            Ty::Map(_) | Ty::Object(_) => Ty::String,
            Ty::Any => Ty::Any,
            other => {
                let d = self.wrong(&c.iter_range, format!("{} has no elements", other.name()));
                self.out.push(d.label("a macro walks over a list or the keys of a map"));
                Ty::Any
            }
        };
        let mut inner = scope.clone();
        let path = if range.path.is_empty() { String::new() } else { format!("{}.*", range.path) };
        inner.add(&c.iter_var, element.clone(), path);
        inner.add(&c.accu_var, Ty::Any, String::new());
        self.infer(&c.loop_step, &inner);
        match &c.accu_init.expr {
            Expr::List(_) => plain(Ty::List(Box::new(Ty::Any))),
            _ => plain(Ty::Bool),
        }
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr, scope: &Scope) -> Name {
        if call.func_name == operators::INDEX {
            return self.index(expr, call, scope);
        }
        let parts: Vec<&IdedExpr> = call.target.iter().map(|t| &**t).chain(&call.args).collect();
        let types: Vec<Ty> = parts.iter().map(|p| self.infer(p, scope).ty).collect();
        plain(match (call.func_name.as_str(), types.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _) => {
                self.all(&parts, &types, "true or false", |t| matches!(t, Ty::Bool));
                Ty::Bool
            }
            (operators::CONDITIONAL, [condition, yes, no]) => {
                self.all(&parts, std::slice::from_ref(condition), "true or false", |t| {
                    matches!(t, Ty::Bool)
                });
                self.like(expr, "these choices", yes, no);
                if matches!(no, Ty::Double) { Ty::Double } else { yes.clone() }
            }
            (operators::EQUALS | operators::NOT_EQUALS, [a, b]) => {
                self.like(expr, "these", a, b);
                self.all(&parts, &types, "a single value", |t| {
                    !matches!(t, Ty::List(_) | Ty::Map(_) | Ty::Object(_))
                });
                Ty::Bool
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [a, b],
            ) => {
                self.like(expr, "these", a, b);
                self.all(&parts, &types, "a number or text", |t| {
                    t.is_number() || matches!(t, Ty::String)
                });
                Ty::Bool
            }
            (operators::IN, [element, list]) => {
                self.member(expr, element, list);
                Ty::Bool
            }
            (name, _) => self.function(expr, name, &parts, &types),
        })
    }

    fn index(&mut self, expr: &IdedExpr, call: &CallExpr, scope: &Scope) -> Name {
        let [list, key] = call.args.as_slice() else { return plain(Ty::Any) };
        if matches!(&list.expr, Expr::Ident(name) if name == "findings") {
            return self.finding(expr, key);
        }
        let (operand, key_ty) = (self.infer(list, scope), self.infer(key, scope).ty);
        let (inner, fits) = match &operand.ty {
            Ty::List(element) => ((**element).clone(), matches!(key_ty, Ty::Int | Ty::Any)),
            Ty::Map(value) => ((**value).clone(), matches!(key_ty, Ty::String | Ty::Any)),
            Ty::Any => (Ty::Any, true),
            other => {
                let d = self.wrong(expr, format!("{} has no elements", other.name()));
                self.out.push(d);
                return plain(Ty::Any);
            }
        };
        if !fits {
            let message = format!("{} has no element at {}", operand.ty.name(), key_ty.name());
            let d = self.wrong(key, message);
            self.out.push(d);
        }
        let path = format!("{}.*", operand.path);
        self.reads.push(path.clone());
        Name { ty: inner, path }
    }

    fn finding(&mut self, expr: &IdedExpr, key: &IdedExpr) -> Name {
        let path = "findings.*".to_owned();
        match finding_id(expr) {
            Some(id) if self.ids.contains(&id) => {}
            Some(id) => {
                let d = self.wrong(key, format!("no rule has the id `{id}`"));
                self.out.push(d.did_you_mean(id, self.ids.iter().copied()));
            }
            None => {
                let d = self.wrong(key, "the id of a finding must stand here as text");
                self.out.push(d.help("the order of rules is found by it: findings[\"rule.id\"]"));
            }
        }
        self.reads.push(path.clone());
        Name { ty: FINDING.clone(), path }
    }
}
