//! How a source may hang, which decides its deadline and what is given up with it.

/// Class of risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Made by the kernel from what it knows; waits for nobody.
    Safe = 0,
    /// Waits for a lock of the process it describes (`mmap_lock`, `exec_update_lock`).
    Mm = 1,
    /// Waits for a device, a driver or a file system that may be gone.
    Slow = 2,
    /// Does much for one answer: a dump of all sockets, a disk that is asked for its health.
    Probe = 3,
    /// A tool of the host: it has a deadline of its own, within this one.
    Tool = 4,
}

impl Class {
    /// Number of classes.
    pub(crate) const COUNT: usize = 5;

    /// How long one item may take. Far above what each takes on a busy host: a deadline that cuts
    /// off the merely slow would lose the evidence that matters most.
    #[must_use]
    pub(crate) const fn deadline_us(self) -> u64 {
        match self {
            Self::Mm => 2_000_000,
            Self::Safe | Self::Slow => 5_000_000,
            Self::Probe => 10_000_000,
            Self::Tool => 15_000_000,
        }
    }

    /// The word that `--list` prints.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Mm => "mm",
            Self::Slow => "slow",
            Self::Probe => "probe",
            Self::Tool => "tool",
        }
    }
}
