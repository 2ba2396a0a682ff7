//! Every parser, every input: records or an error, never a panic.
//!
//! One line a parser: its name, a real text, the function. The inputs are the real text damaged
//! (cut, spliced, doubled, digits made huge), tokens in random order, and noise.

use proptest::collection::vec;
use proptest::prelude::*;

/// What damaged texts are spliced with: separators and numbers that hurt.
const TOKENS: &[&str] = &[
    "\n",
    " ",
    "\t",
    ":",
    "/",
    "-",
    ",",
    "=",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "%",
    ".",
    "#",
    ";",
    "0",
    "-1",
    "4294967296",
    "18446744073709551615",
    "99999999999999999999999",
    "0x",
    "ffffffffffffffff",
    "1e308",
    "nan",
    "kB",
    "n/a",
    "max",
    "é",
    "\u{202e}",
    "\0",
    "\r\n",
];

/// Damage: where (by share of the length), how much is cut, and what comes in its place.
type Damage = (f64, usize, usize, bool);

fn damaged(sample: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for &(at, cut, token, double) in damages {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a short text"
        )]
        let at = (bytes.len() as f64 * at) as usize;
        let end = (at + cut).min(bytes.len());
        let token = TOKENS[token % TOKENS.len()].as_bytes().to_vec();
        let tail = if double { bytes[at..end].repeat(2) } else { token };
        bytes.splice(at..end, tail);
    }
    bytes
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    vec((0.0..1.0f64, 0..40usize, 0..TOKENS.len(), any::<bool>()), 0..12)
}

pub(super) fn any_bytes(sample: &[u8], parse: impl Fn(&[u8])) {
    parse(b"");
    parse(sample);
    for cut in 0..sample.len().min(4096) {
        parse(&sample[..cut]);
    }
    let cases = ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() };
    proptest!(cases, |(damages in damages(), noise in vec(any::<u8>(), 0..200))| {
        parse(&damaged(sample, &damages));
        parse(&noise);
    });
}

/// One thing over and over: lines without end, tables without end, nesting without end. A parser
/// whose time grew with the square of it would take minutes here.
const ENDLESS: [&str; 9] = ["x", "1 ", ":", "a\n", "(", "{\"a\":", "[", "\t-", "a=1 b:2,"];
const ENDLESS_BYTES: usize = 128 << 10;

pub(super) fn any_text(sample: &str, parse: impl Fn(&str)) {
    for piece in ENDLESS {
        let endless = piece.repeat(ENDLESS_BYTES / piece.len());
        parse(&endless);
        // Also behind a good beginning, such as the heading that a parser asks for.
        parse(&format!("{sample}{endless}"));
    }
    let cases = ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() };
    proptest!(cases, |(tokens in vec(0..TOKENS.len(), 0..60), noise in ".{0,80}")| {
        parse(&tokens.iter().map(|&t| TOKENS[t]).collect::<String>());
        parse(&noise);
    });
    any_bytes(sample.as_bytes(), |bytes| parse(&String::from_utf8_lossy(bytes)));
}

