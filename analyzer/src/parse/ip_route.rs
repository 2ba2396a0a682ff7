//! Output of `ip route show table all`.
//!
//! <https://man7.org/linux/man-pages/man8/ip-route.8.html>
//!
//! ```text
//! default via 10.6.0.1 dev ens3 proto dhcp src 10.6.3.201 metric 100 rto_min lock 20ms
//! ```

use super::{ParseError, Rows};

/// One route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// `unicast`, `local`, `broadcast`, `blackhole`, `unreachable`.
    pub kind: String,
    /// `default` or a prefix.
    pub destination: String,
    /// Next hop.
    pub via: Option<String>,
    /// Device.
    pub dev: Option<String>,
    /// Table; `None` for main.
    pub table: Option<String>,
    /// Lower bound of the retransmission timeout on this route.
    pub rto_min_ms: Option<f64>,
    /// The line as it stands, which the report prints.
    pub text: String,
    /// Line.
    pub line: u32,
}

const KINDS: [&str; 9] = [
    "unicast",
    "local",
    "broadcast",
    "multicast",
    "anycast",
    "blackhole",
    "unreachable",
    "prohibit",
    "throw",
];

impl Route {
    /// Of the tables that say where packets leave: not the kernel's own addresses and broadcasts.
    #[must_use]
    pub fn leads_out(&self) -> bool {
        self.table.as_deref() != Some("local")
            && !matches!(self.kind.as_str(), "local" | "broadcast" | "multicast" | "anycast")
    }

    /// The line that `ip route` would print, of what another source told.
    pub(super) fn as_ip_prints(&self, metric: Option<u64>) -> String {
        let mut line = match self.kind.as_str() {
            "unicast" => self.destination.clone(),
            kind => format!("{kind} {}", self.destination),
        };
        let metric = metric.filter(|n| *n > 0).map(|n| n.to_string());
        let parts = [("via", &self.via), ("dev", &self.dev), ("metric", &metric)];
        for (key, value) in parts {
            if let Some(value) = value {
                line = format!("{line} {key} {value}");
            }
        }
        line
    }
}

/// Reads all routes; the next hops of a multipath route, on lines of their own, join its text.
///
/// # Errors
/// Not one route could be read.
pub fn parse(text: &str) -> Result<Rows<Route>, ParseError> {
    let mut hops: Vec<(u32, String)> = Vec::new();
    let mut routes = Rows::of(text, |mut f| {
        if f.text.starts_with([' ', '\t']) {
            hops.push((f.line, f.text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")));
            return Ok(None);
        }
        let (text, line) = (f.text.trim_ascii().to_owned(), f.line);
        let mut word = f.word("destination")?;
        let kind = if KINDS.contains(&word) { word } else { "unicast" };
        if kind == word {
            word = f.word("destination")?;
        }
        let is_destination = word == "default" || word.contains(['.', ':']) || word.contains('/');
        if !is_destination {
            return Err(f.error("a route"));
        }
        let mut route =
            Route { kind: kind.into(), destination: word.into(), text, line, ..Route::default() };
        while let Some(key) = f.next() {
            let field = match key {
                "via" => &mut route.via,
                "dev" => &mut route.dev,
                "table" => &mut route.table,
                "rto_min" => {
                    let value = f.next().unwrap_or_default();
                    let value = if value == "lock" { f.next().unwrap_or_default() } else { value };
                    route.rto_min_ms = duration_ms(value);
                    continue;
                }
                _ => continue,
            };
            *field = f.next().map(Into::into);
        }
        Ok(Some(route))
    })?;
    for (line, hop) in hops {
        let above = routes.rows.partition_point(|r: &Route| r.line < line);
        if let Some(route) = above.checked_sub(1).and_then(|i| routes.rows.get_mut(i)) {
            route.text = format!("{} {hop}", route.text);
        }
    }
    Ok(routes)
}

/// `20ms`, `1s`, `500us`.
fn duration_ms(text: &str) -> Option<f64> {
    let units = [("ms", 1.0), ("us", 0.001), ("s", 1000.0)];
    let (number, factor) = units.iter().find_map(|(u, f)| Some((text.strip_suffix(u)?, f)))?;
    number.parse::<f64>().ok().map(|n| n * factor).filter(|n| n.is_finite())
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
default via 10.6.0.1 dev ens3 proto dhcp src 10.6.3.201 metric 100 rto_min lock 20ms
10.6.0.0/16 dev ens3 proto kernel scope link src 10.6.3.201
local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1
fe80::/64 dev ens3 proto kernel metric 256 pref medium
default proto ra metric 1024
\tnexthop via fe80::1 dev ens3 weight 1
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let rows = parse(SAMPLE).unwrap().rows;
        assert_eq!((rows.len(), rows[0].rto_min_ms, rows[1].rto_min_ms), (5, Some(20.0), None));
        assert_eq!(
            (rows[0].via.as_deref(), rows[0].dev.as_deref()),
            (Some("10.6.0.1"), Some("ens3"))
        );
        assert_eq!((rows[2].kind.as_str(), rows[2].table.as_deref()), ("local", Some("local")));
        assert_eq!((rows[4].destination.as_str(), rows[4].line), ("default", 5));
        assert_eq!(
            rows[4].text,
            "default proto ra metric 1024 nexthop via fe80::1 dev ens3 weight 1"
        );
        assert!(rows[0].leads_out() && !rows[2].leads_out());
        assert!(parse("RTNETLINK answers: x\n").is_err());
        assert!(parse("").unwrap().rows.is_empty());
    }
}
