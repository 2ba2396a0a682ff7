//! `linsight explain`: all about one rule, as a page of a book.

use std::io;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::bail;
use linsight::rules::RuleSet;
use linsight::rules::diagnostics::nearest;
use linsight::rules::page::{Block, Page};

use super::rules::{More, severity_style};
use crate::cli::Io;

/// Width of the text: what an eye follows without effort.
const WIDTH: usize = 92;
const INDENT: usize = 2;

/// Arguments of `explain`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Id of a rule, as findings name it: tcp.ports.exhaustion
    id: String,
    #[command(flatten)]
    more: More,
}

/// Prints the page.
pub(crate) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<ExitCode> {
    let set = RuleSet::load(&args.more.dirs)?;
    let Some(rule) = set.get(&args.id) else {
        match nearest(&args.id, &set.ids()) {
            Some(id) => bail!("no rule `{}`, did you mean `{id}`?", args.id),
            None => bail!("no rule `{}`; `linsight rules list` names all", args.id),
        }
    };
    print(&Page::of(&set, rule), io.out)?;
    Ok(ExitCode::SUCCESS)
}

fn print(page: &Page, out: &mut dyn io::Write) -> io::Result<()> {
    let (title, head) = (Style::new().bold(), AnsiColor::Cyan.on_default().bold());
    writeln!(out, "{title}{}{title:#}", page.id)?;
    for line in wrap(&page.summary, WIDTH) {
        writeln!(out, "{line}")?;
    }
    let dim = Style::new().dimmed();
    writeln!(out, "{dim}{}{dim:#}", page.place)?;
    for section in &page.sections {
        writeln!(out, "\n{head}{}{head:#}", section.title)?;
        for (i, block) in section.blocks.iter().enumerate() {
            let entry = matches!(block, Block::Entry(..));
            if i > 0 && (entry || section.title != "References") && !compact(section.title) {
                writeln!(out)?;
            }
            print_block(block, INDENT, out)?;
        }
    }
    Ok(())
}

/// Sections whose entries are lines of a list.
fn compact(title: &str) -> bool {
    matches!(title, "References" | "Facts it reads" | "Findings it is tied to")
}

fn print_block(block: &Block, indent: usize, out: &mut dyn io::Write) -> io::Result<()> {
    match block {
        Block::Text(text) => {
            for line in wrap(text, WIDTH - indent) {
                writeln!(out, "{:indent$}{line}", "")?;
            }
        }
        Block::Reference(text, Some(address)) if text != address => {
            writeln!(out, "{:indent$}{text}  {address}", "")?;
        }
        Block::Reference(text, _) => writeln!(out, "{:indent$}{text}", "")?,
        Block::Code(code) => {
            let green = AnsiColor::Green.on_default();
            for line in code.lines() {
                writeln!(out, "{:indent$}  {green}{line}{green:#}", "")?;
            }
        }
        Block::Entry(word, head, body) => {
            print_head(word, head, indent, out)?;
            for part in body {
                print_block(part, indent + 4, out)?;
            }
        }
    }
    Ok(())
}

fn print_head(word: &str, head: &str, indent: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let style = word_style(word);
    let bold = Style::new().bold();
    let tag = if word.is_empty() { String::new() } else { format!("{word}  ") };
    let mut lines = wrap(head, WIDTH - indent - tag.chars().count()).into_iter();
    let first = lines.next().unwrap_or_default();
    writeln!(out, "{:indent$}{style}{tag}{style:#}{bold}{first}{bold:#}", "")?;
    let below = indent + tag.chars().count();
    for line in lines {
        writeln!(out, "{:below$}{bold}{line}{bold:#}", "")?;
    }
    Ok(())
}

fn word_style(word: &str) -> Style {
    use linsight::severity::Severity;
    match word {
        "critical" | "risk outage" | "risk data" => severity_style(Severity::Critical),
        "warning" | "risk brief" => severity_style(Severity::Warning),
        "info" => severity_style(Severity::Info),
        _ => AnsiColor::Green.on_default(),
    }
}

/// Lines of at most `width` characters, broken at spaces; a longer word stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(id: &str) -> anyhow::Result<String> {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut plain = anstream::StripStream::new(&mut out);
        let args = Args { id: id.to_owned(), more: More { dirs: Vec::new() } };
        let mut raw = io::sink();
        let mut io = Io { out: &mut plain, err: &mut err, raw: &mut raw, terminal: false };
        run(&args, &mut io)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn a_rule_reads_like_a_page_of_a_book() {
        insta::assert_snapshot!(page("tcp.keepalive.exceeds-l4-idle-timeout").unwrap());
    }

    #[test]
    fn every_rule_has_a_page_without_template_code() {
        for id in RuleSet::embedded().unwrap().ids() {
            let text = page(id).unwrap();
            assert!(!text.contains("{{") && !text.contains("{%"), "{text}");
        }
    }

    #[test]
    fn an_unknown_rule_is_named_with_its_neighbour() {
        let error = page("tcp.ports.exhaustian").unwrap_err().to_string();
        assert!(error.contains("did you mean `tcp.ports.exhaustion`?"), "{error}");
    }

    #[test]
    fn words_wrap_at_the_width() {
        assert_eq!(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("", 6), Vec::<String>::new());
    }
}
