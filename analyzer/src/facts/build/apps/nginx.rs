//! nginx: where requests are passed on, and whether those connections are kept.

use crate::parse::nginx_conf::{Directive, seconds};

use super::super::super::apps::{HttpServer, Setting, Upstream};
use super::super::super::plan::Many;
use super::{Found, Written, all, at};

/// Directives that a block hands down to those in it.
#[derive(Clone, Default)]
struct Scope<'a> {
    http_version: Option<&'a str>,
    /// All `proxy_set_header` of the nearest block that has any.
    headers: Vec<&'a Directive>,
    fastcgi_keep: bool,
    port: Option<i64>,
}

/// An `upstream` block.
struct Block<'a> {
    name: &'a str,
    ports: Vec<i64>,
    keepalive: Option<&'a str>,
}

/// Reads all files together: an `upstream` may stand in another file than its `proxy_pass`.
pub(super) fn read(files: &Many<Vec<Directive>>, found: &mut Found) {
    let mut blocks = Vec::new();
    let mut main = Scope::default();
    for (path, directives) in all(files) {
        found.file("nginx", path);
        upstreams(directives, 0, &mut blocks);
        // What stands in `http` of the main file holds for files that are included there.
        for http in directives.iter().filter(|d| d.name == "http") {
            main = scope(&main, http);
        }
    }
    for (path, directives) in all(files) {
        let root = Directive { block: directives.clone(), ..Directive::default() };
        walk(&root, &main, path, &blocks, 0, found);
    }
}

fn upstreams<'a>(directives: &'a [Directive], depth: usize, out: &mut Vec<Block<'a>>) {
    for d in directives {
        if d.name == "upstream" {
            let servers = d.block.iter().filter(|s| s.name == "server");
            out.push(Block {
                name: d.arg(),
                ports: servers.filter_map(|s| port_of(s.arg())).collect(),
                keepalive: d.get("keepalive").map(Directive::arg),
            });
        } else if depth < 4 {
            upstreams(&d.block, depth + 1, out);
        }
    }
}

/// Port of `10.0.0.5:9000`, `[::1]:9000`, `http://name:80/`; that of the scheme where none stands.
fn port_of(target: &str) -> Option<i64> {
    let (scheme, rest) = target.split_once("://").unwrap_or(("", target));
    let host = rest.split('/').next().unwrap_or(rest);
    if host.starts_with("unix:") {
        return None;
    }
    match host.rsplit_once(':').map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(port)) => Some(port.into()),
        _ if scheme == "https" => Some(443),
        _ => Some(80),
    }
}

fn scope<'a>(outer: &Scope<'a>, block: &'a Directive) -> Scope<'a> {
    let mut inner = outer.clone();
    if let Some(version) = block.get("proxy_http_version") {
        inner.http_version = Some(version.arg());
    }
    if let Some(keep) = block.get("fastcgi_keep_conn") {
        inner.fastcgi_keep = keep.arg() == "on";
    }
    let own: Vec<&Directive> =
        block.block.iter().filter(|d| d.name == "proxy_set_header").collect();
    if !own.is_empty() {
        inner.headers = own;
    }
    if let Some(listen) = block.get("listen") {
        inner.port = match listen.arg().rsplit_once(':') {
            Some((_, port)) => port.parse().ok(),
            None => listen.arg().parse().ok().or(Some(80)),
        };
    }
    inner
}

