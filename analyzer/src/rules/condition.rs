//! Conditions: CEL, cut at its logical connectives into tests that a reader can follow.
//!
//! `a > 1 && has(b.c)` is two tests. The connectives are decided here, by CEL's own rules for
//! errors (`false && error` is false, `true || error` is true), so that an unknown result names
//! exactly the facts that would have decided it. Each test is evaluated by the `cel` crate.

mod cut;

use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use cel::common::ast::{CallExpr, Expr, IdedExpr, SelectExpr, SourceInfo, operators};
use cel::{Context, Env, Value};

use super::diagnostics::Diagnostic;
use super::file::Text;
use super::source::Source;

/// Functions that conditions may call beside the CEL macros, for messages.
pub(crate) const FUNCTIONS: &[&str] =
    &["size", "int", "double", "string", "min", "max", "contains", "startsWith", "endsWith"];

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// An empty context with the functions of conditions.
pub(crate) fn context<'v>() -> Context<'v, 'v> {
    let mut context = Context::with_env(Arc::clone(&ENV));
    // Neither name is declared by the standard environment, so neither call can fail.
    drop(context.add_function("min", cel::functions::min));
    drop(context.add_function("max", cel::functions::max));
    context
}

/// A condition, parsed before it is first used.
#[derive(Debug)]
pub(crate) struct Condition {
    /// As written.
    pub(crate) text: String,
    /// The string literal in the rule file.
    pub(crate) literal: Range<usize>,
    whole: OnceLock<Whole>,
    logic: OnceLock<Logic>,
}

/// As parsed, for the checks.
#[derive(Debug, Default)]
struct Whole {
    expr: IdedExpr,
    /// Places of the parts of `expr`.
    places: SourceInfo,
}

/// Connectives and tests.
#[derive(Debug)]
pub(crate) enum Logic {
    And(Box<Logic>, Box<Logic>),
    Or(Box<Logic>, Box<Logic>),
    Not(Box<Logic>),
    If(Box<Logic>, Box<Logic>, Box<Logic>),
    Test(Test),
}

/// A condition without connectives outside of macros.
#[derive(Debug)]
pub(crate) struct Test {
    /// As written.
    pub(crate) text: String,
    /// Dotted names in it: `ns.tcp.idle_max_s`.
    names: Vec<(String, IdedExpr)>,
    expr: IdedExpr,
}

impl Test {
    fn new(text: &str, expr: &IdedExpr) -> Self {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { text, names: names(expr), expr: total_has(expr.clone()) }
    }

    /// The value of the test.
    pub(crate) fn evaluate(&self, context: &Context<'_, '_>) -> cel::ResolveResult {
        Value::resolve(&self.expr, context)
    }

    /// What a test would have read behind a part that lacks: for `ns.tcp`, `.idle_max_s`.
    pub(crate) fn beyond(&self, name: &str) -> Vec<&str> {
        let rest = self.names.iter().filter_map(|(n, _)| n.strip_prefix(name));
        rest.filter(|rest| rest.starts_with('.')).collect()
    }

    /// Reads every name of the test: an operator stops at the first that lacks, a reader wants
    /// to know all of them.
    pub(crate) fn read_all(&self, context: &Context<'_, '_>) {
        for (_, name) in &self.names {
            if !matches!(&name.expr, Expr::Select(s) if s.test) {
                drop(Value::resolve_val(name, context));
            }
        }
    }
}

impl Condition {
    /// Compiles the condition that stands at `text`.
    pub(crate) fn compile(source: &Arc<Source>, text: &Text) -> Result<Self, Diagnostic> {
        let whole = Whole::of(text.get_ref()).map_err(|e| syntax(source, text, &e))?;
        let logic = OnceLock::from(whole.logic(text.get_ref()));
        Ok(Self { whole: OnceLock::from(whole), logic, ..Self::trusted(text) })
    }

    /// A condition that is known to be CEL: parsed when it is first asked for, and then cut by
    /// its tokens, which takes a tenth of the time of the parser that tells places.
    pub(crate) fn trusted(text: &Text) -> Self {
        let (whole, logic) = (OnceLock::new(), OnceLock::new());
        Self { text: text.get_ref().clone(), literal: text.span(), whole, logic }
    }

    /// As parsed, for the checks.
    pub(crate) fn expr(&self) -> &IdedExpr {
        &self.whole().expr
    }

    /// As decided.
    pub(crate) fn logic(&self) -> &Logic {
        self.logic.get_or_init(|| cut::logic(&self.text))
    }

    /// Calls `f` on every part of every test.
    pub(crate) fn visit(&self, f: &mut dyn FnMut(&IdedExpr)) {
        self.logic().visit(f);
    }

    /// Where a part of the expression stands in the rule file.
    pub(crate) fn span(&self, source: &Source, part: &IdedExpr) -> Range<usize> {
        source.span_in(&self.literal, extent(part, &self.whole().places, &self.text))
    }

