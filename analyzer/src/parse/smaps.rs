//! `/proc/PID/smaps` and `/proc/PID/maps`: the mappings of a process.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html>
//!
//! ```text
//! 55a321134000-55a321136000 r--p 00000000 fe:00 247282                     /usr/bin/head
//! Size:                  8 kB
//! VmFlags: rd mr mw me
//! ```

use super::{Fields, ParseError, Rows, cut, hex, kb, lines};

/// One mapping. `maps` tells no sizes but that of the range: the others are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vma {
    /// First address.
    pub start: u64,
    /// Address behind the last.
    pub end: u64,
    /// `rw-p`: read, write, execute, private or shared.
    pub permissions: [u8; 4],
    /// Offset in the file.
    pub offset: u64,
    /// Device `fe:00`; `00:00` for anonymous mappings.
    pub device: (u32, u32),
    /// Inode; 0 for anonymous mappings.
    pub inode: u64,
    /// File (a newline stands as `\012`), `[heap]`, `[stack]`, `[anon:name]` (5.17); empty for
    /// anonymous memory without a name. A deleted file ends with ` (deleted)`.
    pub name: Box<str>,
    /// Line of the heading.
    pub line: u32,
    /// `Rss`.
    pub rss_bytes: Option<u64>,
    /// `Pss`: shared pages divided among those who share them.
    pub pss_bytes: Option<u64>,
    /// `Private_Dirty`.
    pub private_dirty_bytes: Option<u64>,
    /// `Referenced`: touched since the bits were cleared last.
    pub referenced_bytes: Option<u64>,
    /// `Anonymous`.
    pub anonymous_bytes: Option<u64>,
    /// `AnonHugePages`.
    pub anon_huge_bytes: Option<u64>,
    /// `Shared_Hugetlb` and `Private_Hugetlb` together; not in `Rss`.
    pub hugetlb_bytes: Option<u64>,
    /// `Swap`.
    pub swap_bytes: Option<u64>,
    /// `Locked`.
    pub locked_bytes: Option<u64>,
    /// `VmFlags`, two letters each.
    pub flags: Option<Box<str>>,
}

impl Vma {
    /// Size of the range.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// `rw-p` as text.
    #[must_use]
    pub fn permissions(&self) -> &str {
        std::str::from_utf8(&self.permissions).unwrap_or("????")
    }

    fn heading(mut f: Fields<'_>) -> Result<Self, ParseError> {
        let line = f.line;
        let (start, end) = f.next().and_then(|w| w.split_once('-')).ok_or_else(|| range(&f))?;
        let (start, end) = (hex(line, start, "start")?, hex(line, end, "end")?);
        let permissions = f.word("permissions")?.as_bytes().try_into().ok();
        let offset = f.hex("offset")?;
        let device = f.word("device")?.split_once(':');
        let device = device.and_then(|(major, minor)| {
            Some((u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?))
        });
        let inode = f.num("inode")?;
        let (Some(permissions), Some(device)) = (permissions, device) else {
            return Err(f.error("`start-end rw-p offset major:minor inode`"));
        };
        if end < start {
            return Err(f.error("a range that does not end before it starts"));
        }
        let name = f.rest().into();
        Ok(Self { start, end, permissions, offset, device, inode, name, line, ..Self::default() })
    }

    fn set(&mut self, line: u32, key: &str, value: &str) -> Result<(), ParseError> {
        let field = match key {
            "Rss" => &mut self.rss_bytes,
            "Pss" => &mut self.pss_bytes,
            "Private_Dirty" => &mut self.private_dirty_bytes,
            "Referenced" => &mut self.referenced_bytes,
            "Anonymous" => &mut self.anonymous_bytes,
            "AnonHugePages" => &mut self.anon_huge_bytes,
            "Swap" => &mut self.swap_bytes,
            "Locked" => &mut self.locked_bytes,
            "Shared_Hugetlb" | "Private_Hugetlb" => {
                let sum = self.hugetlb_bytes.unwrap_or(0).saturating_add(kb(line, value)?);
                self.hugetlb_bytes = Some(sum);
                return Ok(());
            }
            "VmFlags" => {
                self.flags = Some(value.trim_ascii().into());
                return Ok(());
            }
            _ => return Ok(()),
        };
        *field = Some(kb(line, value)?);
        Ok(())
    }
}

