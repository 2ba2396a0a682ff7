//! `/etc/modules-load.d/*.conf`, `/etc/modules`: modules that are loaded early in every boot, before
//! the files of sysctl.d are applied.
//!
//! <https://www.freedesktop.org/software/systemd/man/latest/modules-load.d.html>
//!
//! ```text
//! # for Kubernetes
//! br_netfilter
//! ```

use super::{ParseError, lines};

/// Names of modules, with `_` for `-` as the kernel lists them. Options behind a name, which
/// `/etc/modules` may have, are left out.
///
/// # Errors
/// None in fact: any text is a list. The signature is that of every parser.
pub fn parse(text: &str) -> Result<Vec<String>, ParseError> {
    let words = lines(text).filter_map(|(_, line)| line.split_ascii_whitespace().next());
    let names = words.filter(|w| !w.starts_with(['#', ';']));
    Ok(names.map(|name| name.replace('-', "_")).collect())
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "# /etc/modules: kernel modules to load at boot time.\n\n\
    ; another comment\nbr_netfilter\nnf-conntrack\nloop max_loop=64\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_comments_and_options() {
        assert_eq!(parse(SAMPLE).unwrap(), ["br_netfilter", "nf_conntrack", "loop"]);
        assert_eq!(parse("").unwrap(), [""; 0]);
    }
}
