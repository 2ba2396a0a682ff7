//! Which line sets a limit of a process: a service has it from its unit, a drop-in or the default of
//! systemd, a session from `limits.conf`.
//!
//! Only a line whose value the process has is named: a program may have set its own since, and what
//! packages bring along was not read.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::inputs::Inputs;
use crate::facts::limits::SetBy;
use crate::facts::plan::Many;
use crate::locator::Locator;
use crate::parse::systemd_unit::{self, Setting};

/// A limit by its names.
pub(in super::super) struct Limit {
    /// In a unit.
    unit: &'static str,
    /// In `system.conf`.
    manager: &'static str,
    /// In `limits.conf`.
    session: &'static str,
}

impl Limit {
    /// Open files.
    pub(in super::super) const FILES: Self =
        Self { unit: "LimitNOFILE", manager: "DefaultLimitNOFILE", session: "nofile" };
    /// Processes of a user.
    pub(in super::super) const PROCESSES: Self =
        Self { unit: "LimitNPROC", manager: "DefaultLimitNPROC", session: "nproc" };

    /// The line that gave this soft limit to a process of a control group.
    pub(in super::super) fn set_by(
        &self,
        inputs: &Inputs,
        group: Option<&str>,
        limit: Option<u64>,
        fact: &str,
        book: &mut Book,
    ) -> Option<SetBy> {
        let found = limit.and_then(|limit| match group.and_then(unit_of) {
            Some(unit) => self.of_unit(inputs, unit, limit),
            None => self.of_session(inputs, limit),
        });
        if let Some(by) = &found {
            let line = u32::try_from(by.line).unwrap_or(u32::MAX);
            book.source(fact, Locator::line(by.path.trim_start_matches('/'), line));
        } else {
            let why = "no line that was read sets this limit";
            book.absent(fact, Absence::new(Reason::NotApplicable, why));
        }
        found
    }

    fn of_unit(&self, inputs: &Inputs, unit: &str, limit: u64) -> Option<SetBy> {
        let units = &inputs.parameters.units;
        // What is read last wins: the unit, then its drop-ins by name; those of a template stand
        // for all that are made of it.
        let template = unit.split_once('@').map(|(name, _)| format!("{name}@.service"));
        let names: Vec<&str> = template.as_deref().into_iter().chain([unit]).collect();
        let files = |of: &str| -> Vec<String> {
            let drop_in = format!("{of}.d/");
            let drop_ins = units.keys().filter(|path| path.starts_with(&drop_in));
            [of.to_owned()].into_iter().chain(drop_ins.cloned()).collect()
        };
        let of_names = names.into_iter().flat_map(files);
        let set = last(units, of_names, "etc/systemd/system/", self.unit);
        let set = set.or_else(|| {
            let manager = &inputs.parameters.manager;
            let files = manager.keys().cloned();
            last(manager, files, "etc/systemd/system.conf", self.manager)
        });
        let (path, setting) = set?;
        let same = systemd_unit::soft_limit(&setting.value)?? == limit;
        same.then(|| SetBy {
            path: format!("/{path}"),
            line: setting.line.into(),
            setting: format!("{}={}", setting.key, setting.value),
        })
    }

    /// The names of users are not known here, so it is the last line that has this value.
    fn of_session(&self, inputs: &Inputs, limit: u64) -> Option<SetBy> {
        let files = inputs.parameters.session_limits.iter();
        let mut entries = files.flat_map(|(rest, rows)| {
            let rows = rows.first().map(|r| r.rows.as_slice()).unwrap_or_default();
            rows.iter().map(move |entry| (rest, entry))
        });
        let is_it = |(_, e): &(&String, &crate::parse::limits_conf::Entry)| {
            e.is_soft && e.item == self.session && e.value == Some(limit)
        };
        let (rest, entry) = entries.rfind(is_it)?;
        let kind = if entry.is_hard { "-" } else { "soft" };
        Some(SetBy {
            path: format!("/etc/security/limits.{rest}"),
            line: entry.line.into(),
            setting: format!("{} {kind} {} {limit}", entry.domain, entry.item),
        })
    }
}

/// The last assignment of a key in files that are read in this order.
fn last<'i>(
    read: &'i Many<Vec<Setting>>,
    files: impl Iterator<Item = String>,
    prefix: &str,
    key: &str,
) -> Option<(String, &'i Setting)> {
    let set = files.filter_map(|file| {
        let settings = read.get(&file)?.first().ok()?;
        let setting = settings.iter().rfind(|s| s.key == key)?;
        Some((format!("{prefix}{file}"), setting))
    });
    set.last()
}

/// The service of a control group: `nginx.service` of `/system.slice/nginx.service`. What runs below
/// the manager of a user has its limits from that.
fn unit_of(group: &str) -> Option<&str> {
    group.split('/').find(|part| part.ends_with(".service"))
}

#[cfg(test)]
mod tests {
    use linsight_archive::{Outcome, pack};

    use crate::facts::limits::SetBy;
    use crate::facts::{SiteInputs, build};
    use crate::input::Snapshot;