    /// What is no CEL after all is nothing, in which the checks find nothing.
    fn whole(&self) -> &Whole {
        self.whole.get_or_init(|| Whole::of(&self.text).unwrap_or_default())
    }
}

impl Whole {
    fn of(text: &str) -> Result<Self, cel::ParseErrors> {
        let (expr, places) = ENV.parser().parse_with_source_info(text)?;
        Ok(Self { expr, places })
    }

    fn logic(&self, text: &str) -> Logic {
        logic(&self.expr, &self.places, text)
    }
}

impl Logic {
    fn visit(&self, f: &mut dyn FnMut(&IdedExpr)) {
        match self {
            Self::And(a, b) | Self::Or(a, b) => [a, b].iter().for_each(|l| l.visit(f)),
            Self::Not(a) => a.visit(f),
            Self::If(a, b, c) => [a, b, c].iter().for_each(|l| l.visit(f)),
            Self::Test(test) => visit(&test.expr, f),
        }
    }
}

fn syntax(source: &Arc<Source>, text: &Text, errors: &cel::ParseErrors) -> Diagnostic {
    let Some(first) = errors.errors.first() else {
        return Diagnostic::new(source, text.span(), "not a CEL expression");
    };
    let offset = offset_of(text.get_ref(), first.pos);
    let message = first.msg.trim_start_matches("Syntax error: ");
    // The list of all tokens that could follow helps nobody.
    let message = message.split(" expecting {").next().unwrap_or(message);
    let end = text.get_ref().len();
    let span = source.span_in(&text.span(), offset.min(end)..(offset + 1).min(end));
    let d = Diagnostic::new(source, span, "this condition is not CEL").label(message.to_owned());
    if text.get_ref().trim().is_empty() {
        return d.help("write `true` for a condition that always holds");
    }
    let equals = text.get_ref().get(offset..).is_some_and(|r| r.starts_with('='));
    if equals { d.help("equality is written `==`") } else { d }
}

/// Byte offset of a line and column, both from 1.
fn offset_of(text: &str, (line, column): (isize, isize)) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(line - 1).unwrap_or_default())
        .map(str::len)
        .sum();
    before + usize::try_from(column - 1).unwrap_or_default()
}

fn logic(expr: &IdedExpr, places: &SourceInfo, text: &str) -> Logic {
    if let Expr::Call(CallExpr { func_name, target: None, args }) = &expr.expr {
        let sub = |e: &IdedExpr| Box::new(logic(e, places, text));
        match (func_name.as_str(), args.as_slice()) {
            (operators::LOGICAL_AND, [a, b]) => return Logic::And(sub(a), sub(b)),
            (operators::LOGICAL_OR, [a, b]) => return Logic::Or(sub(a), sub(b)),
            (operators::LOGICAL_NOT, [a]) => return Logic::Not(sub(a)),
            (operators::CONDITIONAL, [c, a, b]) => return Logic::If(sub(c), sub(a), sub(b)),
            _ => {}
        }
    }
    let place = extent(expr, places, text);
    Logic::Test(Test::new(text.get(place).unwrap_or(text), expr))
}

/// The longest dotted names of an expression.
fn names(expr: &IdedExpr) -> Vec<(String, IdedExpr)> {
    let mut all: Vec<(String, IdedExpr)> = Vec::new();
    visit(expr, &mut |e| {
        if let Some(name) = dotted(e)
            && !all.iter().any(|(n, _)| n.starts_with(&format!("{name}.")))
        {
            all.push((name, e.clone()));
        }
    });
    all
}

/// `a.b.c` of field selections on a variable.
pub(crate) fn dotted(expr: &IdedExpr) -> Option<String> {
    match &expr.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", dotted(&select.operand)?, select.field)),
        _ => None,
    }
}

/// `has(a.b.c)` fails in CEL when `a.b` lacks; here a fact that lacks with its parent lacks, too:
/// it becomes `has(a.b) && has(a.b.c)`.
fn total_has(mut expr: IdedExpr) -> IdedExpr {
    match &mut expr.expr {
        Expr::Call(call) => {
            for part in call.target.iter_mut().map(|t| &mut **t).chain(&mut call.args) {
                *part = total_has(std::mem::take(part));
            }
        }
        Expr::Comprehension(c) => {
            for part in [&mut c.iter_range, &mut c.loop_step, &mut c.result] {
                *part = total_has(std::mem::take(part));
            }
        }
        Expr::List(list) => {
            for part in &mut list.elements {
                *part = total_has(std::mem::take(part));
            }
        }
        Expr::Select(SelectExpr { operand, test: true, .. }) => {
            if let Expr::Select(parent) = &operand.expr {
                let parent = SelectExpr { test: true, ..parent.clone() };
                let parent = IdedExpr { id: operand.id, expr: Expr::Select(parent) };
                return IdedExpr {
                    id: expr.id,
                    expr: Expr::Call(CallExpr {
                        func_name: operators::LOGICAL_AND.to_owned(),
                        target: None,
                        args: vec![total_has(parent), expr],
                    }),
                };
            }
        }
        _ => {}
    }
    expr
}

