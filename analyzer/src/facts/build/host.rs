//! Chapter: the host and the moment of the snapshot.

use std::collections::BTreeSet;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::os_release::OsRelease;
use crate::parse::version;

use super::super::host::Host;
use super::super::inputs::Inputs;
use super::super::method::num::{from_i64, from_u64, len, signed, to_i64};
use super::super::plan::{Packed, Sampled};
use super::{Archive, Book};

/// Boot parameters that are named.
const MAX_WAITING: usize = 50;
const HEADER: &str = linsight_archive::names::HEADER;

pub(super) fn build(inputs: &Inputs, archive: &Archive<'_>, book: &mut Book) -> Host {
    let version = book.first("host.kernel_version", &inputs.host.version).cloned();
    let uptime_s = book.first("host.uptime_s", &inputs.host.uptime).map(|u| u.uptime_s);
    let mut host = Host {
        cmdline: book.first("host.cmdline", &inputs.host.cmdline).cloned(),
        boot_parameters_waiting: waiting(inputs, book),
        kernel_version: book
            .or_first("host.kernel_version", version, &inputs.host.uname, |u| Some(u.clone())),
        uptime_s: book.or_first("host.uptime_s", uptime_s, &inputs.host.uptime_text, |u| {
            Some(from_u64(u.uptime_s))
        }),
        page_size_bytes: Some(signed(inputs.env.page_size_bytes)),
        ..Host::default()
    };
    let os = book.first("host.os_name", &inputs.host.os_release);
    let name = os.and_then(|os| os.pretty_name.clone().or_else(|| os.id.clone()));
    let name =
        book.or_first("host.os_name", name, &inputs.host.lsb_release, |os| os.pretty_name.clone());
    host.os_name =
        book.or_first("host.os_name", name, &inputs.host.redhat_release, |line| Some(line.clone()));
    if host.os_name.is_none() && book.absences.exact("host.os_name").is_none() {
        let absence = Absence::of(Reason::Missing, "etc/os-release", "no PRETTY_NAME");
        book.absent("host.os_name", absence);
    }
    host.os_key = book.first("host.os_key", &inputs.host.os_release).and_then(os_key);
    if host.os_key.is_none() && book.absences.exact("host.os_key").is_none() {
        let absence = Absence::of(Reason::Missing, "etc/os-release", "no ID or no VERSION_ID");
        book.absent("host.os_key", absence);
    }
    if let Some(header) = archive.header {
        book.source("host", Locator::entry(HEADER));
        host.name = Some(header.host_name.clone());
        host.kernel_release = Some(header.kernel_release.clone());
        host.machine = Some(header.machine.clone());
        host.taken_unix_s = Some(header.started_unix_s);
        host.utc_offset_s = header.utc_offset_s.map(i64::from);
    } else {
        others(inputs, &mut host, book);
    }
    if host.utc_offset_s.is_none() && book.absences.exact("host.utc_offset_s").is_none() {
        let absence = Absence::of(Reason::NotCollected, HEADER, "the collector could not tell");
        book.absent("host.utc_offset_s", absence);
    }
    host.kernel_number = host.kernel_release.as_deref().and_then(number);
    if host.kernel_number.is_some() {
        book.source("host.kernel_number", Locator::facts(["host.kernel_release"]));
    } else {
        let absence = Absence::new(Reason::ParseError, "the release does not begin with numbers");
        book.absent("host.kernel_number", absence);
    }
    users(inputs, &mut host, book);
    dated(&mut host, book);
    failed_units(inputs, &mut host, book);
    hardware(inputs, &mut host, book);
    host
}

