//! The chapters: what the sources said becomes the tree, each fact with its source or the reason
//! of its absence.

use linsight_archive::{End, Header};

use super::inputs::Inputs;
use super::plan::Journal;
use super::site::SiteInputs;
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
pub(super) mod pods;
mod pressure;
mod processes;
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

/// Fills the tree. The order is that of dependence: later chapters use earlier ones.
#[expect(clippy::too_many_lines, reason = "one line a chapter, in the order of dependence")]
pub(crate) fn facts(inputs: &Inputs, archive: &Archive<'_>, told: &SiteInputs) -> Facts {
    let mut book = Book::default();
    let mut lists = Lists::new();
    let mut problems = Vec::new();
    let window = window::Window::of(inputs);
    let site = site::build(told, archive, &mut book, &mut problems);
    let host = host::build(inputs, archive, &mut book);
    let env = env::build(inputs, archive, &mut book);
    let mut cpu = cpu::build(inputs, &window, &mut book);
    run_queues::build(inputs, &window, &mut cpu, &mut book);
    let load = load::build(inputs, &window, &cpu, &mut book);
    let mut memory = memory::build(inputs, &window, &host, &mut book);
    let swap = swap::build(inputs, &window, &memory, &mut book);
    let sysctl = sysctl::build(inputs, host.kernel_number, &mut book);
    let numa = numa::build(inputs, &window, &memory, &cpu, &sysctl, &mut book);
    memory.totals = memory::totals(inputs, &memory, &numa, &mut book);
    let mut processes = processes::build(inputs, &window, &memory, &sysctl, &mut book, &mut lists);
    peaks::build(inputs, &memory, &mut processes, &mut book);
    let kernel_log = kernel_log::build(inputs, archive, &window, &host, &mut book);
    let nics = nics::build(inputs, &window, (&env, &site), &kernel_log, &mut book, &mut lists);
    problems.extend(site::unknown_nics(&site, &nics.items));
    let netns = netns::build(inputs, &window, &site, host.kernel_number, &mut book, &mut lists);
    let logs = logs::build(inputs, &host, &mut book);
    let apps = apps::build(inputs, archive, &netns.items, &site, &mut book);
    let net = net::build(inputs, &window, &mut book);
    let hardware = hardware::build(inputs, &memory, &site, &mut book);
    let frequency = hardware::frequency(inputs, &kernel_log, &mut book);
    let clock = hardware::clock(inputs, &mut book);
    let kernel = hardware::kernel(inputs, &host, &mut book);
    let filesystems = filesystems::build(inputs, &host, &mut book, &mut lists);
    let disks = disks::build(inputs, &window, &filesystems.items, &mut book, &mut lists);
    let arrays = arrays::build(inputs, &mut book, &mut lists);
    let storage_errors =
        storage_errors::build(&filesystems.items, &disks.items, &kernel_log, &mut book, &mut lists);
    let io = disks::io_of_host(inputs, &window, &mut book);
    let pressure = pressure::build(inputs, &window, &mut book);
    let cgroups = cgroups::build(inputs, &memory, &mut book, &mut lists);
    let limits = limits::build(inputs, &window, &sysctl, &mut book);
    let irq = irq::build(inputs, &window, &mut book);
    let tasks = tasks::build(inputs, &window, &cpu, &kernel_log, &sysctl, &mut book);
    let mut collection = collection::build(inputs, archive, &window, &mut book);
    collection.problems.extend(problems);
    collection.lists = lists;
    let tree = Tree {
        host,
        env,
        collection,
        site,
        cpu,
        load,
        memory,
        swap,
        numa,
        processes,
        nics,
        net,
        netns,
        hardware,
        frequency,
        clock,
        kernel,
        arrays,
        disks,
        storage_errors,
        io,
        filesystems,
        logs,
        apps,
        sysctl,
        pressure,
        cgroups,
        limits,
        irq,
        tasks,
        kernel_log,
    };
    Facts { tree, sources: book.sources, absences: book.absences }
}
