//! Who may hold the pages that no field of meminfo counts, by counters of their own: rings of
//! network cards, buffers of TCP, pools of graphics drivers.

use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::memory::ResidualOwner;
use crate::facts::method::num::signed;
use crate::facts::net::Net;
use crate::facts::nics::Nic;
use crate::locator::Locator;
use crate::parse::ttm;

const FACT: &str = "memory.residual_owners";
/// Frame and headers of a packet, beside what the MTU tells.
const HEAD_BYTES: i64 = 64;
/// Less of one owner explains nothing.
const MIN_BYTES: i64 = 1 << 20;
const MAX_ROWS: usize = 10;

pub(in crate::facts::build) fn build(
    inputs: &Inputs,
    nics: &[Nic],
    net: &Net,
    book: &mut Book,
) -> Vec<ResidualOwner> {
    let debug = &inputs.memory.sys_debug;
    let pool = debug.first().ok().and_then(|p| p.get("kernel/debug/ttm/page_pool"));
    let pool = pool.and_then(|text| ttm::parse(text).ok());
    let pool = pool.map(|pages| ResidualOwner {
        name: "pools of graphics drivers".to_owned(),
        bytes: signed(pages.saturating_mul(inputs.env.page_size_bytes)),
        note: "pages that TTM keeps for the next buffers; they are given back under pressure"
            .into(),
    });
    let tcp = net.memory.as_ref().and_then(|m| m.tcp_bytes).map(|bytes| ResidualOwner {
        name: "buffers of TCP".to_owned(),
        bytes,
        note: "as sockstat counts them; small packets are in slab caches instead".to_owned(),
    });
    let rings = nics
        .iter()
        .filter(|n| n.is_virtual != Some(true))
        .filter_map(|n| rings(n, signed(inputs.env.page_size_bytes)));
    let mut all: Vec<ResidualOwner> = rings.chain(pool).chain(tcp).collect();
    all.retain(|o| o.bytes >= MIN_BYTES);
    all.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    all.truncate(MAX_ROWS);
    let path = Locator::record(&debug.path, "kernel/debug/ttm/page_pool");
    book.sources(FACT, vec![Locator::facts(["nics", "net.memory.tcp_bytes"]), path]);
    all
}

/// A receive descriptor has as many pages as a packet needs, or half of one where the driver shares
/// pages.
fn rings(nic: &Nic, page_bytes: i64) -> Option<ResidualOwner> {
    let descriptors = nic.ring.as_ref()?.rx?;
    let packet = nic.mtu_bytes.unwrap_or(1500).saturating_add(HEAD_BYTES);
    let pages = packet.checked_add(page_bytes - 1)?.checked_div(page_bytes)?.max(1);
    let bytes = descriptors.saturating_mul(pages).saturating_mul(page_bytes);
    let queues = nic.queues.or(nic.rx_queues)?.max(1);
    Some(ResidualOwner {
        name: format!("receive rings of {}", nic.name),
        bytes: queues.saturating_mul(bytes),
        note: format!("queues {queues}, each of {descriptors} descriptors with {pages} page(s)"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::net::SocketMemory;
    use crate::facts::nics::Ring;
    use crate::facts::{SiteInputs, build as facts};
    use crate::input::Snapshot;

    #[test]
    fn cards_sockets_and_graphics() {
        let nic = |name: &str, is_virtual, rx| Nic {
            name: name.to_owned(),
            is_virtual: Some(is_virtual),
            queues: Some(8),
            ring: Some(Ring { rx: Some(rx), ..Ring::default() }),
            ..Nic::default()
        };
        let net = Net {
            memory: Some(SocketMemory { tcp_bytes: Some(100 << 20), ..SocketMemory::default() }),
            ..Net::default()
        };
        let text = ttm::SAMPLE;
        let pack = format!("kernel/debug/ttm/page_pool {} collected 5\n{text}", text.len());
        let snapshot = Snapshot::of_files([("packs/sys/debug", pack)]);
        let all = facts(&snapshot, &SiteInputs::default()).tree.memory.residual_owners;
        assert_eq!((all[0].name.as_str(), all[0].bytes), ("pools of graphics drivers", 16 << 20));
        let walk = |plan: &mut crate::facts::plan::Plan| {
            plan.walk(&snapshot);
            Ok::<(), std::convert::Infallible>(())
        };
        let Ok((inputs, ())) = Inputs::read(walk);
        let nics = [nic("eth0", false, 4096), nic("veth0", true, 4096), nic("eth1", false, 16)];
        let all = build(&inputs, &nics, &net, &mut Book::default());
        let named: Vec<(&str, i64)> =
            all.iter().map(|o| (o.name.as_str(), o.bytes >> 20)).collect();
        assert_eq!(
            named,
            [
                ("receive rings of eth0", 128),
                ("buffers of TCP", 100),
                ("pools of graphics drivers", 16)
            ]
        );
    }
}
