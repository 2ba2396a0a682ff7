//! Configuration files: only listed directives are kept, every other line is dropped before it is
//! written.
//!
//! Masking by pattern is not good enough here: a configuration may hold a secret under any name.
//! What is kept are the directives that rules read ([`Kind::directives`]): timeouts, keepalive,
//! pools, limits. Line numbers stay: a dropped line leaves an empty one, so a finding can point to
//! the line of the file as the customer sees it. What is kept is masked like any other text.

use super::{Redacted, text};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `nginx.conf` and what it includes.
    Nginx,
    /// `haproxy.cfg`.
    Haproxy,
    /// `httpd.conf`, `apache2.conf` and what they include.
    Apache,
    /// `rabbitmq.conf`.
    Rabbitmq,
    /// `redis.conf`, `valkey.conf`.
    Redis,
    /// `postgresql.conf`.
    Postgresql,
    /// `my.cnf`, `mysqld.cnf`.
    Mysql,
    /// `limits.conf` of `pam_limits(8)`.
    Limits,
    /// `sysctl.conf`, `sysctl.d`.
    Sysctl,
    /// `tuned.conf` of a profile.
    Tuned,
    /// Units and their drop-ins, `system.conf`.
    Systemd,
    /// `sshd_config`.
    Sshd,
}

/// Directives of nginx: see [`Kind::directives`].
const NGINX: &str = "http events stream server upstream location include listen worker-processes \
    worker-connections worker-rlimit-nofile keepalive* least-conn ip-hash zone \
    proxy-pass fastcgi-pass uwsgi-pass scgi-pass grpc-pass proxy-http-version \
    proxy-set-header:connection proxy-set-header:upgrade proxy-bind \
    proxy-socket-keepalive proxy-connect-timeout proxy-read-timeout \
    proxy-send-timeout proxy-timeout proxy-next-upstream* fastcgi-keep-conn \
    fastcgi-connect-timeout fastcgi-read-timeout fastcgi-send-timeout \
    fastcgi-socket-keepalive grpc-connect-timeout grpc-read-timeout \
    grpc-send-timeout send-timeout client-header-timeout client-body-timeout \
    reset-timedout-connection lingering* tcp-nodelay";

