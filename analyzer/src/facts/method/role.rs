//! M8: which end of a connection is this host?

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use super::socket::{Socket, State};

/// Who opened the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The peer: the local end is a listener.
    Server,
    /// This host.
    Client,
    /// Cannot be told: the listener may be gone.
    Unknown,
}

impl Role {
    /// The word of facts and rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Unknown => "unknown",
        }
    }
}

/// The listeners of one network namespace and its range of local ports.
#[derive(Debug)]
pub struct Listeners {
    /// Listeners on one address.
    bound: BTreeSet<SocketAddr>,
    /// Ports of listeners on any address.
    any: BTreeSet<u16>,
    /// Ports with any listener.
    ports: BTreeSet<u16>,
    range: RangeInclusive<u16>,
}

impl Listeners {
    /// Collects the listeners among `sockets`.
    #[must_use]
    pub fn of<'a>(
        sockets: impl IntoIterator<Item = &'a Socket>,
        range: RangeInclusive<u16>,
    ) -> Self {
        let mut all =
            Self { bound: BTreeSet::new(), any: BTreeSet::new(), ports: BTreeSet::new(), range };
        for s in sockets.into_iter().filter(|s| s.state == State::Listen) {
            all.ports.insert(s.local.port());
            if s.local.ip().is_unspecified() {
                all.any.insert(s.local.port());
            } else {
                all.bound.insert(s.local);
            }
        }
        all
    }

    /// Whether anything listens on this port, on any address.
    #[must_use]
    pub fn has_port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    /// The role of this host on a connection.
    #[must_use]
    pub fn role(&self, socket: &Socket) -> Role {
        let (ip, port) = (socket.local.ip(), socket.local.port());
        if self.any.contains(&port) || self.bound.contains(&SocketAddr::new(ip, port)) {
            Role::Server
        } else if self.range.contains(&port) || self.serves(socket.remote) {
            Role::Client
        } else {
            Role::Unknown
        }
    }

    /// The remote end is a server: a well-known port, or a listener of this same host.
    fn serves(&self, remote: SocketAddr) -> bool {
        let local_listener = |ip: IpAddr| self.bound.contains(&SocketAddr::new(ip, remote.port()));
        (1..1024).contains(&remote.port()) || local_listener(remote.ip())
    }
}

#[cfg(test)]
mod tests {
    use super::super::socket::example;
    use super::*;

    #[test]
    fn the_listener_makes_the_server() {
        let listeners = [
            example(State::Listen, "0.0.0.0:443", "0.0.0.0:0"),
            example(State::Listen, "10.0.0.1:5000", "0.0.0.0:0"),
        ];
        let roles = Listeners::of(&listeners, 32768..=60999);
        let role = |local, remote| roles.role(&example(State::Established, local, remote));
        assert_eq!(role("10.0.0.1:443", "10.0.0.9:51000"), Role::Server);
        assert_eq!(role("10.0.0.1:5000", "10.0.0.9:51000"), Role::Server);
        assert_eq!(role("10.0.0.2:5000", "10.0.0.9:51000"), Role::Unknown, "other address");
        assert_eq!(role("10.0.0.1:40000", "10.0.0.9:8080"), Role::Client);
        assert_eq!(role("10.0.0.1:1000", "10.0.0.9:111"), Role::Client, "bound below the range");
        assert_eq!(role("10.0.0.1:1000", "10.0.0.9:5000"), Role::Unknown);
        assert!(roles.has_port(5000) && !roles.has_port(80));
    }
}