fn walk<'a>(
    block: &'a Directive,
    outer: &Scope<'a>,
    path: &str,
    blocks: &[Block<'_>],
    depth: usize,
    found: &mut Found,
) {
    let inner = scope(outer, block);
    for d in &block.block {
        match d.name.as_str() {
            "proxy_pass" | "fastcgi_pass" if !d.arg().contains('$') => {
                found.upstreams.push(upstream(d, &inner, path, blocks));
            }
            "keepalive_timeout" if block.name != "upstream" => {
                found.http.extend(seconds(d.arg()).map(|keepalive_s| HttpServer {
                    name: inner.port.map_or("nginx".to_owned(), |p| format!("nginx :{p}")),
                    program: "nginx".to_owned(),
                    port: inner.port,
                    at: at(path, d.line),
                    keepalive_s,
                    ..HttpServer::default()
                }));
            }
            "proxy_connect_timeout"
            | "proxy_read_timeout"
            | "fastcgi_connect_timeout"
            | "fastcgi_read_timeout"
            | "grpc_connect_timeout"
            | "grpc_read_timeout" => {
                let kind = if d.name.contains("connect") { "connect" } else { "read" };
                let pass = block.block.iter().find(|p| p.name.ends_with("_pass"));
                let port = pass.and_then(|p| target(p, blocks).into_iter().next());
                found.timeouts.extend(seconds(d.arg()).map(|value_s| Written {
                    name: format!("nginx {}", d.name),
                    kind,
                    at: at(path, d.line),
                    value_s,
                    port: port.and_then(|p| u16::try_from(p).ok()),
                }));
            }
            "keepalive_requests" | "worker_connections" | "listen"
                if d.name != "listen" || d.args.iter().any(|a| a.starts_with("so_keepalive")) =>
            {
                found.settings.push(Setting {
                    program: "nginx".to_owned(),
                    name: d.name.clone(),
                    value: d.args.join(" "),
                    at: at(path, d.line),
                });
            }
            _ => {}
        }
        if !d.block.is_empty() && depth < 8 {
            walk(d, &inner, path, blocks, depth + 1, found);
        }
    }
}

/// Ports that a `proxy_pass` leads to.
fn target(pass: &Directive, blocks: &[Block<'_>]) -> Vec<i64> {
    let rest = pass.arg().split_once("://").map_or(pass.arg(), |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or(rest);
    match blocks.iter().find(|b| b.name == host) {
        Some(block) => block.ports.clone(),
        None => port_of(pass.arg()).into_iter().collect(),
    }
}

fn upstream(pass: &Directive, scope: &Scope<'_>, path: &str, blocks: &[Block<'_>]) -> Upstream {
    let rest = pass.arg().split_once("://").map_or(pass.arg(), |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or(rest);
    let block = blocks.iter().find(|b| b.name == host);
    let connection =
        scope.headers.iter().rev().find(|h| h.arg().eq_ignore_ascii_case("connection"));
    let value = connection.map(|h| h.args.get(1).map_or("", String::as_str));
    let is_fastcgi = pass.name == "fastcgi_pass";
    let keepalive = block.and_then(|b| b.keepalive);
    let is_off = keepalive == Some("0") || value.is_some_and(|v| v.eq_ignore_ascii_case("close"));
    let mut lacks = Vec::new();
    match (block, keepalive) {
        _ if is_off => lacks.push("it is switched off (`keepalive 0` or `Connection close`)"),
        (None, _) => lacks.push("an `upstream` block with `keepalive N`"),
        (Some(_), None) => lacks.push("`keepalive N` in its `upstream` block"),
        _ => {}
    }
    if is_fastcgi && !scope.fastcgi_keep {
        lacks.push("`fastcgi_keep_conn on`");
    }
    if !is_fastcgi && scope.http_version != Some("1.1") && scope.http_version != Some("2") {
        lacks.push("`proxy_http_version 1.1`");
    }
    if !is_fastcgi && value != Some("") && !is_off {
        lacks.push("`proxy_set_header Connection \"\"` in the same block as its other headers");
    }
    Upstream {
        name: host.to_owned(),
        program: "nginx".to_owned(),
        at: at(path, pass.line),
        ports: target(pass, blocks),
        keeps: lacks.is_empty(),
        lacks: (!lacks.is_empty()).then(|| lacks.join(", ")),
        is_off,
        ..Upstream::default()
    }
}
