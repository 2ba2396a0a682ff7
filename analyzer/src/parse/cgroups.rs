//! `/proc/cgroups`: the controllers, and how many groups the kernel keeps for each.
//!
//! <https://man7.org/linux/man-pages/man7/cgroups.7.html>
//!
//! ```text
//! #subsys_name hierarchy num_cgroups enabled
//! memory 4 59 1
//! ```
//!
//! `num_cgroups` counts groups that were removed and are still held by what was charged to them,
//! too. With version 2 (hierarchy 0) all controllers tell the number of the one tree; newer kernels
//! leave out controllers that version 1 no longer has.

use super::{ParseError, Rows};

/// A controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Name: `memory`.
    pub name: String,
    /// Its hierarchy of version 1; 0 for that of version 2.
    pub hierarchy: u32,
    /// Groups that the kernel keeps.
    pub groups: u64,
    /// Not switched off by a boot parameter.
    pub is_enabled: bool,
}

/// Reads the table.
///
/// # Errors
/// Rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Controller>, ParseError> {
    Rows::of(text, |mut f| {
        if f.rest().starts_with('#') {
            return Ok(None);
        }
        let name = f.word("controller")?.to_owned();
        let (hierarchy, groups) = (f.num("hierarchy")?, f.num("number of groups")?);
        Ok(Some(Controller { name, hierarchy, groups, is_enabled: f.num::<u32>("enabled")? != 0 }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t3\t1\t1\nmemory\t4\t59\t1\nhugetlb\t0\t1\t0\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_with_their_groups() {
        let rows = parse(SAMPLE).unwrap().rows;
        let memory =
            Controller { name: "memory".into(), hierarchy: 4, groups: 59, is_enabled: true };
        assert_eq!(rows[1], memory);
        assert!(!rows[2].is_enabled);
        assert_eq!(rows.len(), 3);
        assert!(parse("#subsys_name\thierarchy\n").unwrap().rows.is_empty());
        assert!(parse("memory\t4\n").is_err());
        assert!(parse("").unwrap().rows.is_empty());
    }
}
