//! Tools of the host: a closed list, run when present and when running them changes nothing.
//!
//! Files and native probes come first; the tools are run as the engineer knows their output. What
//! a tool would do beside reading decides whether it may run at all ([`Needs`]): `ss` makes the
//! kernel load its diag modules, `dmidecode` without firmware tables in sysfs searches `/dev/mem`,
//! `smartctl` wakes disks unless told `-n standby`, `lsblk -f` and `-O` open every block device.
//! Never run, for what they do: `sysctl -a`, `nginx -T`, `timedatectl`, `needs-restarting`,
//! `chronyc`, LVM and multipath tools, `systemctl`, `ipmitool`, `teamdctl`, `tc`.
//!
//! Each command is one step of a probe ([`crate::probe::Request::Commands`]): output under
//! [`names::command`], stderr behind stdout, secrets masked, the exit status as the reason.

use std::fs;
use std::io;

use linsight_archive::{Outcome, names};

use crate::probe::{Answer, Context, Emit, Progress, Resume, Turn};

pub(crate) mod devices;
mod finish;
mod inherit;
mod run;
mod shim;
mod smartctl;

pub(crate) use inherit::close_on_exec;
pub(crate) use shim::{ARGUMENT, main as shim};

/// What must hold before a command may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: it only reads.
    Nothing,
    /// SMBIOS tables in sysfs.
    FirmwareTables,
    /// `tcp_diag`, loaded or built in.
    TcpDiag,
    /// `udp_diag`, loaded or built in.
    UdpDiag,
    /// Memory nodes in sysfs.
    Nodes,
    /// The zfs module, loaded.
    Zfs,
    /// A PCI bus.
    Pci,
    /// The journal of systemd.
    Journal,
    /// A network device with hardware behind it; `{}` in the line is its name.
    Nic,
    /// A disk with SMART that is not behind the network or asleep; `{}` is what selects it.
    Disk,
}

/// A command of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Program and arguments, separated by single blanks.
    pub line: &'static str,
    /// The same for versions that do not know an option of the first.
    pub older: Option<&'static str>,
    /// What must hold.
    pub needs: Needs,
    /// Why it is run.
    pub why: &'static str,
}

const fn command(line: &'static str, needs: Needs, why: &'static str) -> Command {
    Command { line, older: None, needs, why }
}

impl Command {
    const fn or(self, older: &'static str) -> Self {
        Self { older: Some(older), ..self }
    }
}

/// The closed list.
pub(crate) const TABLE: &[Command] = &[
    command("dmidecode", Needs::FirmwareTables, "memory modules, slots, firmware"),
    command("lspci -nn", Needs::Pci, "controllers by name"),
    command(LSBLK, Needs::Nothing, "how block devices stand on each other").or(LSBLK_OLD),
    command("ip -d -s -j link", Needs::Nothing, "interfaces, bonds, VLANs").or("ip -d -s link"),
    command("ip -j addr", Needs::Nothing, "addresses").or("ip addr"),
    command("ip -d route show table all", Needs::Nothing, "per-route rto_min, quickack, mtu"),
    command("ip rule", Needs::Nothing, "which routing table applies"),
    command("numastat", Needs::Nodes, "allocations by node"),
    command("numastat -m", Needs::Nodes, "memory by node and kind"),
    command("ss -tanoiem", Needs::TcpDiag, "TCP sockets as the engineer reads them"),
    command("ss -uanoem", Needs::UdpDiag, "UDP sockets"),
    command("dmesg", Needs::Nothing, "kernel messages"),
    command(JOURNAL, Needs::Journal, "kernel messages of this boot, seven days"),
    command("zpool status", Needs::Zfs, "state of ZFS pools"),
    command("ethtool {}", Needs::Nic, "link and what both ends can do"),
    command("ethtool -i {}", Needs::Nic, "driver and firmware"),
    command("ethtool -g {}", Needs::Nic, "ring sizes"),
    command("ethtool -l {}", Needs::Nic, "queues"),
    command("ethtool -c {}", Needs::Nic, "interrupt coalescing"),
    command("ethtool -a {}", Needs::Nic, "pause frames"),
    command("ethtool -k {}", Needs::Nic, "offloads"),
    command("ethtool -x {}", Needs::Nic, "spreading over queues"),
    command("ethtool -m {}", Needs::Nic, "optical module"),
    command("ethtool -S {}", Needs::Nic, "statistics of the driver"),
    command("smartctl -n standby -x -j {}", Needs::Disk, "health of disks")
        .or("smartctl -n standby -x {}"),
];

