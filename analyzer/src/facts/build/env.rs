//! Chapter: the environment gate. Bare metal, virtual machine, or the view from a container.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::env::Env;
use super::super::inputs::Inputs;
use super::host::dmi;
use super::{Archive, Book};

/// DMI makers and products of hypervisors: what to look for, and the name.
const HYPERVISORS: [(&str, &str); 12] = [
    ("QEMU", "kvm"),
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("Amazon EC2", "kvm"),
    ("Google Compute Engine", "kvm"),
    ("Alibaba Cloud ECS", "kvm"),
    ("VMware", "vmware"),
    ("VirtualBox", "virtualbox"),
    ("Virtual Machine", "hyper-v"),
    ("HVM domU", "xen"),
    ("Parallels", "parallels"),
    ("Bochs", "bochs"),
];

/// DMI makers, products, and the asset tags that two clouds give their machines.
const CLOUDS: [(&str, &str); 9] = [
    ("Amazon EC2", "aws"),
    // Instances on Xen: `4.11.amazon` is the version of the BIOS.
    (".amazon", "aws"),
    ("Google", "gcp"),
    ("7783-7084-3265-9085-8269-3286-77", "azure"),
    ("OracleCloud.com", "oracle"),
    ("Alibaba Cloud", "alibaba"),
    ("DigitalOcean", "digitalocean"),
    ("Hetzner", "hetzner"),
    ("OpenStack", "openstack"),
];
/// Fields of DMI that name a cloud.
const CLOUD_FIELDS: [&str; 5] =
    ["sys_vendor", "product_name", "bios_vendor", "bios_version", "chassis_asset_tag"];
/// Drivers of network cards that exist in one cloud only.
const CLOUD_DRIVERS: [(&str, &str); 3] = [("ena", "aws"), ("gve", "gcp"), ("mana", "azure")];

/// The first namespace of process ids (`PROC_PID_INIT_INO`, since 3.8).
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// Words in the control group of the first process, or in an overlay's directories, that only
/// container engines use.
const ENGINES: [&str; 8] =
    ["docker", "containerd", "kubepods", "libpod", "crio", "lxc", "garden", "overlayfs/snapshots"];

pub(super) fn build(inputs: &Inputs, archive: &Archive<'_>, book: &mut Book) -> Env {
    let mut reasons = container(inputs, archive);
    let container_view = !reasons.is_empty();
    let container_known =
        inputs.host.init_cgroup.first().is_ok() || inputs.host.own_mounts.first().is_ok();
    let machine = machine(inputs);
    reasons.extend(machine.iter().flat_map(|m| m.reasons.clone()));
    let sources =
        [&inputs.host.init_cgroup.path, &inputs.host.own_mounts.path, &inputs.cpu.cpuinfo.path];
    book.sources("env", sources.into_iter().map(Locator::entry).collect());
    let unknown = Absence::of(
        Reason::NotCollected,
        &inputs.cpu.cpuinfo.path,
        "neither the processors' flags nor DMI tell whether this is a virtual machine",
    );
    let kind = match (container_view, &machine) {
        (true, _) => Some("container-view"),
        (false, Some(m)) if m.is_virtual => Some("vm"),
        (false, Some(_)) => Some("bare-metal"),
        (false, None) => book.known("env.kind", Err(unknown)),
    };
    let hypervisor = machine.as_ref().and_then(|m| m.hypervisor.clone());
    if hypervisor.is_none() {
        let absence = if machine.as_ref().is_some_and(|m| !m.is_virtual) {
            Absence::new(Reason::NotApplicable, "no virtual machine")
        } else {
            Absence::of(Reason::Missing, &inputs.host.sys_dmi.path, "the hypervisor does not say")
        };
        book.absent("env.hypervisor", absence);
    }
    let cloud = cloud(inputs);
    if cloud.is_none() {
        let absence = Absence::of(Reason::Missing, &inputs.host.sys_dmi.path, "no sign of a cloud");
        book.absent("env.cloud", absence);
    }
    let container_view = (container_view || container_known).then_some(container_view);
    if container_view.is_none() {
        book.absent("env.container_view", inputs.host.own_mounts.absence());
    }
    let pods = super::pods::build(inputs, book);
    Env { kind: kind.map(Into::into), hypervisor, cloud, container_view, reasons, pods }
}

