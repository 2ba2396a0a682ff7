//! What the operator sees while it runs: one redrawn line on a terminal, a line a phase elsewhere.

use std::io::{IsTerminal as _, Write as _, stderr};

use crate::clock;

/// The progress line.
#[derive(Debug)]
pub(crate) struct Progress {
    quiet: bool,
    terminal: bool,
    begun_us: u64,
    drawn: bool,
}

impl Progress {
    /// `quiet` hides progress, never errors.
    #[must_use]
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, terminal: stderr().is_terminal(), begun_us: clock::mono_us(), drawn: false }
    }

    /// A new phase.
    pub(crate) fn phase(&mut self, name: &str) {
        self.show(name, true);
    }

    /// A step within a phase; shown on a terminal only.
    pub(crate) fn step(&mut self, text: &str) {
        self.show(text, false);
    }

    fn show(&mut self, text: &str, is_phase: bool) {
        if self.quiet || !(self.terminal || is_phase) {
            return;
        }
        let ms = clock::mono_us().saturating_sub(self.begun_us) / 1000;
        let (s, tenth) = (ms / 1000, ms / 100 % 10);
        let (before, after) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        // A terminal that has gone is no reason to stop collecting.
        write!(stderr(), "{before}linsight-collect: {text} · {s}.{tenth} s{after}")
            .unwrap_or_default();
        self.drawn = self.terminal;
    }

    /// Removes the redrawn line, so that what follows stands alone.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            write!(stderr(), "\r\x1b[K").unwrap_or_default();
        }
    }
}