fn range(f: &Fields<'_>) -> ParseError {
    f.error("`start-end rw-p offset major:minor inode`")
}

/// A detail line (`Rss:   8 kB`) as opposed to a heading, whose first word is a range.
fn detail(text: &str) -> Option<(&str, &str)> {
    let (key, value) = cut(text, b':')?;
    let word = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    (!key.is_empty() && key.bytes().all(word)).then_some((key, value))
}

/// Reads all mappings; a damaged one is a problem beside the others. An empty text has none: a
/// kernel thread.
///
/// # Errors
/// Not one mapping could be read.
pub fn parse(text: &str) -> Result<Rows<Vma>, ParseError> {
    let mut vmas: Rows<Vma> = Rows::default();
    let mut inside = false;
    for (line, text) in lines(text) {
        let result = match detail(text) {
            Some((key, value)) if inside => {
                vmas.rows.last_mut().map_or(Ok(()), |vma| vma.set(line, key, value))
            }
            Some(_) => Ok(()),
            None => {
                let vma = Vma::heading(Fields::new(line, text));
                inside = vma.is_ok();
                vma.map(|vma| vmas.rows.push(vma))
            }
        };
        if let Err(problem) = result {
            vmas.problem(problem);
        }
    }
    vmas.finish()
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
55ff50133000-55ff50144000 r--p 00011000 fc:02 4730612                    /usr/sbin/corosync
Size:                 68 kB
Rss:                  68 kB
Pss:                  68 kB
Private_Dirty:         0 kB
Referenced:           68 kB
Anonymous:             0 kB
Swap:                  0 kB
THPeligible:\t\t0
VmFlags: rd mr mw me dw sd 
7f0000000000-7f0000500000 rw-p 00000000 00:00 0                          [anon:v8 heap]
Rss:                4096 kB
Private_Hugetlb:    2048 kB
Shared_Hugetlb:     2048 kB
Swap:                 12 kB
7f1000000000-7f1000001000 rw-s 00000000 00:05 99   /memfd:a b\\012c (deleted)
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_32_names_and_flags() {
        let vmas = parse(SAMPLE).unwrap();
        assert!(vmas.problems.is_empty());
        let [file, anon, memfd, vsyscall] = &vmas.rows[..] else { panic!("four mappings") };
        assert_eq!((file.start, file.size_bytes()), (0x55ff_5013_3000, 68 << 10));
        assert_eq!((file.permissions(), file.offset), ("r--p", 0x11000));
        assert_eq!((file.device, file.inode), ((0xfc, 2), 4_730_612));
        assert_eq!((file.line, file.rss_bytes, file.swap_bytes), (1, Some(68 << 10), Some(0)));
        assert_eq!(file.flags.as_deref(), Some("rd mr mw me dw sd"));
        assert_eq!((&*anon.name, anon.hugetlb_bytes), ("[anon:v8 heap]", Some(4 << 20)));
        assert_eq!((anon.swap_bytes, anon.pss_bytes), (Some(12 << 10), None));
        assert_eq!(&*memfd.name, "/memfd:a b\\012c (deleted)");
        assert_eq!((&*vsyscall.name, vsyscall.line), ("[vsyscall]", 17));
    }

    #[test]
    fn maps_and_short_addresses() {
        let vmas =
            parse("00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus\n").unwrap();
        assert_eq!((vmas.rows[0].start, vmas.rows[0].rss_bytes), (0x40_0000, None));
    }

    #[test]
    fn a_damaged_mapping_keeps_the_others() {
        let text = format!("0-x rw-p\nRss: 1 kB\n{SAMPLE}9000-1000 rw-p 0 00:00 0\n");
        let vmas = parse(&text).unwrap();
        assert_eq!((vmas.rows.len(), vmas.damaged), (4, 2));
        assert_eq!(vmas.rows[3].rss_bytes, None, "details of a damaged mapping belong to nobody");
        assert!(parse("").unwrap().rows.is_empty());
        assert!(parse("rubbish").is_err());
    }
}
