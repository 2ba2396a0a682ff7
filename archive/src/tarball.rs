//! Tar members, read and written: the parts of the format that meet hostile names and sizes.
//!
//! The `tar` crate parses headers, sizes and checksums. It is asked for raw members, because its
//! own handling of long names reads as many bytes as the archive claims; here they are bounded.
//! Format: <https://www.gnu.org/software/tar/manual/html_node/Standard.html>, pax:
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>.

use std::io::{self, Cursor, Read};

use tar::{Entries, EntryType, PaxExtensions};

/// Size of a tar block: header, and unit of padding.
pub const BLOCK: usize = 512;

/// A pax header holds a path and a few times; a link name may double it.
const MAX_PAX_BYTES: u64 = 1 << 16;

/// What a tar member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file with content.
    File,
    /// A symbolic link and its target as it stands in the archive.
    Symlink(String),
    /// A hard link to an earlier member.
    Hardlink(String),
    /// A directory.
    Directory,
    /// A device, FIFO, or a type unknown to us.
    Other,
}

/// One member: name and place, long names resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Path as it stands in the archive; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes of content.
    pub size: u64,
    /// When the file was changed, seconds since 1970; 0 if the header does not say.
    pub mtime_unix_s: u64,
    /// Where the content begins, counted from the first byte read.
    pub offset: u64,
}

/// Why a tar stream could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// The stream broke off or a header is damaged.
    #[error("tar member {members}: {source}")]
    Read {
        /// Members read before.
        members: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// A name longer than the limit.
    #[error("tar member {members}: its name has {bytes} bytes, at most {limit} are read")]
    Name {
        /// Members read before.
        members: u64,
        /// Length of the name.
        bytes: u64,
        /// The bound.
        limit: usize,
    },
    /// More members than the limit.
    #[error("more than {limit} tar members")]
    Members {
        /// The bound.
        limit: u64,
    },
    /// GNU sparse members: no collector writes them.
    #[error("tar member {members}: {path} is a sparse file, which is not read")]
    Sparse {
        /// Members read before.
        members: u64,
        /// Its path.
        path: String,
    },
}

/// Bounds of one walk.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Members, extension headers included.
    pub members: u64,
    /// Length of a name or link target.
    pub path_bytes: usize,
}

/// Names that come ahead of the member they belong to.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

/// Walks a tar stream member by member. `visit` may read the content or leave it.
///
/// # Errors
/// When the stream breaks off, is damaged or exceeds a bound, or when `visit` fails (as
/// [`TarError::Read`]). Members visited before are good.
pub fn walk(
    from: impl Read,
    bounds: Bounds,
    visit: impl FnMut(Member, &mut dyn Read) -> io::Result<()>,
) -> Result<(), TarError> {
    let mut archive = tar::Archive::new(from);
    let start = archive.entries().map_err(|source| TarError::Read { members: 0, source })?;
    walk_from(start, bounds, visit)
}

/// As [`walk`], of tar bytes in memory: contents that nobody reads are not even copied. A last
/// member that is cut short is told as if it were whole; compare its place with the bytes.
///
/// # Errors
/// As [`walk`].
pub fn walk_bytes(
    bytes: &[u8],
    bounds: Bounds,
    visit: impl FnMut(Member, &mut dyn Read) -> io::Result<()>,
) -> Result<(), TarError> {
    let mut archive = tar::Archive::new(Cursor::new(bytes));
    let start = archive.entries_with_seek();
    walk_from(start.map_err(|source| TarError::Read { members: 0, source })?, bounds, visit)
}

fn walk_from<R: Read>(
    start: Entries<'_, R>,
    bounds: Bounds,
    mut visit: impl FnMut(Member, &mut dyn Read) -> io::Result<()>,
) -> Result<(), TarError> {
    let mut members = 0_u64;
    let fail = |members| move |source| TarError::Read { members, source };
    let mut ahead = Ahead::default();
    for entry in start.raw(true) {
        let mut entry = entry.map_err(fail(members))?;
        members += 1;
        if members > bounds.members {
            return Err(TarError::Members { limit: bounds.members });
        }
        let kind = entry.header().entry_type();
        let limit = bounds.path_bytes;
        let name = |entry: &mut dyn Read, bytes: u64| {
            if bytes > limit as u64 + 1 {
                return Err(TarError::Name { members, bytes, limit });
            }
            bounded(entry, bytes).map_err(fail(members))
        };
        let size = entry.size();
        match kind {
            EntryType::GNULongName => ahead.path = Some(name(&mut entry, size)?),
            EntryType::GNULongLink => ahead.link = Some(name(&mut entry, size)?),
            EntryType::XHeader => {
                let pax = bounded(&mut entry, size.min(MAX_PAX_BYTES)).map_err(fail(members))?;
                pax_names(&pax, &mut ahead);
            }
            EntryType::XGlobalHeader => {}
            _ => {
                let member = member(&entry, &std::mem::take(&mut ahead));
                let bytes = member.path.len() as u64;
                if member.path.len() > limit {
                    return Err(TarError::Name { members, bytes, limit });
                }
                if kind == EntryType::GNUSparse {
                    return Err(TarError::Sparse { members, path: member.path });
                }
                visit(member, &mut entry).map_err(fail(members))?;
            }
        }
    }
    Ok(())
}

fn bounded(from: &mut dyn Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    from.take(bytes).read_to_end(&mut out)?;
    Ok(out)
}