impl Kind {
    /// The format of a file, by its path.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let has = |part: &str| path.contains(part);
        let name = path.rsplit('/').next().unwrap_or(path);
        Some(match name {
            _ if has("/nginx/") => Self::Nginx,
            _ if has("/haproxy/") || name == "haproxy.cfg" => Self::Haproxy,
            _ if has("/httpd/") || has("/apache2/") => Self::Apache,
            "rabbitmq.conf" => Self::Rabbitmq,
            _ if has("/rabbitmq/conf.d/") => Self::Rabbitmq,
            "redis.conf" | "valkey.conf" | "sentinel.conf" => Self::Redis,
            _ if has("/redis/") || has("/valkey/") => Self::Redis,
            "postgresql.conf" | "postgresql.auto.conf" => Self::Postgresql,
            _ if has("/postgresql/") => Self::Postgresql,
            "my.cnf" | "mysqld.cnf" => Self::Mysql,
            _ if has("/mysql/") || has("/my.cnf.d/") || has("/mariadb") => Self::Mysql,
            "limits.conf" => Self::Limits,
            _ if has("/limits.d/") => Self::Limits,
            "sysctl.conf" => Self::Sysctl,
            _ if has("/sysctl.d/") => Self::Sysctl,
            "tuned.conf" => Self::Tuned,
            "sshd_config" => Self::Sshd,
            _ if has("/sshd_config.d/") => Self::Sshd,
            _ if has("/systemd/") => Self::Systemd,
            _ => return None,
        })
    }

    /// The directives that are kept, in lower case with `-` for `_`. A `*` at the end of a word
    /// stands for any rest; what follows a `:` narrows an entry to that second word.
    const fn directives(self) -> &'static str {
        match self {
            Self::Nginx => NGINX,
            Self::Haproxy => {
                "global defaults listen frontend backend bind mode balance maxconn fullconn \
                 timeout retries option:tcpka option:clitcpka option:srvtcpka \
                 option:http-server-close option:httpclose option:forceclose \
                 option:http-keep-alive option:http-tunnel option:redispatch no:option \
                 clitcpka* srvtcpka* http-reuse server default-server source nbthread nbproc \
                 ulimit-n default-backend pool*"
            }
            Self::Apache => {
                "keepalive keepalivetimeout maxkeepaliverequests timeout proxypass proxytimeout \
                 proxyset balancermember listen listenbacklog maxrequestworkers maxclients \
                 serverlimit startservers threadsperchild threadlimit maxconnectionsperchild \
                 maxrequestsperchild include includeoptional requestreadtimeout <virtualhost \
                 <proxy <location <ifmodule </virtualhost> </proxy> </location> </ifmodule>"
            }
            Self::Rabbitmq => {
                "heartbeat tcp-listen-options* listeners.tcp* vm-memory-high-watermark* \
                 disk-free-limit* channel-max connection-max num-acceptors* handshake-timeout \
                 net-ticktime cluster-partition-handling"
            }
            Self::Redis => {
                "maxmemory* maxclients tcp-keepalive tcp-backlog timeout port bind repl-timeout \
                 repl-backlog-size save appendonly appendfsync include cluster-node-timeout \
                 client-output-buffer-limit io-threads activedefrag disable-thp oom-score-adj \
                 hz"
            }
            Self::Postgresql => {
                "port max-connections shared-buffers huge-page* work-mem maintenance-work-mem \
                 autovacuum-work-mem temp-buffers effective-cache-size wal-buffers max-wal-size \
                 checkpoint-timeout tcp-keepalives* tcp-user-timeout statement-timeout \
                 lock-timeout idle-in-transaction-session-timeout idle-session-timeout \
                 client-connection-check-interval wal-sender-timeout wal-receiver-timeout \
                 max-worker-processes max-parallel-workers autovacuum-max-workers include* \
                 shared-memory-type dynamic-shared-memory-type"
            }
            Self::Mysql => {
                "innodb-buffer-pool* innodb-log-buffer-size innodb-flush-method \
                 innodb-numa-interleave innodb-io-capacity* innodb-use-native-aio \
                 max-connections wait-timeout interactive-timeout connect-timeout \
                 net-read-timeout net-write-timeout back-log table-open-cache open-files-limit \
                 thread-cache-size thread-stack key-buffer-size tmp-table-size \
                 max-heap-table-size sort-buffer-size join-buffer-size read-buffer-size \
                 read-rnd-buffer-size large-pages skip-name-resolve port bind-address \
                 max-allowed-packet query-cache-size performance-schema numa-interleave \
                 !include*"
            }
            Self::Limits => "*:soft *:hard *:-",
            // Every parameter but the two that are keys: see `is_kept`.
            Self::Sysctl | Self::Tuned => "*",
            Self::Systemd => {
                "limit* defaultlimit* tasks* defaulttasks* memory* cpu* nice oomscoreadjust \
                 oompolicy numa* io* slice type restart* timeout* after requires wantedby \
                 defaultcpuaccounting"
            }
            Self::Sshd => {
                "tcpkeepalive clientaliveinterval clientalivecountmax maxstartups maxsessions \
                 usedns"
            }
        }
    }

    /// Whether a directive, given as its first two words, is kept.
    fn is_kept(self, first: &str, second: &str) -> bool {
        let normal = |word: &str| word.to_ascii_lowercase().replace('_', "-");
        let (first, second) = (normal(first), normal(second));
        if first.ends_with("tcp-fastopen-key") || first.ends_with("stable-secret") {
            return false;
        }
        self.directives().split_whitespace().any(|entry| {
            let (one, two) = entry.split_once(':').unwrap_or((entry, "*"));
            matches(one, &first) && matches(two, &second)
        })
    }
}

fn matches(pattern: &str, word: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => word.starts_with(start),
        None => word == pattern,
    }
}

/// The listed directives of a file, on the lines where they stood, masked.
pub(crate) fn keep(kind: Kind, bytes: &[u8]) -> Redacted {
    let source = String::from_utf8_lossy(bytes);
    let kept = if kind == Kind::Nginx { braces(&source) } else { lines(kind, &source) };
    text(kept.as_bytes())
}

