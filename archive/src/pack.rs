//! Packs: families of small files in one entry.
//!
//! A tar header costs 1 KiB and a name costs a read, so `/proc/PID/stat` of 10,000 processes is
//! one entry of 10,000 records. A record is a header line, `key bytes outcome microseconds\n`,
//! and then exactly `bytes` bytes. Nothing is found by searching for a separator, because content
//! is hostile (a process may be named `a) R 1\n999 (x`). Keys are percent-encoded: no space, no
//! control character, no `%` stands in them bare.
