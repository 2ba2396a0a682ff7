//! `/etc/default/grub`: boot parameters that the next run of `update-grub` writes into the boot menu.
//!
//! <https://www.gnu.org/software/grub/manual/grub/html_node/Simple-configuration.html>
//!
//! ```text
//! GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"
//! GRUB_CMDLINE_LINUX="net.ifnames=0 \"dyndbg=file x +p\""
//! ```

use super::cmdline::{self, KernelCmdline};
use super::{ParseError, lines};

/// Parameters of normal entries, in their order; a word that the shell would fill in (`$x`,
/// `$(…)`) is left out. The last setting of a variable counts.
///
/// # Errors
/// Neither variable is set.
pub fn parse(text: &str) -> Result<KernelCmdline, ParseError> {
    const KEYS: [&str; 2] = ["GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"];
    let mut values: [Option<String>; 2] = [None, None];
    for (_, line) in lines(text) {
        let Some((key, value)) = line.trim_ascii().split_once('=') else { continue };
        let place = KEYS.iter().position(|k| *k == key).and_then(|i| values.get_mut(i));
        if let Some(place) = place {
            *place = Some(unquoted(value.trim_ascii()));
        }
    }
    if values.iter().all(Option::is_none) {
        return Err(ParseError::new(None, text, "GRUB_CMDLINE_LINUX=\"…\""));
    }
    let joined = values.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let mut line = cmdline::parse(&joined)?;
    let filled_in = |s: &str| s.contains('$') || s.contains('`');
    line.0.retain(|(name, value)| !filled_in(name) && !value.as_deref().is_some_and(filled_in));
    Ok(line)
}

/// The value of an assignment of the shell, without its quotes and what stands behind them.
fn unquoted(value: &str) -> String {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return value.split_ascii_whitespace().next().unwrap_or_default().to_owned();
    };
    let mut out = String::new();
    let mut chars = value.chars().skip(1);
    while let Some(c) = chars.next() {
        match c {
            '\\' if quote == '"' => out.extend(chars.next()),
            c if c == quote => break,
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "GRUB_DEFAULT=0\n\
    GRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`\n\
    GRUB_CMDLINE_LINUX_DEFAULT=\"quiet splash\"\n\
    # GRUB_CMDLINE_LINUX=\"debug\"\n\
    GRUB_CMDLINE_LINUX=\"hugepages=16 $EXTRA \\\"dyndbg=file x +p\\\" mem_encrypt=$X\" # ours\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_variables_without_what_the_shell_fills_in() {
        let line = parse(SAMPLE).unwrap();
        let words: Vec<(&str, Option<&str>)> =
            line.0.iter().map(|(n, v)| (n.as_str(), v.as_deref())).collect();
        let dyndbg = ("dyndbg", Some("file x +p"));
        assert_eq!(words, [("hugepages", Some("16")), dyndbg, ("quiet", None), ("splash", None)]);
        assert_eq!(parse("GRUB_CMDLINE_LINUX=\n").unwrap().0, []);
        assert_eq!(parse("GRUB_CMDLINE_LINUX='a b' c\n").unwrap().0.len(), 2);
        assert!(parse("GRUB_TIMEOUT=5\n").is_err());
    }
}
