//! Writing an archive: streaming, to any `Write`, with bounded memory.

/// To be filled.
#[derive(Debug)]
pub struct Writer;
