//! The host and the moment of the snapshot.

use schemars::JsonSchema;
use serde::Serialize;

/// Identity of the host.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Host {
    /// `uname -n`.
    pub name: Option<String>,
    /// `uname -r`.
    pub kernel_release: Option<String>,
    /// Major and minor number of the kernel as `major * 1000 + minor`: 6.18 is 6018. For texts
    /// and for features that leave no trace; prefer detecting the feature.
    pub kernel_number: Option<i64>,
    /// Content of `/proc/version`, else what `uname -a` prints.
    pub kernel_version: Option<String>,
    /// `uname -m`.
    pub machine: Option<String>,
    /// `PRETTY_NAME` of os-release.
    pub os_name: Option<String>,
    /// Distribution and version as its vendor supports them, from `ID` and `VERSION_ID` of
    /// os-release: `ubuntu 20.04`, `debian 10`, of others the major version (`rhel 7`).
    pub os_key: Option<String>,
    /// Kernel command line, secrets masked.
    pub cmdline: Option<String>,
    /// Boot parameters that `/etc/default/grub` has and the running kernel does not: the boot menu
    /// was not written since, the reboot is to come, or a file of `/etc/default/grub.d` says
    /// otherwise.
    pub boot_parameters_waiting: Option<Vec<String>>,
    /// Time since boot at the snapshot.
    pub uptime_s: Option<f64>,
    /// Users logged in, as `uptime` counts them.
    pub users: Option<i64>,
    /// Different people (login UIDs) by whose sessions the running processes were started; no
    /// names are archived.
    pub login_users: Option<i64>,
    /// Wall clock of the snapshot, seconds since 1970 UTC.
    pub taken_unix_s: Option<f64>,
    /// The day of the snapshot in UTC: `2026-01-31`.
    pub taken_date: Option<String>,
    /// Units of systemd that have failed; only archives of others tell.
    pub failed_units: Option<Vec<String>>,
    /// Offset of the host's local time from UTC.
    pub utc_offset_s: Option<i64>,
    /// Page size.
    pub page_size_bytes: Option<i64>,
    /// System, board and firmware as DMI names them ("Dell Inc. `PowerEdge` R650").
    pub hardware: Option<String>,
    /// BIOS version and date.
    pub bios: Option<String>,
}