    type File = (&'static str, &'static str);

    const LIMITS: &str = "Limit  Soft Limit  Hard Limit  Units\n\
        Max processes             100                  100                  processes\n\
        Max open files            1024                 524288               files\n";

    /// Who sets the limit of open files and of processes of a user's process in a control group.
    fn set_by(group: &str, files: &[File]) -> (Option<SetBy>, Option<SetBy>) {
        let one = |path: &str, key: &str, content: &str| {
            let mut bytes = Vec::new();
            pack::append(&mut bytes, key, Outcome::Collected, 5, content.as_bytes());
            (path.to_owned(), bytes)
        };
        let stat = "7 (web) S 1 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 90 0 1000 4096000 300 1";
        let mut all = vec![
            one("packs/proc-pid/stat", "7", stat),
            one("packs/proc-pid/limits", "7", LIMITS),
            one("packs/proc-pid/fd_count", "7", "900\n"),
            one("packs/proc-pid/cgroup", "7", &format!("0::{group}\n")),
            one("packs/proc-pid/status", "7", "Name:\tweb\nUid:\t33\t33\t33\t33\n"),
            ("proc/loadavg".to_owned(), b"0 0 0 1/91 9\n".to_vec()),
        ];
        all.extend(files.iter().map(|(p, text)| ((*p).to_owned(), text.as_bytes().to_vec())));
        let f = build(&Snapshot::of_files(all), &SiteInputs::default());
        let files = f.tree.limits.descriptors[0].limit_from.clone();
        let users = &f.tree.tasks.numbers.as_ref().expect("numbers").users;
        if let Some(by) = &files {
            let source = f.sources.get("limits.descriptors.0.limit_from").expect("a source");
            assert!(format!("{source:?}").contains(by.path.trim_start_matches('/')), "{source:?}");
        } else {
            assert!(f.absences.get("limits.descriptors.0.limit_from").is_some());
        }
        (files, users[0].limit_from.clone())
    }

    fn by(path: &str, line: i64, setting: &str) -> SetBy {
        SetBy { path: path.to_owned(), line, setting: setting.to_owned() }
    }

    const UNIT: File =
        ("etc/systemd/system/web.service", "[Service]\nLimitNOFILE=1024:524288\nLimitNPROC=100\n");
    const GROUP: &str = "/system.slice/web.service";

    fn eq(a: Option<&SetBy>, b: Option<&SetBy>) {
        assert_eq!(format!("{a:?}"), format!("{b:?}"));
    }

    #[test]
    fn a_service_has_it_from_its_unit_unless_a_drop_in_says_otherwise() {
        let (files, processes) = set_by(GROUP, &[UNIT]);
        let unit = "/etc/systemd/system/web.service";
        eq(files.as_ref(), Some(&by(unit, 2, "LimitNOFILE=1024:524288")));
        eq(processes.as_ref(), Some(&by(unit, 3, "LimitNPROC=100")));
        let drop_in = ("etc/systemd/system/web.service.d/a.conf", "[Service]\nLimitNOFILE=9\n");
        let again = ("etc/systemd/system/web.service.d/b.conf", "\n[Service]\nLimitNOFILE=1024\n");
        let (files, _) = set_by(GROUP, &[UNIT, drop_in]);
        eq(files.as_ref(), None);
        let (files, _) = set_by(GROUP, &[UNIT, drop_in, again]);
        let path = "/etc/systemd/system/web.service.d/b.conf";
        eq(files.as_ref(), Some(&by(path, 3, "LimitNOFILE=1024")));
    }

    #[test]
    fn a_service_without_one_has_the_default_and_an_instance_that_of_its_template() {
        let manager = ("etc/systemd/system.conf", "[Manager]\nDefaultLimitNOFILE=1024\n");
        let (files, _) = set_by(GROUP, &[manager]);
        eq(files.as_ref(), Some(&by("/etc/systemd/system.conf", 2, "DefaultLimitNOFILE=1024")));
        let template = ("etc/systemd/system/web@.service", "[Service]\nLimitNOFILE=1024\n");
        let (files, _) =
            set_by("/system.slice/system-web.slice/web@1.service", &[manager, template]);
        eq(files.as_ref(), Some(&by("/etc/systemd/system/web@.service", 2, "LimitNOFILE=1024")));
    }

    #[test]
    fn a_session_has_it_from_limits_conf() {
        let limits = [
            ("etc/security/limits.conf", "* soft nofile 1024\n* hard nofile 1024\n"),
            ("etc/security/limits.d/20.conf", "# x\nweb - nproc 100\n* - nofile 2048\n"),
            UNIT,
        ];
        let (files, processes) = set_by("/user.slice/user-33.slice/session-1.scope", &limits);
        eq(files.as_ref(), Some(&by("/etc/security/limits.conf", 1, "* soft nofile 1024")));
        eq(processes.as_ref(), Some(&by("/etc/security/limits.d/20.conf", 2, "web - nproc 100")));
    }
}
