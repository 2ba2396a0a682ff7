//! Output of df(1), with blocks or with inodes.
//!
//! <https://man7.org/linux/man-pages/man1/df.1.html>
//!
//! ```text
//! Filesystem     1K-blocks    Used Available Use% Mounted on
//! /dev/loop0         63488   63488         0 100% /snap/core20/1328
//! ```

use super::{Fields, ParseError, Rows, lines, size};

/// One file system. With `df -i` the sizes are `None` and the inodes are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSystem {
    /// Device or other source.
    pub source: String,
    /// Type, with `-T`.
    pub fs_type: Option<String>,
    /// Size.
    pub size_bytes: Option<u64>,
    /// In use.
    pub used_bytes: Option<u64>,
    /// Available to ordinary users.
    pub available_bytes: Option<u64>,
    /// Inodes.
    pub inodes: Option<u64>,
    /// Inodes in use.
    pub inodes_used: Option<u64>,
    /// Inodes free.
    pub inodes_free: Option<u64>,
    /// Mount point; may hold blanks.
    pub mount_point: String,
    /// Line the row ends on.
    pub line: u32,
}

/// What the heading says of the columns.
#[derive(Clone, Copy)]
struct Columns {
    /// Block size; `None` where values carry their unit (`-h`).
    block_bytes: Option<u64>,
    inodes: bool,
    fs_type: bool,
}

/// Reads the table; messages above the heading are left out, a device on a line of its own is
/// joined with the next one.
///
/// # Errors
/// No heading, or not one row could be read.
pub fn parse(text: &str) -> Result<Rows<FileSystem>, ParseError> {
    let mut all = lines(text);
    let heading = all.find_map(|(_, text)| text.starts_with("Filesystem ").then_some(text));
    let columns = heading.and_then(columns);
    let columns = columns.ok_or_else(|| ParseError::new(None, text, "`Filesystem 1K-blocks …`"))?;
    let mut rows = Rows::default();
    let mut device: Option<&str> = None;
    for (line, text) in all {
        let words = text.split_ascii_whitespace().count();
        let joined = device.take().map(|device| format!("{device} {text}"));
        if words == 1 && joined.is_none() {
            device = Some(text.trim_ascii());
        } else if words > 0 {
            rows.take(row(Fields::new(line, joined.as_deref().unwrap_or(text)), columns));
        }
    }
    rows.finish()
}

fn columns(heading: &str) -> Option<Columns> {
    let mut words = heading.split_ascii_whitespace().skip(1);
    let mut word = words.next()?;
    let fs_type = word == "Type";
    if fs_type {
        word = words.next()?;
    }
    let inodes = word == "Inodes";
    let block_bytes = match word {
        "Inodes" | "Size" => None,
        word => Some(block(word.strip_suffix("-blocks")?)?),
    };
    Some(Columns { block_bytes, inodes, fs_type })
}

/// `1K`, `1024`, `2MB`, `1M`, `512`: MB is 10^6, M is 2^20.
fn block(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(at)?;
    let factor = match unit {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => return None,
    };
    if number.is_empty() { Some(factor) } else { number.parse::<u64>().ok()?.checked_mul(factor) }
}

