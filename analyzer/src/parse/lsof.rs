//! Output of lsof(8): which process holds which TCP socket. Everything else in it is left alone.
//!
//! <https://man7.org/linux/man-pages/man8/lsof.8.html>
//!
//! ```text
//! COMMAND       PID  TID  USER   FD      TYPE             DEVICE  SIZE/OFF       NODE NAME
//! jujud        8800         0    7u     IPv4              37913       0t0        TCP 10.6.3.201:47524->10.5.0.126:17070 (ESTABLISHED)
//! ```
//!
//! For a socket `DEVICE` is its inode. Columns may be empty (`TID`), so that what stands behind the
//! type is found by the type. Names are cut at 9 characters, and blanks in them escaped.

use super::{Fields, ParseError, Rows};

/// A socket and one process that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOwner {
    /// Inode of the socket.
    pub inode: u64,
    /// Process.
    pub pid: u32,
    /// Its command name.
    pub name: Box<str>,
}

/// Columns before the type: command, process, thread and its name, user, descriptor.
const BEFORE_TYPE: usize = 6;

/// Reads the rows of TCP sockets.
///
/// # Errors
/// There are rows of TCP sockets, and not one could be read.
pub fn parse(text: &str) -> Result<Rows<SocketOwner>, ParseError> {
    Rows::of(text, row)
}

fn row(mut f: Fields<'_>) -> Result<Option<SocketOwner>, ParseError> {
    let mut before = f.clone();
    let found = before.by_ref().take(BEFORE_TYPE + 1).any(|word| matches!(word, "IPv4" | "IPv6"));
    let (inode, _, protocol) = (before.next(), before.next(), before.next());
    if !found || protocol != Some("TCP") {
        return Ok(None);
    }
    let name = f.word("the command")?.into();
    let pid = f.num("the process")?;
    let inode = inode.and_then(|i| i.parse().ok()).ok_or_else(|| f.error("the inode"))?;
    Ok(Some(SocketOwner { inode, pid, name }))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
lsof: WARNING: can't stat() nsfs file system /run/docker/netns/default
COMMAND       PID    TID TASKCMD  USER   FD      TYPE   DEVICE SIZE/OFF       NODE NAME
systemd         1                    0  cwd       DIR    252,1     4096          2 /
systemd         1                    0   37u     unix 0x0000ffff      0t0      18772 type=STREAM
sshd          855                    0    3u     IPv4    24082      0t0        TCP *:22 (LISTEN)
mysqlrout     302    369 MDC\\x20Ma 997    7u     IPv6    37913      0t0        TCP [::1]:47524->[::1]:6446 (ESTABLISHED)
systemd-r     588                  101   12u     IPv4    18813      0t0        UDP 127.0.0.53:53
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_sockets_only_with_or_without_threads() {
        let owner = |inode, pid, name: &str| SocketOwner { inode, pid, name: name.into() };
        let rows = parse(SAMPLE).unwrap();
        assert_eq!(rows.rows, [owner(24082, 855, "sshd"), owner(37913, 302, "mysqlrout")]);
        assert_eq!(rows.damaged, 0);
    }

    #[test]
    fn a_path_that_reads_like_a_socket_is_none() {
        let text = "cat 5 0 3r REG 252,1 10 33 /tmp/IPv4 7 0t0 TCP x\n";
        assert_eq!(parse(text).unwrap().rows, []);
    }

    #[test]
    fn a_damaged_row_is_named() {
        let e = parse("sshd 855 0 3u IPv4 0x77 0t0 TCP *:22 (LISTEN)\n").unwrap_err();
        assert_eq!((e.line, &*e.expected), (Some(1), "the inode"));
    }
}
