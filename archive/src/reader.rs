//! Reading an archive: any bytes, bounded, frame by frame.

/// To be filled.
#[derive(Debug)]
pub struct Reader;
