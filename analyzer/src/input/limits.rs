//! What a hostile archive may cost the analyzer. Every bound has a name and a reason.

/// Bounds on reading one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bounds of our own format.
    pub archive: linsight_archive::Limits,
    /// Tar bytes of a single-stream archive. The largest sosreports, with all logs, have a few
    /// GiB; a bomb has no end.
    pub stream_bytes: u64,
    /// Members of a single-stream archive or files of a directory. A sosreport of a host with 800
    /// control groups has 90,000, most of them files of these groups.
    pub members: u64,
    /// Names that files of archives of others get through links to directories (`proc/net`). A
    /// hundred in practice; links that lead to each other multiply.
    pub linked_names: usize,
    /// A member up to this size is kept whatever it is: it may turn out to be the target of a
    /// link, and evidence is shown from it.
    pub small_bytes: u64,
    /// A larger member is kept up to this size if a parser reads it (sockets, process lists).
    pub large_bytes: u64,
    /// Memory for all members of a single-stream archive that are kept.
    pub kept_bytes: u64,
    /// Content of one source, its parts joined. `smaps` of the largest processes together have
    /// some 10 MiB.
    pub source_bytes: u64,
    /// Memory for frames that stay decompressed from the index to the visit, because something in
    /// them waits for other frames; a quarter as much again for those that may be of the last pass.
    pub kept_frames_bytes: usize,
    /// Memory for parts that wait for the others of their source while frames are visited.
    pub pending_bytes: usize,
    /// Links followed for one path: as many as Linux follows (`path_resolution(7)`).
    pub link_hops: u32,
    /// Memory of the xz and zstd decompressors (`xz -9` needs 65 MiB).
    pub decoder_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive: linsight_archive::Limits::default(),
            stream_bytes: 8 << 30,
            members: 1_000_000,
            linked_names: 10_000,
            small_bytes: 1 << 20,
            large_bytes: 64 << 20,
            kept_bytes: 512 << 20,
            source_bytes: 256 << 20,
            kept_frames_bytes: 48 << 20,
            pending_bytes: 64 << 20,
            link_hops: 40,
            decoder_bytes: 256 << 20,
        }
    }
}
