//! `/sys/devices/system/edac/mc/**`: memory errors that the memory controllers counted.
//!
//! <https://docs.kernel.org/admin-guide/ras.html>
//!
//! ```text
//! devices/system/edac/mc/mc0/dimm3/dimm_ce_count   7
//! devices/system/edac/mc/mc0/csrow0/ue_count       0
//! ```

use super::{ParseError, number};

/// A counter of one controller, row or module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdacCount {
    /// Controller: `mc0`.
    pub controller: String,
    /// `dimm3`, `rank0`, `csrow0`; `None` for the controller as a whole.
    pub part: Option<String>,
    /// Uncorrected errors; corrected ones otherwise.
    pub uncorrected: bool,
    /// Errors since the driver was loaded.
    pub count: u64,
}

/// Reads one file by its path below `/sys/`; `None` for files that are no counters.
///
/// # Errors
/// A counter that is not a number.
pub fn parse(path: &str, text: &str) -> Result<Option<EdacCount>, ParseError> {
    let Some(rest) = path.strip_prefix("devices/system/edac/mc/") else { return Ok(None) };
    let mut parts: Vec<&str> = rest.split('/').collect();
    let uncorrected = match parts.pop() {
        Some("ce_count" | "dimm_ce_count") => false,
        Some("ue_count" | "dimm_ue_count") => true,
        _ => return Ok(None),
    };
    let (controller, part) = match parts[..] {
        [controller] => (controller, None),
        [controller, part] => (controller, Some(part)),
        _ => return Ok(None),
    };
    let count = number(1, text, "errors")?;
    let (controller, part) = (controller.to_owned(), part.map(Into::into));
    Ok(Some(EdacCount { controller, part, uncorrected, count }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_by_path() {
        let at = |path: &str| parse(&format!("devices/system/edac/mc/{path}"), "7\n").unwrap();
        let dimm = at("mc0/dimm3/dimm_ce_count").unwrap();
        assert_eq!((dimm.part.as_deref(), dimm.uncorrected, dimm.count), (Some("dimm3"), false, 7));
        assert!(at("mc1/ue_count").unwrap().uncorrected);
        assert_eq!((at("mc0/csrow0/ch0_ce_count"), at("mc0/seconds_since_reset")), (None, None));
        assert!(parse("devices/system/edac/mc/mc0/ce_count", "x").is_err());
    }
}