/// The source may hold blanks, so that the three numbers and the percentage are looked for.
fn row(mut f: Fields<'_>, columns: Columns) -> Result<Option<FileSystem>, ParseError> {
    let number = |w: &str| w == "-" || w.starts_with(|c: char| c.is_ascii_digit());
    let percent = |w: &str| w == "-" || w.ends_with('%');
    let mut source = f.word("file system")?.to_owned();
    loop {
        let mut ahead = f.clone();
        if columns.fs_type {
            ahead.pass(1);
        }
        let window: Vec<_> = ahead.by_ref().take(4).collect();
        match window[..] {
            [size, used, free, share]
                if [size, used, free].into_iter().all(number) && percent(share) =>
            {
                break;
            }
            [_, _, _, _] => {
                source.push(' ');
                source.push_str(f.word("file system")?);
            }
            _ => return Err(f.error("three numbers, a percentage and a mount point")),
        }
    }
    let fs_type = if columns.fs_type { f.next().map(Into::into) } else { None };
    let mut value = |unit: Option<u64>| {
        let word = f.next()?;
        unit.map_or_else(|| size(word), |unit| word.parse::<u64>().ok()?.checked_mul(unit))
    };
    let unit = if columns.inodes { Some(1) } else { columns.block_bytes };
    let (all, used, free) = (value(unit), value(unit), value(unit));
    let mount_point = f.pass(1).rest().to_owned();
    let line = f.line;
    Ok(Some(if columns.inodes {
        let (inodes, inodes_used, inodes_free) = (all, used, free);
        FileSystem {
            source,
            fs_type,
            inodes,
            inodes_used,
            inodes_free,
            mount_point,
            line,
            ..FileSystem::default()
        }
    } else {
        let (size_bytes, used_bytes, available_bytes) = (all, used, free);
        FileSystem {
            source,
            fs_type,
            size_bytes,
            used_bytes,
            available_bytes,
            mount_point,
            line,
            ..FileSystem::default()
        }
    }))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
df: /run/user/1000/doc: Operation not permitted
Filesystem     1K-blocks    Used Available Use% Mounted on
proc                   0       0         0    - /proc
/dev/mapper/vg_very_long_name-lv_root
                40470732 3590360  36863988   9% /
/dev/loop0         63488   63488         0 100% /snap/core20/1328
//nas/my share    100    10  90    10% /mnt/my share
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_18_wrapped_lines_blanks_and_messages() {
        let rows = parse(SAMPLE).unwrap();
        assert_eq!(rows.problems, []);
        let [proc, root, snap, nas] = &rows.rows[..] else { panic!("four") };
        assert_eq!((proc.mount_point.as_str(), proc.size_bytes), ("/proc", Some(0)));
        assert_eq!(root.source, "/dev/mapper/vg_very_long_name-lv_root");
        assert_eq!(
            (root.size_bytes, root.available_bytes),
            (Some(40_470_732 << 10), Some(36_863_988 << 10))
        );
        assert_eq!((root.mount_point.as_str(), root.line), ("/", 5));
        assert_eq!((snap.used_bytes, snap.available_bytes), (Some(63488 << 10), Some(0)));
        assert_eq!(
            (nas.source.as_str(), nas.mount_point.as_str()),
            ("//nas/my share", "/mnt/my share")
        );
    }

    #[test]
    fn item_18_block_sizes() {
        let size = |heading: &str| {
            let text = format!(
                "Filesystem {heading} Used Available Use% Mounted on\n/dev/a 3 1 2 34% /\n"
            );
            parse(&text).unwrap().rows[0].size_bytes
        };
        assert_eq!((size("1K-blocks"), size("1024-blocks")), (Some(3072), Some(3072)));
        assert_eq!((size("2MB-blocks"), size("1M-blocks")), (Some(6_000_000), Some(3 << 20)));
        assert_eq!((size("512-blocks"), size("1B-blocks")), (Some(1536), Some(3)));
        let human =
            "Filesystem Type Size Used Avail Use% Mounted on\n/dev/a ext4 1.5G 1G 512M 67% /\n";
        let row = parse(human).unwrap().rows.remove(0);
        assert_eq!((row.size_bytes, row.fs_type.as_deref()), (Some(3 << 29), Some("ext4")));
    }

    #[test]
    fn inodes_and_damage() {
        let text = "Filesystem      Inodes  IUsed   IFree IUse% Mounted on\nudev 498968    478  498490    1% /dev\nx - - - - /y\n";
        let rows = parse(text).unwrap().rows;
        assert_eq!(
            (rows[0].inodes, rows[0].inodes_used, rows[0].size_bytes),
            (Some(498_968), Some(478), None)
        );
        assert_eq!((rows[1].inodes, rows[1].mount_point.as_str()), (None, "/y"));
        assert!(parse("").is_err());
        assert!(
            parse("Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/a 1 2\n").is_err()
        );
    }
}
