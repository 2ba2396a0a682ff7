//! `tuned.conf` of a tuned profile: what tuned sets after the files of sysctl.d.
//!
//! <https://man7.org/linux/man-pages/man5/tuned.conf.5.html>
//!
//! ```text
//! [main]
//! include=throughput-performance
//! [sysctl]
//! vm.swappiness=10
//! vm.dirty_ratio => 40
//! ```

use super::sysctl::words;
use super::{ParseError, lines, sysctl_conf};

/// One parameter of the `[sysctl]` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Key in the form of `sysctl -a`.
    pub key: String,
    /// Value; may hold variables (`${x}`), which tuned expands.
    pub value: String,
    /// `=>`: only raised, never lowered.
    pub only_raise: bool,
    /// Line.
    pub line: u32,
}

/// A profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Profiles that it builds on, in order.
    pub includes: Vec<String>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

/// Reads a profile; sections and options other than these are left alone.
///
/// # Errors
/// None in fact: a text without sections is a profile that sets nothing.
pub fn parse(text: &str) -> Result<Profile, ParseError> {
    let mut profile = Profile::default();
    let mut section = "";
    for (line, text) in lines(text) {
        let text = text.trim_ascii();
        if let Some(name) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            section = name.trim_ascii();
        } else if !text.starts_with(['#', ';'])
            && let Some((name, value)) = text.split_once('=')
        {
            let (value, only_raise) = value.strip_prefix('>').map_or((value, false), |v| (v, true));
            match (section, name.trim_ascii()) {
                ("main", "include") => {
                    let names = value.split([',', ';']).map(str::trim_ascii);
                    profile.includes.extend(names.filter(|n| !n.is_empty()).map(Into::into));
                }
                ("sysctl", name) if name.contains(['.', '/']) => {
                    let (key, value) = (sysctl_conf::key(name), words(value));
                    profile.parameters.push(Parameter { key, value, only_raise, line });
                }
                _ => {}
            }
        }
    }
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shortened from the profile `network-throughput` and its base.
    #[test]
    fn a_profile_with_an_include_and_a_floor() {
        let text = "#\n# tuned\n[main]\nsummary=Optimize\ninclude=throughput-performance\n\n\
                    [sysctl]\nkernel.sched_min_granularity_ns = 10000000\n; a comment\n\
                    net.ipv4.tcp_rmem=\"4096\t131072 16777216\"\nvm.dirty_ratio => 40\n\n\
                    [cpu]\ngovernor=performance\nvm.x=1\n";
        let p = parse(text).unwrap();
        assert_eq!(p.includes, ["throughput-performance"]);
        let rows: Vec<_> =
            p.parameters.iter().map(|p| (p.key.as_str(), p.value.as_str(), p.only_raise)).collect();
        assert_eq!(
            rows,
            [
                ("kernel.sched_min_granularity_ns", "10000000", false),
                ("net.ipv4.tcp_rmem", "\"4096 131072 16777216\"", false),
                ("vm.dirty_ratio", "40", true),
            ]
        );
        assert_eq!(p.parameters[2].line, 11);
    }

    #[test]
    fn empty_and_broken_profiles_set_nothing() {
        assert_eq!(parse("").unwrap(), Profile::default());
        assert_eq!(
            parse("[sysctl\nvm.a=1\n[sysctl]\nnonsense\n= 3\n").unwrap(),
            Profile::default()
        );
    }
}
