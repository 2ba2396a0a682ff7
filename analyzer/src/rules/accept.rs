//! Findings that the operator accepts: they stay, and say so.

use jiff::Timestamp;

use super::load::RuleSet;
use super::outcome::{Assessment, Status};
use crate::facts::Accept;
use crate::severity::Severity;

impl Assessment {
    /// Notes on each finding what the operator's entries say of it. `taken_unix_s` is the wall
    /// clock of the snapshot: an entry whose last day was over then has expired.
    pub fn accept(&mut self, entries: &[Accept], taken_unix_s: Option<f64>) {
        use crate::facts::method::num::to_i64;
        let taken = taken_unix_s.and_then(|s| Timestamp::from_second(to_i64(s)).ok());
        for rule in &mut self.rules {
            for subject in &mut rule.subjects {
                let Status::Fired(finding) = &mut subject.status else { continue };
                let said = entries.iter().filter_map(|e| e.of(&rule.id, &subject.subject, taken));
                // An entry that holds goes before one that has expired.
                finding.accepted = said.min_by_key(|a| a.has_expired);
            }
        }
    }

    /// Whether anything is as bad as that and not accepted.
    #[must_use]
    pub fn has_at_least(&self, least: Severity) -> bool {
        self.findings().iter().any(|(_, _, f)| f.severity >= least && !f.is_accepted())
    }
}

impl RuleSet {
    /// The first entry that names a rule which does not exist, and the nearest that does.
    #[must_use]
    pub fn unknown_accept<'e>(&self, entries: &'e [Accept]) -> Option<(&'e str, Option<String>)> {
        let unknown = entries.iter().find(|e| self.get(&e.rule).is_none())?;
        let nearest = super::diagnostics::nearest(&unknown.rule, &self.ids());
        Some((&unknown.rule, nearest.map(str::to_owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{SiteInputs, Table};
    use crate::rules::{Inputs, Params};

    fn assessed(site: &str, taken: f64) -> Assessment {
        let mut told = SiteInputs::default();
        told.file(site, "site.toml").unwrap();
        let set = RuleSet::embedded().unwrap();
        assert_eq!(set.unknown_accept(told.accepted()), None);
        let tree = serde_json::json!({ "nics": [ { "name": "eth0", "is_virtual": false,
            "ring": { "rx": 256, "rx_max": 4096 }, "rx_ring_overflows": 9_000 } ] });
        let inputs = Inputs::new(tree, Table::default(), Table::default());
        let mut assessment = set.assess(&inputs, &Params::default());
        assessment.accept(told.accepted(), Some(taken));
        assessment
    }

    const SITE: &str = "[[accept]]\nrule = \"hw.nic.ring-below-max\"\nsubject = \"eth0\"\n\
        until = 2026-12-31\nreason = \"maintenance in January\"\n";

    #[test]
    fn an_accepted_finding_stays_and_does_not_count_until_its_day_is_over() {
        let before = assessed(SITE, 1_798_700_000.0);
        let ring = |a: &Assessment| {
            let all = a.findings();
            let (_, _, f) = all.iter().find(|(r, ..)| r.id == "hw.nic.ring-below-max").unwrap();
            (f.severity, f.is_accepted())
        };
        assert_eq!(ring(&before), (Severity::Warning, true));
        assert!(!before.has_at_least(Severity::Warning));
        let after = assessed(SITE, 1_800_000_000.0);
        assert_eq!(ring(&after), (Severity::Warning, false));
        assert!(after.has_at_least(Severity::Warning));
        let other = assessed(&SITE.replace("eth0", "eth1"), 1_798_700_000.0);
        assert_eq!(ring(&other), (Severity::Warning, false));
    }

    #[test]
    fn an_entry_for_a_rule_that_does_not_exist_is_refused() {
        let mut told = SiteInputs::default();
        told.file(&SITE.replace("below-max", "below-min"), "site.toml").unwrap();
        let set = RuleSet::embedded().unwrap();
        let (id, near) = set.unknown_accept(told.accepted()).unwrap();
        assert_eq!((id, near.as_deref()), ("hw.nic.ring-below-min", Some("hw.nic.ring-below-max")));
    }
}
