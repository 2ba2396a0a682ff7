//! Control groups as systemd tells them, in archives that hold no file of theirs.
//!
//! What systemd read of the files of a group ends under the names of these files, so that everything
//! behind sees one kind of group. It knows what is used and what limits, and no events.

use std::collections::BTreeSet;

use crate::facts::inputs::Inputs;
use crate::facts::plan::Pack;
use crate::parse::pid_limits::Bound;
use crate::parse::systemctl_show::Unit;

/// The groups of all running units, and where they were read; `None` without any.
pub(super) fn groups(inputs: &Inputs) -> Option<(Pack<String, String>, Vec<String>)> {
    let mut pack = Pack::default();
    let mut paths = Vec::new();
    let mut seen = BTreeSet::new();
    for (reading, units, source) in inputs
        .sched
        .units
        .values()
        .filter_map(|s| s.good().next().map(|(reading, units)| (reading, units, s)))
    {
        let before = pack.rows.len();
        for unit in units.iter().filter(|u| seen.insert(u.id.as_str())) {
            files(unit, &mut pack);
        }
        if pack.rows.len() > before {
            paths.push(source.entry(reading.pass));
        }
    }
    pack.rows.sort();
    (!pack.rows.is_empty()).then_some((pack, paths))
}

fn files(unit: &Unit, pack: &mut Pack<String, String>) {
    let Some(group) = unit.control_group.as_deref().filter(|g| g.starts_with('/')) else { return };
    let limit = |bound: Bound| match bound {
        Bound::At(n) => n.to_string(),
        Bound::Unlimited => "max".to_owned(),
    };
    let quota = |bound: Bound| match bound {
        // Of a second, in the period that systemd sets unless told otherwise.
        Bound::At(us) => format!("{} 100000", us / 10),
        Bound::Unlimited => "max 100000".to_owned(),
    };
    let told = [
        ("memory.current", unit.memory_current_bytes.map(|n| n.to_string())),
        ("memory.max", unit.memory_max.map(limit)),
        ("memory.high", unit.memory_high.map(limit)),
        ("pids.current", unit.tasks_current.map(|n| n.to_string())),
        ("pids.max", unit.tasks_max.map(limit)),
        ("cpu.max", unit.cpu_quota_us.map(quota)),
    ];
    let rows = told.into_iter().filter_map(|(file, value)| {
        Some((format!("fs/cgroup{}/{file}", group.trim_end_matches('/')), value?))
    });
    pack.rows.extend(rows);
}

#[cfg(test)]
mod tests {
    use crate::facts::SiteInputs;
    use crate::input::Snapshot;
    use crate::parse::systemctl_show::SAMPLE;

    #[test]
    fn limits_of_units_stand_in_for_those_of_groups() {
        let files = vec![
            ("commands/systemctl_show_nginx.service".to_owned(), SAMPLE.as_bytes().to_vec()),
            ("proc/meminfo".to_owned(), b"MemTotal: 8000000 kB\n".to_vec()),
        ];
        let f = crate::facts::build(&Snapshot::of_files(files), &SiteInputs::default());
        let [group] = &f.tree.cgroups.items[..] else { panic!("{:?}", f.tree.cgroups.items) };
        assert_eq!(group.path, "/system.slice/nginx.service");
        let memory = group.memory.as_ref().unwrap();
        assert_eq!(
            (memory.current_bytes, memory.limit_bytes),
            (Some(8_822_784), Some(104_857_600))
        );
        assert_eq!(memory.limit_path, None, "which file it is was not seen");
        assert_eq!(group.cpu.as_ref().unwrap().quota_cpus, Some(1.5));
        assert_eq!(group.pids.as_ref().unwrap().max, Some(4677));
        assert_eq!(f.tree.host.failed_units.as_deref(), Some(&["backup.service".to_owned()][..]));
    }
}
