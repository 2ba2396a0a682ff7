//! The chapters: what the sources said becomes the tree, each fact with its source or the reason
//! of its absence.

use linsight_archive::{End, Header};

use super::cpu::Cpu;
use super::env::Env;
use super::host::Host;
use super::inputs::Inputs;
use super::memory::Memory;
use super::plan::Journal;
use super::site::{Site, SiteInputs};
use super::sysctl::Sysctl;
use super::{Facts, Lists, Tree};

mod apps;
mod arrays;
mod book;
mod cgroups;
mod collection;
mod counters;
mod cpu;
mod cpu_use;
pub(super) mod devices;
mod disks;
mod env;
mod filesystems;
mod growth;
mod hardware;
mod host;
mod irq;
mod kernel_log;
mod limits;
mod load;
mod logs;
mod memory;
mod naming;
mod net;
mod netns;
mod nics;
mod numa;
mod peaks;
mod place;
pub(super) mod pods;
mod pressure;
mod processes;
mod processor;
mod ps;
mod run_queues;
mod site;
mod storage_errors;
mod swap;
mod sysctl;
mod tasks;
mod window;

pub(crate) use book::Book;

/// What chapters know of the archive beside its sources.
pub(crate) struct Archive<'a> {
    pub(crate) header: Option<&'a Header>,
    pub(crate) end: Option<&'a End>,
    pub(crate) journal: &'a Journal,
    pub(crate) format: &'a str,
    pub(crate) problems: &'a [String],
}

/// Fills the tree. Sockets are the most there is of anything, so namespaces are read beside the
/// other chapters.
pub(crate) fn facts(inputs: &Inputs, archive: &Archive<'_>, told: &SiteInputs) -> Facts {
    let (mut book, mut netns_book) = (Book::default(), Book::default());
    let (mut lists, mut netns_lists) = (Lists::new(), Lists::new());
    let mut problems = Vec::new();
    let window = window::Window::of(inputs);
    let site = site::build(told, archive, &mut book, &mut problems);
    let host = host::build(inputs, archive, &mut book);
    let number = host.kernel_number;
    let (netns, mut tree) = rayon::join(
        || netns::build(inputs, &window, &site, number, &mut netns_book, &mut netns_lists),
        || chapters(inputs, archive, &window, &site, host, &mut book, &mut lists),
    );
    book.absorb(netns_book);
    lists.append(&mut netns_lists);
    let apps = apps::build(inputs, archive, &netns.items, &site, &mut book);
    problems.extend(site::unknown_nics(&site, &tree.nics.items));
    tree.collection.problems.extend(problems);
    tree.collection.lists = lists;
    let tree = Tree { site, netns, apps, ..tree };
    Facts { tree, sources: book.sources, absences: book.absences }
}

/// The other chapters. The order is that of dependence: later chapters use earlier ones.
fn chapters(
    inputs: &Inputs,
    archive: &Archive<'_>,
    window: &window::Window,
    site: &Site,
    host: Host,
    book: &mut Book,
    lists: &mut Lists,
) -> Tree {
    let env = env::build(inputs, archive, book);
    let mut cpu = cpu::build(inputs, window, book);
    run_queues::build(inputs, window, &mut cpu, book);
    processor::build(inputs, &mut cpu, book);
    let load = load::build(inputs, window, &cpu, book);
    let mut memory = memory::build(inputs, window, &host, book);
    let swap = swap::build(inputs, window, &memory, book);
    let sysctl = sysctl::build(inputs, host.kernel_number, book);
    let numa = numa::build(inputs, window, &memory, &cpu, &sysctl, book);
    memory.totals = memory::totals(inputs, &memory, &numa, book);
    memory::groups(inputs, &env, &mut memory, book);
    memory.first_killed = memory::victims(inputs, book);
    // Two go through every process in every sample, and none of the three needs another.
    let (mut limits_book, mut rest_book) = (Book::default(), Book::default());
    let mut rest_lists = Lists::new();
    let base = Base {
        archive,
        window,
        site,
        host: &host,
        env: &env,
        cpu: &cpu,
        memory: &memory,
        sysctl: &sysctl,
    };
    let (processes, (limits, rest)) = rayon::join(
        || {
            let mut processes = processes::build(inputs, window, &memory, &sysctl, book, lists);
            peaks::build(inputs, &memory, &mut processes, book);
            processes
        },
        || {
            rayon::join(
                || limits::build(inputs, window, &sysctl, &mut limits_book),
                || rest(inputs, &base, &mut rest_book, &mut rest_lists),
            )
        },
    );
    book.absorb(limits_book);
    book.absorb(rest_book);
    memory.residual_owners = memory::owners::build(inputs, &rest.nics.items, &rest.net, book);
    lists.append(&mut rest_lists);
    Tree { host, env, cpu, load, memory, swap, numa, processes, sysctl, limits, ..rest }
}

/// What the rest is built upon.
struct Base<'a> {
    archive: &'a Archive<'a>,
    window: &'a window::Window,
    site: &'a Site,
    host: &'a Host,
    env: &'a Env,
    cpu: &'a Cpu,
    memory: &'a Memory,
    sysctl: &'a Sysctl,
}

/// Devices, logs, control groups, tasks: what needs neither processes nor limits.
fn rest(inputs: &Inputs, base: &Base<'_>, book: &mut Book, lists: &mut Lists) -> Tree {
    let Base { archive, window, site, host, env, cpu, memory, sysctl } = *base;
    let kernel_log = kernel_log::build(inputs, archive, window, host, book);
    let nics = nics::build(inputs, window, (env, site), &kernel_log, book, lists);
    let filesystems = filesystems::build(inputs, host, book, lists);
    let disks = disks::build(inputs, window, &filesystems.items, book, lists);
    let arrays = arrays::build(inputs, book, lists);
    let storage_errors =
        storage_errors::build(&filesystems.items, &disks.items, &kernel_log, book, lists);
    Tree {
        logs: logs::build(inputs, host, book),
        net: net::build(inputs, window, book),
        hardware: hardware::build(inputs, memory, site, book),
        frequency: hardware::frequency(inputs, cpu, &kernel_log, book),
        clock: hardware::clock(inputs, book),
        kernel: hardware::kernel(inputs, host, book),
        io: disks::io_of_host(inputs, window, book),
        pressure: pressure::build(inputs, window, book),
        cgroups: cgroups::build(inputs, window, memory, book, lists),
        irq: irq::build(inputs, window, book),
        tasks: tasks::build(inputs, window, cpu, &kernel_log, sysctl, book),
        collection: collection::build(inputs, archive, window, book),
        nics,
        not_mounted: filesystems::not_mounted(inputs, book, lists),
        filesystems,
        disks,
        arrays,
        storage_errors,
        kernel_log,
        ..Tree::default()
    }
}
