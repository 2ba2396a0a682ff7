//! Kernel parameters: at run time and as configured.

use crate::facts::method::precedence::DIRECTORIES;
use crate::facts::plan::{Many, Sampled};
use crate::parse::cmdline::KernelCmdline;
use crate::parse::{
    Rows, grub_default, limits_conf, modules_load, sysctl, sysctl_conf, systemd_unit, tuned,
};

use super::{line, text};

inputs! {
    /// Kernel parameters: at run time and as configured.
    Parameters
    /// Kernel parameters.
    sysctl: Sampled<sysctl::Sysctl> =
        |p| p.sampled("commands/sysctl_-a", |t, _| sysctl::parse(t));
    /// `/etc/sysctl.conf`.
    sysctl_conf: Sampled<Rows<sysctl_conf::Setting>> =
        |p| p.sampled("etc/sysctl.conf", |t, _| sysctl_conf::parse(t));
    /// Files of sysctl.d, by directory.
    sysctl_d: [Many<Rows<sysctl_conf::Setting>>; 5] =
        |p| DIRECTORIES.map(|d| p.many(d, ".conf", |_, b, _| sysctl_conf::parse(&text(b))));
    /// The profile that tuned applies.
    tuned_active: Sampled<String> =
        |p| p.sampled("etc/tuned/active_profile", |t, _| Ok(line(t)));
    /// Profiles of tuned, the administrator's first.
    tuned: [Many<tuned::Profile>; 3] = |p| {
        ["etc/tuned/", "usr/lib/tuned/profiles/", "usr/lib/tuned/"]
            .map(|d| p.many(d, "/tuned.conf", |_, b, _| tuned::parse(&text(b))))
    };
    /// Modules that are loaded at boot, before the parameters are set: by directory, and of old.
    modules_load: [Many<Vec<String>>; 2] = |p| {
        ["etc/modules-load.d/", "usr/lib/modules-load.d/"]
            .map(|d| p.many(d, ".conf", |_, b, _| modules_load::parse(&text(b))))
    };
    /// The same in one file.
    modules: Sampled<Vec<String>> = |p| p.sampled("etc/modules", |t, _| modules_load::parse(t));
    /// Boot parameters of the next boot.
    grub: Sampled<KernelCmdline> =
        |p| p.sampled("etc/default/grub", |t, _| grub_default::parse(t));
    /// Units of the administrator and their drop-ins, by path below the directory.
    units: Many<Vec<systemd_unit::Setting>> =
        |p| p.many("etc/systemd/system/", "", |_, b, _| Ok(systemd_unit::parse(&text(b))));
    /// What systemd gives to every unit: `system.conf` (as an empty rest, `.d/x.conf`).
    manager: Many<Vec<systemd_unit::Setting>> =
        |p| p.many("etc/systemd/system.conf", "", |_, b, _| Ok(systemd_unit::parse(&text(b))));
    /// Limits that a login session starts with: `limits.conf`, `limits.d/*.conf`.
    session_limits: Many<Rows<limits_conf::Entry>> =
        |p| p.many("etc/security/limits.", "", |_, b, _| limits_conf::parse(&text(b)));
}
