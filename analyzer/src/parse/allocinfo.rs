//! `/proc/allocinfo`: kernel memory by the line of code that allocated it (6.10, with
//! `CONFIG_MEM_ALLOC_PROFILING` and `vm.mem_profiling`).
//!
//! <https://docs.kernel.org/mm/allocation-profiling.html>
//!
//! ```text
//! allocinfo - version: 1.0
//! #     <size>  <calls> <tag info>
//!    127664128    31168 mm/page_ext.c:270 func:alloc_page_ext
//!     56373248     4737 [xfs] fs/xfs/xfs_buf.c:226 func:xfs_buf_alloc
//! ```

use super::{ParseError, Rows};

/// What one place in the code holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Bytes.
    pub bytes: u64,
    /// Allocations.
    pub calls: u64,
    /// File and line of the source.
    pub place: String,
    /// Module, unless it is the kernel itself.
    pub module: Option<String>,
    /// Function.
    pub function: Option<String>,
    /// Line.
    pub line: u32,
}

/// Reads the table. Places that hold nothing are left out: they are most of some 5,000.
///
/// # Errors
/// No heading, or rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Allocation>, ParseError> {
    if !text.starts_with("allocinfo") {
        return Err(ParseError::new(1, text, "the heading `allocinfo - version: …`"));
    }
    Rows::of(text, |mut f| {
        if f.text.starts_with("allocinfo") || f.text.starts_with('#') {
            return Ok(None);
        }
        let (bytes, calls) = (f.num("size")?, f.num("calls")?);
        let (mut place, mut module, mut function) = (None, None, None);
        // The module stands before or behind the place, by version; further words may come.
        for word in f.by_ref() {
            if let Some(name) = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')) {
                module = Some(name.to_owned());
            } else if let Some(name) = word.strip_prefix("func:") {
                function = Some(name.to_owned());
            } else if place.is_none() {
                place = Some(word.to_owned());
            }
        }
        let place = place.ok_or_else(|| f.error("a place in the source"))?;
        let row = Allocation { bytes, calls, place, module, function, line: f.line };
        Ok((bytes > 0).then_some(row))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
allocinfo - version: 1.0
#     <size>  <calls> <tag info>
           0        0 init/main.c:1314 func:do_initcalls
   127664128    31168 mm/page_ext.c:270 func:alloc_page_ext
    56373248     4737 [xfs] fs/xfs/xfs_buf.c:226 func:xfs_buf_alloc
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_hold_memory() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [page_ext, xfs] = &rows[..] else { panic!("two: {rows:?}") };
        assert_eq!((page_ext.bytes, page_ext.calls, page_ext.line), (127_664_128, 31168, 4));
        assert_eq!(page_ext.function.as_deref(), Some("alloc_page_ext"));
        assert_eq!((page_ext.module.as_deref(), xfs.module.as_deref()), (None, Some("xfs")));
        assert_eq!(xfs.place, "fs/xfs/xfs_buf.c:226");
        assert!(parse("").is_err());
        assert_eq!(parse(&format!("{SAMPLE}7 x\n")).unwrap().damaged, 1);
    }
}
