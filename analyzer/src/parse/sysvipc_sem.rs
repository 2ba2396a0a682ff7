//! `/proc/sysvipc/sem`: `SysV` semaphore sets.
//!
//! <https://man7.org/linux/man-pages/man7/sysvipc.7.html>
//!
//! ```text
//!        key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime
//! 1627419402          3   600         17    26    26    26    26 1700000000 1699990000
//! ```
//!
//! Their number and that of all semaphores are bounded by `kernel.sem` (SEMMSL SEMMNS SEMOPM
//! SEMMNI).

use super::{ParseError, Rows};

/// One set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SemaphoreSet {
    /// Id.
    pub id: i64,
    /// Semaphores in it.
    pub semaphores: u64,
    /// Owner.
    pub uid: u32,
    /// Line.
    pub line: u32,
}

/// Reads the table; with its heading alone there is none.
///
/// # Errors
/// No heading, or rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<SemaphoreSet>, ParseError> {
    let heading = text.lines().next().unwrap_or_default();
    if !heading.contains("semid") {
        return Err(ParseError::new(1, heading, "the heading `key semid perms nsems …`"));
    }
    Rows::of(text, |mut f| {
        if f.clone().next() == Some("key") {
            return Ok(None);
        }
        let id = f.pass(1).num("semid")?;
        let semaphores = f.pass(1).num("nsems")?;
        Ok(Some(SemaphoreSet { id, semaphores, uid: f.num("uid")?, line: f.line }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "       \
key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime
1627419402          3   600         17    26    26    26    26 1700000000 1699990000
-123456789          4   666          1  1000  1000  1000  1000          0 1699990001
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_with_their_sizes() {
        let rows = parse(SAMPLE).unwrap().rows;
        let all: Vec<_> = rows.iter().map(|s| (s.id, s.semaphores, s.uid, s.line)).collect();
        assert_eq!(all, [(3, 17, 26, 2), (4, 1, 1000, 3)]);
        assert!(parse(SAMPLE.lines().next().unwrap()).unwrap().rows.is_empty());
        assert!(parse("").is_err());
        assert_eq!(parse(&format!("{SAMPLE}1 x\n")).unwrap().damaged, 1);
    }
}
