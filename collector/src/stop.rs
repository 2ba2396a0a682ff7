//! Why a run ends before its plan does: a signal, a full disk, the size limit.
//!
//! None of them may cost what has been collected so far. Each becomes an [`Ended`], travels up
//! with `?`, and the archive is closed with the reason in its last entry.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The reason, as it stands in the archive and on the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended(pub String);

/// A run that goes on, or the reason why it does not.
pub(crate) type Flow<T = ()> = Result<T, Ended>;

/// Signals that ask the run to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Takes the signals over: they end the run instead of the process.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub(crate) fn on_signals() -> std::io::Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or(1);
            signal_hook::flag::register_usize(signal, Arc::clone(&stop.signal), number)?;
        }
        Ok(stop)
    }

    /// `Err` once a signal has come.
    ///
    /// # Errors
    /// The signal's name as the reason.
    pub(crate) fn check(&self) -> Flow {
        let name = match i32::try_from(self.signal.load(Ordering::Relaxed)).unwrap_or(0) {
            0 => return Ok(()),
            SIGINT => "SIGINT",
            SIGTERM => "SIGTERM",
            SIGHUP => "SIGHUP",
            _ => "a signal",
        };
        Err(Ended(format!("interrupted by {name}")))
    }
}
