//! Texts of rules: minijinja templates that never decide anything.
//!
//! An absent value prints `?`, even inside arithmetic: a template without blocks is cut into its
//! `{{ }}` parts, and a part that cannot be computed prints `?` alone. Commands are stricter: one
//! that lacks a value is not printed at all, and every value is quoted for the place in the shell
//! command where it stands, because values come from an untrusted archive and readers paste
//! commands.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Expression, UndefinedBehavior};

use super::{filters, shell};

/// What an absent value prints.
pub(crate) const ABSENT: &str = "?";

static ENV: LazyLock<Environment<'static>> = LazyLock::new(|| environment(true));
static STRICT: LazyLock<Environment<'static>> = LazyLock::new(|| environment(false));
static COMMAND: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = environment(true);
    env.set_formatter(|out, _, value| Ok(out.write_str(&shell::mark(exact(value).as_deref()))?));
    env
});

fn environment(lenient: bool) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(if lenient {
        UndefinedBehavior::Chainable
    } else {
        UndefinedBehavior::SemiStrict
    });
    env.set_formatter(|out, _, value| Ok(out.write_str(&shown(value))?));
    env.set_debug(!lenient);
    env.set_recursion_limit(50);
    filters::add(&mut env);
    env
}

/// A template, compiled before it is first rendered: of all texts of all rules an analysis renders
/// a tenth.
#[derive(Debug)]
pub(crate) struct Template {
    /// As written.
    pub(crate) source: String,
    form: OnceLock<Form>,
}

#[derive(Debug)]
enum Form {
    Pieces(Vec<Piece>),
    /// With `{% %}` blocks.
    Whole,
}

#[derive(Debug)]
enum Piece {
    Literal(String),
    Value(Expression<'static, 'static>),
}

/// A mistake in a template, with its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TextError {
    pub(crate) message: String,
    pub(crate) span: Range<usize>,
}

impl Template {
    /// Compiles a template.
    pub(crate) fn compile(source: &str) -> Result<Self, TextError> {
        let form = Form::of(source)?;
        if matches!(form, Form::Whole) {
            STRICT.template_from_str(source).map_err(|e| TextError::of(&e, source, 0))?;
        }
        Ok(Self { form: OnceLock::from(form), ..Self::trusted(source) })
    }

    /// A text that is known to be a template: compiled when it is first asked for.
    pub(crate) fn trusted(source: &str) -> Self {
        Self { source: source.to_owned(), form: OnceLock::new() }
    }

