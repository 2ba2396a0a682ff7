//! What a hostile archive may cost us. Every bound has a name and a reason, and lies above what
//! `linsight-collect` can write.

/// The longest path of an entry: Linux's `PATH_MAX`. Longer names are not from a host.
pub const MAX_PATH_BYTES: usize = 4096;

/// Bounds on reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Compressed bytes of one archive, since it is held in memory while it is read.
    pub archive_bytes: u64,
    /// Content of one frame. The writer closes at 4 MiB; four times that leaves room for another
    /// version, and keeps a decompression bomb small.
    pub frame_bytes: usize,
    /// Content of all frames. The collector ends at 512 MiB unless told otherwise.
    pub total_bytes: u64,
    /// Number of frames. At 4 MiB a frame the total is reached long before; this bounds archives
    /// of empty frames.
    pub frames: usize,
    /// Tar members of one frame: a member costs at least its header of 512 bytes, so 4 MiB hold
    /// at most 8192 of them.
    pub entries_per_frame: usize,
    /// Length of one path.
    pub path_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive_bytes: 2 << 30,
            frame_bytes: 16 << 20,
            total_bytes: 4 << 30,
            frames: 1 << 16,
            entries_per_frame: 1 << 15,
            path_bytes: MAX_PATH_BYTES,
        }
    }
}
