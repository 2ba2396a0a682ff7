//! `/proc/sysvipc/shm`: `SysV` shared memory segments.
//!
//! <https://man7.org/linux/man-pages/man7/sysvipc.7.html>
//!
//! ```text
//!        key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
//! ```

use super::{ParseError, Rows};

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Id.
    pub id: i64,
    /// Size.
    pub size_bytes: u64,
    /// Processes attached; with 0 the segment stays until someone removes it.
    pub attached: u64,
    /// Creator's process id.
    pub creator_pid: u32,
    /// Owner.
    pub uid: u32,
    /// In memory (2.6.34).
    pub resident_bytes: Option<u64>,
    /// In swap (2.6.34).
    pub swap_bytes: Option<u64>,
    /// Line.
    pub line: u32,
}

/// Reads the table; with its heading alone there is none.
///
/// # Errors
/// No heading, or rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Segment>, ParseError> {
    if !text.trim_ascii_start().starts_with("key ") {
        return Err(ParseError::new(1, text, "the heading `key shmid perms …`"));
    }
    Rows::of(text, |mut f| {
        if f.clone().next() == Some("key") {
            return Ok(None);
        }
        let id = f.pass(1).num("shmid")?;
        let size_bytes = f.pass(1).num("size")?;
        let (creator_pid, attached) = (f.num("cpid")?, f.pass(1).num("nattch")?);
        let uid = f.num("uid")?;
        let (resident_bytes, swap_bytes) = (f.pass(6).opt("rss")?, f.opt("swap")?);
        let line = f.line;
        Ok(Some(Segment {
            id,
            size_bytes,
            attached,
            creator_pid,
            uid,
            resident_bytes,
            swap_bytes,
            line,
        }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
         0      32768  1600               4194304  1234  5678      2  1000  1000  1000  1000 1644605886          0 1644605886               4194304                  4096
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment() {
        let s = parse(SAMPLE).unwrap().rows.remove(0);
        assert_eq!((s.id, s.size_bytes, s.attached), (32768, 4 << 20, 2));
        assert_eq!(
            (s.creator_pid, s.uid, s.resident_bytes, s.swap_bytes),
            (1234, 1000, Some(4 << 20), Some(4096))
        );
        assert!(parse("").is_err());
        assert!(parse("key shmid\n0 x\n").is_err());
        assert!(parse("       key      shmid perms\n").unwrap().rows.is_empty());
    }
}