fn pax_names(pax: &[u8], ahead: &mut Ahead) {
    // A malformed record ends the list; what was read before it stands.
    for record in PaxExtensions::new(pax).map_while(Result::ok) {
        match record.key_bytes() {
            b"path" => ahead.path = Some(record.value_bytes().to_vec()),
            b"linkpath" => ahead.link = Some(record.value_bytes().to_vec()),
            _ => {}
        }
    }
}

fn member<R: Read>(entry: &tar::Entry<'_, R>, ahead: &Ahead) -> Member {
    let header = entry.header();
    let text = |bytes: &[u8]| {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
    };
    let path = ahead.path.as_deref().map_or_else(|| text(&header.path_bytes()), text);
    let link = || {
        let short = header.link_name_bytes().unwrap_or_default();
        text(ahead.link.as_deref().unwrap_or(&short))
    };
    let kind = match header.entry_type() {
        // Old tars mark directories by a slash at the end of a regular name.
        EntryType::Regular if path.ends_with('/') => Kind::Directory,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Symlink => Kind::Symlink(link()),
        EntryType::Link => Kind::Hardlink(link()),
        EntryType::Directory => Kind::Directory,
        _ => Kind::Other,
    };
    let (size, offset) = (entry.size(), entry.raw_file_position());
    Member { path, kind, size, mtime_unix_s: header.mtime().unwrap_or(0), offset }
}

/// Appends one file to tar bytes: header, content, padding. A name above 100 bytes gets a GNU
/// long-name member before it.
pub(crate) fn append(to: &mut Vec<u8>, path: &str, content: &[u8], mtime_s: u64) {
    if path.len() > 100 {
        let mut long = header("././@LongLink", path.len() + 1, mtime_s);
        long.set_entry_type(EntryType::GNULongName);
        push(to, long, &[path.as_bytes(), &[0]]);
    }
    let mut file = header(path, content.len(), mtime_s);
    file.set_entry_type(EntryType::Regular);
    push(to, file, &[content]);
}

/// Tar bytes that [`append`] adds.
pub(crate) const fn cost(path: &str, content: usize) -> usize {
    let long = if path.len() > 100 { BLOCK + (path.len() + 1).next_multiple_of(BLOCK) } else { 0 };
    long + BLOCK + content.next_multiple_of(BLOCK)
}

fn header(path: &str, size: usize, mtime_s: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    // Set by bytes: the crate's own setter refuses names that a hostile host may well have.
    for (to, from) in header.as_old_mut().name.iter_mut().zip(path.bytes()) {
        *to = from;
    }
    header.set_mode(0o444);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size as u64);
    header.set_mtime(mtime_s);
    header
}

fn push(to: &mut Vec<u8>, mut header: tar::Header, content: &[&[u8]]) {
    header.set_cksum();
    to.extend_from_slice(header.as_bytes());
    for part in content {
        to.extend_from_slice(part);
    }
    // A frame starts at a multiple of a block, so the buffer's length tells the padding.
    to.resize(to.len().next_multiple_of(BLOCK), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { members: 100, path_bytes: 4096 };

    fn list(tar: &[u8]) -> Result<Vec<(String, Vec<u8>)>, TarError> {
        let mut out = Vec::new();
        walk(tar, BOUNDS, |member, from| {
            let mut content = Vec::new();
            from.read_to_end(&mut content)?;
            out.push((member.path, content));
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn names_of_any_length_go_back_and_forth() {
        for len in [1, 99, 100, 101, 511, 512, 4096] {
            let (path, mut tar) = ("n".repeat(len), Vec::new());
            append(&mut tar, &path, b"x", 0);
            assert_eq!(tar.len(), cost(&path, 1), "{len}");
            assert_eq!(list(&tar).unwrap(), [(path, b"x".to_vec())], "{len}");
        }
    }

    #[test]
    fn a_name_as_long_as_the_archive_claims_is_not_read() {
        let mut long = header("././@LongLink", 1 << 40, 0);
        long.set_entry_type(EntryType::GNULongName);
        let mut tar = Vec::new();
        push(&mut tar, long, &[&[b'a'; 2048]]);
        assert!(matches!(list(&tar), Err(TarError::Name { bytes, .. }) if bytes == 1 << 40));
    }

    #[test]
    fn a_member_that_breaks_off_is_an_error_and_the_ones_before_it_are_good() {
        let mut tar = Vec::new();
        append(&mut tar, "a", &[1; 600], 0);
        append(&mut tar, "b", &[2; 600], 0);
        let mut seen = Vec::new();
        let cut = &tar[..tar.len() - 1024];
        let end = walk(cut, BOUNDS, |m, _| {
            seen.push(m.path);
            Ok(())
        });
        assert!(end.is_err());
        assert_eq!(seen, ["a", "b"], "a header that is whole is told, its content is not there");
        let mut places = Vec::new();
        let end = walk_bytes(cut, BOUNDS, |m, _| {
            places.push((m.path, m.offset, m.size));
            Ok(())
        });
        assert!(end.is_ok());
        assert_eq!(places, [("a".to_owned(), 512, 600), ("b".to_owned(), 2048, 600)]);
        assert!(2048 + 600 > cut.len(), "its place tells that it is cut");
        tar[1536] ^= 1;
        assert!(matches!(list(&tar), Err(TarError::Read { members: 1, .. })));
    }
}