/// Signs that the collector saw a container, not the host. Each of them is enough.
fn container(inputs: &Inputs, archive: &Archive<'_>) -> Vec<String> {
    let mut signs = Vec::new();
    // With --root the host is looked at from a container on purpose.
    if archive.header.is_some_and(|h| h.root != "/") {
        return signs;
    }
    if let Ok(kind) = inputs.host.container.first()
        && !kind.is_empty()
    {
        signs.push(format!("run/systemd/container says {kind}"));
    }
    if let Ok(groups) = inputs.host.init_cgroup.first()
        && let Some(engine) = ENGINES.iter().find(|e| groups.contains(**e))
    {
        signs.push(format!("process 1 is in a control group of {engine}"));
    }
    if let Some(inode) = inputs.host.init_pid_ns.first().ok().and_then(|p| p.get(&1))
        && *inode != FIRST_PID_NAMESPACE
    {
        signs.push(format!("process 1 is the first of a namespace of process ids ({inode})"));
    }
    if let Ok(number) = inputs.host.init_number.first()
        && *number != 1
    {
        signs.push(format!("process 1 is number {number} of its host"));
    }
    for mount in inputs.host.own_mounts.first().map(|m| m.rows.as_slice()).unwrap_or_default() {
        if mount.fs_type == "fuse.lxcfs" && mount.mount_point.starts_with("/proc/") {
            signs.push(format!("lxcfs is mounted on {}", mount.mount_point));
        }
        let engine = ENGINES.iter().find(|e| mount.super_options.contains(**e));
        if let ("/", "overlay", Some(engine)) =
            (mount.mount_point.as_str(), mount.fs_type.as_str(), engine)
        {
            signs.push(format!("the root file system is an overlay of {engine}"));
        }
    }
    signs
}

struct Machine {
    is_virtual: bool,
    hypervisor: Option<String>,
    reasons: Vec<String>,
}

/// Virtual or not; `None` when nothing tells.
fn machine(inputs: &Inputs) -> Option<Machine> {
    let mut reasons = Vec::new();
    let names = ["sys_vendor", "product_name", "bios_vendor"].map(|f| dmi(&inputs.host.sys_dmi, f));
    let bare_cloud = names.iter().flatten().any(|n| n.strip_suffix(".metal").is_some());
    let maker = HYPERVISORS.iter().find_map(|(word, name)| {
        let said = names.iter().flatten().find(|n| n.contains(word))?;
        reasons.push(format!("DMI says {said}"));
        Some((*name).to_owned())
    });
    let told =
        inputs.host.sys_hypervisor.first().ok().and_then(|p| p.get("hypervisor/type")).cloned();
    let clock = clock(inputs);
    let flag = inputs.cpu.cpuinfo.first().ok().and_then(crate::parse::cpuinfo::Cpuinfo::hypervisor);
    match flag {
        Some(true) => reasons.push("the processors say that they run under a hypervisor".into()),
        Some(false) => reasons.push("the processors name no hypervisor".into()),
        None => {}
    }
    let hypervisor = maker.filter(|_| !bare_cloud).or(told).or(clock);
    let is_virtual = match (bare_cloud, flag) {
        (true, _) => false,
        (false, Some(flag)) => flag || hypervisor.is_some(),
        (false, None) if hypervisor.is_some() => true,
        // Processors without flags (arm64): firmware with a maker that is no hypervisor's.
        (false, None) => names.iter().flatten().next().map(|_| false)?,
    };
    Some(Machine { is_virtual, hypervisor: hypervisor.filter(|_| is_virtual), reasons })
}

/// Clock sources that only a hypervisor offers.
fn clock(inputs: &Inputs) -> Option<String> {
    let path = "devices/system/clocksource/clocksource0/available_clocksource";
    let clocks = inputs.cpu.sys_cpu.first().ok()?.get(path)?;
    let known = [("kvm-clock", "kvm"), ("hyperv_clocksource", "hyper-v"), ("xen", "xen")];
    known.iter().find(|(c, _)| clocks.contains(c)).map(|(_, name)| (*name).to_owned())
}

fn cloud(inputs: &Inputs) -> Option<String> {
    let names = CLOUD_FIELDS.map(|f| dmi(&inputs.host.sys_dmi, f));
    let by_dmi = CLOUDS.iter().find(|(word, _)| names.iter().flatten().any(|n| n.contains(word)));
    let by_driver = || {
        let pack = inputs.net.sys_net.first().ok()?;
        let links = pack.rows.iter().filter(|(key, _)| key.ends_with("/device/driver"));
        let drivers: Vec<&str> = links.map(|(_, to)| to.rsplit('/').next().unwrap_or(to)).collect();
        CLOUD_DRIVERS.iter().find(|(driver, _)| drivers.contains(driver))
    };
    by_dmi.or_else(by_driver).map(|(_, cloud)| (*cloud).to_owned())
}
