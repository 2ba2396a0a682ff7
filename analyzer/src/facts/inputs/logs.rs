//! Logs.

use crate::facts::plan::{Many, Sampled};
use crate::parse::kernel_event::{self, KernelLog};

use super::text;

inputs! {
    /// Logs.
    Logs
    /// The kernel's ring buffer.
    kmsg: Sampled<KernelLog> = |p| p.sampled("dev/kmsg", |t, _| kernel_event::parse(t));
    /// The same as its tool prints it.
    dmesg: Sampled<KernelLog> = |p| p.sampled("commands/dmesg", |t, _| kernel_event::parse(t));
    /// Kernel messages of the journal.
    journal_kernel: Many<KernelLog> =
        |p| p.many("commands/journalctl_-k", "", |_, b, _| kernel_event::parse(&text(b)));
    /// The whole journal.
    journal: Sampled<KernelLog> =
        |p| p.sampled("commands/journalctl", |t, _| Ok(kernel_event::parse_mixed(t)));
    /// The kernel's lines of files of syslog daemons, by path.
    kernel_lines: Many<KernelLog> = |p| {
        p.many("probes/kernel_log/", "", |_, b, _| Ok(kernel_event::parse_mixed(&text(b))))
    };
    /// Files of syslog daemons, in archives of others.
    syslog: [Sampled<KernelLog>; 3] = |p| {
        ["var/log/kern.log", "var/log/messages", "var/log/syslog"]
            .map(|path| p.sampled(path, |t, _| Ok(kernel_event::parse_mixed(t))))
    };
}
