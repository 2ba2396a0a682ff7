//! The contract between the two programs.
//!
//! `linsight-collect` writes an archive on a troubled host, `linsight` reads it somewhere else,
//! perhaps years later. They share nothing but this format, so it lives in a crate of its own that
//! touches no host and knows no parser.
//!
//! # Format, version 1
//!
//! An archive is a `.tar.zst`: a zstd stream of **independent frames**. Each frame carries a
//! checksum and its content size and holds **whole tar entries only**. So `tar --zstd -x` works,
//! frames can be decompressed in parallel, and damage costs only the frames that it touched.
//!
//! | entry | holds |
//! |---|---|
//! | `linsight.json` | [`Header`], always the first entry, a frame of its own |
//! | `proc/…`, `sys/…`, `etc/…` | a host file under its own path, as it was when the run began |
//! | `packs/<family>/<kind>` | a [`pack`]: a family of small files in one entry |
//! | `commands/<mangled name>` | output of a command |
//! | `probes/…` | raw payloads of native probes (netlink, ioctl) |
//! | `samples/<n>/<any of the above>` | the same source read again in pass `n` (1, 2, …) |
//! | `journal/<n>.jsonl` | what became of every source in frame `n`; last entry of each frame |
//! | `linsight.end.json` | [`End`], the last entry; without it the archive is incomplete |
//!
//! No entry is larger than [`MAX_ENTRY_BYTES`]: a larger source is stored in numbered parts
//! ([`names::part`]), cut at a line, a message or a pack record.

mod cut;
pub mod damage;
pub mod decimal;
pub mod end;
mod frame;
pub mod header;
pub mod journal;
pub mod limits;
pub mod names;
pub mod outcome;
pub mod pack;
pub mod reader;
#[cfg(test)]
mod roundtrip;
pub mod stream;
pub mod tarball;
pub mod writer;

pub use damage::Damage;
pub use end::End;
pub use header::Header;
pub use journal::{Journal, JournalHead, JournalLine};
pub use limits::Limits;
pub use outcome::Outcome;
pub use reader::{Frame, Reader};
pub use writer::Writer;

/// Version of the format that this crate writes; it reads this version and older ones.
pub const FORMAT_VERSION: u32 = 1;

/// The largest content of one tar entry; what is larger is stored in parts.
pub const MAX_ENTRY_BYTES: usize = 4 << 20;

/// Tar bytes after which a frame is closed.
pub const FRAME_TARGET_BYTES: usize = 4 << 20;
