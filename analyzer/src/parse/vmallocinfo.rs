//! `/proc/vmallocinfo`: areas of the kernel's vmalloc space.
//!
//! <https://man7.org/linux/man-pages/man5/proc.5.html>
//!
//! ```text
//! 0xffffb5054000b000-0xffffb5054000d000    8192 gen_pool_add_owner+0x42/0xc0 pages=1 vmalloc N0=1
//! ```

use std::collections::BTreeMap;

use super::{ParseEnv, ParseError, Rows};

/// Areas of one caller together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Function that allocated: `_do_fork`.
    pub name: String,
    /// Areas.
    pub areas: u64,
    /// Address space, guard pages included.
    pub size_bytes: u64,
    /// Real pages; areas of I/O memory have none.
    pub page_bytes: u64,
}

/// Reads the file and sums it by caller, those with most pages first.
///
/// # Errors
/// Not one area could be read.
pub fn parse(text: &str, env: &ParseEnv) -> Result<Rows<Caller>, ParseError> {
    let areas: Rows<Caller> = Rows::of(text, |mut f| {
        let size_bytes = f.pass(1).num("size")?;
        let name = f.word("caller")?;
        let name = name.split('+').next().unwrap_or(name).to_owned();
        let pages = f.find_map(|w| w.strip_prefix("pages=")?.parse().ok());
        let page_bytes = pages.unwrap_or(0u64).saturating_mul(env.page_size_bytes);
        Ok(Some(Caller { name, areas: 1, size_bytes, page_bytes }))
    })?;
    if areas.rows.is_empty() {
        return Err(ParseError::new(None, text, "areas"));
    }
    let mut callers: BTreeMap<String, Caller> = BTreeMap::new();
    for area in areas.rows {
        let caller = callers.entry(area.name.clone()).or_default();
        caller.name = area.name;
        caller.areas = caller.areas.saturating_add(1);
        caller.size_bytes = caller.size_bytes.saturating_add(area.size_bytes);
        caller.page_bytes = caller.page_bytes.saturating_add(area.page_bytes);
    }
    let mut rows: Vec<Caller> = callers.into_values().collect();
    rows.sort_by_key(|c| std::cmp::Reverse(c.page_bytes));
    Ok(Rows { rows, problems: areas.problems, damaged: areas.damaged })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
0xffffb50540000000-0xffffb50540005000   20480 irq_init_percpu_irqstack+0xd0/0x100 vmap
0xffffb5054000b000-0xffffb5054000d000    8192 gen_pool_add_owner+0x42/0xc0 pages=1 vmalloc N0=1
0xffffb50540010000-0xffffb50540015000   20480 _do_fork+0x89/0x360 pages=4 vmalloc N0=4
0xffffb50540018000-0xffffb5054001d000   20480 _do_fork+0x89/0x360 pages=4 vmalloc N0=4
";

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    #[test]
    fn by_caller() {
        let rows = parse(SAMPLE, &ENV).unwrap().rows;
        let fork =
            Caller { name: "_do_fork".into(), areas: 2, size_bytes: 40960, page_bytes: 32768 };
        assert_eq!((rows.len(), &rows[0]), (3, &fork));
        assert_eq!((rows[2].name.as_str(), rows[2].page_bytes), ("irq_init_percpu_irqstack", 0));
        assert!(parse("", &ENV).is_err());
        assert!(parse("x y z\n", &ENV).is_err());
    }
}
