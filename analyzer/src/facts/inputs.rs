//! The one table from the paths of the archive to the parsers: what is read, in which passes, and
//! how much of it is kept. One file a subject; a new source is one field there.
//!
//! What exists once per process and sample is kept lean: ten thousand processes sampled for a
//! minute are 600,000 records. So a series keeps the numbers that it needs, and names, command
//! lines and the like are kept from one pass only.

use std::sync::{Arc, Mutex, PoisonError};

use crate::parse::{ParseEnv, ParseError, text};

use super::plan::{NotUnderstood, Pack, Passes, Plan, Slot};

/// Declares a subject: its sources, each a field with its type and how the plan reads it.
macro_rules! inputs {
    ($(#[doc = $about:literal])+ $name:ident
     $($(#[doc = $doc:literal])+ $field:ident: $type:ty = |$plan:ident| $how:expr;)+) => {
        $(#[doc = $about])+
        #[allow(clippy::struct_field_names, reason = "sources have their own names: cpuinfo")]
        pub(crate) struct $name {
            $($(#[doc = $doc])+ pub(crate) $field: $type,)+
        }

        impl $name {
            /// Declares all interests; what is returned gathers after the walk.
            pub(super) fn declare(
                plan: &mut crate::facts::plan::Plan,
            ) -> impl FnOnce(&crate::facts::plan::Plan) -> Self + use<> {
                use crate::facts::plan::Take as _;
                $(let $field = { let $plan = &mut *plan; $how };)+
                move |plan| Self { $($field: $field.take(plan),)+ }
            }
        }
    };
}

mod apps;
mod cpu;
mod hardware;
mod host;
mod logs;
mod memory;
mod net;
mod parameters;
mod process;
mod sched;
mod storage;

pub(crate) use apps::Apps;
pub(crate) use cpu::Cpu;
pub(crate) use hardware::{Hardware, Severity};
pub(crate) use host::Host;
pub(crate) use logs::Logs;
pub(crate) use memory::{Keys, Memory};
pub(crate) use net::{EthtoolText, Net, NetnsFile, UdpLosses};
pub(crate) use parameters::Parameters;
pub(crate) use process::{Limits, NumaMaps, Process, ProcessStat, Sizes, Status, Task, Tid};
pub(crate) use sched::{FdKind, Sched, ThreadStat};
pub(crate) use storage::Storage;

/// Declares what the chapters read, subject by subject.
macro_rules! subjects {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ident,)+) => {
        /// Everything that the chapters read.
        pub(crate) struct Inputs {
            /// What parsing knew of the host.
            pub(crate) env: ParseEnv,
            /// Sources that the parsers did not understand, with the first message of each.
            pub(crate) not_understood: NotUnderstood,
            $($(#[doc = $doc])+ pub(crate) $field: $type,)+
        }

        impl Inputs {
            /// Declares all interests, lets `walk` hand every entry to the plan, and gathers.
            ///
            /// # Errors
            /// That of the walk.
            pub(crate) fn read<R, E>(
                walk: impl FnOnce(&mut Plan) -> Result<R, E>,
            ) -> Result<(Self, R), E> {
                let mut plan = Plan::default();
                $(let $field = $type::declare(&mut plan);)+
                let walked = walk(&mut plan)?;
                let (env, not_understood) = (plan.env(), plan.not_understood());
                Ok((Self { env, not_understood, $($field: $field(&plan),)+ }, walked))
            }
        }
    };
}

subjects! {
    /// Configuration files of servers and proxies.
    apps: Apps,
    /// The host: kernel, distribution, clock, what kind of machine.
    host: Host,
    /// Processors, run queue, load and pressure.
    cpu: Cpu,
    /// Memory of the host.
    memory: Memory,
    /// Processes and threads.
    process: Process,
    /// Kernel parameters: at run time and as configured.
    parameters: Parameters,
    /// Interfaces, network namespaces and sockets.
    net: Net,
    /// Scheduling, interrupts, pressure, limits on counts, control groups.
    sched: Sched,
    /// Logs.
    logs: Logs,
    /// Disks, arrays, file systems.
    storage: Storage,
    /// What the firmware tells, memory errors, clock, modules and installed kernels.
    hardware: Hardware,
}

/// A pack of `/sys`: small files by path, without the newline at their end.
fn sys(plan: &mut Plan, path: &str, passes: Passes) -> Arc<Slot<Pack<String, String>>> {
    plan.packed(path, passes, |k| Some(k.to_owned()), |t, _| Ok(Some(t.trim().to_owned())))
}

fn line(text: &str) -> String {
    text.trim().to_owned()
}

fn number(key: &str) -> Option<u32> {
    key.parse().ok()
}

/// A parser of files that are alike for most processes (limits, control groups): one that says the
/// same as the one before is not read again.
fn alike<T: Clone + Send>(
    parse: impl Fn(&str) -> Result<Option<T>, ParseError>,
) -> impl Fn(&str, &ParseEnv) -> Result<Option<T>, ParseError> {
    let last: Mutex<Option<(String, Option<T>)>> = Mutex::default();
    move |text, _| {
        let before = || last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = before().as_ref().filter(|(before, _)| before == text) {
            return Ok(value.clone());
        }
        let value = parse(text)?;
        *before() = Some((text.to_owned(), value.clone()));
        Ok(value)
    }
}

fn pair(key: &str) -> Option<(u32, u32)> {
    // By hand: `split_once` costs as much as the numbers, for every thread and descriptor.
    let slash = key.bytes().position(|b| b == b'/')?;
    let (a, b) = (key.get(..slash)?, key.get(slash + 1..)?);
    Some((a.parse().ok()?, b.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn what_is_alike_is_read_once_and_what_differs_is_read() {
        let env = ParseEnv { page_size_bytes: 4096, ticks_per_s: 100, little_endian: true };
        let calls = AtomicU32::new(0);
        let parse = alike(|t| {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok(t.parse::<u32>().ok())
        });
        let read: Vec<Option<u32>> =
            ["7", "7", "8", "x", "x", "7"].iter().map(|t| parse(t, &env).unwrap()).collect();
        assert_eq!(read, [Some(7), Some(7), Some(8), None, None, Some(7)]);
        assert_eq!(calls.load(Ordering::Relaxed), 4);
    }
}