    /// The text, with `?` for what is absent.
    pub(crate) fn render(&self, context: &Value) -> String {
        let form = self.form.get_or_init(|| Form::of(&self.source).unwrap_or(Form::Whole));
        let text = match form {
            Form::Whole => ENV.render_str(&self.source, context).unwrap_or_else(|_| ABSENT.into()),
            Form::Pieces(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    Piece::Value(e) => e.eval(context).map_or(ABSENT.to_owned(), |v| shown(&v)),
                })
                .collect(),
        };
        text.trim().to_owned()
    }

    /// The text as a shell command; nothing when a value lacks or cannot be quoted.
    pub(crate) fn command(&self, context: &Value) -> Option<String> {
        let marked = COMMAND.render_str(&self.source, context).ok()?;
        shell::assemble(&marked).map(|c| c.trim().to_owned())
    }

    /// Renders where every variable must be there: the first mistake.
    pub(crate) fn check(&self, context: &Value) -> Result<(), TextError> {
        let checked = STRICT.template_from_str(&self.source).and_then(|t| t.render(context));
        checked.map(drop).map_err(|e| TextError::of(&e, &self.source, 0))
    }

    /// Names of the variables it reads, dotted as far as they are plain.
    pub(crate) fn variables(&self) -> BTreeSet<String> {
        ENV.template_from_str(&self.source)
            .map(|t| t.undeclared_variables(true).into_iter().collect())
            .unwrap_or_default()
    }

    /// Names of the filters it uses, with their places.
    pub(crate) fn filters(&self) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        for code in codes(&self.source) {
            let mut quote = None;
            for (i, c) in self.source.get(code.clone()).unwrap_or_default().char_indices() {
                match (quote, c) {
                    (Some(q), c) if q == c => quote = None,
                    (None, '\'' | '"') => quote = Some(c),
                    (None, '|') => {
                        let rest =
                            self.source.get(code.start + i + 1..code.end).unwrap_or_default();
                        let gap = rest.len() - rest.trim_start().len();
                        let name: String = rest
                            .trim_start()
                            .chars()
                            .take_while(|c| c.is_alphanumeric() || *c == '_')
                            .collect();
                        let start = code.start + i + 1 + gap;
                        let end = start + name.len();
                        found.push((name, start..end));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

impl Form {
    fn of(source: &str) -> Result<Self, TextError> {
        if source.contains("{%") || source.contains("{#") {
            return Ok(Self::Whole);
        }
        pieces(source).map(Self::Pieces)
    }
}

impl TextError {
    fn of(error: &minijinja::Error, source: &str, offset: usize) -> Self {
        let mut message = error.kind().to_string();
        if let Some(detail) = error.detail() {
            message = format!("{message}: {detail}");
        }
        let span = error.range().filter(|r| r.end > r.start).unwrap_or(0..source.len());
        Self { message, span: span.start + offset..span.end + offset }
    }
}

/// The `{{ }}` and `{% %}` parts, without their braces.
fn codes(source: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(open) = source
        .get(at..)
        .and_then(|r| [r.find("{{"), r.find("{%")].into_iter().flatten().min().map(|n| at + n))
    {
        let close =
            if source.get(open..).is_some_and(|r| r.starts_with("{{")) { "}}" } else { "%}" };
        let Some(end) = source.get(open + 2..).and_then(|r| r.find(close)) else { break };
        out.push(open + 2..open + 2 + end);
        at = open + 4 + end;
    }
    out
}

fn pieces(source: &str) -> Result<Vec<Piece>, TextError> {
    let mut out = Vec::new();
    let mut at = 0;
    for code in codes(source) {
        out.push(Piece::Literal(source.get(at..code.start - 2).unwrap_or_default().to_owned()));
        let text = source.get(code.clone()).unwrap_or_default();
        let expression = ENV
            .compile_expression_owned(text.to_owned())
            .map_err(|e| TextError { span: code.clone(), ..TextError::of(&e, text, code.start) })?;
        out.push(Piece::Value(expression));
        at = code.end + 2;
    }
    let rest = source.get(at..).unwrap_or_default();
    if let Some(open) = rest.find("{{") {
        let message = "`{{` without `}}`".to_owned();
        return Err(TextError { message, span: at + open..source.len() });
    }
    out.push(Piece::Literal(rest.to_owned()));
    Ok(out)
}

/// A value as a sentence shows it.
fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => ABSENT.to_owned(),
        ValueKind::Number if !value.is_integer() => {
            f64::try_from(value.clone()).map_or_else(|_| ABSENT.to_owned(), filters::number)
        }
        ValueKind::Seq | ValueKind::Iterable => value
            .try_iter()
            .map_or(ABSENT.to_owned(), |all| all.map(|i| shown(&i)).collect::<Vec<_>>().join(", ")),
        _ => printable(&value.to_string()),
    }
}

/// A value as a command needs it: exact.
fn exact(value: &Value) -> Option<String> {
    match value.kind() {
        ValueKind::Number if !value.is_integer() => {
            let f = f64::try_from(value.clone()).ok().filter(|f| f.is_finite())?;
            Some(f.to_string())
        }
        ValueKind::Number | ValueKind::String | ValueKind::Bool => Some(value.to_string()),
        _ => None,
    }
}

/// Without control characters: a name in an archive must not steer a terminal.
fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c.is_control() && c != '\n' {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn render(source: &str) -> String {
        let cx = context! { ns => context! { name => "host", gap_s => 7200.0, n => 1 }, evil => "a\u{1b}[2J" };
        Template::compile(source).unwrap().render(&cx)
    }

    #[test]
    fn an_absent_value_prints_a_question_mark() {
        assert_eq!(render("{{ ns.name }}: {{ ns.gap_s | duration }}"), "host: 2 h");
        assert_eq!(
            render("after {{ ns.nothing }} of {{ no.such.thing | duration }}"),
            "after ? of ?"
        );
        assert_eq!(render("{{ (ns.nothing / 2) | int }} and {{ ns.gap_s / 2 }}"), "? and 3,600");
        assert_eq!(render("{% if ns.nothing is defined %}a{% else %}b{% endif %}"), "b");
        assert_eq!(render("{{ evil }}"), "a\\u{1b}[2J");
    }

    #[test]
    fn a_command_lacks_nothing_or_is_not_printed() {
        let cx = context! { dev => "eth0; reboot", n => 512, ratio => 0.5 };
        let command = |s: &str| Template::compile(s).unwrap().command(&cx);
        assert_eq!(
            command("ethtool -G {{ dev }} rx {{ n }}").as_deref(),
            Some("ethtool -G 'eth0; reboot' rx 512")
        );
        assert_eq!(command("x {{ ratio }}").as_deref(), Some("x 0.5"));
        assert_eq!(command("x {{ nothing }}"), None);
        assert_eq!(command("x {{ (nothing / 2) | int }}"), None);
        let conditional = "{% if n > 1 %}nsenter -n '{{ dev }}' {% endif %}x{% if nothing %}{{ nothing }}{% endif %}";
        assert_eq!(command(conditional).as_deref(), Some("nsenter -n 'eth0; reboot' x"));
    }

    #[test]
    fn mistakes_have_a_place() {
        let e = Template::compile("a {{ b | }} c").unwrap_err();
        assert_eq!(e.span, 4..9);
        let t = Template::compile("{{ a.b | bytes }} {% if x|length > 1 %}{{ 'q|z' }}{% endif %}")
            .unwrap();
        let names: Vec<String> = t.filters().into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["bytes", "length"]);
        assert_eq!(t.variables().into_iter().collect::<Vec<_>>(), ["a.b", "x"]);
        let t = Template::compile("n {{ ns.gone }}").unwrap();
        let e = t.check(&context! { ns => context! { name => "x" } }).unwrap_err();
        assert_eq!(t.source.get(e.span), Some("ns.gone"), "{}", e.message);
    }
}
