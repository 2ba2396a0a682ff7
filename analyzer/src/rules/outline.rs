//! Templates for readers without a host: `{{ ns.name }}` becomes `<ns.name>`.
//!
//! A page about a rule has no values to fill in, but for the rule's own params. Of the branches of
//! a text it shows the one that is not an exception.

use minijinja::value::{Serde, Value as TextValue};
use serde_json::Value;

use super::text::{ABSENT, Template};

/// The template as an outline; `params` are filled in.
pub(crate) fn outline(source: &str, params: &Value) -> String {
    let mut writer = Writer { parts: parts(source), at: 0, params, out: String::new() };
    while writer.at < writer.parts.len() {
        writer.block(true);
        // An end without a beginning ends nothing.
        writer.at += 1;
    }
    writer.out.trim().to_owned()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part<'a> {
    Text(&'a str),
    Value(&'a str),
    Tag(&'a str),
}

fn parts(source: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = source;
    while let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|o| rest.find(o)).min() {
        let (text, code) = rest.split_at(at);
        let close = match code.get(..2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            _ => "#}",
        };
        let Some(end) = code.find(close) else { break };
        let inside = code.get(2..end).unwrap_or_default().trim_matches('-').trim();
        out.push(Part::Text(text));
        match close {
            "}}" => out.push(Part::Value(inside)),
            "%}" => out.push(Part::Tag(inside)),
            _ => {}
        }
        rest = code.get(end + 2..).unwrap_or_default();
    }
    out.push(Part::Text(rest));
    out
}

struct Writer<'a> {
    parts: Vec<Part<'a>>,
    at: usize,
    params: &'a Value,
    out: String,
}

impl<'a> Writer<'a> {
    fn part(&self) -> Option<Part<'a>> {
        self.parts.get(self.at).copied()
    }

    /// Writes up to the tag that ends this block, and stands on it.
    fn block(&mut self, show: bool) {
        while let Some(part) = self.part() {
            match part {
                Part::Text(text) if show => self.out.push_str(text),
                Part::Value(code) if show => {
                    let value = self.value(code);
                    self.out.push_str(&value);
                }
                Part::Tag(tag) => match tag.split_whitespace().next() {
                    Some("if") => self.branches(tag, show),
                    Some("for") => {
                        self.at += 1;
                        self.block(show);
                    }
                    Some("elif" | "else" | "endif" | "endfor") => return,
                    _ => {}
                },
                Part::Text(_) | Part::Value(_) => {}
            }
            self.at += 1;
        }
    }

    /// Writes the first branch whose condition is no negation; stands on `endif`.
    fn branches(&mut self, tag: &str, show: bool) {
        let is_usual = |tag: &str| tag.split_whitespace().nth(1) != Some("not");
        let mut take = show && is_usual(tag);
        let mut taken = take;
        loop {
            self.at += 1;
            self.block(take);
            match self.part() {
                Some(Part::Tag("else")) => take = show && !taken,
                Some(Part::Tag(tag)) if tag.starts_with("elif") => {
                    take = show && !taken && is_usual(tag);
                    taken |= take;
                }
                _ => return,
            }
        }
    }

    fn value(&self, code: &str) -> String {
        let (expression, filters) = split_filter(code);
        let expression = expression.trim().replace(" | int", "");
        if expression.starts_with("params.") {
            let context = TextValue::from_pairs([("params", TextValue::from(Serde(self.params)))]);
            let filled =
                Template::compile(&format!("{{{{ {code} }}}}")).map(|t| t.render(&context));
            if let Ok(text) = filled
                && text != ABSENT
            {
                return text;
            }
        }
        let joined = filters.split_once("join(").and_then(|(_, rest)| rest.split(')').next());
        let more = joined.map_or("", |_| ", …");
        let bare = expression.strip_prefix('(').and_then(|e| e.strip_suffix(')'));
        let bare = bare.filter(|e| !e.contains(')')).unwrap_or(&expression);
        format!("<{bare}{more}>")
    }
}

/// An expression, and the filters behind it.
fn split_filter(code: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (i, c) in code.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                return (code.get(..i).unwrap_or(code), code.get(i + 1..).unwrap_or(""));
            }
            _ => {}
        }
    }
    (code, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_names_and_exceptions_go() {
        let params = json!({"ratio": 0.05});
        let cases = [
            ("{{ ns.name }} is {{ (site.t / 2) | int }} s", "<ns.name> is <site.t / 2> s"),
            ("below {{ params.ratio | percent }}", "below 5.0 %"),
            ("{% if not ns.is_host %}nsenter {% endif %}sysctl", "sysctl"),
            ("{% if a %}A{% elif b %}B{% else %}C{% endif %}.", "A."),
            ("{% if not a %}A{% else %}C{% endif %}.", "C."),
            ("{% for c in l %}{{ c.n }}{% if not loop.last %}, {% endif %}{% endfor %}!", "<c.n>!"),
            ("{% if not a %}{% if b %}x{% endif %}y{% endif %}z", "z"),
            ("{{ k | join(', ') }}", "<k, …>"),
            ("{{ ((t / 2) | int + 3 * n) | duration }}", "<((t / 2) + 3 * n)>"),
            ("{% endif %}a{{ open", "a{{ open"),
        ];
        for (source, shown) in cases {
            assert_eq!(outline(source, &params), shown, "{source}");
        }
    }
}
