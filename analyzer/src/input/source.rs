//! Opening an input: what it is, by its content.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;

use linsight_archive::reader::ReadError;
use linsight_archive::{FORMAT_VERSION, Reader};
use sha2::{Digest, Sha256};

use super::frames::Frames;
use super::outline::Outlines;
use super::stream::{Packing, ZSTD_MAGIC as MAGIC};
use super::{Early, InputError, Limits, Snapshot, directory, stream};

/// Bytes that tell what a file is: a tar header.
const HEAD_BYTES: u64 = 512;

/// Where a snapshot comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file or a directory.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

impl Source {
    /// `-` is standard input, everything else a path.
    #[must_use]
    pub fn from_arg(arg: &OsStr) -> Self {
        if arg == "-" { Self::Stdin } else { Self::Path(arg.into()) }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

impl Snapshot {
    /// Opens an input.
    ///
    /// # Errors
    /// When it cannot be read, is nothing that we know, or holds nothing of a host. Damage that
    /// leaves something to read is no error but one of [`Snapshot::problems`].
    pub fn open(source: &Source, limits: &Limits) -> Result<Self, InputError> {
        Self::opened(source, limits, None)
    }

    /// As [`Snapshot::open`], for a reader who takes what it can while the index is made:
    /// [`Snapshot::visit_rest`] then gives the rest, if [`Snapshot::is_regular`].
    ///
    /// # Errors
    /// As [`Snapshot::open`].
    pub fn open_early(
        source: &Source,
        limits: &Limits,
        early: &dyn Early,
    ) -> Result<Self, InputError> {
        Self::opened(source, limits, Some(early))
    }

    fn opened(
        source: &Source,
        limits: &Limits,
        early: Option<&dyn Early>,
    ) -> Result<Self, InputError> {
        let input = source.to_string();
        match source {
            Source::Stdin => Self::from_stream(io::stdin(), &input, limits, early),
            Source::Path(path) => {
                let fail = |source| InputError::Open { input: input.clone(), source };
                let meta = std::fs::metadata(path).map_err(fail)?;
                if meta.is_dir() {
                    let (tree, problems) = directory::read(path, limits);
                    return Self::of_tree(&input, tree, limits, None, problems);
                }
                Self::from_stream(File::open(path).map_err(fail)?, &input, limits, early)
            }
        }
    }

    /// Reads an archive from a stream; `input` is its name in messages.
    ///
    /// # Errors
    /// As [`Snapshot::open`].
    pub fn read_from(
        from: impl Read + Send,
        input: &str,
        limits: &Limits,
    ) -> Result<Self, InputError> {
        Self::from_stream(from, input, limits, None)
    }

    pub(super) fn from_stream(
        mut from: impl Read + Send,
        input: &str,
        limits: &Limits,
        early: Option<&dyn Early>,
    ) -> Result<Self, InputError> {
        let read = |source| InputError::Read { input: input.to_owned(), source };
        let mut head = Vec::new();
        from.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(read)?;
        let packing = Packing::of(&head);
        // Our own archive may have lost its first bytes; nothing else is looked for in the depth.
        if packing.is_none_or(|packing| packing == Packing::Zstd) {
            return Self::ours(head, from, input, limits, early);
        }
        let packing = packing.unwrap_or(Packing::Plain);
        Self::streamed(Cursor::new(head).chain(from), packing, input, limits)
    }

    fn ours(
        head: Vec<u8>,
        from: impl Read + Send,
        input: &str,
        limits: &Limits,
        early: Option<&dyn Early>,
    ) -> Result<Self, InputError> {
        let is_zstd = Packing::of(&head) == Some(Packing::Zstd);
        let mut from = from;
        let found = describe(&head);
        let mut bytes = head;
        let max = limits.archive.archive_bytes;
        if !is_zstd {
            // A whole frame begins soon after a damaged one, or this is something else: what does
            // not end (`/dev/zero`) is not read to the limit.
            let near = 2 * limits.archive.frame_bytes as u64;
            from.by_ref()
                .take(near)
                .read_to_end(&mut bytes)
                .map_err(|source| InputError::Read { input: input.to_owned(), source })?;
            if !bytes.windows(MAGIC.len()).any(|four| four == MAGIC) {
                return Err(InputError::Unknown { input: input.to_owned(), found });
            }
        }
        from.take(max.saturating_add(1).saturating_sub(bytes.len() as u64))
            .read_to_end(&mut bytes)
            .map_err(|source| InputError::Read { input: input.to_owned(), source })?;
        let reader = match Reader::try_new(bytes, limits.archive.clone()) {
            Ok(reader) => reader,
            Err((ReadError::NoFrame { .. }, bytes)) if is_zstd => {
                return Self::streamed(Cursor::new(bytes), Packing::Zstd, input, limits);
            }
            Err((ReadError::NoFrame { .. }, _)) => {
                return Err(InputError::Unknown { input: input.to_owned(), found });
            }
            Err((source, _)) => {
                return Err(InputError::Archive { input: input.to_owned(), source });
            }
        };
        let hash = || {
            let mut hashing = Hashing::new(reader.stored());
            io::copy(&mut hashing, &mut io::sink()).ok();
            hashing.hex()
        };
        let (sha256, outlines) = rayon::join(hash, || Outlines::of(&reader, limits, early));
        // Other tools write frames, too (pzstd): ours have journals.
        if outlines.first().is_some_and(|frame| !frame.has_journal()) {
            let bytes = reader.into_stored();
            return Self::streamed(Cursor::new(bytes), Packing::Zstd, input, limits);
        }
        let parts = Frames::index(reader, outlines, limits);
        let written = parts.2.header.as_ref().map(|header| header.linsight);
        let written = written.or(parts.2.head.as_ref().map(|head| head.linsight));
        if let Some(found) = written.filter(|version| *version > FORMAT_VERSION) {
            let (input, known) = (input.to_owned(), FORMAT_VERSION);
            return Err(InputError::Version { input, found, known });
        }
        Ok(Self::of_frames(parts, sha256))
    }

    fn streamed(
        from: impl Read + Send,
        packing: Packing,
        input: &str,
        limits: &Limits,
    ) -> Result<Self, InputError> {
        let streamed = stream::read(from, packing, limits)
            .map_err(|source| InputError::Read { input: input.to_owned(), source })?;
        let stream::Streamed { tree, problems, sha256 } = streamed;
        Self::of_tree(input, tree, limits, Some(sha256), problems)
    }
}

/// What a file that we do not know begins with.
fn describe(head: &[u8]) -> String {
    match head {
        [] => "it is empty".to_owned(),
        [b'B', b'Z', b'h', ..] => "bzip2 is not read: repack it with xz or zstd".to_owned(),
        [b'P', b'K', 3, 4, ..] => "a zip file is not read".to_owned(),
        [0x7f, b'E', b'L', b'F', ..] => "a program".to_owned(),
        _ => {
            let mut text = String::from("it begins with");
            for byte in head.iter().take(8) {
                // Writing to a String cannot fail.
                let _ = write!(text, " {byte:02x}");
            }
            text
        }
    }
}

/// A reader that hashes what passes.
pub(super) struct Hashing<R> {
    from: R,
    hash: Sha256,
}

impl<R> Hashing<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, hash: Sha256::new() }
    }

    /// The hash of all that passed, in hex.
    pub(super) fn hex(&self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in self.hash.clone().finalize() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buf)?;
        self.hash.update(buf.get(..n).unwrap_or_default());
        Ok(n)
    }
}