macro_rules! total {
    ($($name:ident: $sample:expr, $parse:expr;)*) => {
        $(#[test] fn $name() { any_text($sample, |text| drop($parse(text))); })*
    };
}

macro_rules! total_bytes {
    ($($name:ident: $sample:expr, $parse:expr;)*) => {
        $(#[test] fn $name() { any_bytes($sample, |bytes| drop($parse(bytes))); })*
    };
}

total! {
    aer: super::aer::SAMPLE, super::aer::parse;
    bonding: super::bonding::SAMPLE, super::bonding::parse;
    buddyinfo: super::buddyinfo::SAMPLE, super::buddyinfo::parse;
    cgroup: super::cgroup::SAMPLE, super::cgroup::parse;
    cgroup_io: super::cgroup_io::SAMPLE, super::cgroup_io::parse;
    cgroup_path: super::cgroup_path::SAMPLE, super::cgroup_path::parse;
    cgroups: super::cgroups::SAMPLE, super::cgroups::parse;
    clock: super::clock::SAMPLE, super::clock::parse;
    cmdline: super::cmdline::SAMPLE, super::cmdline::parse;
    cpuinfo: super::cpuinfo::SAMPLE, super::cpuinfo::parse;
    cpulist: super::cpulist::SAMPLE, super::cpulist::parse;
    date: super::date::SAMPLE, super::date::parse;
    date_timedatectl: super::date::TIMEDATECTL, super::date::timedatectl;
    df: super::df::SAMPLE, super::df::parse;
    directives: super::directives::SAMPLE, |x| super::directives::parse(x, true);
    diskstats: super::diskstats::SAMPLE, super::diskstats::parse;
    dmidecode: super::dmidecode::SAMPLE, super::dmidecode::parse;
    ethtool: super::ethtool::SAMPLE, super::ethtool::parse;
    ethtool_text: super::ethtool_text::SAMPLE, super::ethtool_text::parse;
    fd_stat: super::fd_stat::SAMPLE, super::fd_stat::parse;
    fdinfo: super::fdinfo::SAMPLE, super::fdinfo::parse;
    fib_trie: super::fib_trie::SAMPLE, super::fib_trie::parse;
    free: super::free::SAMPLE, |x| super::free::parse(x, 1024);
    fstab: super::fstab::SAMPLE, super::fstab::parse;
    if_inet6: super::if_inet6::SAMPLE, super::if_inet6::parse;
    interrupts: super::interrupts::SAMPLE, super::interrupts::parse;
    iomem: super::iomem::SAMPLE, super::iomem::parse;
    ip_link: super::ip_link::SAMPLE, super::ip_link::parse;
    ip_route: super::ip_route::SAMPLE, super::ip_route::parse;
    kernel_event: super::kernel_event::SAMPLE, super::kernel_event::parse;
    ip_stats: super::ip_stats::SAMPLE, super::ip_stats::parse;
    kmsg: super::kmsg::SAMPLE, super::kmsg::parse;
    kstat: super::kstat::SAMPLE, super::kstat::parse;
    loadavg: super::loadavg::SAMPLE, super::loadavg::parse;
    logs: super::logs::SAMPLE, super::logs::parse;
    lsblk: super::lsblk::SAMPLE, super::lsblk::parse;
    lscpu: super::lscpu::SAMPLE, super::lscpu::parse;
    lspci: super::lspci::SAMPLE, super::lspci::parse;
    maps: super::maps::SAMPLE, super::maps::parse;
    systemctl_show: super::systemctl_show::SAMPLE, super::systemctl_show::parse;
    pid_sched: super::pid_sched::SAMPLE, super::pid_sched::parse;
    pid_schedstat: super::pid_schedstat::SAMPLE, super::pid_schedstat::parse;
    mdstat: super::mdstat::SAMPLE, super::mdstat::parse;
    lsof: super::lsof::SAMPLE, super::lsof::parse;
    meminfo: super::meminfo::SAMPLE, super::meminfo::parse;
    modules: super::modules::SAMPLE, super::modules::parse;
    mountinfo: super::mountinfo::SAMPLE, super::mountinfo::parse;
    neigh: super::neigh::SAMPLE, super::neigh::parse;
    net_arp: super::net_arp::SAMPLE, super::net_arp::parse;
    net_dev: super::net_dev::SAMPLE, super::net_dev::parse;
    net_ipv6_route: super::net_ipv6_route::SAMPLE, super::net_ipv6_route::parse;
    net_route: super::net_route::SAMPLE, |x| super::net_route::parse(x, &super::ENV);
    net_snmp: super::net_snmp::SAMPLE, super::net_snmp::parse;
    net_snmp6: super::net_snmp6::SAMPLE, super::net_snmp6::parse;
    net_sockstat: super::net_sockstat::SAMPLE, super::net_sockstat::parse;
    net_softnet_stat: super::net_softnet_stat::SAMPLE, super::net_softnet_stat::parse;
    net_stat: super::net_stat::SAMPLE, super::net_stat::parse;
    net_tcp: super::net_tcp::SAMPLE, |x| super::net_tcp::parse(x, super::socket::Protocol::Tcp, &super::ENV);
    netns: super::netns::SAMPLE, super::netns::parse;
    nginx_conf: super::nginx_conf::SAMPLE, super::nginx_conf::parse;
    netstat: super::netstat::SAMPLE, super::netstat::parse;
    netstat_s: super::netstat_s::SAMPLE, super::netstat_s::parse;
    numa_maps: super::numa_maps::SAMPLE, |x| super::numa_maps::parse(x, &super::ENV);
    numastat: super::numastat::SAMPLE, super::numastat::parse;
    os_release: super::os_release::SAMPLE, super::os_release::parse;
    pid_cgroup: super::pid_cgroup::SAMPLE, super::pid_cgroup::parse;
    pid_io: super::pid_io::SAMPLE, super::pid_io::parse;
    pid_limits: super::pid_limits::SAMPLE, super::pid_limits::parse;
    pid_stat: super::pid_stat::SAMPLE, |x| super::pid_stat::parse(x, &super::ENV);
    pid_statm: super::pid_statm::SAMPLE, |x| super::pid_statm::parse(x, &super::ENV);
    pid_status: super::pid_status::SAMPLE, super::pid_status::parse;
    pressure: super::pressure::SAMPLE, super::pressure::parse;
    ps: super::ps::SAMPLE, super::ps::parse;
    schedstat: super::schedstat::SAMPLE, super::schedstat::parse;
    slabinfo: super::slabinfo::SAMPLE, |x| super::slabinfo::parse(x, &super::ENV);
    smaps: super::smaps::SAMPLE, super::smaps::parse;
    smaps_rollup: super::smaps_rollup::SAMPLE, super::smaps_rollup::parse;
    smartctl: super::smartctl::SAMPLE, super::smartctl::parse;
    smartctl_json: super::smartctl_json::SAMPLE, super::smartctl_json::parse;
    ss: super::ss::SAMPLE, super::ss::parse;
    stat: super::stat::SAMPLE, super::stat::parse;
    statfs: super::statfs::SAMPLE, super::statfs::parse;
    swaps: super::swaps::SAMPLE, super::swaps::parse;
    sysctl: super::sysctl::SAMPLE, super::sysctl::parse;
    limits_conf: super::limits_conf::SAMPLE, super::limits_conf::parse;
    sysctl_conf: super::sysctl_conf::SAMPLE, super::sysctl_conf::parse;
    sysvipc_shm: super::sysvipc_shm::SAMPLE, super::sysvipc_shm::parse;
    uptime: super::uptime::SAMPLE, super::uptime::parse;
    uptime_text: super::uptime_text::SAMPLE, super::uptime_text::parse;
    version: super::version::SAMPLE, super::version::parse;
    vmallocinfo: super::vmallocinfo::SAMPLE, |x| super::vmallocinfo::parse(x, &super::ENV);
    vmstat: super::vmstat::SAMPLE, super::vmstat::parse;
    zoneinfo: super::zoneinfo::SAMPLE, super::zoneinfo::parse;
    grub_default: super::grub_default::SAMPLE, super::grub_default::parse;
    modules_load: super::modules_load::SAMPLE, super::modules_load::parse;
    ttm: super::ttm::SAMPLE, super::ttm::parse;
    zram: super::zram::SAMPLE, super::zram::parse;
    zram_on_disk: super::zram::SAMPLE, super::zram::on_disk_bytes;
    zpool_status: super::zpool_status::SAMPLE, super::zpool_status::parse;
    cgroup_limit: super::cgroup::SAMPLE, super::cgroup::limit;
    cgroup_cpu_max: super::cgroup::SAMPLE, super::cgroup::cpu_max;
    pid_sched_number: super::pid_sched::SAMPLE, super::pid_sched::number;
    cgroup_cpu_us: super::cgroup::SAMPLE, super::cgroup::cpu_us;
    cgroup_memory_parts: "anon 1\nfile 2\nshmem 3\n", super::cgroup::memory_parts;
    cgroup_io_v1: super::cgroup_io::SAMPLE_V1, |x| super::cgroup_io::parse_v1(x, x);
    ethtool_text_ring: super::ethtool_text::SAMPLE, super::ethtool_text::ring;
    ethtool_text_channels: super::ethtool_text::SAMPLE, super::ethtool_text::channels;
    ethtool_text_stats: super::ethtool_text::SAMPLE, super::ethtool_text::stats;
    ethtool_text_features: super::ethtool_text::SAMPLE, super::ethtool_text::features;
    ethtool_text_driver: super::ethtool_text::SAMPLE, super::ethtool_text::driver;
    ethtool_text_coalesce: super::ethtool_text::SAMPLE, super::ethtool_text::coalesce;
    ethtool_text_pause: super::ethtool_text::SAMPLE, super::ethtool_text::pause;
    ethtool_text_module: super::ethtool_text::module::SAMPLE, super::ethtool_text::module::parse;
    ethtool_text_indirection: super::ethtool_text::indirection::SAMPLE, super::ethtool_text::indirection::parse;
    version_parse_uname: super::version::SAMPLE, super::version::parse_uname;
    version_release: super::version::SAMPLE, super::version::release;
    cgroup_limit_v1: "9223372036854771712", |x| super::cgroup::limit_v1(x, 4096);
    numastat_command: super::numastat::SAMPLE, |x| super::numastat::command(x, 4096);
    tuned: "[main]\ninclude=throughput-performance\n[sysctl]\nvm.swappiness=10\nvm.dirty_ratio => 40\n", super::tuned::parse;
    edac: "7", |x| super::edac::parse("devices/system/edac/mc/mc0/ce_count", x);
    allocinfo: super::allocinfo::SAMPLE, super::allocinfo::parse;
    ip_vs: super::ip_vs::SAMPLE, super::ip_vs::parse;
    ip_vs_totals: super::ip_vs::TOTALS, super::ip_vs::totals;
    mounts: super::mounts::SAMPLE, super::mounts::parse;
    mounts_command: super::mounts::COMMAND, super::mounts::command;
    pagetypeinfo: super::pagetypeinfo::SAMPLE, super::pagetypeinfo::parse;
    sched_debug: super::sched_debug::SAMPLE, super::sched_debug::parse;
    sysvipc_msg: super::sysvipc_msg::SAMPLE, super::sysvipc_msg::parse;
    sysvipc_sem: super::sysvipc_sem::SAMPLE, super::sysvipc_sem::parse;
    ip_link_json: super::ip_link::JSON, super::ip_link::json;
    irqbalance: super::irqbalance::SAMPLE, super::irqbalance::parse;
    net_protocols: super::net_protocols::SAMPLE, super::net_protocols::parse;
    links: super::links::SAMPLE, super::links::parse;
    lsblk_pairs: super::lsblk::PAIRS, super::lsblk::pairs;
    lsblk_tree: super::lsblk::TREE, super::lsblk::tree;
}

total_bytes! {
    qdisc: &super::qdisc::sample(), |x| super::qdisc::parse(x, &super::ENV);
    route_dump: super::route_dump::SAMPLE, |x| super::route_dump::parse(x, &super::ENV);
    smbios: super::smbios::SAMPLE, super::smbios::parse;
    tcp_metrics: super::tcp_metrics::SAMPLE, |x| super::tcp_metrics::parse(x, &super::ENV);
    inet_diag: super::inet_diag::SAMPLE, |x| super::inet_diag::parse(x, super::socket::Protocol::Tcp, &super::ENV);
    smart_ata: super::smart_ata::SAMPLE, |x| super::smart_ata::parse(x, None);
    smart_nvme: super::smart_nvme::SAMPLE, super::smart_nvme::parse;
    smart_ata_identity: super::smart_ata::SAMPLE, super::smart_ata::identify;
    smart_nvme_identity: super::smart_nvme::SAMPLE, super::smart_nvme::identify;
}
