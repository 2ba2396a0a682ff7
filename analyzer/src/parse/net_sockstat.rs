//! `/proc/net/sockstat` and `/proc/net/sockstat6`: sockets and their memory by protocol.
//!
//! <https://man7.org/linux/man-pages/man5/proc.5.html>
//!
//! ```text
//! TCP: inuse 25 orphan 0 tw 105 alloc 314 mem 84
//! FRAG: inuse 0 memory 0
//! ```

use super::{Counters, Fields, ParseError, counter, lines};

/// Reads all values as `TCP.inuse`. `mem` counts pages, `FRAG.memory` bytes; `TCP.tw` counts
/// mini sockets in FIN-WAIT-2, too.
///
/// # Errors
/// A name without its value, or nothing at all.
pub fn parse(text: &str) -> Result<Counters, ParseError> {
    let mut counters = Counters::default();
    for (line, text) in lines(text) {
        let Some((protocol, values)) = text.split_once(':') else { continue };
        let mut fields = Fields::new(line, values);
        while let Some(name) = fields.next() {
            let value = counter(line, fields.word("value")?, "value")?;
            counters.set(&format!("{protocol}.{name}"), value);
        }
    }
    if counters.is_empty() {
        return Err(ParseError::new(None, text, "`TCP: inuse …`"));
    }
    Ok(counters)
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
sockets: used 259
TCP: inuse 25 orphan 0 tw 105 alloc 314 mem 84
UDP: inuse 5 mem 8
FRAG: inuse 0 memory 0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        let c = parse(SAMPLE).unwrap();
        assert_eq!((c.get("TCP.tw"), c.get("TCP.mem")), (Some(105), Some(84)));
        assert_eq!((c.get("sockets.used"), c.get("TCP6.inuse")), (Some(259), None));
        assert!(parse("TCP: inuse\n").is_err());
        assert!(parse("").is_err());
    }
}
