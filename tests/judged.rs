//! What the analyzer finds on the recorded archives, and why it is right.

/// Every finding on the corpora, each judged by hand: what is found, and why it is true and worth
/// its words. A finding that is not here is either false or was never looked at.
pub(crate) const JUDGED: [(&str, &[(&str, &str)]); 3] = [
    (
        "sosreport-vm.tar.xz",
        &[
            ("info kernel.taint", "zfs and its parts are loaded: licence P, from outside O"),
            (
                "info mem.expand-or-fix",
                "two thirds of the memory are available, there is no swap and nobody was killed",
            ),
            ("info mem.overcommit", "vm.overcommit_memory is 1, as the kubelet wants it"),
            ("info meta.coverage", "one look and no samples: growth and rates stay open"),
            ("info swap.full-or-absent", "no swap, as usual on a Kubernetes node"),
            ("info sysctl.runtime-not-persisted net.ipv4.ip_forward", "set by a CNI, in no file"),
        ],
    ),
    (
        "sosreport-lxc.tar.xz",
        &[
            ("info load.per-core", "6.42 on 2 CPUs, but the load is the host's: no warning"),
            (
                "info mem.expand-or-fix",
                "nearly all that the container sees is available: true of that view",
            ),
            ("info mem.total-inconsistent", "meminfo is mounted by lxcfs: the container's view"),
            ("info mem.unaccounted", "for the same reason its parts exceed the whole"),
            ("info meta.coverage", "one look and no samples"),
            ("info swap.full-or-absent", "no swap is shown inside"),
            ("info sysctl.runtime-not-persisted net.ipv4.ip_forward", "set by a program"),
            ("info sysctl.runtime-not-persisted vm.max_map_count", "set by a program"),
        ],
    ),
    (
        "sosreport-partial.tar.xz",
        &[
            ("info load.per-core", "3.27 over five minutes on 2 CPUs: busy, no fault"),
            ("info meta.coverage", "few commands were collected"),
            ("info swap.in-use", "66 MiB of 4 GiB, and no samples that tell whether it moves"),
            ("info sysctl.runtime-not-persisted kernel.pid_max", "a file sets half of it"),
            ("info sysctl.runtime-not-persisted net.ipv4.ip_forward", "set by a program"),
        ],
    ),
];
