//! The HTML report: one file, complete without script, with a policy that lets nothing in.

use std::fmt::Write;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{View, markdown, text, visible};

/// The style, without the white space that is there for its readers.
static CSS: LazyLock<String> = LazyLock::new(|| {
    let joined: String = include_str!("../../../templates/report.css")
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ");
    [("{ ", "{"), (" {", "{"), (" }", "}"), ("} ", "}"), (": ", ":"), ("; ", ";"), (", ", ",")]
        .into_iter()
        .chain([(" > ", ">")])
        .fold(joined, |css, (from, to)| css.replace(from, to))
});
const JS: &str = include_str!("../../../templates/report.js");

/// All templates; no one marks a string as safe (a test bans the filter, the environment has none).
pub(super) const TEMPLATES: [(&str, &str); 11] = [
    ("report.html", include_str!("../../../templates/report.html")),
    ("index.html", include_str!("../../../templates/index.html")),
    ("macros.html", include_str!("../../../templates/partials/macros.html")),
    ("card.html", include_str!("../../../templates/partials/card.html")),
    ("verdict.html", include_str!("../../../templates/partials/verdict.html")),
    ("findings.html", include_str!("../../../templates/partials/findings.html")),
    ("coverage.html", include_str!("../../../templates/partials/coverage.html")),
    ("resources.html", include_str!("../../../templates/partials/resources.html")),
    ("network.html", include_str!("../../../templates/partials/network.html")),
    ("host.html", include_str!("../../../templates/partials/host.html")),
    ("end.html", include_str!("../../../templates/partials/end.html")),
];

/// What stands in the main element of the report, in its order.
const PARTS: [&str; 7] = [
    "verdict.html",
    "findings.html",
    "coverage.html",
    "resources.html",
    "network.html",
    "host.html",
    "end.html",
];

/// A report that could not be rendered: always a defect of a template.
#[derive(Debug, thiserror::Error)]
#[error("render the report")]
pub struct RenderError(#[from] minijinja::Error);

/// One line of the table of contents.
#[derive(Serialize)]
struct Section {
    id: &'static str,
    title: &'static str,
    count: Option<usize>,
}

/// Renders the report.
///
/// # Errors
/// When a template is at fault.
pub fn html(view: &View) -> Result<String, RenderError> {
    // Reading the templates takes as long as writing the other forms of the report.
    let (env, (ticket_markdown, ticket_text)) =
        rayon::join(environment, || rayon::join(|| markdown(view), || text(view)));
    let env = env?;
    let context = context! {
        v => Serde(view),
        sections => Serde(sections(view)),
        ticket_markdown => ticket_markdown,
        ticket_text => ticket_text,
    };
    let part = |name: &&str| -> Result<Value, RenderError> {
        Ok(Value::from_safe_string(env.get_template(name)?.render(&context)?))
    };
    // Each part of the page is written by whichever thread is free; it is escaped already.
    let main: Vec<Value> = PARTS.par_iter().map(part).collect::<Result<_, _>>()?;
    render_in(&env, "report.html", context! { main => main, ..context })
}

/// Renders a page of its own with the style, script and policy of the report.
pub(super) fn render(name: &str, context: Value) -> Result<String, RenderError> {
    render_in(&environment()?, name, context)
}

fn render_in(env: &Environment<'_>, name: &str, context: Value) -> Result<String, RenderError> {
    let frame = context! {
        // They are compiled in; beside them only what a template made is not escaped again.
        css => Value::from_safe_string(CSS.clone()),
        js => Value::from_safe_string(JS.to_owned()),
        csp => policy(),
        ..context
    };
    Ok(env.get_template(name)?.render(frame)?)
}

fn environment() -> Result<Environment<'static>, RenderError> {
    let mut env = Environment::new();
    // By default only names ending in .html are escaped; here everything is.
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.remove_filter("safe");
    env.set_formatter(|out, state, value| match value.as_str() {
        Some(s) if !value.is_safe() => Ok(out.write_str(&escape(s))?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    for (name, source) in TEMPLATES {
        env.add_template(name, source)?;
    }
    Ok(env)
}

/// Longest text in one place, in characters: a whole ticket fits, a name of a megabyte does not.
const LONGEST: usize = 20_000;

/// Text as it may stand in an element or between double quotes. The escaper of the engine passes
/// NUL, ESC and U+202E through, so control characters are made visible first.
fn escape(text: &str) -> String {
    let text = visible::clip(text, LONGEST);
    let text = visible::block(&text);
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Nothing is loaded, only this style and this script run.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)));
    let mut out = "default-src 'none'; ".to_owned();
    write!(out, "style-src {}; script-src {}; ", hash(&CSS), hash(JS)).ok();
    out.push_str("img-src data:; base-uri 'none'; form-action 'none'");
    out
}

fn sections(view: &View) -> Vec<Section> {
    let section =
        |id, title, count: usize| Section { id, title, count: Some(count).filter(|n| *n > 0) };
    let mut out = vec![
        section("verdict", "Verdict", 0),
        section("findings", "Findings", view.verdict.rows.len()),
        section("coverage", "Not checked", view.coverage.missed()),
        section("timeline", "Timeline", 0),
        section("memory", "Memory", view.memory.notes.len()),
        section("load", "CPU and load", view.load.notes.len()),
        section("disks", "Disks", view.disks.notes.len()),
        section("nics", "Interfaces", view.nics.notes.len()),
        section("sockets", "Sockets", view.sockets.notes.len()),
        section("processes", "Processes", view.processes.notes.len()),
        section("inventory", "Inventory", view.inventory.notes.len()),
        section("parameters", "Parameters", view.parameters.notes.len()),
        section("passed", "Passed", view.passed.rows.len()),
        section("ticket", "For the ticket", 0),
        section("about", "About", 0),
    ];
    out.retain(|s| s.id != "disks" || !view.disks.empty);
    out
}
