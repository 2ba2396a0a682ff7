//! What the operator tells on the command line: shared by all commands that derive facts.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use linsight::facts::SiteInputs;

/// No file of a few values is larger.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// `--set` and `--site`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Told {
    /// Tell what no host knows about itself (`site.l4_idle_timeout_s=120`), or set a rule's
    /// parameter (`tcp.ports.exhaustion.warning_ratio=0.6`)
    #[arg(long = "set", value_name = "K=V")]
    set: Vec<String>,
    /// Read operator inputs from a TOML file; --set goes before it
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
}

impl Told {
    /// The operator inputs, and what else was set: parameters of rules, name and value.
    pub(crate) fn read(&self) -> anyhow::Result<(SiteInputs, Vec<(String, String)>)> {
        let mut inputs = SiteInputs::default();
        let mut others = Vec::new();
        for pair in &self.set {
            let Some((name, value)) = pair.split_once('=') else {
                bail!("--set {pair}: expected NAME=VALUE");
            };
            if SiteInputs::is_input(name) {
                inputs.tell(name, value, "--set").with_context(|| format!("--set {pair}"))?;
            } else {
                others.push((name.to_owned(), value.to_owned()));
            }
        }
        if let Some(path) = &self.site {
            let how = format!("--site {}", path.display());
            let text = read(path).with_context(|| how.clone())?;
            inputs.file(&text, &how).with_context(|| how.clone())?;
        }
        Ok((inputs, others))
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_and_parameters_are_told_apart() {
        let told =
            |set: &[&str]| Told { set: set.iter().map(|s| (*s).to_owned()).collect(), site: None };
        let (_, others) = told(&["site.topology=dsr", "a.b.c=1"]).read().unwrap();
        assert_eq!(others, [("a.b.c".to_owned(), "1".to_owned())]);
        let error = format!("{:#}", told(&["site.x=1"]).read().unwrap_err());
        assert!(error.starts_with("--set site.x=1: no operator input `site.x`"), "{error}");
        assert!(told(&["nonsense"]).read().is_err());
    }
}
