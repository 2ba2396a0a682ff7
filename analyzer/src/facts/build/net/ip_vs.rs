//! IPVS: a host that balances load has an idle timeout of its own.

use crate::facts::build::Book;
use crate::facts::build::book::too_few;
use crate::facts::build::window::Window;
use crate::facts::inputs::Inputs;
use crate::facts::method::num::{from_u64, len, ratio, signed};
use crate::facts::net::IpVs;
use crate::parse::ip_vs::Server;

const FACT: &str = "net.ip_vs";

pub(super) fn build(inputs: &Inputs, window: &Window, book: &mut Book) -> Option<IpVs> {
    let services = &book.first(FACT, &inputs.net.ip_vs)?.rows;
    let servers = || services.iter().flat_map(|s| &s.servers);
    let sum = |of: fn(&Server) -> u64| signed(servers().map(of).fold(0, u64::saturating_add));
    let totals = &inputs.net.ip_vs_stats;
    let new = window.ends(totals).and_then(|ends| {
        let grown = ends.last.1.connections.checked_sub(ends.first.1.connections)?;
        ratio(from_u64(grown), ends.span_s)
    });
    if new.is_none() {
        let why = totals.first().err().unwrap_or_else(|| too_few(&totals.path, 1, 2));
        book.absent(format!("{FACT}.connections_per_s"), why);
    }
    Some(IpVs {
        services: len(services.len()),
        servers: len(servers().count()),
        active: sum(|s| s.active),
        inactive: sum(|s| s.inactive),
        connections_per_s: new,
    })
}
