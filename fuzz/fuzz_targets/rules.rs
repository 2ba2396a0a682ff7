//! Rule files: any text is refused with its reasons, or compiled, checked, tested and evaluated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linsight::facts::Facts;
use linsight::rules::source::Source;
use linsight::rules::{Params, RuleSet, check};

fuzz_target!(|text: &str| {
    let source = Source::new("fuzz/rule.toml", text);
    match RuleSet::of(vec![("fuzz.rule".to_owned(), source)]) {
        Ok(set) => {
            for diagnostic in check::check(&set) {
                drop(diagnostic.render(false));
            }
            drop(set.evaluate(&Facts::default(), &Params::default()));
        }
        Err(diagnostics) => diagnostics.iter().for_each(|d| drop(d.render(false))),
    }
});
