//! `/proc/slabinfo`: slab caches.
//!
//! <https://man7.org/linux/man-pages/man5/slabinfo.5.html>
//!
//! ```text
//! slabinfo - version: 2.1
//! bio-312               12     12    320   12    1 : tunables    0    0    0 : slabdata      1      1      0
//! ```

use super::{Fields, ParseEnv, ParseError, Rows};

/// One cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlabCache {
    /// Name.
    pub name: String,
    /// Line.
    pub line: u32,
    /// Objects in use.
    pub active_objects: u64,
    /// Objects there is room for.
    pub objects: u64,
    /// Size of an object.
    pub object_bytes: u64,
    /// Slabs.
    pub slabs: u64,
    /// Memory of all slabs: slabs, times pages a slab, times page size.
    pub bytes: u64,
}

/// Reads the caches; a damaged row is a problem beside the others.
///
/// # Errors
/// No version line, or not one cache could be read.
pub fn parse(text: &str, env: &ParseEnv) -> Result<Rows<SlabCache>, ParseError> {
    if !text.starts_with("slabinfo - version: 2.") {
        return Err(ParseError::new(1, text, "`slabinfo - version: 2.1`"));
    }
    Rows::of(text, |fields| {
        let comment = fields.text.starts_with('#') || fields.text.starts_with("slabinfo - ");
        if comment { Ok(None) } else { cache(fields, env).map(Some) }
    })
}

fn cache(mut f: Fields<'_>, env: &ParseEnv) -> Result<SlabCache, ParseError> {
    let name = f.word("name")?.to_owned();
    let (active_objects, objects) = (f.num("active_objs")?, f.num("num_objs")?);
    let object_bytes = f.num("objsize")?;
    let pages: u64 = f.pass(1).num("pagesperslab")?;
    let (_, slabdata) = f.rest().split_once("slabdata").ok_or_else(|| f.error("`: slabdata …`"))?;
    let slabs: u64 = Fields::new(f.line, slabdata).pass(1).num("num_slabs")?;
    let bytes = slabs.checked_mul(pages).and_then(|pages| pages.checked_mul(env.page_size_bytes));
    let bytes = bytes.ok_or_else(|| f.error("a size that fits 64 bits"))?;
    Ok(SlabCache { name, line: f.line, active_objects, objects, object_bytes, slabs, bytes })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
au_finfo               0      0    192   21    1 : tunables    0    0    0 : slabdata      0      0      0
dentry            212562 302820    192   21    1 : tunables    0    0    0 : slabdata  14420  14422      0
kmalloc-8k           180    192   8192    4    8 : tunables    0    0    0 : slabdata     48     48      0
";

#[cfg(test)]
mod tests {
    use super::super::ENV;
    use super::*;

    #[test]
    fn sizes_on_both_page_sizes() {
        let rows = parse(SAMPLE, &ENV).unwrap().rows;
        let dentry = &rows[1];
        assert_eq!((dentry.name.as_str(), dentry.line), ("dentry", 4));
        assert_eq!(
            (dentry.active_objects, dentry.objects, dentry.slabs),
            (212_562, 302_820, 14422)
        );
        assert_eq!((dentry.bytes, rows[2].bytes), (14422 * 4096, 48 * 8 * 4096));
        let big = ParseEnv { page_size_bytes: 65536, ..ENV };
        assert_eq!(parse(SAMPLE, &big).unwrap().rows[1].bytes, 14422 * 65536);
    }

    #[test]
    fn item_33_a_damaged_row_does_not_discard_the_file() {
        let rows = parse(&SAMPLE.replace("302820", "?"), &ENV).unwrap();
        assert_eq!((rows.rows.len(), rows.problems[0].line), (2, Some(4)));
        assert!(parse("", &ENV).is_err());
        assert!(parse("dentry 1 2 3\n", &ENV).is_err());
    }
}