/// Formats of one directive a line.
fn lines(kind: Kind, source: &str) -> String {
    let mut out = String::new();
    let mut continued = None;
    for line in source.lines() {
        let line = line.trim_end();
        let bare = line.trim_start();
        let is_kept = continued.unwrap_or_else(|| {
            let is_section = bare.starts_with('[') && bare.ends_with(']');
            let mut words = bare.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            let first = words.next().unwrap_or_default();
            let is_comment = first.is_empty() || first.starts_with(['#', ';']);
            is_section || (!is_comment && kind.is_kept(first, words.next().unwrap_or_default()))
        });
        // A line that goes on takes its continuation with it, kept or dropped.
        continued = line.ends_with('\\').then_some(is_kept);
        if is_kept {
            out.push_str(without_comment(line));
        }
        out.push('\n');
    }
    out
}

/// The line up to a comment behind the directive: it may say anything.
fn without_comment(line: &str) -> &str {
    let cut = [" #", "\t#"].iter().filter_map(|start| line.find(start)).min();
    line.get(..cut.unwrap_or(line.len())).unwrap_or(line).trim_end()
}

/// nginx: statements end at `;`, blocks open at `{`.
fn braces(source: &str) -> String {
    let mut out = String::new();
    let mut statement = String::new();
    let mut newlines = 0;
    let mut quote = None;
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        newlines += usize::from(c == '\n');
        let blank = if c.is_whitespace() { ' ' } else { c };
        if quote.is_some() || matches!(c, '"' | '\'') {
            statement.push(blank);
            match (c, quote) {
                ('\\', _) => statement.extend(chars.next_if(|next| *next != '\n')),
                (_, None) => quote = Some(c),
                (_, Some(open)) if open == c => quote = None,
                _ => {}
            }
        } else if c == '#' && (statement.is_empty() || statement.ends_with(' ')) {
            while chars.next_if(|next| *next != '\n').is_some() {}
        } else if matches!(c, ';' | '{' | '}') && !(c == '{' && statement.ends_with('$')) {
            finish(&mut out, statement.trim(), c);
            statement.clear();
            out.push_str(&"\n".repeat(newlines));
            newlines = 0;
        } else if !(blank == ' ' && statement.is_empty()) {
            statement.push(blank);
        } else if c == '\n' {
            out.push('\n');
            newlines = 0;
        }
    }
    out.push_str(&"\n".repeat(newlines));
    out
}

