//! `/proc/modules`: loaded kernel modules.
//!
//! <https://man7.org/linux/man-pages/man5/proc_modules.5.html>
//!
//! ```text
//! nf_reject_ipv4 16384 1 ipt_REJECT, Live 0xffffffffc0efd000 (OE)
//! ```

use super::{ParseError, Rows};

/// One module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Name.
    pub name: String,
    /// Size in memory.
    pub size_bytes: u64,
    /// References; `None` where the kernel cannot unload.
    pub references: Option<i64>,
    /// Modules that use it.
    pub used_by: Vec<String>,
    /// `Live`, `Loading`, `Unloading`.
    pub state: String,
    /// Taint letters: `P` proprietary, `O` out of tree, `E` unsigned, `F` forced.
    pub taint: Option<String>,
    /// Line.
    pub line: u32,
}

/// Reads the list; a damaged row is a problem beside the others.
///
/// # Errors
/// Not one row could be read.
pub fn parse(text: &str) -> Result<Rows<Module>, ParseError> {
    Rows::of(text, |mut f| {
        let (name, size_bytes) = (f.word("name")?.to_owned(), f.num("size")?);
        let references = f.word("references")?.parse().ok();
        let users = f.word("users or -")?.split(',').filter(|u| !u.is_empty() && *u != "-");
        let used_by = users.map(Into::into).collect();
        let state = f.word("state")?.to_owned();
        let taint = f.pass(1).next().and_then(|t| t.strip_prefix('(')?.strip_suffix(')'));
        let taint = taint.map(Into::into);
        Ok(Some(Module { name, size_bytes, references, used_by, state, taint, line: f.line }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
xt_statistic 16384 1 - Live 0xffffffffc0f21000
nf_reject_ipv4 16384 2 ipt_REJECT,xt_x, Live 0xffffffffc0efd000
nvidia 35291136 0 - Live 0x0000000000000000 (POE)
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_taint() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!(
            (rows[0].size_bytes, rows[0].references, rows[0].used_by.len()),
            (16384, Some(1), 0)
        );
        assert_eq!(rows[1].used_by, ["ipt_REJECT", "xt_x"]);
        assert_eq!((rows[2].taint.as_deref(), rows[2].line), (Some("POE"), 3));
        assert!(parse("").unwrap().rows.is_empty());
        assert!(parse("x\n").is_err());
    }
}
