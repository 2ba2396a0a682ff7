//! `/etc/default/irqbalance` and `/etc/sysconfig/irqbalance`: what the daemon that spreads interrupts
//! is told.
//!
//! <https://man7.org/linux/man-pages/man1/irqbalance.1.html>
//!
//! ```text
//! #IRQBALANCE_BANNED_CPUS=
//! IRQBALANCE_ARGS="--banirq=24"
//! ```

use super::ParseError;

/// Lines kept at most.
const MAX_LINES: usize = 32;

/// The settings that are not empty, as `NAME=value` without quotation marks.
///
/// # Errors
/// A line that is neither a comment nor a setting.
pub fn parse(text: &str) -> Result<Vec<String>, ParseError> {
    let mut settings = Vec::new();
    for (n, line) in super::lines(text) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            return Err(ParseError::new(n, line, "`NAME=value`"));
        };
        let value = value.trim().trim_matches(['"', '\'']);
        if !value.is_empty() && settings.len() < MAX_LINES {
            settings.push(format!("{}={value}", name.trim()));
        }
    }
    Ok(settings)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "# irqbalance is a daemon process\n#IRQBALANCE_ONESHOT=\nIRQBALANCE_BANNED_CPUS=\nIRQBALANCE_ARGS=\"--banirq=24\"\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings() {
        assert_eq!(parse(SAMPLE).unwrap(), ["IRQBALANCE_ARGS=--banirq=24"]);
        assert!(parse("").unwrap().is_empty());
        assert!(parse("what is this\n").is_err());
    }
}