/// Who is logged in names people, so it is not archived; under which login a process was started is
/// a number.
fn users(inputs: &Inputs, host: &mut Host, book: &mut Book) {
    let text = &inputs.host.uptime_text;
    let told = text.first().ok().and_then(|u| u.users);
    host.users = told.map(signed);
    if told.is_some() {
        book.source("host.users", Locator::entry(&text.path));
    } else {
        let why = "who is logged in (utmp) is not read: it names people";
        book.absent("host.users", Absence::new(Reason::NotCollected, why));
    }
    let logins = &inputs.process.login_uids;
    if let Some(pack) = book.first("host.login_users", logins) {
        let people: BTreeSet<u32> = pack.rows.iter().map(|(_, uid)| *uid).collect();
        host.login_users = Some(len(people.len()));
    }
}

/// The day, for what has an end in a calendar.
fn dated(host: &mut Host, book: &mut Book) {
    let moment =
        host.taken_unix_s.and_then(|s| jiff::Timestamp::from_second(to_i64(s.floor())).ok());
    let date = moment.map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).date().to_string());
    if date.is_some() {
        book.source("host.taken_date", Locator::facts(["host.taken_unix_s"]));
    }
    host.taken_date = date;
}

fn failed_units(inputs: &Inputs, host: &mut Host, book: &mut Book) {
    const FACT: &str = "host.failed_units";
    let all = inputs.sched.units.values().filter_map(|s| {
        let (reading, units) = s.good().next()?;
        (!units.is_empty()).then(|| (s.entry(reading.pass), units))
    });
    let (mut paths, mut failed) = (Vec::new(), Vec::new());
    for (path, units) in all {
        paths.push(Locator::entry(path));
        let of = units.iter().filter(|u| u.active_state.as_deref() == Some("failed"));
        failed.extend(of.map(|u| u.id.clone()));
    }
    if paths.is_empty() {
        let why = "systemd is not asked: its answer may wait for what is stuck";
        return book.absent(FACT, Absence::new(Reason::NotCollected, why));
    }
    failed.sort();
    failed.dedup();
    host.failed_units = Some(failed);
    book.sources(FACT, paths);
}

/// What a vendor's support is told for: Ubuntu's versions are years and months.
fn os_key(os: &OsRelease) -> Option<String> {
    let (id, version) = (os.id.as_deref()?, os.version_id.as_deref()?);
    let major = version.split('.').next().unwrap_or(version);
    Some(format!("{id} {}", if id == "ubuntu" { version } else { major }))
}

/// What the header tells, from the tools that other collectors run.
fn others(inputs: &Inputs, host: &mut Host, book: &mut Book) {
    book.absent("host", Absence::of(Reason::NotCollected, HEADER, "another collector"));
    let name = book.first("host.name", &inputs.host.host_name).cloned();
    let name = book.or_first("host.name", name, &inputs.host.host_name_text, |n| Some(n.clone()));
    host.name = book.or_first("host.name", name, &inputs.host.uname, |u| {
        u.split_ascii_whitespace().nth(1).map(str::to_owned)
    });
    let kernel = host.kernel_version.as_deref();
    let parsed = kernel.and_then(|v| version::parse(v).or_else(|_| version::parse_uname(v)).ok());
    host.kernel_release = parsed.map(|v| v.release);
    if host.kernel_release.is_some() {
        book.source("host.kernel_release", Locator::facts(["host.kernel_version"]));
    }
    host.machine =
        book.or_first("host.machine", None, &inputs.cpu.lscpu, |l| l.architecture.clone());
    let taken = book.first("host.taken_unix_s", &inputs.host.date).copied();
    let taken = book.or_first("host.taken_unix_s", taken, &inputs.host.timedatectl, |c| c.unix_s);
    host.taken_unix_s = taken.map(from_i64);
    let clock = book.first("host.utc_offset_s", &inputs.host.timedatectl);
    host.utc_offset_s = clock.and_then(|c| c.utc_offset_s).or_else(|| two_clocks(inputs, book));
}

