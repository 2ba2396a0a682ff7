//! Single-stream archives: decompressed by one thread in chunks, the tar walked by another, as it
//! comes. Nothing is written to disk.

use std::io::{self, BufReader, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use linsight_archive::tarball::{Bounds, Kind, Member, walk};

use super::Limits;
use super::layout::is_read;
use super::source::Hashing;
use super::tree::{Node, Tree};

/// Bytes handed over at once: large enough that the threads seldom wait for each other.
const CHUNK_BYTES: usize = 4 << 20;

/// Chunks on their way: the reader may run this far ahead.
const CHUNKS_AHEAD: usize = 2;

/// First bytes of a zstd frame.
pub(super) const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Xz,
    Zstd,
}

impl Packing {
    /// By the first bytes. A tar has its magic at byte 257.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [a, b, c, d, ..] if [*a, *b, *c, *d] == ZSTD_MAGIC => Some(Self::Zstd),
            _ => (head.get(257..262)? == b"ustar").then_some(Self::Plain),
        }
    }
}

/// A decompressor that gives its input back, to hash what stands behind its end.
enum Decoder<R: Read> {
    Plain(R),
    Gzip(flate2::read::MultiGzDecoder<R>),
    Xz(liblzma::read::XzDecoder<R>),
    Zstd(zstd::Decoder<'static, BufReader<R>>),
}

impl<R: Read> Decoder<R> {
    fn new(packing: Packing, from: R, limits: &Limits) -> io::Result<Self> {
        Ok(match packing {
            Packing::Plain => Self::Plain(from),
            Packing::Gzip => Self::Gzip(flate2::read::MultiGzDecoder::new(from)),
            Packing::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(
                    limits.decoder_bytes,
                    liblzma::stream::CONCATENATED,
                )?;
                Self::Xz(liblzma::read::XzDecoder::new_stream(from, stream))
            }
            Packing::Zstd => {
                let mut decoder = zstd::Decoder::new(from)?;
                decoder.window_log_max(limits.decoder_bytes.ilog2())?;
                Self::Zstd(decoder)
            }
        })
    }

    fn input(&mut self) -> &mut R {
        match self {
            Self::Plain(from) => from,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Xz(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(from) => from.read(buf),
            Self::Gzip(decoder) => decoder.read(buf),
            Self::Xz(decoder) => decoder.read(buf),
            Self::Zstd(decoder) => decoder.read(buf),
        }
    }
}

/// What a stream held.
pub(super) struct Streamed {
    pub(super) tree: Tree,
    pub(super) problems: Vec<String>,
    pub(super) sha256: String,
}

/// Reads a whole stream.
///
/// # Errors
/// When the decompressor cannot be set up. Damage is a problem of what could be read.
pub(super) fn read<R: Read + Send>(
    from: R,
    packing: Packing,
    limits: &Limits,
) -> io::Result<Streamed> {
    let mut decoder = Decoder::new(packing, Hashing::new(from), limits)?;
    let (send, receive) = sync_channel(CHUNKS_AHEAD);
    let (give_back, empty) = channel();
    let mut tree = Tree::default();
    let mut problems = Vec::new();
    let limit = limits.stream_bytes;
    std::thread::scope(|scope| {
        let feeder = scope.spawn(move || {
            feed(&mut decoder, &send, &empty, limit);
            drop(send);
            // What follows the tar's end belongs to the hash, but is not decompressed.
            io::copy(decoder.input(), &mut io::sink()).ok();
            decoder.input().hex()
        });
        let bounds = Bounds { members: limits.members, path_bytes: limits.archive.path_bytes };
        let mut chunks = Chunks { receive, give_back, chunk: Vec::new(), at: 0 };
        let end =
            walk(&mut chunks, bounds, |member, content| keep(&mut tree, member, content, limits));
        if let Err(e) = end {
            problems.push(format!("the archive cannot be read to its end: {e}"));
        }
        drop(chunks);
        let sha256 = feeder.join().ok();
        let sha256 = sha256.ok_or_else(|| io::Error::other("the reading thread failed"))?;
        tree.strip_root();
        Ok(Streamed { tree, problems, sha256 })
    })
}

/// Fills chunks, those again that come back empty: new ones would be memory that was never touched.
fn feed<R: Read>(
    from: &mut R,
    to: &SyncSender<io::Result<Vec<u8>>>,
    empty: &Receiver<Vec<u8>>,
    limit: u64,
) {
    let mut total = 0_u64;
    loop {
        let mut chunk = empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK_BYTES));
        let read = from.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
        total += chunk.len() as u64;
        let over = total > limit;
        let end = chunk.is_empty();
        if !end && to.send(Ok(chunk)).is_err() {
            return;
        }
        let failed = match read {
            Ok(_) if over => {
                Some(io::Error::other(format!("it expands to more than {limit} bytes")))
            }
            Ok(_) if end => return,
            Ok(_) => None,
            Err(e) => Some(e),
        };
        if let Some(e) = failed {
            // If nobody listens any more, nobody misses the error.
            to.send(Err(e)).ok();
            return;
        }
    }
}

/// The chunks as one stream again.
struct Chunks {
    receive: Receiver<io::Result<Vec<u8>>>,
    give_back: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.chunk.len() {
            match self.receive.recv() {
                Ok(chunk) => {
                    let mut done = std::mem::replace(&mut self.chunk, chunk?);
                    self.at = 0;
                    done.clear();
                    if done.capacity() > 0 {
                        // At the end nobody takes it any more.
                        self.give_back.send(done).ok();
                    }
                }
                Err(_) => return Ok(0),
            }
        }
        let mut rest = self.chunk.get(self.at..).unwrap_or_default();
        let n = rest.read(buf)?;
        self.at += n;
        Ok(n)
    }
}

fn keep(
    tree: &mut Tree,
    member: Member,
    content: &mut dyn Read,
    limits: &Limits,
) -> io::Result<()> {
    let Member { path, kind, size, mtime_unix_s, .. } = member;
    match kind {
        Kind::File => {
            tree.changed(mtime_unix_s);
            let large = size > limits.small_bytes;
            if large && (size > limits.large_bytes || !is_read(&path)) {
                tree.node(&path, Node::Dropped(size));
                return Ok(());
            }
            let mut bytes = Vec::new();
            content.take(size).read_to_end(&mut bytes)?;
            tree.file(&path, &bytes, limits);
            if (bytes.len() as u64) < size {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("{path} breaks off after {} of {size} bytes", bytes.len()),
                ));
            }
        }
        Kind::Symlink(target) => tree.node(&path, Node::Link(target)),
        Kind::Hardlink(target) => {
            tree.node(&path, Node::Link(format!("/{}", target.trim_start_matches('/'))));
        }
        Kind::Directory | Kind::Other => {}
    }
    Ok(())
}