/// No column that would make it open devices (file systems, partition labels).
const LSBLK: &str = "lsblk -J -b -o \
    NAME,KNAME,MAJ:MIN,TYPE,SIZE,RO,RM,ROTA,SCHED,MODEL,VENDOR,TRAN,HCTL,STATE,MOUNTPOINT,PKNAME,PHY-SEC,LOG-SEC";
const LSBLK_OLD: &str = "lsblk -P -b -o \
    NAME,KNAME,MAJ:MIN,TYPE,SIZE,RO,RM,ROTA,SCHED,MODEL,MOUNTPOINT,PHY-SEC,LOG-SEC";
const JOURNAL: &str = "journalctl -k -b -q --no-pager -o short-iso --since=-7d -n 50000";

/// A command with its devices, ready to run or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Program and arguments.
    line: String,
    /// See [`Command::older`].
    older: Option<String>,
    /// Why it may not run here.
    skip: Option<String>,
    /// The controller whose slot this is.
    series: Option<Series>,
}

/// Slots of one controller, tried one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Series {
    /// Number of the controller's SCSI host.
    host: u32,
    /// So many empty slots in a row end it.
    patience: u32,
}

/// All commands for this host, in order.
pub(crate) fn plan(context: &Context) -> Vec<Planned> {
    let mut all = Vec::new();
    for command in TABLE {
        match command.needs {
            Needs::Nic => {
                let nics = devices::nics(context);
                all.extend(nics.iter().map(|nic| Planned::on(command, nic, None)));
                if nics.is_empty() {
                    all.push(Planned::skipped(command, "no network hardware"));
                }
            }
            Needs::Disk => all.extend(smartctl::plan(context, command)),
            needs => {
                let skip = missing(context, needs);
                all.push(Planned { skip, ..Planned::on(command, "", None) });
            }
        }
    }
    all
}

impl Planned {
    fn on(command: &Command, device: &str, series: Option<Series>) -> Self {
        let fill = |line: &str| line.replace("{}", device);
        Self { line: fill(command.line), older: command.older.map(fill), skip: None, series }
    }

    fn skipped(command: &Command, why: &str) -> Self {
        Self { skip: Some(why.to_owned()), ..Self::on(command, "", None) }
    }
}

/// Why a command may not run, if so.
fn missing(context: &Context, needs: Needs) -> Option<String> {
    let is_there = |path: &str| fs::metadata(context.path(path)).is_ok();
    let unless = |there: bool, why: &str| (!there).then(|| why.to_owned());
    match needs {
        Needs::Nothing | Needs::Nic | Needs::Disk => None,
        Needs::FirmwareTables => {
            unless(is_there("/sys/firmware/dmi/tables/DMI"), "no SMBIOS tables in sysfs")
        }
        Needs::TcpDiag => crate::probe::diag_is_safe(context, "tcp_diag").err(),
        Needs::UdpDiag => crate::probe::diag_is_safe(context, "udp_diag").err(),
        Needs::Nodes => unless(is_there("/sys/devices/system/node/node0"), "no memory nodes"),
        Needs::Zfs => unless(is_there("/sys/module/zfs"), "zfs is not loaded"),
        Needs::Pci => unless(is_there("/sys/bus/pci/devices"), "no PCI bus"),
        Needs::Journal => {
            let there = is_there("/run/log/journal") || is_there("/var/log/journal");
            unless(there, "no journal of systemd")
        }
    }
}

/// Runs the commands, each a step.
///
/// # Errors
///
/// Only those of `emit`.
pub(crate) fn probe(context: &Context, resume: Resume, emit: &mut Emit<'_>) -> io::Result<()> {
    const ALL: &str = "commands";
    if !context.is_live_root() {
        return match resume.turn(0) {
            Turn::Done => Ok(()),
            _ => emit(Answer::absent(ALL, Outcome::Skipped, Some("not with --root"))),
        };
    }
    let mut state = finish::State::default();
    for (step, planned) in plan(context).iter().enumerate() {
        let path = names::command(&planned.line);
        match resume.turn(step) {
            Turn::Done => {}
            Turn::Hung => emit(Answer::absent(&path, Outcome::TimedOut, None))?,
            Turn::Now => match state.skip(planned) {
                Some(why) => emit(Answer::absent(&path, Outcome::Skipped, Some(&why)))?,
                None => state.run(planned, emit)?,
            },
        }
    }
    Ok(())
}