/// The zone from `date` and `date --utc`, which ran within moments of each other: zones differ from
/// UTC by whole quarters of an hour, and by 14 hours at most.
fn two_clocks(inputs: &Inputs, book: &mut Book) -> Option<i64> {
    const QUARTER_S: i64 = 900;
    let (wall, utc) = (inputs.host.date_local.first().ok()?, inputs.host.date.first().ok()?);
    let difference = wall.saturating_sub(*utc);
    let zone = difference.saturating_add(QUARTER_S / 2).div_euclid(QUARTER_S) * QUARTER_S;
    let near = difference.abs_diff(zone) <= 60 && zone.abs() <= 14 * 3600;
    let entries = [&inputs.host.date_local.path, &inputs.host.date.path];
    near.then(|| {
        let sources = entries.map(|p| Locator::entry(p.as_str())).to_vec();
        book.sources("host.utc_offset_s", sources);
        zone
    })
}

/// `major * 1000 + minor`.
fn number(release: &str) -> Option<i64> {
    let (major, minor) = version::release(release).ok()?.number;
    Some(i64::from(major).saturating_mul(1000).saturating_add(i64::from(minor)))
}

/// What firmware leaves in a field that nobody filled in.
const UNFILLED: [&str; 7] = [
    "To Be Filled By O.E.M.",
    "Default string",
    "Not Specified",
    "System Product Name",
    "System manufacturer",
    "None",
    "Unknown",
];

/// A DMI field below `class/dmi/id`.
pub(super) fn dmi<'i>(dmi: &'i Packed<String, String>, field: &str) -> Option<&'i str> {
    let value = dmi.first().ok()?.get(format!("class/dmi/id/{field}").as_str())?.as_str();
    (!value.is_empty() && !UNFILLED.contains(&value)).then_some(value)
}

fn hardware(inputs: &Inputs, host: &mut Host, book: &mut Book) {
    let joined = |fields: &[&str]| {
        let parts: Vec<&str> = fields.iter().filter_map(|f| dmi(&inputs.host.sys_dmi, f)).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    host.hardware = joined(&["sys_vendor", "product_name", "product_version"]);
    host.bios = joined(&["bios_vendor", "bios_version", "bios_date"]);
    for (fact, known) in
        [("host.hardware", host.hardware.is_some()), ("host.bios", host.bios.is_some())]
    {
        if known {
            book.source(fact, Locator::entry(&inputs.host.sys_dmi.path));
        } else {
            book.absent(fact, pack_absence(&inputs.host.sys_dmi, "this machine has no DMI tables"));
        }
    }
}

/// Why a record of a pack is not there.
pub(super) fn pack_absence<K, T>(
    pack: &Sampled<super::super::plan::Pack<K, T>>,
    detail: &str,
) -> Absence {
    let Ok(first) = pack.first() else { return pack.absence() };
    let denied = first.lost.contains_key(&Reason::Denied);
    let reason = if denied { Reason::Denied } else { Reason::Missing };
    Absence::of(reason, &pack.path, detail)
}
/// What the configuration of the boot loader has and the kernel was not started with.
fn waiting(inputs: &Inputs, book: &mut Book) -> Option<Vec<String>> {
    const FACT: &str = "host.boot_parameters_waiting";
    let grub = book.first(FACT, &inputs.parameters.grub)?;
    let running = book.first(FACT, &inputs.host.cmdline)?;
    let running = crate::parse::cmdline::parse(running).ok()?;
    let places = [&inputs.parameters.grub.path, &inputs.host.cmdline.path];
    book.sources(FACT, places.map(|p| Locator::entry(p.as_str())).to_vec());
    // The kernel takes both characters for one.
    let same = |a: &str, b: &str| a.replace('-', "_") == b.replace('-', "_");
    let in_force = |(name, value): &&(String, Option<String>)| {
        running.0.iter().any(|(n, v)| same(n, name) && v == value)
    };
    let words = grub.0.iter().filter(|p| !in_force(p)).map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    });
    Some(words.take(MAX_WAITING).collect())
}
