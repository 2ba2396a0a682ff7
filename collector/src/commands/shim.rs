//! The moment between fork and exec, as a process of its own.
//!
//! This binary is started again and becomes the command. In between it takes precautions that
//! outlive the exec: the command dies with the collector, dumps no core onto the host, is nicer
//! than everybody else, and inherits nothing but its three streams.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, Signal, nice, set_parent_process_death_signal, setrlimit};

/// First argument that turns the binary into a command.
pub(crate) const ARGUMENT: &str = "--command-of-linsight";

/// Where programs are looked for: never where the environment says.
const DIRECTORIES: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What is written to standard output when there is nothing to become.
const REFUSAL: &str = "\0linsight: not started: ";

/// Becomes the program that `words` name; comes back only if that fails.
#[must_use]
pub(crate) fn main(words: &[String]) -> ExitCode {
    let errno = match words.split_first() {
        Some((program, words)) => become_it(program, words),
        None => Errno::INVAL,
    };
    let refusal = format!("{REFUSAL}{}\n", errno.raw_os_error());
    let _ = rustix::io::write(rustix::stdio::stdout(), refusal.as_bytes());
    ExitCode::from(127)
}

fn become_it(program: &str, words: &[String]) -> Errno {
    if program.contains('/') {
        return Errno::INVAL;
    }
    if let Err(errno) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return errno;
    }
    // Best effort, each: without them the command still only reads.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = nice(10);
    crate::commands::close_on_exec();
    let mut worst = Errno::NOENT;
    for directory in DIRECTORIES {
        let error = Command::new(format!("{directory}/{program}"))
            .args(words)
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", DIRECTORIES.join(":"))
            .env("PAGER", "cat")
            .env("TERM", "dumb")
            .exec();
        match Errno::from_io_error(&error).unwrap_or(Errno::IO) {
            Errno::NOENT | Errno::NOTDIR => {}
            errno => worst = errno,
        }
    }
    worst
}

/// The error number, if the output is that of a shim which became nothing.
pub(super) fn refusal(output: &[u8]) -> Option<Errno> {
    let number = output.strip_prefix(REFUSAL.as_bytes())?.strip_suffix(b"\n")?;
    Some(Errno::from_raw_os_error(str::from_utf8(number).ok()?.parse().ok()?))
}
