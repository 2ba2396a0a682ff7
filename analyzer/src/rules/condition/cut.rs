//! A condition that is known to be CEL, cut at its logical connectives by its tokens alone.
//!
//! Every analysis parses the conditions of all rules. The parser of `cel` that tells the places of
//! parts is slow, and a place is needed for messages only; here the text of each test is known
//! before the test is parsed. Both ways come to the same tests: a test holds that for all built-in
//! rules.
//!
//! Precedence of CEL, the loosest first: `?:` (from the right), `||`, `&&`, relations, sums,
//! products, `!` and `-`. Source: the grammar of
//! <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>.

use cel::common::ast::IdedExpr;
use cel::parser::PrattParser;
use cel::parser::pratt_parser::{Lexer, Token, TokenKind};

use super::{Logic, Test};

/// Connectives and tests of a condition. What is no CEL after all is a test that evaluates to an
/// error, which decides nothing.
pub(super) fn logic(text: &str) -> Logic {
    let mut lexer = Lexer::new(text);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.lex();
        match token.kind {
            TokenKind::TokEnd | TokenKind::TokError => break,
            TokenKind::TokWhitespace | TokenKind::TokComment => {}
            _ => tokens.push(token),
        }
    }
    cut(text, &tokens)
}

fn cut(text: &str, tokens: &[Token]) -> Logic {
    let tokens = bare(tokens);
    let sub = |tokens: &[Token]| Box::new(cut(text, tokens));
    if let Some((condition, yes, no)) = choice(tokens) {
        return Logic::If(sub(condition), sub(yes), sub(no));
    }
    if let Some((left, right)) = last(tokens, TokenKind::TokLogicalOr) {
        return Logic::Or(sub(left), sub(right));
    }
    if let Some((left, right)) = last(tokens, TokenKind::TokLogicalAnd) {
        return Logic::And(sub(left), sub(right));
    }
    match tokens.split_first() {
        Some((first, rest)) if first.kind == TokenKind::TokExclamation && is_operand(rest) => {
            Logic::Not(sub(rest))
        }
        _ => test(text, tokens),
    }
}

fn test(text: &str, tokens: &[Token]) -> Logic {
    let place = tokens.first().map_or(0, |t| t.start)..tokens.last().map_or(0, |t| t.end);
    let text = text.get(place).unwrap_or_default();
    let expr = PrattParser::new().parse(text).unwrap_or_else(|_| IdedExpr::default());
    Logic::Test(Test::new(text, &expr))
}

/// Without the parentheses around the whole.
fn bare(mut tokens: &[Token]) -> &[Token] {
    while let [first, inner @ .., last] = tokens
        && first.kind == TokenKind::TokLeftParen
        && last.kind == TokenKind::TokRightParen
        && depths(inner).all(|(depth, _)| depth >= 0)
    {
        tokens = inner;
    }
    tokens
}

/// Of each token how many brackets are open behind it, and its kind.
fn depths(tokens: &[Token]) -> impl Iterator<Item = (i32, TokenKind)> {
    use TokenKind as T;
    tokens.iter().scan(0, |depth, token| {
        match token.kind {
            T::TokLeftParen | T::TokLeftBracket | T::TokLeftBrace => *depth += 1,
            T::TokRightParen | T::TokRightBracket | T::TokRightBrace => *depth -= 1,
            _ => {}
        }
        Some((*depth, token.kind))
    })
}

/// The tokens outside of brackets: their numbers and kinds.
fn outer(tokens: &[Token]) -> impl Iterator<Item = (usize, TokenKind)> {
    let all = depths(tokens).enumerate();
    all.filter(|(_, (depth, _))| *depth == 0).map(|(at, (_, kind))| (at, kind))
}

/// What stands on either side of the last connective `kind` outside of brackets.
fn last(tokens: &[Token], kind: TokenKind) -> Option<(&[Token], &[Token])> {
    let (at, _) = outer(tokens).filter(|(_, k)| *k == kind).last()?;
    Some((tokens.get(..at)?, tokens.get(at + 1..)?))
}