/// Writes a statement if it is listed; of other blocks the name, so that braces still pair.
fn finish(out: &mut String, statement: &str, end: char) {
    let mut words = statement.split_whitespace();
    let first = words.next().unwrap_or_default();
    if Kind::Nginx.is_kept(first, words.next().unwrap_or_default()) {
        out.push_str(statement);
        out.push_str(if end == '{' { " { " } else { "; " });
        return;
    }
    let is_word = first.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match end {
        '{' if is_word => out.extend([first, " { "]),
        '{' => out.push_str("block { "),
        '}' => out.push_str("} "),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(kind: Kind, source: &str) -> String {
        String::from_utf8(keep(kind, source.as_bytes()).bytes).unwrap()
    }

    #[test]
    fn nginx_keeps_listed_directives_on_their_lines() {
        let source = r#"user www;            # the password is hunter2
http {
    upstream app { server 10.0.0.5:9000; keepalive 64; }
    map $http_x $y { "secretvalue" 1; }
    server {
        listen 80
            so_keepalive=60s:10s:3;
        auth_basic_user_file /etc/nginx/pw;
        location /api {
            proxy_pass http://bob:s3cr3t@app/;
            proxy_set_header Authorization "Basic dXNlcjpwYXNz";
            proxy_set_header Connection "";
            if ($arg_token = "abc{def") { return 403; }
        }
    }
}
"#;
        let kept = kept(Kind::Nginx, source);
        assert_eq!(
            kept.lines().map(str::trim_end).collect::<Vec<_>>(),
            [
                "",
                "http {",
                "upstream app { server 10.0.0.5:9000; keepalive 64; }",
                "map { }",
                "server {",
                "listen 80             so_keepalive=60s:10s:3;",
                "",
                "",
                "location /api {",
                "proxy_pass http://bob:<masked>@app/;",
                "",
                "proxy_set_header Connection \"\";",
                "if { }",
                "}",
                "}",
                "}",
            ]
        );
    }

    #[test]
    fn each_format_drops_its_secrets_and_keeps_what_rules_read() {
        for (kind, source, want) in [
            (
                Kind::Haproxy,
                "global\n  stats socket /x\ndefaults\n  timeout connect 5s # pw hunter2\n\
                 listen stats\n  stats auth admin:hapw\n  option tcpka\n  option httplog\n",
                "global\n\ndefaults\n  timeout connect 5s\nlisten stats\n\n  option tcpka\n\n",
            ),
            (
                Kind::Apache,
                "KeepAlive On\nAuthUserFile /pw\nRequestHeader set Authorization \\\n  \"Basic x\"\n\
                 ProxyPass / http://app/ disablereuse=on\n",
                "KeepAlive On\n\n\n\nProxyPass / http://app/ disablereuse=on\n",
            ),
            (
                Kind::Rabbitmq,
                "default_pass = guest\ntcp_listen_options.keepalive = true\nheartbeat = 60\n",
                "\ntcp_listen_options.keepalive = true\nheartbeat = 60\n",
            ),
            (
                Kind::Redis,
                "requirepass foobared\nmasterauth x\nmaxmemory 2gb\ntcp-keepalive 300\n",
                "\n\nmaxmemory 2gb\ntcp-keepalive 300\n",
            ),
            (
                Kind::Postgresql,
                "shared_buffers = 4GB # tuned by bob, pw x\nprimary_conninfo = 'password=pgpw'\n",
                "shared_buffers = 4GB\n\n",
            ),
            (
                Kind::Mysql,
                "[client]\npassword=dbpw\n[mysqld]\ninnodb_buffer_pool_size = 4G\nwait-timeout=60\n",
                "[client]\n\n[mysqld]\ninnodb_buffer_pool_size = 4G\nwait-timeout=60\n",
            ),
            (
                Kind::Limits,
                "# pw: x\n* soft nofile 1024\n@dba - nproc unlimited\nnonsense pw\n",
                "\n* soft nofile 1024\n@dba - nproc unlimited\n\n",
            ),
            (
                Kind::Sysctl,
                "# c\nnet.ipv4.tcp_fastopen_key = 00-11\nvm.swappiness = 10\n-net.core.somaxconn=1024\n",
                "\n\nvm.swappiness = 10\n-net.core.somaxconn=1024\n",
            ),
            (
                Kind::Systemd,
                "[Service]\nEnvironment=PASSWORD=x\nLimitNOFILE=65536\n",
                "[Service]\n\nLimitNOFILE=65536\n",
            ),
        ] {
            assert_eq!(kept(kind, source), want, "{kind:?}");
        }
    }

    #[test]
    fn formats_are_told_by_their_paths() {
        for (path, kind) in [
            ("/etc/nginx/conf.d/app.conf", Some(Kind::Nginx)),
            ("/etc/haproxy/haproxy.cfg", Some(Kind::Haproxy)),
            ("/etc/mysql/mariadb.conf.d/50-server.cnf", Some(Kind::Mysql)),
            ("/etc/security/limits.d/20-nproc.conf", Some(Kind::Limits)),
            ("/usr/lib/sysctl.d/50-default.conf", Some(Kind::Sysctl)),
            ("/etc/systemd/system/a.service.d/override.conf", Some(Kind::Systemd)),
            ("/etc/shadow", None),
        ] {
            assert_eq!(Kind::of_path(path), kind, "{path}");
        }
    }

    #[test]
    fn hostile_configurations_end() {
        for unit in ["{", "}", "\"", "\\", "a {", "#", "'\n", "[", "${"] {
            let long = unit.repeat(10_000);
            for kind in [Kind::Nginx, Kind::Apache, Kind::Mysql] {
                assert!(keep(kind, long.as_bytes()).bytes.len() <= long.len() * 8 + 8);
            }
        }
    }
}
