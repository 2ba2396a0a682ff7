//! What was read of one source: when, and what the parser made of it, or why there is nothing.

use linsight_archive::{JournalLine, names};

use crate::absence::{Absence, Reason};
use crate::facts::errno;

/// One reading of a source.
#[derive(Clone, Debug)]
pub(crate) struct Reading<T> {
    /// Pass.
    pub(crate) pass: u32,
    /// When reading began; 0 where the archive does not tell.
    pub(crate) mono_us: u64,
    /// What the parser made of it, or why there is nothing.
    pub(crate) value: Result<T, Absence>,
}

/// All readings of one path, in order of time.
#[derive(Clone, Debug)]
pub(crate) struct Sampled<T> {
    /// Path without sample prefix.
    pub(crate) path: String,
    /// Readings, good and bad.
    pub(crate) readings: Vec<Reading<T>>,
}

impl<T> Sampled<T> {
    /// The good readings.
    pub(crate) fn good(&self) -> impl DoubleEndedIterator<Item = (&Reading<T>, &T)> + Clone {
        self.readings.iter().filter_map(|r| Some((r, r.value.as_ref().ok()?)))
    }

    /// The first good reading.
    ///
    /// # Errors
    /// Why there is none: the reason of the first reading.
    pub(crate) fn first(&self) -> Result<&T, Absence> {
        self.good().next().map(|(_, value)| value).ok_or_else(|| self.absence())
    }

    /// The last good reading.
    ///
    /// # Errors
    /// As [`Self::first`].
    pub(crate) fn last(&self) -> Result<&T, Absence> {
        self.good().last().map(|(_, value)| value).ok_or_else(|| self.absence())
    }

    /// Why there is no good reading.
    pub(crate) fn absence(&self) -> Absence {
        let first = self.readings.iter().find_map(|r| r.value.as_ref().err().cloned());
        first.unwrap_or_else(|| Absence::of(Reason::NotCollected, &self.path, ""))
    }

    /// Path of a pass in the archive.
    pub(crate) fn entry(&self, pass: u32) -> String {
        names::sample(pass, &self.path)
    }
}

/// Readings in order of time. The number of the pass is no time: what is read once, as pass 0, may
/// be read after the whole window (`smaps` of all processes). Only archives that tell no times go
/// by it.
pub(super) fn in_order<T>(readings: &mut [Reading<T>]) {
    readings.sort_by_key(|r| (r.mono_us, r.pass));
}

/// The absence that a journal line without usable content stands for.
pub(crate) fn absence_of(path: &str, line: &JournalLine) -> Absence {
    let Some(reason) = Absence::reason_of(line.outcome) else {
        return Absence::of(Reason::NotCollected, path, "its part of the archive is lost");
    };
    let mut detail = line.reason.clone().unwrap_or_default();
    if let (true, Some(errno)) = (detail.is_empty(), line.errno) {
        detail = errno::name(errno);
    }
    Absence::of(reason, path, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_once_after_the_window_is_the_last_look() {
        let reading = |pass, mono_us| Reading { pass, mono_us, value: Ok(()) };
        let passes = |mut readings: Vec<Reading<()>>| {
            in_order(&mut readings);
            readings.iter().map(|r| r.pass).collect::<Vec<_>>()
        };
        assert_eq!(passes(vec![reading(0, 63), reading(40, 42), reading(20, 22)]), [20, 40, 0]);
        assert_eq!(passes(vec![reading(2, 0), reading(0, 0), reading(1, 0)]), [0, 1, 2]);
    }
}
