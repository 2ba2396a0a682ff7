//! What each operator and function of a condition takes and gives.

use cel::common::ast::{Expr, IdedExpr, operators};

use super::types::Checker;
use crate::rules::condition::FUNCTIONS;
use crate::rules::schema::Ty;

impl Checker<'_> {
    pub(super) fn function(
        &mut self,
        expr: &IdedExpr,
        name: &str,
        parts: &[&IdedExpr],
        types: &[Ty],
    ) -> Ty {
        match (name, types) {
            (
                operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO,
                [a, b],
            ) => self.arithmetic(expr, name, parts, a, b),
            (operators::NEGATE, [a]) => {
                self.all(parts, types, "a number", Ty::is_number);
                a.clone()
            }
            ("size", [_]) => {
                self.all(parts, types, "a list, a map or text", |t| {
                    !t.is_number() && !matches!(t, Ty::Bool)
                });
                Ty::Int
            }
            ("int", [_]) => Ty::Int,
            ("double", [_]) => Ty::Double,
            ("string", [_]) => Ty::String,
            ("min" | "max", [first, ..]) => {
                let list = matches!((first, types.len()), (Ty::List(_), 1));
                if !list {
                    self.all(parts, types, "a number", Ty::is_number);
                }
                let any = types.iter().any(|t| matches!(t, Ty::Double));
                if list {
                    Ty::Any
                } else if any {
                    Ty::Double
                } else {
                    Ty::Int
                }
            }
            ("contains" | "startsWith" | "endsWith", [Ty::List(_), _]) => {
                let d = self.wrong(expr, format!("`{name}` looks into text, not into a list"));
                self.out.push(d.help("write `x in list`"));
                Ty::Bool
            }
            ("contains" | "startsWith" | "endsWith", [_, _]) => {
                self.all(parts, types, "text", |t| matches!(t, Ty::String));
                Ty::Bool
            }
            _ => {
                let d = if FUNCTIONS.contains(&name) {
                    let n = types.len();
                    self.wrong(expr, format!("`{name}` does not take {n} arguments"))
                } else {
                    let macros = ["exists", "all", "filter", "map", "exists_one", "has"];
                    let known = FUNCTIONS.iter().copied().chain(macros);
                    self.wrong(expr, format!("unknown function `{name}`")).did_you_mean(name, known)
                };
                self.out.push(d);
                Ty::Any
            }
        }
    }

    fn arithmetic(
        &mut self,
        expr: &IdedExpr,
        name: &str,
        parts: &[&IdedExpr],
        a: &Ty,
        b: &Ty,
    ) -> Ty {
        if name == operators::ADD && matches!((a, b), (Ty::List(_) | Ty::String | Ty::Any, _)) {
            self.like(expr, "these", a, b);
            return a.clone();
        }
        self.all(parts, &[a.clone(), b.clone()], "a number", Ty::is_number);
        if matches!((a, b), (Ty::Int, Ty::Double) | (Ty::Double, Ty::Int)) {
            let int = if matches!(a, Ty::Int) { parts.first() } else { parts.get(1) };
            let literal = int.is_some_and(|e| matches!(e.expr, Expr::Literal(_)));
            let at = int.copied().unwrap_or(expr);
            let span = self.condition.span(&self.rule.source, at);
            let text = self.rule.source.text.get(span).unwrap_or_default().to_owned();
            let d = self.wrong(at, "arithmetic does not mix integers and other numbers");
            let fix = if literal { format!("{text}.0") } else { format!("double({text})") };
            self.out.push(d.label("an integer").help(format!("write `{fix}`")));
        }
        if matches!(a, Ty::Double) { a.clone() } else { b.clone() }
    }

    pub(super) fn member(&mut self, expr: &IdedExpr, element: &Ty, list: &Ty) {
        let fits = match list {
            Ty::List(inner) => alike(inner, element),
            Ty::Map(_) | Ty::Object(_) => matches!(element, Ty::String | Ty::Any),
            Ty::Any => true,
            _ => false,
        };
        if !fits {
            let message = format!("{} cannot be in {}", element.name(), list.name());
            let d = self.wrong(expr, message);
            self.out.push(d);
        }
    }

    pub(super) fn like(&mut self, expr: &IdedExpr, what: &str, a: &Ty, b: &Ty) {
        if !alike(a, b) {
            let message = format!("{what} are of unlike types: {} and {}", a.name(), b.name());
            let d = self.wrong(expr, message);
            let text = matches!(a, Ty::String) || matches!(b, Ty::String);
            let number = a.is_number() || b.is_number();
            self.out.push(if text && number {
                d.help("text becomes a number with int(x) or double(x); text stands in quotes")
            } else {
                d
            });
        }
    }

    pub(super) fn all(
        &mut self,
        parts: &[&IdedExpr],
        types: &[Ty],
        what: &str,
        fits: fn(&Ty) -> bool,
    ) {
        for (part, ty) in parts.iter().zip(types) {
            if !fits(ty) && !matches!(ty, Ty::Any) {
                let d = self.wrong(part, format!("{what} is needed here"));
                self.out.push(d.label(format!("this is {}", ty.name())));
            }
        }
    }
}

/// Types that compare.
pub(super) fn alike(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Any, _) | (_, Ty::Any) => true,
        (a, b) if a.is_number() && b.is_number() => true,
        (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => alike(a, b),
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
