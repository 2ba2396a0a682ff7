//! Values in shell commands, quoted for the place where they stand.
//!
//! A template is rendered with each value between marks; then the quotes of the command are
//! followed as its author wrote them, and each value is quoted for its place.

/// Stand before and behind a value, and for one that lacks; no text of an archive may hold them.
const OPEN: char = '\u{F0000}';
const CLOSE: char = '\u{F0001}';
const LACKING: char = '\u{F0002}';
const MARKS: [char; 3] = [OPEN, CLOSE, LACKING];

/// A value between its marks.
pub(crate) fn mark(value: Option<&str>) -> String {
    match value {
        Some(v) if !v.contains(MARKS) => format!("{OPEN}{v}{CLOSE}"),
        _ => LACKING.to_string(),
    }
}

/// The command of a rendered template; nothing when a value lacks or cannot be quoted.
pub(crate) fn assemble(marked: &str) -> Option<String> {
    if marked.contains(LACKING) {
        return None;
    }
    let mut quoting = Quoting::default();
    let mut out = String::new();
    let literal = |text: &str, out: &mut String, quoting: &mut Quoting| {
        quoting.read(text);
        out.push_str(text);
    };
    let mut parts = marked.split(OPEN);
    literal(parts.next().unwrap_or_default(), &mut out, &mut quoting);
    for part in parts {
        let (value, text) = part.split_once(CLOSE)?;
        out.push_str(&quoting.quote(value)?);
        literal(text, &mut out, &mut quoting);
    }
    Some(out)
}

/// Where in a command we are: outside of quotes, in single or in double quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Bare,
    Single,
    Double,
}

/// Follows the quotes of a command as its author wrote it.
#[derive(Debug, Default)]
struct Quoting {
    state: State,
}

impl Quoting {
    /// Reads a literal part of the command.
    fn read(&mut self, literal: &str) {
        let mut escaped = false;
        for c in literal.chars() {
            if escaped {
                escaped = false;
                continue;
            }
            self.state = match (self.state, c) {
                (State::Bare | State::Double, '\\') => {
                    escaped = true;
                    self.state
                }
                (State::Bare, '\'') => State::Single,
                (State::Bare, '"') => State::Double,
                (State::Single, '\'') | (State::Double, '"') => State::Bare,
                (state, _) => state,
            };
        }
    }

    /// A value for this place; nothing for one with control characters, which no quoting makes
    /// safe to paste.
    fn quote(&self, value: &str) -> Option<String> {
        if value.chars().any(char::is_control) {
            return None;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
        Some(match self.state {
            State::Bare if !value.is_empty() && value.chars().all(plain) => value.to_owned(),
            State::Bare => format!("'{}'", value.replace('\'', r"'\''")),
            State::Single => value.replace('\'', r"'\''"),
            // An interactive shell expands `!` inside double quotes, and no backslash stops it
            // without staying in the value.
            State::Double if value.contains('!') => return None,
            State::Double => value.chars().fold(String::new(), |mut out, c| {
                if "\\\"$`".contains(c) {
                    out.push('\\');
                }
                out.push(c);
                out
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(literal: &str, value: &str) -> Option<String> {
        let mut quoting = Quoting::default();
        quoting.read(literal);
        quoting.quote(value)
    }

    #[test]
    fn a_value_is_quoted_for_its_place() {
        assert_eq!(at("ethtool -g ", "eth0").as_deref(), Some("eth0"));
        assert_eq!(at("cat ", "a b").as_deref(), Some("'a b'"));
        assert_eq!(at("cat ", "$(reboot)").as_deref(), Some("'$(reboot)'"));
        assert_eq!(at("cat ", "it's").as_deref(), Some(r"'it'\''s'"));
        assert_eq!(at("printf 'x = ", "1 2").as_deref(), Some("1 2"));
        assert_eq!(at("printf 'x = ", "';reboot;'").as_deref(), Some(r"'\'';reboot;'\''"));
        assert_eq!(at("sysctl -w k=\"", "1 $(x)").as_deref(), Some(r"1 \$(x)"));
        assert_eq!(at("echo \\\"", "a b").as_deref(), Some("'a b'"));
        assert_eq!(at("x ", "a\nreboot"), None);
        assert_eq!(at("x \"", "!!"), None);
        assert_eq!(at("x ", ""), Some("''".to_owned()));
    }
}
