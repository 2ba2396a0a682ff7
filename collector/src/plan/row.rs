//! Short forms of the rows that the table is made of.

use super::How::{File, Names, Pack, Probe, Process as Pid, Yield};
use super::When::Once;
use super::{Class, Group, Mask, Request, Source, When};

pub(super) const KIB: u32 = 1 << 10;
pub(super) const MIB: u32 = 1 << 20;

pub(super) const fn file(
    path: &'static str,
    group: Group,
    when: When,
    why: &'static str,
) -> Source {
    Source::new(path, File, group, when, why)
}

pub(super) const fn config(path: &'static str, why: &'static str) -> Source {
    Source::new(path, File, Group::Config, Once, why)
        .class(Class::Slow)
        .cap(256 * KIB)
        .mask(Mask::Config)
}

pub(super) const fn sys(
    path: &'static str,
    group: Group,
    when: When,
    patterns: &'static [&'static str],
    why: &'static str,
) -> Source {
    Source::new(path, Pack("sys", patterns), group, when, why).class(Class::Slow).cap(64 * KIB)
}

pub(super) const fn names(path: &'static str, group: Group, why: &'static str) -> Source {
    Source::new(path, Names, group, Once, why).class(Class::Slow)
}

pub(super) const fn links(
    path: &'static str,
    dir: &'static str,
    patterns: &'static [&'static str],
    group: Group,
    why: &'static str,
) -> Source {
    Source::new(path, Pack(dir, patterns), group, Once, why).class(Class::Slow).cap(4 * KIB)
}

pub(super) const fn pid(
    path: &'static str,
    name: &'static str,
    when: When,
    why: &'static str,
) -> Source {
    Source::new(path, Pid(name), Group::Process, when, why).cap(256 * KIB)
}

pub(super) const fn probe(
    path: &'static str,
    group: Group,
    when: When,
    request: Request,
    why: &'static str,
) -> Source {
    Source::new(path, Probe(request), group, when, why).class(Class::Slow)
}

pub(super) const fn probe_yield(
    path: &'static str,
    group: Group,
    when: When,
    why: &'static str,
) -> Source {
    Source::new(path, Yield, group, when, why).class(Class::Slow)
}
