//! The two tables beside the tree while they are written: sources and absences.

use crate::absence::{Absence, Reason};
use crate::locator::Locator;

use super::super::plan::Sampled;
use super::super::table::Table;

/// Collects where each fact came from and why others are absent.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) sources: Table<Vec<Locator>>,
    pub(crate) absences: Table<Absence>,
}

impl Book {
    /// A fact came from here.
    pub(crate) fn source(&mut self, fact: impl Into<String>, locator: Locator) {
        self.sources(fact, vec![locator]);
    }

    /// A fact came from several places. What was said of its absence, as a better source lacked,
    /// no longer holds.
    pub(crate) fn sources(&mut self, fact: impl Into<String>, locators: Vec<Locator>) {
        let fact = fact.into();
        self.absences.remove(&fact);
        self.sources.set(fact, locators);
    }

    /// Takes over what another book says of facts of its own.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.sources.extend(other.sources);
        self.absences.extend(other.absences);
    }

    /// A fact is absent.
    pub(crate) fn absent(&mut self, fact: impl Into<String>, absence: Absence) {
        self.absences.set(fact, absence);
    }

    /// Why a fact that others are made of lacks, for those others.
    pub(crate) fn why(&self, fact: &str) -> Absence {
        let none = || Absence::new(Reason::NotCollected, fact);
        self.absences.get(fact).cloned().unwrap_or_else(none)
    }

    /// The value, or its absence noted.
    pub(crate) fn known<T>(&mut self, fact: &str, value: Result<T, Absence>) -> Option<T> {
        value.map_err(|absence| self.absent(fact, absence)).ok()
    }

    /// The first good reading of a source, with its place as the source of the fact.
    pub(crate) fn first<'s, T>(&mut self, fact: &str, sampled: &'s Sampled<T>) -> Option<&'s T> {
        match sampled.good().next() {
            Some((reading, value)) => {
                self.source(fact, Locator::entry(sampled.entry(reading.pass)));
                Some(value)
            }
            None => self.known(fact, Err(sampled.absence())),
        }
    }

    /// The value that a better source gave, or else what `of` finds in this one.
    pub(crate) fn or_first<'s, T, U>(
        &mut self,
        fact: &str,
        better: Option<T>,
        sampled: &'s Sampled<U>,
        of: impl FnOnce(&'s U) -> Option<T>,
    ) -> Option<T> {
        if better.is_some() {
            return better;
        }
        let (reading, value) = sampled.good().next()?;
        let value = of(value)?;
        self.source(fact, Locator::entry(sampled.entry(reading.pass)));
        Some(value)
    }

    /// The last good reading of a source, with its place as the source of the fact.
    pub(crate) fn last<'s, T>(&mut self, fact: &str, sampled: &'s Sampled<T>) -> Option<&'s T> {
        match sampled.good().last() {
            Some((reading, value)) => {
                self.source(fact, Locator::entry(sampled.entry(reading.pass)));
                Some(value)
            }
            None => self.known(fact, Err(sampled.absence())),
        }
    }
}

/// The sysctls were read, and this one was not among them: why, only the host knows.
pub(super) fn no_parameter() -> Absence {
    let why = "no such parameter there: an older kernel, or a container's view";
    Absence::new(Reason::Missing, why)
}

/// An absence for want of samples.
pub(crate) fn too_few(source: &str, have: usize, need: usize) -> Absence {
    let plural = if have == 1 { "" } else { "s" };
    Absence::of(Reason::TooFewSamples, source, format!("{have} sample{plural}, {need} needed"))
}
