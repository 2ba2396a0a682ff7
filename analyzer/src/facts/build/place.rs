//! What a control group says of those in it: that they were started to serve, or by somebody who
//! logged in. Told by whole components of its path: `session-api.service` is no session.

/// Where a process belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A unit of systemd, a container or a virtual machine: something that was started to serve.
    Service,
    /// A session of a user: a shell, what it has started, and the units of that user.
    Session,
    /// Neither: hosts without systemd, scopes of other kinds.
    Other,
}

/// Beginnings of the components in which container engines and hypervisors put theirs.
const GUESTS: [&str; 10] = [
    "docker",
    "libpod",
    "containerd",
    "cri-containerd",
    "crio",
    "kubepods",
    "lxc",
    "machine.slice",
    "machine-qemu",
    "qemu.slice",
];

impl Place {
    /// A container is one wherever it is: an engine without root puts it below the user's session.
    pub(super) fn of(cgroup: &str) -> Self {
        let any = |is: fn(&str) -> bool| cgroup.split('/').any(is);
        if any(|part| GUESTS.iter().any(|word| part.starts_with(word))) {
            return Self::Service;
        }
        if any(is_of_session) {
            return Self::Session;
        }
        if any(|part| part.ends_with(".service")) { Self::Service } else { Self::Other }
    }
}

fn is_of_session(part: &str) -> bool {
    part == "user.slice"
        || part.starts_with("user@") && part.ends_with(".service")
        || part.starts_with("session-") && part.strip_suffix(".scope").is_some()
}

#[cfg(test)]
mod tests {
    use super::Place::{self, Other, Service, Session};

    #[test]
    fn services_containers_and_virtual_machines_serve() {
        for group in [
            "/system.slice/postgresql@15-main.service",
            "/system.slice/session-api.service",
            "/kubepods.slice/kubepods-burstable.slice/cri-containerd-1.scope",
            "/system.slice/docker-abc.scope",
            "/docker/abc",
            "/lxc.payload.web/system.slice/nginx.service",
            "/qemu.slice/100.scope",
            "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator",
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-abc.scope",
        ] {
            assert_eq!(Place::of(group), Service, "{group}");
        }
    }

    #[test]
    fn what_a_user_has_started_is_of_a_session() {
        for group in [
            "/user.slice/user-0.slice/user@0.service/init.scope",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service",
            "/user.slice/user-0.slice/session-3.scope",
        ] {
            assert_eq!(Place::of(group), Session, "{group}");
        }
        for group in ["/", "", "/system.slice/run-7.scope", "/build/session-tests"] {
            assert_eq!(Place::of(group), Other, "{group}");
        }
    }
}