/// The three parts of `condition ? yes : no`; another choice may stand in the last of them only.
fn choice(tokens: &[Token]) -> Option<(&[Token], &[Token], &[Token])> {
    let (question, _) = outer(tokens).find(|(_, kind)| *kind == TokenKind::TokQuestion)?;
    let is_colon = |(at, kind): &(usize, TokenKind)| *at > question && *kind == TokenKind::TokColon;
    let (colon, _) = outer(tokens).find(is_colon)?;
    Some((tokens.get(..question)?, tokens.get(question + 1..colon)?, tokens.get(colon + 1..)?))
}

/// Nothing in it binds looser than `!` does.
fn is_operand(tokens: &[Token]) -> bool {
    use TokenKind as T;
    !outer(tokens).any(|(_, kind)| {
        matches!(
            kind,
            T::TokEqualEqual
                | T::TokExclamationEqual
                | T::TokLess
                | T::TokLessEqual
                | T::TokGreater
                | T::TokGreaterEqual
                | T::TokIn
                | T::TokPlus
                | T::TokMinus
                | T::TokAsterisk
                | T::TokSlash
                | T::TokPercent
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::Whole;
    use super::*;
    use crate::rules::RuleSet;

    /// Connectives and tests, where chains of `&&` and `||` have no shape of their own; the parts
    /// of expressions without their numbers.
    fn shown(logic: &Logic) -> String {
        fn chain<'a>(logic: &'a Logic, is_or: bool, out: &mut Vec<&'a Logic>) {
            match logic {
                Logic::Or(a, b) if is_or => [a, b].iter().for_each(|l| chain(l, is_or, out)),
                Logic::And(a, b) if !is_or => [a, b].iter().for_each(|l| chain(l, is_or, out)),
                other => out.push(other),
            }
        }
        let all = |is_or| {
            let mut parts = Vec::new();
            chain(logic, is_or, &mut parts);
            parts.into_iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        match logic {
            Logic::And(..) => format!("and({})", all(false)),
            Logic::Or(..) => format!("or({})", all(true)),
            Logic::Not(a) => format!("not({})", shown(a)),
            Logic::If(a, b, c) => format!("if({}, {}, {})", shown(a), shown(b), shown(c)),
            Logic::Test(test) => {
                let numbered = format!("{:?}", test.expr);
                let parts = numbered
                    .split("id: ")
                    .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
                let parts: String = parts.collect();
                format!("[{}]{parts}", test.text)
            }
        }
    }

    fn both(text: &str) -> [String; 2] {
        let whole = Whole::of(text).unwrap();
        [shown(&whole.logic(text)), shown(&logic(text))]
    }

    #[test]
    fn tokens_lead_where_the_parser_leads() {
        let rules = RuleSet::embedded().unwrap();
        let mut seen = 0;
        for condition in rules.rules.iter().flat_map(crate::rules::Rule::conditions) {
            let [parsed, cut] = both(&condition.text);
            assert_eq!(parsed, cut, "{}", condition.text);
            seen += 1;
        }
        assert!(seen > 600, "{seen}");
        for text in [
            "a ? b : c ? d : e",
            "a ? (b ? c : d) : e",
            "(a ? b : c) && d",
            "!a == b",
            "!(a || b) && !c.d(e).f[0]",
            "((a)) && (b || c) || d && e",
            "a in ['&&', \"||\", '?:('] || {'x': 1}.y ? c : d",
            "// && what\na && b // || c",
            "a && (b && (c && d)) || (e || f)",
            "r'\\' == a && l.exists(x, x.a && x.b || !x.c)",
            "has(a.b.c) && l.map(x, x.y).filter(y, y > 1 ? y < 3 : y > 9).all(z, z != 2)",
        ] {
            let [parsed, cut] = both(text);
            assert_eq!(parsed, cut, "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_one_test_that_is_nothing() {
        for text in ["", "a &&", "&& a", "(a", "'", "a ? b", "!"] {
            let shown = shown(&logic(text));
            assert!(shown.contains("Unspecified"), "{text}: {shown}");
        }
    }
}
