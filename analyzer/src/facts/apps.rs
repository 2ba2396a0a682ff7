//! What the configuration files of servers and proxies say about connections and timeouts.
//!
//! Only what stands in a file is told here: no program's built-in default is assumed, and a file
//! that is not where it usually lies was not read.

use schemars::JsonSchema;
use serde::Serialize;

/// Configuration of applications.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Apps {
    /// Configuration files that were read, by program.
    pub files: Vec<File>,
    /// Places where a proxy passes requests on, and whether it keeps those connections; at most
    /// 200.
    pub upstreams: Vec<Upstream>,
    /// How long HTTP servers keep a connection without a request; at most 200.
    pub http: Vec<HttpServer>,
    /// Timeouts towards other services, from files and as the operator told; at most 200.
    pub timeouts: Vec<Timeout>,
    /// Directives about keepalive and limits of the other programs, as they stand; at most 200.
    pub settings: Vec<Setting>,
}

/// One configuration file.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct File {
    /// Program: `nginx`, `haproxy`, `apache`, `rabbitmq`, `redis`, `postgresql`, `mysql`.
    pub program: String,
    /// Path on the host.
    pub path: String,
}

/// A place where a proxy passes requests on.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Upstream {
    /// `app` or `10.0.0.5:9000`, as the file names it.
    pub name: String,
    /// Program.
    pub program: String,
    /// `/etc/nginx/nginx.conf:12`, where requests are passed on.
    pub at: String,
    /// Ports of its servers.
    pub ports: Vec<i64>,
    /// Connections to it are kept and used again, as far as its file decides.
    pub keeps: bool,
    /// What is in the way, in words; absent when nothing is.
    pub lacks: Option<String>,
    /// The file switches keeping off in so many words.
    pub is_off: bool,
    /// New connections a second to these ports, by processes of that program.
    pub closes_per_s: Option<f64>,
    /// TIME-WAIT sockets to these ports.
    pub time_wait: Option<i64>,
}

/// An HTTP server.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct HttpServer {
    /// `nginx :443`.
    pub name: String,
    /// Program.
    pub program: String,
    /// Port that it listens on; absent if the file does not tell.
    pub port: Option<i64>,
    /// Where the timeout stands: `/etc/nginx/nginx.conf:5`.
    pub at: String,
    /// It closes a connection that had no request for so long; 0: after each answer.
    pub keepalive_s: f64,
    /// Idle timeout of the L7 proxy in front of it; absent unless told.
    pub l7_idle_timeout_s: Option<f64>,
    /// Connections a second that are closed at its port.
    pub closes_per_s: Option<f64>,
    /// Its established connections that are silent for 60 s and more.
    pub idle: Option<i64>,
}

/// A timeout towards another service.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Timeout {
    /// `nginx proxy_connect_timeout`.
    pub name: String,
    /// `connect` or `read`.
    pub kind: String,
    /// Where it stands.
    pub at: String,
    /// Its value.
    pub value_s: f64,
    /// Port of the service, where known.
    pub port: Option<i64>,
    /// The least that lets one lost packet be sent again.
    pub needed_s: f64,
    /// What that was computed from, in words.
    pub because: String,
    /// Segments sent again to that port in the window.
    pub again: Option<i64>,
}

/// A directive as it stands.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Setting {
    /// Program.
    pub program: String,
    /// Directive.
    pub name: String,
    /// Value.
    pub value: String,
    /// Where it stands.
    pub at: String,
}