/// Calls `f` on every part of an expression that its author wrote.
pub(crate) fn visit(expr: &IdedExpr, f: &mut dyn FnMut(&IdedExpr)) {
    f(expr);
    match &expr.expr {
        Expr::Call(call) => {
            for part in call.target.iter().map(|t| &**t).chain(&call.args) {
                visit(part, f);
            }
        }
        Expr::Select(select) => visit(&select.operand, f),
        Expr::List(list) => list.elements.iter().for_each(|e| visit(e, f)),
        Expr::Comprehension(c) => {
            visit(&c.iter_range, f);
            visit(&c.loop_step, f);
        }
        _ => {}
    }
}

/// The bytes of the text that an expression covers. The parser tells one token for each part;
/// parentheses belong to none and are taken in until they balance.
pub(crate) fn extent(expr: &IdedExpr, places: &SourceInfo, text: &str) -> Range<usize> {
    let mut span: Option<Range<usize>> = None;
    tokens(expr, places, text, &mut span);
    let Range { mut start, mut end } = span.unwrap_or(0..text.len());
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let bytes = text.as_bytes();
    loop {
        if bytes.get(start) == Some(&b'(') {
            // The token of a call is its parenthesis: its name stands before.
            let before = bytes.get(..start).unwrap_or_default();
            start -= before.iter().rev().take_while(|b| is_name(b)).count();
        }
        match unbalanced(text.get(start..end).unwrap_or_default()) {
            (0, 0) => break,
            (0, _) => match text.get(end..).and_then(|r| r.find([')', ']'])) {
                Some(n) => end += n + 1,
                None => break,
            },
            _ => match text.get(..start).and_then(|r| r.rfind(['(', '['])) {
                Some(n) => start = n,
                None => break,
            },
        }
    }
    start..end.min(text.len())
}

/// Closing brackets without an opening one, and opening ones without a closing one.
fn unbalanced(text: &str) -> (usize, usize) {
    let (mut closing, mut open) = (0_usize, 0_usize);
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => open += 1,
            (None, ')' | ']') if open > 0 => open -= 1,
            (None, ')' | ']') => closing += 1,
            (Some(_) | None, _) => {}
        }
    }
    (closing, open)
}

fn tokens(expr: &IdedExpr, places: &SourceInfo, text: &str, span: &mut Option<Range<usize>>) {
    visit(expr, &mut |part| token(part, places, text, span));
}

fn token(expr: &IdedExpr, places: &SourceInfo, text: &str, span: &mut Option<Range<usize>>) {
    if let Some((start, stop)) = places.offset_for(expr.id) {
        let (start, mut end) = (start as usize, stop as usize + 1);
        if let Expr::Select(select) = &expr.expr
            && text.get(start..).is_some_and(|t| t.starts_with('.'))
        {
            let gap = text.get(end..).map_or(0, |t| t.len() - t.trim_start().len());
            end += gap + select.field.len();
        }
        let s = span.get_or_insert(start..end);
        *s = s.start.min(start)..s.end.max(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Condition, String> {
        #[derive(serde::Deserialize)]
        struct Doc {
            when: Text,
        }
        let file = format!("when = '''{text}'''");
        let doc: Doc = toml::from_str(&file).unwrap();
        Condition::compile(&Source::new("x.toml", file), &doc.when).map_err(|d| d.to_string())
    }

    fn tests_of(logic: &Logic, out: &mut Vec<String>) {
        match logic {
            Logic::And(a, b) | Logic::Or(a, b) => [a, b].iter().for_each(|l| tests_of(l, out)),
            Logic::Not(a) => tests_of(a, out),
            Logic::If(a, b, c) => [a, b, c].iter().for_each(|l| tests_of(l, out)),
            Logic::Test(t) => out.push(t.text.clone()),
        }
    }

    #[test]
    fn a_condition_is_cut_at_its_connectives() {
        let mut found = Vec::new();
        let text = "((a.b + c) * 2.0 > d.e || !has(x.y.z)) && netns.exists(n, n.tcp > 5 || n.q) \
                    && size(a .b) >= 3 && x in ['(', \"b\"] && a.f['u.v'].rank >= 1 && m[0].ok \
                    && 'x'.contains(a.b) && (a.b)";
        tests_of(compile(text).unwrap().logic(), &mut found);
        assert_eq!(
            found,
            [
                "(a.b + c) * 2.0 > d.e",
                "has(x.y.z)",
                "netns.exists(n, n.tcp > 5 || n.q)",
                "size(a .b) >= 3",
                "x in ['(', \"b\"]",
                "a.f['u.v'].rank >= 1",
                "m[0].ok",
                "'x'.contains(a.b)",
                "a.b",
            ]
        );
    }

    #[test]
    fn a_syntax_error_points_into_the_file() {
        let shown = compile("\na.b > 2 &&\n &&c").unwrap_err();
        assert!(shown.contains("x.toml:3:2"), "{shown}");
        let shown = compile("a = b").unwrap_err();
        assert!(shown.contains("equality is written `==`"), "{shown}");
    }
}
