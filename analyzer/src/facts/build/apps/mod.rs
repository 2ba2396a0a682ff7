//! Chapter: what configuration files of servers and proxies say.

use linsight_archive::Outcome;

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::directives::Line;

use super::super::apps::{Apps, File, HttpServer, Setting, Timeout, Upstream};
use super::super::inputs::Inputs;
use super::super::netns::Netns;
use super::super::plan::Many;
use super::super::site::Site;
use super::{Archive, Book};

mod flat;
mod network;
mod nginx;

use network::Network;

/// Entries of a list.
const MAX: usize = 200;

/// A timeout as a file has it.
struct Written {
    name: String,
    kind: &'static str,
    at: String,
    value_s: f64,
    port: Option<u16>,
}

/// What the files say while they are read.
#[derive(Default)]
struct Found {
    files: Vec<File>,
    paths: Vec<String>,
    upstreams: Vec<Upstream>,
    http: Vec<HttpServer>,
    timeouts: Vec<Written>,
    settings: Vec<Setting>,
}

impl Found {
    fn file(&mut self, program: &str, path: &str) {
        self.files.push(File { program: program.to_owned(), path: format!("/{path}") });
        self.paths.push(path.to_owned());
    }
}

/// A place in a file.
fn at(path: &str, line: u32) -> String {
    format!("/{path}:{line}")
}

/// Readings of files below a folder, by path in the archive.
fn all<T>(files: &Many<T>) -> impl Iterator<Item = (&str, &T)> {
    files.values().filter_map(|f| Some((f.path.as_str(), f.first().ok()?)))
}

pub(super) fn build(
    inputs: &Inputs,
    archive: &Archive<'_>,
    netns: &[Netns],
    site: &Site,
    book: &mut Book,
) -> Apps {
    let mut found = Found::default();
    nginx::read(&inputs.apps.nginx, &mut found);
    let a = &inputs.apps;
    flat::haproxy(&a.haproxy, &mut found);
    let programs: [(&str, &Many<Vec<Line>>); 10] = [
        ("apache", &a.httpd),
        ("apache", &a.apache2),
        ("rabbitmq", &a.rabbitmq),
        ("redis", &a.redis),
        ("valkey", &a.valkey),
        ("postgresql", &a.postgresql),
        ("postgresql", &a.pgsql),
        ("mysql", &a.mysql),
        ("mysql", &a.my),
        ("sshd", &a.sshd),
    ];
    for (program, files) in programs {
        flat::settings(program, files, &mut found);
    }
    for a in &site.applications {
        for (kind, value_s) in [("connect", a.connect_timeout_s), ("read", a.read_timeout_s)] {
            found.timeouts.extend(value_s.map(|value_s| Written {
                name: format!("{} {kind} timeout", a.name),
                kind,
                at: "told by the operator".to_owned(),
                value_s,
                port: a.port.and_then(|p| u16::try_from(p).ok()),
            }));
        }
    }
    if found.files.is_empty() && found.timeouts.is_empty() {
        for list in LISTS {
            book.absent(format!("apps.{list}"), nothing(archive));
        }
        return Apps::default();
    }
    finish(found, &Network { netns, site }, book)
}

/// Lists of the chapter.
const LISTS: [&str; 5] = ["files", "upstreams", "http", "timeouts", "settings"];

/// Why no file was read: there is none, or nobody looked.
fn nothing(archive: &Archive<'_>) -> Absence {
    const LOOKED: &str = "etc/nginx/nginx.conf";
    let line = archive.journal.iter().find(|((path, _), _)| path == LOOKED).map(|(_, l)| l);
    let looked = line.is_some_and(|l| matches!(l.outcome, Outcome::Missing | Outcome::Collected));
    if looked || archive.format == "sosreport" {
        let why =
            "no configuration of a known proxy, server or database lies where it usually lies";
        return Absence::new(Reason::NotApplicable, why);
    }
    Absence::of(Reason::NotCollected, LOOKED, "configuration files were not collected")
}

/// Joins what the files say with what the sockets show.
fn finish(mut found: Found, network: &Network<'_>, book: &mut Book) -> Apps {
    let mut locators: Vec<Locator> =
        found.paths.iter().map(|p| Locator::entry(p.as_str())).collect();
    locators.truncate(20);
    book.sources("apps", locators);
    found.upstreams.truncate(MAX);
    found.http.truncate(MAX);
    found.timeouts.truncate(MAX);
    found.settings.truncate(MAX);
    for u in &mut found.upstreams {
        network.upstream(u);
    }
    for h in &mut found.http {
        network.http(h);
    }
    let timeouts: Vec<Timeout> = found.timeouts.into_iter().map(|w| network.timeout(w)).collect();
    let apps = Apps {
        files: found.files,
        upstreams: found.upstreams,
        http: found.http,
        timeouts,
        settings: found.settings,
    };
    absences(&apps, book);
    apps
}

fn absences(apps: &Apps, book: &mut Book) {
    let mut absent = |list: &str, i: usize, fields: &[(&str, bool, &str)]| {
        for (field, _, why) in fields.iter().filter(|(_, known, _)| !known) {
            let absence = Absence::new(Reason::NotApplicable, *why);
            book.absent(format!("apps.{list}.{i}.{field}"), absence);
        }
    };
    let no_sockets = "the sockets show no rate at these ports";
    for (i, u) in apps.upstreams.iter().enumerate() {
        let fields = [
            ("lacks", u.lacks.is_some(), "nothing is in the way"),
            ("closes_per_s", u.closes_per_s.is_some(), no_sockets),
            ("time_wait", u.time_wait.is_some(), no_sockets),
        ];
        absent("upstreams", i, &fields);
    }
    for (i, h) in apps.http.iter().enumerate() {
        let told = "no L7 proxy with an idle timeout is told";
        let fields = [
            ("port", h.port.is_some(), "the file names no port beside it"),
            ("l7_idle_timeout_s", h.l7_idle_timeout_s.is_some(), told),
            ("closes_per_s", h.closes_per_s.is_some(), no_sockets),
            ("idle", h.idle.is_some(), no_sockets),
        ];
        absent("http", i, &fields);
    }
    for (i, t) in apps.timeouts.iter().enumerate() {
        let fields = [
            ("port", t.port.is_some(), "the port of the service is not known"),
            ("again", t.again.is_some(), "the sockets to it were not seen twice"),
        ];
        absent("timeouts", i, &fields);
    }
}
