//! `/proc/sysvipc/msg`: `SysV` message queues.
//!
//! <https://man7.org/linux/man-pages/man7/sysvipc.7.html>
//!
//! ```text
//!        key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime
//!          0          2   600       16000         10  4711  4712  1000  1000  1000  1000 1700000000 1700000001 1699990000
//! ```

use super::{ParseError, Rows};

/// One queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageQueue {
    /// Id.
    pub id: i64,
    /// Bytes that wait; bounded by `kernel.msgmnb`.
    pub bytes: u64,
    /// Messages that wait.
    pub messages: u64,
    /// Owner.
    pub uid: u32,
    /// Line.
    pub line: u32,
}

/// Reads the table; with its heading alone there is none.
///
/// # Errors
/// No heading, or rows of which none could be read.
pub fn parse(text: &str) -> Result<Rows<MessageQueue>, ParseError> {
    let heading = text.lines().next().unwrap_or_default();
    if !heading.contains("msqid") {
        return Err(ParseError::new(1, heading, "the heading `key msqid perms cbytes …`"));
    }
    Rows::of(text, |mut f| {
        if f.clone().next() == Some("key") {
            return Ok(None);
        }
        let id = f.pass(1).num("msqid")?;
        let (bytes, messages) = (f.pass(1).num("cbytes")?, f.num("qnum")?);
        Ok(Some(MessageQueue { id, bytes, messages, uid: f.pass(2).num("uid")?, line: f.line }))
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "       \
key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime
         0          2   600       16000         10  4711  4712  1000  1000  1000  1000 1700000000 1700000001 1699990000
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_with_what_waits() {
        let rows = parse(SAMPLE).unwrap().rows;
        let expected = MessageQueue { id: 2, bytes: 16000, messages: 10, uid: 1000, line: 2 };
        assert_eq!(rows, [expected]);
        assert!(parse(SAMPLE.lines().next().unwrap()).unwrap().rows.is_empty());
        assert!(parse("").is_err());
    }
}
