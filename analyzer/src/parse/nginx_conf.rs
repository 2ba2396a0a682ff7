//! Configuration of nginx: `nginx.conf` and what it includes.
//!
//! <https://nginx.org/en/docs/beginners_guide.html#conf_structure>
//!
//! ```text
//! upstream app { server 10.0.0.5:9000; keepalive 64; }
//! location /api { proxy_pass http://app; proxy_set_header Connection ""; }
//! ```
//!
//! Files of an archive hold the listed directives only, on the lines where they stood; those of
//! others are whole. Both are read alike.

use super::{ParseError, lines};

/// Blocks within blocks that are followed.
const MAX_DEPTH: usize = 32;
/// Directives of one file that are kept.
const MAX_DIRECTIVES: usize = 20_000;

/// A directive, with those in its block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directive {
    /// Name: `proxy_pass`.
    pub name: String,
    /// What follows it, quotes taken off.
    pub args: Vec<String>,
    /// Line where it ends.
    pub line: u32,
    /// The directives of its block.
    pub block: Vec<Directive>,
}

impl Directive {
    /// The first argument; empty without one.
    #[must_use]
    pub fn arg(&self) -> &str {
        self.args.first().map_or("", String::as_str)
    }

    /// The last directive of a name in the block: where one may stand twice, nginx refuses.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Directive> {
        self.block.iter().rev().find(|d| d.name == name)
    }
}

/// One character of meaning.
enum Token {
    Word(String),
    End,
    Open,
    Close,
}

/// Reads a file. Blocks that do not close end with the file; one that was never opened is left
/// out.
///
/// # Errors
/// More directives than any configuration has.
pub fn parse(text: &str) -> Result<Vec<Directive>, ParseError> {
    let mut stack: Vec<Directive> = vec![Directive::default()];
    let mut words: Vec<String> = Vec::new();
    let mut count = 0_usize;
    let mut too_deep = 0_usize;
    for (line, token) in tokens(text) {
        match token {
            Token::Word(word) => words.push(word),
            Token::End | Token::Open if words.is_empty() && matches!(token, Token::End) => {}
            Token::End | Token::Open => {
                count += 1;
                if count > MAX_DIRECTIVES {
                    return Err(ParseError::new(line, "", "at most 20,000 directives"));
                }
                let mut all = std::mem::take(&mut words).into_iter();
                let name = all.next().unwrap_or_default();
                let one = Directive { name, args: all.collect(), line, block: Vec::new() };
                if matches!(token, Token::Open) {
                    if stack.len() > MAX_DEPTH { too_deep += 1 } else { stack.push(one) }
                } else if let Some(top) = stack.last_mut() {
                    top.block.push(one);
                }
            }
            Token::Close => {
                words.clear();
                if too_deep > 0 {
                    too_deep -= 1;
                } else {
                    close(&mut stack);
                }
            }
        }
    }
    while stack.len() > 1 {
        close(&mut stack);
    }
    Ok(stack.pop().map(|root| root.block).unwrap_or_default())
}

fn close(stack: &mut Vec<Directive>) {
    if stack.len() > 1
        && let Some(done) = stack.pop()
        && let Some(top) = stack.last_mut()
    {
        top.block.push(done);
    }
}

fn tokens(text: &str) -> Vec<(u32, Token)> {
    let mut out = Vec::new();
    for (line, text) in lines(text) {
        let mut word = String::new();
        let mut quote: Option<char> = None;
        let mut quoted = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if let Some(open) = quote {
                match c {
                    '\\' => word.extend(chars.next()),
                    c if c == open => quote = None,
                    c => word.push(c),
                }
                continue;
            }
            let token = match c {
                '#' if word.is_empty() && !quoted => break,
                '"' | '\'' if word.is_empty() => {
                    (quote, quoted) = (Some(c), true);
                    continue;
                }
                ';' => Some(Token::End),
                // A variable, as `${name}`.
                '{' if word.ends_with('$') => None,
                '}' if word.contains("${") => None,
                '{' => Some(Token::Open),
                '}' => Some(Token::Close),
                c if c.is_whitespace() => Some(Token::Word(String::new())),
                _ => None,
            };
            let Some(token) = token else {
                word.push(c);
                continue;
            };
            if quoted || !word.is_empty() {
                out.push((line, Token::Word(std::mem::take(&mut word))));
                quoted = false;
            }
            if !matches!(token, Token::Word(_)) {
                out.push((line, token));
            }
        }
        if quoted || !word.is_empty() {
            out.push((line, Token::Word(word)));
        }
    }
    out
}

/// A time: `75s`, `1m30s`, `500ms`, a bare number of seconds.
#[must_use]
pub fn seconds(text: &str) -> Option<f64> {
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at_checked(end)?;
        let n: f64 = number.parse().ok()?;
        let end = tail.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        total += n * match unit {
            "ms" => 0.001,
            "s" | "" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            "M" => 2_592_000.0,
            "y" => 31_536_000.0,
            _ => return None,
        };
        rest = tail.trim_start();
    }
    (!text.trim().is_empty()).then_some(total)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"
user www; # comment
http {
    keepalive_timeout 75s 60s;
    upstream app { server 10.0.0.5:9000; server 10.0.0.6:9000 backup; keepalive 64; }
    server {
        listen 80
            so_keepalive=60s:10s:3;
        location /api {
            proxy_pass http://app/${x};
            proxy_set_header Connection "";
            if { }
        }
    }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_their_lines() {
        let all = parse(SAMPLE).unwrap();
        assert_eq!((all[0].name.as_str(), all[0].arg()), ("user", "www"));
        let http = &all[1];
        let upstream = http.get("upstream").unwrap();
        assert_eq!((upstream.arg(), upstream.line, upstream.block.len()), ("app", 5, 3));
        assert_eq!(upstream.block[1].args, ["10.0.0.6:9000", "backup"]);
        let server = http.get("server").unwrap();
        assert_eq!(server.get("listen").unwrap().args, ["80", "so_keepalive=60s:10s:3"]);
        let location = server.get("location").unwrap();
        assert_eq!(location.get("proxy_pass").unwrap().arg(), "http://app/${x}");
        assert_eq!(location.get("proxy_set_header").unwrap().args, ["Connection", ""]);
        assert_eq!(location.get("proxy_set_header").unwrap().line, 11);
    }

    #[test]
    fn times() {
        let all =
            ["75s", "1m30s", "500ms", "60", "1m 30s"].map(|t| seconds(t).unwrap().to_string());
        assert_eq!(all, ["75", "90", "0.5", "60", "90"]);
        assert_eq!((seconds(""), seconds("soon"), seconds("5 parsecs")), (None, None, None));
    }

    #[test]
    fn what_does_not_pair_ends() {
        assert_eq!(parse("} a; {").unwrap()[0].name, "a");
        assert!(parse(&"a {".repeat(1000)).is_ok());
        assert!(parse(&"a;".repeat(30_000)).is_err());
    }
}
