//! Chapters of the catalogue, as lists and pages name them.

/// The name of a chapter.
#[must_use]
pub const fn title(chapter: u8) -> &'static str {
    match chapter {
        0 => "Coverage and kernel parameters",
        1 => "Hardware inventory",
        2 => "Processes",
        3 => "Load average",
        4 => "Memory and slab",
        5 => "Swap, leak or spike",
        6 => "NUMA",
        7 => "TIME-WAIT and ports",
        8 => "Keepalive",
        9 => "Retransmission and timeouts",
        _ => "CPU, pressure, limits, storage, kernel",
    }
}
