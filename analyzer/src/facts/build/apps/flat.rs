//! Programs whose configuration has one directive a line.

use crate::parse::directives::Line;

use super::super::super::apps::{HttpServer, Setting, Upstream};
use super::super::super::plan::Many;
use super::{Found, Written, all, at};

/// Directives about keepalive, timeouts and limits that are listed as they stand.
const LISTED: [&str; 26] = [
    "keepalive",
    "keepalivetimeout",
    "maxkeepaliverequests",
    "timeout",
    "proxytimeout",
    "heartbeat",
    "tcp_listen_options.keepalive",
    "tcp-keepalive",
    "maxclients",
    "tcp-backlog",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_keepalives_count",
    "tcp_user_timeout",
    "idle_session_timeout",
    "idle_in_transaction_session_timeout",
    "statement_timeout",
    "max_connections",
    "wait_timeout",
    "interactive_timeout",
    "connect_timeout",
    "net_read_timeout",
    "back_log",
    "tcpkeepalive",
    "clientaliveinterval",
    "clientalivecountmax",
];

/// Directives of programs other than proxies; Apache's server timeouts beside them.
pub(super) fn settings(program: &str, files: &Many<Vec<Line>>, found: &mut Found) {
    for (path, lines) in all(files) {
        found.file(program, path);
        for l in lines {
            let name = l.key.to_ascii_lowercase();
            if LISTED.contains(&name.replace('-', "_").as_str()) || LISTED.contains(&name.as_str())
            {
                found.settings.push(Setting {
                    program: program.to_owned(),
                    name: l.key.clone(),
                    value: l.value.clone(),
                    at: at(path, l.line),
                });
            }
            if program == "apache" {
                apache(&name, l, path, found);
            }
        }
    }
}

fn apache(name: &str, l: &Line, path: &str, found: &mut Found) {
    let server = |keepalive_s| HttpServer {
        name: "apache".to_owned(),
        program: "apache".to_owned(),
        at: at(path, l.line),
        keepalive_s,
        ..HttpServer::default()
    };
    match name {
        "keepalive" if l.value.eq_ignore_ascii_case("off") => found.http.push(server(0.0)),
        "keepalivetimeout" => found.http.extend(milliseconds(&l.value, 1.0).map(server)),
        "proxytimeout" => {
            let written = |value_s| Written {
                name: "apache ProxyTimeout".to_owned(),
                kind: "read",
                at: at(path, l.line),
                value_s,
                port: None,
            };
            found.timeouts.extend(milliseconds(&l.value, 1.0).map(written));
        }
        "proxypass" if l.value.contains("disablereuse=on") => {
            let url = l.value.split_whitespace().find(|w| w.contains("://")).unwrap_or_default();
            let host = url.split_once("://").map_or("", |(_, r)| r).split('/').next();
            let host = host.unwrap_or_default();
            let port = host.rsplit_once(':').and_then(|(_, p)| p.parse().ok());
            found.upstreams.push(Upstream {
                name: host.to_owned(),
                program: "apache".to_owned(),
                at: at(path, l.line),
                ports: port.into_iter().collect(),
                keeps: false,
                lacks: Some("it is switched off (`disablereuse=on`)".to_owned()),
                is_off: true,
                ..Upstream::default()
            });
        }
        _ => {}
    }
}

/// haproxy: timeouts of its sections, and backends that close.
pub(super) fn haproxy(files: &Many<Vec<Line>>, found: &mut Found) {
    for (path, lines) in all(files) {
        found.file("haproxy", path);
        for l in lines {
            let mut words = l.value.split_whitespace();
            let (first, second) =
                (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            match (l.key.as_str(), first) {
                ("timeout", "connect" | "server") => {
                    let kind = if first == "connect" { "connect" } else { "read" };
                    found.timeouts.extend(milliseconds(second, 0.001).map(|value_s| Written {
                        name: format!("haproxy timeout {first} ({})", l.section),
                        kind,
                        at: at(path, l.line),
                        value_s,
                        port: server_port(lines, &l.section),
                    }));
                }
                ("timeout", "http-keep-alive") => {
                    found.http.extend(milliseconds(second, 0.001).map(|keepalive_s| HttpServer {
                        name: format!("haproxy ({})", l.section),
                        program: "haproxy".to_owned(),
                        at: at(path, l.line),
                        keepalive_s,
                        ..HttpServer::default()
                    }));
                }
                ("option", "http-server-close" | "httpclose" | "forceclose")
                | ("http-reuse", "never") => {
                    found.upstreams.push(Upstream {
                        name: l.section.clone(),
                        program: "haproxy".to_owned(),
                        at: at(path, l.line),
                        ports: server_port(lines, &l.section).map(i64::from).into_iter().collect(),
                        keeps: false,
                        lacks: Some(format!("it is switched off (`{} {}`)", l.key, l.value)),
                        is_off: true,
                        ..Upstream::default()
                    });
                }
                _ => {}
            }
        }
    }
}

/// Port of the first server of a section.
fn server_port(lines: &[Line], section: &str) -> Option<u16> {
    let server = lines.iter().find(|l| l.section == section && l.key == "server")?;
    server.value.split_whitespace().nth(1)?.rsplit_once(':')?.1.parse().ok()
}

/// A time with a unit (`500ms`, `5s`, `1m`); a bare number is in units of `bare_s`.
fn milliseconds(text: &str, bare_s: f64) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let n: f64 = number.parse().ok()?;
    Some(
        n * match unit {
            "" => bare_s,
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" | "mi" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        },
    )
}
