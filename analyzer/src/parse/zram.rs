//! `/sys/block/zram*/{mm_stat,bd_stat}`: what a device of compressed memory holds, and what that takes.
//!
//! <https://docs.kernel.org/admin-guide/blockdev/zram.html>
//!
//! ```text
//!  1223118848 387166208 401223680        0 401223680     1433    10204     5120        0
//! ```

use super::{Fields, ParseError};

/// Unit of `bd_stat`.
const BLOCK_BYTES: u64 = 4096;

/// `mm_stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MmStat {
    /// What was written to the device and is kept.
    pub original_bytes: u64,
    /// The same, compressed.
    pub compressed_bytes: u64,
    /// Memory that it takes, gaps between the objects included.
    pub used_bytes: u64,
    /// Most that it may take; `None`: no limit.
    pub limit_bytes: Option<u64>,
    /// Pages of one value all over: they take nothing.
    pub same_pages: u64,
    /// Pages that do not get smaller (4.19).
    pub incompressible_pages: Option<u64>,
}

/// Reads `mm_stat`.
///
/// # Errors
/// Fewer than six numbers.
pub fn parse(text: &str) -> Result<MmStat, ParseError> {
    let mut f = Fields::new(1, text);
    let (original_bytes, compressed_bytes) = (f.num("orig_data_size")?, f.num("compr_data_size")?);
    let (used_bytes, limit) = (f.num("mem_used_total")?, f.num::<u64>("mem_limit")?);
    let same_pages = f.pass(1).num("same_pages")?;
    let incompressible_pages = f.pass(1).opt("huge_pages")?;
    let limit_bytes = Some(limit).filter(|n| *n > 0);
    Ok(MmStat {
        original_bytes,
        compressed_bytes,
        used_bytes,
        limit_bytes,
        same_pages,
        incompressible_pages,
    })
}

/// Reads `bd_stat`: what was moved on to a disk behind the device and lies there.
///
/// # Errors
/// No number.
pub fn on_disk_bytes(text: &str) -> Result<u64, ParseError> {
    let blocks: u64 = Fields::new(1, text).num("bd_count")?;
    Ok(blocks.saturating_mul(BLOCK_BYTES))
}

#[cfg(test)]
pub(super) const SAMPLE: &str =
    "1223118848 387166208 401223680        0 401223680     1433    10204     5120        0\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_what_old_kernels_do_not_tell() {
        let stat = parse(SAMPLE).unwrap();
        assert_eq!((stat.original_bytes, stat.compressed_bytes), (1_223_118_848, 387_166_208));
        assert_eq!((stat.used_bytes, stat.limit_bytes), (401_223_680, None));
        assert_eq!((stat.same_pages, stat.incompressible_pages), (1433, Some(5120)));
        let old = parse("4096 74 12288 1048576 12288 0 0\n").unwrap();
        assert_eq!((old.limit_bytes, old.incompressible_pages), (Some(1 << 20), None));
        assert!(parse("4096 74\n").is_err() && parse("a b c d e f g").is_err());
        assert_eq!(on_disk_bytes("  256     12      300\n"), Ok(1 << 20));
    }
}
