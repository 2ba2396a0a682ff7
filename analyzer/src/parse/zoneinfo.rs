//! `/proc/zoneinfo`: free pages, watermarks, and the pages parked on per-CPU lists, by zone.
//!
//! <https://docs.kernel.org/admin-guide/sysctl/vm.html> (watermarks),
//! <https://man7.org/linux/man-pages/man5/proc.5.html>
//!
//! ```text
//! Node 0, zone   Normal
//!   pages free     3840
//!         min      27
//!   pagesets
//!     cpu: 0
//!               count:    7203
//! ```

use super::{Fields, ParseError, Rows, lines};

/// One zone of one node. All sizes are pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// Node.
    pub node: u32,
    /// `DMA`, `DMA32`, `Normal`, `Movable`, `Device`.
    pub name: String,
    /// Line of the zone's heading.
    pub line: u32,
    /// Free pages, without those on per-CPU lists.
    pub free_pages: Option<u64>,
    /// Below this only emergency allocations succeed.
    pub min_pages: Option<u64>,
    /// Below this kswapd wakes.
    pub low_pages: Option<u64>,
    /// Up to this kswapd works.
    pub high_pages: Option<u64>,
    /// Pages present.
    pub present_pages: Option<u64>,
    /// Pages managed by the buddy allocator; their sum is `MemTotal`.
    pub managed_pages: Option<u64>,
    /// Free pages parked on per-CPU lists (the counts of the pagesets, summed); `None` for a zone
    /// that prints none.
    pub per_cpu_pages: Option<u64>,
}

impl Zone {
    fn set(&mut self, mut fields: Fields<'_>) -> Result<(), ParseError> {
        let mut key = fields.next().unwrap_or_default();
        if key == "pages" {
            key = fields.next().unwrap_or_default();
        }
        let field = match key {
            "free" => &mut self.free_pages,
            "min" => &mut self.min_pages,
            "low" => &mut self.low_pages,
            "high" => &mut self.high_pages,
            "present" => &mut self.present_pages,
            "managed" => &mut self.managed_pages,
            "count:" => {
                let sum = self.per_cpu_pages.unwrap_or(0);
                self.per_cpu_pages = Some(sum.saturating_add(fields.num("count")?));
                return Ok(());
            }
            _ => return Ok(()),
        };
        *field = Some(fields.num("pages")?);
        Ok(())
    }
}

/// Reads all zones.
///
/// # Errors
/// When there is no zone at all; a damaged line is a problem beside the zones.
pub fn parse(text: &str) -> Result<Rows<Zone>, ParseError> {
    let mut zones = Rows::default();
    for (line, text) in lines(text) {
        let mut fields = Fields::new(line, text);
        if let Some(heading) = text.strip_prefix("Node ") {
            let zone = heading.split_once(", zone").and_then(|(node, name)| {
                let (node, name) = (node.parse().ok()?, name.trim_ascii().to_owned());
                Some(Zone { node, name, line, ..Zone::default() })
            });
            zones.take(zone.ok_or_else(|| fields.error("`Node 0, zone Normal`")).map(Some));
        } else if let Some(zone) = zones.rows.last_mut() {
            if let Err(problem) = zone.set(fields) {
                zones.problem(problem);
            }
        } else if fields.next().is_some() {
            zones.problem(fields.error("`Node 0, zone Normal`"));
        }
    }
    if zones.rows.is_empty() && zones.problems.is_empty() {
        return Err(ParseError::new(None, text, "`Node 0, zone Normal`"));
    }
    zones.finish()
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Node 0, zone      DMA
  per-node stats
      nr_inactive_anon 2595
      nr_free_pages 3840
  pages free     3840
        boost    0
        min      27
        low      33
        high     39
        promo    45
        spanned  4095
        present  3998
        managed  3840
        cma      0
        protection: (0, 3013, 24105, 24105, 24105)
  pagesets
    cpu: 0
              count:    7203
              high:     7431
              batch:    63
              high_min: 7116
  vm stats threshold: 28
    cpu: 1
              count:    7276
              high:     7683
  node_unreclaimable:  0
  start_pfn:           1
Node 0, zone   Device
  pages free     0
        managed  0
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watermarks_and_parked_pages() {
        let zones = parse(SAMPLE).unwrap();
        let [dma, device] = &zones.rows[..] else { panic!("two zones") };
        assert_eq!((dma.node, dma.name.as_str(), dma.line), (0, "DMA", 1));
        assert_eq!((dma.free_pages, dma.managed_pages), (Some(3840), Some(3840)));
        assert_eq!((dma.min_pages, dma.low_pages, dma.high_pages), (Some(27), Some(33), Some(39)));
        assert_eq!(dma.per_cpu_pages, Some(7203 + 7276));
        assert_eq!((device.free_pages, device.per_cpu_pages), (Some(0), None));
        assert!(zones.problems.is_empty());
    }

    #[test]
    fn a_damaged_line_keeps_the_zones() {
        let zones = parse("Node 0, zone  Normal\n  pages free x\n  min 5\n").unwrap();
        assert_eq!((zones.rows[0].free_pages, zones.rows[0].min_pages), (None, Some(5)));
        assert_eq!(zones.problems[0].line, Some(2));
        assert!(parse("").is_err());
        assert!(parse("rubbish\n").is_err());
    }
}
