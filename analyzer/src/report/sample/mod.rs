//! A host made by hand, for tests of the report: a database server that runs out of ports while a
//! process leaks, collected as an ordinary user. Numbers are those of a real virtual machine
//! where it had them.

mod assessment;
mod facts;
mod more;

use crate::absence::{Absence, Reason};
use crate::facts::Facts;
use crate::report::{Evidence, Origin, View};
use crate::rules::Assessment;

/// Changes every string that a host could have chosen.
pub(super) type Name<'a> = &'a (dyn Fn(&str) -> String + Sync);

/// What a hostile host would put into every string.
pub(super) const HOSTILE: &str = "<script>alert(1)</script>\x1b[31m\u{202e}\u{85}\0\"'><img src=x onerror=alert(2)>`|@root #12 ![x](javascript:1) {{ 7 * 7 }}";

pub(super) struct Archive<'a>(Name<'a>);

impl Evidence for Archive<'_> {
    fn read(&self, path: &str, _: Option<&str>) -> Result<Vec<u8>, Absence> {
        let text = match path {
            "commands/sysctl_-a" => {
                "net.ipv4.ip_local_port_range = 32768\t60999\nnet.ipv4.tcp_fin_timeout = 60\nnet.ipv4.tcp_timestamps = 1\nnet.ipv4.tcp_tw_reuse = 0\nnet.ipv4.tcp_window_scaling = 1\n"
            }
            "packs/proc-pid/statm" => "15931 1012 780 3 0 14120 0\n",
            "samples/61/packs/proc-pid/statm" => "31291 1060 780 3 0 29480 0\n",
            "probes/inet_diag/4026531840/tcp4" => "\0\0\0\0",
            _ => return Err(Absence::of(Reason::Missing, path, "not in the sample")),
        };
        Ok(text.lines().flat_map(|l| format!("{}\n", (self.0)(l)).into_bytes()).collect())
    }
}

pub(super) fn origin(n: Name<'_>) -> Origin {
    Origin {
        archive: n("db-17.tar.zst"),
        sha256: Some("3fb1a0c4d1e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f".to_owned()),
        analyzer_version: "0.1.0".to_owned(),
        command: vec!["linsight".to_owned(), "analyze".to_owned(), n("db-17.tar.zst")],
        collector_command: vec!["linsight-collect".to_owned(), "-o".to_owned(), n("db-17.tar.zst")],
        notes: vec![(n("ticket"), n("INC-4711"))],
    }
}

/// The parts of a report.
pub(super) fn parts(n: Name<'_>) -> (Facts, Assessment) {
    let mut facts = facts::facts(n);
    more::add(&mut facts, n);
    (facts, assessment::broken(n))
}

fn view(facts: &Facts, assessment: &Assessment, n: Name<'_>) -> View {
    View::new(facts, assessment, &Archive(n), &origin(n))
}

/// The broken host.
pub(super) fn broken() -> View {
    let n: Name<'_> = &|s| s.to_owned();
    let (facts, assessment) = parts(n);
    view(&facts, &assessment, n)
}

/// The same host with hostile strings everywhere.
pub(super) fn hostile() -> View {
    let n: Name<'_> = &|s| format!("{s}{HOSTILE}");
    let (facts, assessment) = parts(n);
    view(&facts, &assessment, n)
}

/// The same host, as large as hosts become.
pub(super) fn giant() -> View {
    let n: Name<'_> = &|s| s.to_owned();
    let (mut facts, assessment) = parts(n);
    more::fill(&mut facts);
    view(&facts, &assessment, n)
}

/// A host without findings and with poor coverage: an archive that holds nearly nothing.
pub(super) fn quiet() -> View {
    let n: Name<'_> = &|s| s.to_owned();
    let mut facts = Facts::default();
    facts.tree.host.name = Some("web-3".to_owned());
    facts.tree.host.taken_unix_s = Some(1_772_366_400.0);
    facts.tree.collection.euid = Some(1000);
    view(&facts, &assessment::quiet(), n)
}
