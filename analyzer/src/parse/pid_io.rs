//! `/proc/PID/io`: I/O of a process since it started.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_io.5.html>
//!
//! ```text
//! rchar: 6976
//! read_bytes: 0
//! ```

use super::{ParseError, lines, number};

/// I/O of one process, its ended threads included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PidIo {
    /// Read by system calls, from the page cache, pipes and sockets too.
    pub rchar_bytes: u64,
    /// Written by system calls.
    pub wchar_bytes: u64,
    /// System calls that read.
    pub read_calls: u64,
    /// System calls that write.
    pub write_calls: u64,
    /// Fetched from storage.
    pub read_bytes: u64,
    /// Sent, or to be sent, to storage.
    pub write_bytes: u64,
    /// Not sent after all, because the pages were cut off before.
    pub cancelled_write_bytes: u64,
}

/// Reads the file.
///
/// # Errors
/// A field lacking or not a number.
pub fn parse(text: &str) -> Result<PidIo, ParseError> {
    // Lines come in the order of the fields: each is looked for behind the one before, and only
    // what stands elsewhere from the start.
    let mut rest = lines(text);
    let mut field = |key: &'static str| {
        let value = |(line, text)| {
            let text: &str = text;
            Some((line, text.strip_prefix(key)?.strip_prefix(':')?))
        };
        let found = rest.find_map(value).or_else(|| lines(text).find_map(value));
        let (line, value) =
            found.ok_or_else(|| ParseError::new(None, text, format!("a line `{key}:`")))?;
        number(line, value, key)
    };
    Ok(PidIo {
        rchar_bytes: field("rchar")?,
        wchar_bytes: field("wchar")?,
        read_calls: field("syscr")?,
        write_calls: field("syscw")?,
        read_bytes: field("read_bytes")?,
        write_bytes: field("write_bytes")?,
        cancelled_write_bytes: field("cancelled_write_bytes")?,
    })
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
rchar: 6976
wchar: 12
syscr: 10
syscw: 2
read_bytes: 4096
write_bytes: 8192
cancelled_write_bytes: 1
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fields() {
        let io = parse(SAMPLE).unwrap();
        assert_eq!(
            (io.rchar_bytes, io.wchar_bytes, io.read_calls, io.write_calls),
            (6976, 12, 10, 2)
        );
        assert_eq!((io.read_bytes, io.write_bytes, io.cancelled_write_bytes), (4096, 8192, 1));
        assert!(parse("").is_err());
        assert_eq!(parse(&SAMPLE.replace("8192", "x")).unwrap_err().line, Some(6));
    }
}
