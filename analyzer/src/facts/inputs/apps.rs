//! Configuration files of servers and proxies.

use crate::facts::plan::Many;
use crate::parse::directives::{self, Line};
use crate::parse::nginx_conf::{self, Directive};
use crate::parse::{ParseEnv, ParseError};

use super::text;

inputs! {
    /// Configuration files of servers and proxies.
    Apps
    /// nginx: its main file and what it includes.
    nginx: Many<Vec<Directive>> =
        |p| p.many("etc/nginx/", "", |_, b, _| nginx_conf::parse(&text(b)));
    /// haproxy.
    haproxy: Many<Vec<Line>> =
        |p| p.many("etc/haproxy/", ".cfg", |_, b, _| directives::parse(&text(b), true));
    /// Apache as Red Hat lays it out.
    httpd: Many<Vec<Line>> = |p| p.many("etc/httpd/", ".conf", plain);
    /// Apache as Debian lays it out.
    apache2: Many<Vec<Line>> = |p| p.many("etc/apache2/", ".conf", plain);
    /// `RabbitMQ`.
    rabbitmq: Many<Vec<Line>> = |p| p.many("etc/rabbitmq/", ".conf", plain);
    /// Redis.
    redis: Many<Vec<Line>> = |p| p.many("etc/redis", ".conf", plain);
    /// Valkey.
    valkey: Many<Vec<Line>> = |p| p.many("etc/valkey/", ".conf", plain);
    /// `PostgreSQL` as Debian lays it out.
    postgresql: Many<Vec<Line>> = |p| p.many("etc/postgresql/", ".conf", plain);
    /// `PostgreSQL` as Red Hat lays it out.
    pgsql: Many<Vec<Line>> = |p| p.many("var/lib/pgsql/", ".conf", plain);
    /// `MySQL` and `MariaDB`.
    mysql: Many<Vec<Line>> = |p| p.many("etc/mysql/", ".cnf", plain);
    /// The same as Red Hat lays it out.
    my: Many<Vec<Line>> = |p| p.many("etc/my.cnf", "", plain);
    /// The secure shell's server.
    sshd: Many<Vec<Line>> = |p| p.many("etc/ssh/sshd_config", "", plain);
}

fn plain(_: &str, bytes: &[u8], _: &ParseEnv) -> Result<Vec<Line>, ParseError> {
    directives::parse(&text(bytes), false)
}
