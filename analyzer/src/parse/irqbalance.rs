//! `/etc/default/irqbalance` and `/etc/sysconfig/irqbalance`: what the daemon that spreads interrupts
//! is told.
//!
//! <https://man7.org/linux/man-pages/man1/irqbalance.1.html>
//!
//! ```text
//! #IRQBALANCE_BANNED_CPUS=
//! IRQBALANCE_ARGS="--banirq=24"
//! ```

use super::{ParseError, Rows};

/// Lines kept at most.
const MAX_LINES: usize = 32;

/// The settings that are not empty, as `NAME=value` without quotation marks. It is a file of the
/// shell: what is neither a comment nor a setting is a problem beside the others.
///
/// # Errors
/// Lines of which none could be read.
pub fn parse(text: &str) -> Result<Rows<String>, ParseError> {
    let mut settings = Rows::default();
    let mut understood = 0_u64;
    for (n, line) in super::lines(text) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            settings.problem(ParseError::new(n, line, "`NAME=value`"));
            continue;
        };
        understood = understood.saturating_add(1);
        let value = value.trim().trim_matches(['"', '\'']);
        if !value.is_empty() && settings.rows.len() < MAX_LINES {
            settings.rows.push(format!("{}={value}", name.trim()));
        }
    }
    // Settings that are all empty were understood all the same.
    if understood > 0 { Ok(settings) } else { settings.finish() }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "# irqbalance is a daemon process\n#IRQBALANCE_ONESHOT=\nIRQBALANCE_BANNED_CPUS=\nIRQBALANCE_ARGS=\"--banirq=24\"\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings() {
        assert_eq!(parse(SAMPLE).unwrap().rows, ["IRQBALANCE_ARGS=--banirq=24"]);
        assert!(parse("").unwrap().rows.is_empty());
        assert!(parse("what is this\n").is_err());
    }

    #[test]
    fn an_odd_line_spoils_no_other() {
        let odd = format!("[ -r /etc/local ] && . /etc/local\n{SAMPLE}");
        let odd = parse(&odd).unwrap();
        assert_eq!((odd.rows.len(), odd.damaged, odd.problems[0].line), (1, 1, Some(1)));
        assert_eq!(parse("odd\nIRQBALANCE_ARGS=\n").unwrap().damaged, 1);
    }
}
