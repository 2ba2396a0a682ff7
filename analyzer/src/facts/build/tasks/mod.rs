//! Chapter: tasks in unusual states and with unusual priorities, and the numbers left for others.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::cpu::Cpu;
use super::super::inputs::Inputs;
use super::super::kernel_log::KernelLog;
use super::super::sysctl::Sysctl;
use super::super::tasks::Tasks;
use super::Book;
use super::book::too_few;
use super::window::Window;

mod contention;
mod numbers;
mod priorities;
mod stopped;
mod stuck;
mod who;
mod zombies;

pub(super) use who::Who;

/// Fewest samples from which a state is more than a moment.
const MIN_SAMPLES: usize = 3;

pub(super) fn build(
    inputs: &Inputs,
    window: &Window,
    cpu: &Cpu,
    log: &KernelLog,
    sysctl: &Sysctl,
    book: &mut Book,
) -> Tasks {
    let who = Who::of(inputs);
    let mut tasks = Tasks::default();
    let source = &inputs.process.tasks;
    let samples = window.readings(source).len();
    book.absent("tasks", Absence::new(Reason::NotApplicable, "not read of this task, or none"));
    if samples >= MIN_SAMPLES {
        stuck::build(inputs, window, &who, log, &mut tasks);
        stopped::build(inputs, window, &who, &mut tasks);
        tasks.zombies = zombies::build(inputs, window, &who);
        for fact in [
            "tasks.stuck",
            "tasks.stuck_user",
            "tasks.waiting_mean",
            "tasks.stopped",
            "tasks.zombies",
        ] {
            book.source(fact, Locator::entry(source.path.as_str()));
        }
        book.sources(
            "tasks.stuck",
            [&source.path, &inputs.process.active_threads.path, &inputs.process.wchan.path]
                .map(|p| Locator::entry(p.as_str()))
                .to_vec(),
        );
    } else {
        let why =
            source.first().map_or_else(|e| e, |_| too_few(&source.path, samples, MIN_SAMPLES));
        for fact in [
            "stuck",
            "stuck_user",
            "stuck_storage",
            "stuck_reported",
            "waiting_mean",
            "waiting_most",
            "stopped",
            "zombies",
        ] {
            book.absent(format!("tasks.{fact}"), why.clone());
        }
    }
    priorities::build(inputs, &who, cpu, &mut tasks, book);
    tasks.contention = contention::build(inputs, window, &who, book);
    tasks.numbers = numbers::build(inputs, window, &who, sysctl, book);
    tasks
}
