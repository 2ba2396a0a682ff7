//! The kernel's trust in itself, and what a reboot would change.

use crate::absence::{Absence, Reason};
use crate::facts::build::Book;
use crate::facts::hardware::{Kernel, Taint};
use crate::facts::host::Host;
use crate::facts::inputs::Inputs;
use crate::locator::Locator;

/// Letters and meanings of the bits, in their order (Documentation/admin-guide/tainted-kernels).
const BITS: [(&str, &str); 20] = [
    ("P", "a module with a proprietary licence was loaded"),
    ("F", "a module was loaded by force"),
    ("S", "the kernel runs on hardware or settings out of specification"),
    ("R", "a module was unloaded by force"),
    ("M", "the processor reported a machine check"),
    ("B", "a page of memory was found in a bad state"),
    ("U", "a program asked for the mark"),
    ("D", "the kernel crashed in part (oops or BUG)"),
    ("A", "an ACPI table was overridden"),
    ("W", "the kernel printed a warning with a trace"),
    ("C", "a staging driver was loaded"),
    ("I", "a bug of the firmware was worked around"),
    ("O", "a module from outside the kernel's source was loaded"),
    ("E", "an unsigned module was loaded"),
    ("L", "a CPU was locked up (soft lockup)"),
    ("K", "the kernel was patched live"),
    ("X", "auxiliary mark of the distribution"),
    ("T", "the kernel was built with randomised structures"),
    ("N", "an in-kernel test was run"),
    ("J", "user space used a debug interface of fwctl"),
];
/// Bits that tell of damage: M, B, D, W, L.
const DAMAGE: i64 = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14;

pub(in crate::facts::build) fn build(inputs: &Inputs, host: &Host, book: &mut Book) -> Kernel {
    let mask = book.first("kernel.taint", &inputs.hardware.tainted);
    let mask = mask.and_then(|t| t.parse::<i64>().ok()).filter(|m| *m >= 0);
    if mask.is_none() {
        let path = &inputs.hardware.tainted.path;
        let absence = inputs.hardware.tainted.first().err();
        let absence = absence.unwrap_or_else(|| Absence::of(Reason::ParseError, path, "no mask"));
        for field in ["taint", "taints", "tainted_by_damage"] {
            book.absent(format!("kernel.{field}"), absence.clone());
        }
    }
    let newest = newest(inputs, host, book);
    let newer = newest.as_deref().zip(host.kernel_release.as_deref());
    let upstream_branch = host.kernel_release.as_deref().and_then(upstream);
    if upstream_branch.is_none() {
        let detail = "the release is that of a distribution, or not known";
        book.absent("kernel.upstream_branch", Absence::new(Reason::NotApplicable, detail));
    } else {
        book.source("kernel.upstream_branch", Locator::facts(["host.kernel_release"]));
    }
    Kernel {
        upstream_branch,
        taint: mask,
        taints: mask.map(|m| taints(m, inputs)).unwrap_or_default(),
        tainted_by_damage: mask.map(|m| m & DAMAGE != 0),
        newer_installed: newer.map(|(new, now)| numbers(new) > numbers(now)),
        newest_installed: newest,
        reboot_required: reboot(inputs, book),
    }
}

/// `6.1` of `6.1.55` and `6.1.55+`: nothing behind the numbers, so nobody but kernel.org maintains
/// it.
fn upstream(release: &str) -> Option<String> {
    let numbers = release.strip_suffix('+').unwrap_or(release);
    let parts: Vec<&str> = numbers.split('.').collect();
    let [major, minor, patch] = parts[..] else { return None };
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    [major, minor, patch].into_iter().all(is_number).then(|| format!("{major}.{minor}"))
}

fn taints(mask: i64, inputs: &Inputs) -> Vec<Taint> {
    let modules = inputs.hardware.modules.first().map(|m| m.rows.as_slice()).unwrap_or_default();
    let bits = (0..63).filter(|bit| mask >> bit & 1 == 1);
    bits.map(|bit| {
        let known = usize::try_from(bit).ok().and_then(|b| BITS.get(b));
        let letter = known.map(|(letter, _)| (*letter).to_owned());
        let carries = |l: &str| {
            let of = modules.iter().filter(|m| m.taint.as_deref().is_some_and(|t| t.contains(l)));
            of.map(|m| m.name.clone()).take(20).collect()
        };
        Taint {
            bit,
            modules: letter.as_deref().map(carries).unwrap_or_default(),
            letter,
            meaning: known.map_or("a bit that this program does not know", |(_, m)| m).to_owned(),
        }
    })
    .collect()
}

/// The newest kernel of the same flavour that is installed.
fn newest(inputs: &Inputs, host: &Host, book: &mut Book) -> Option<String> {
    let kernels = book.first("kernel.newest_installed", &inputs.hardware.kernels);
    let running = host.kernel_release.as_deref().unwrap_or_default();
    let same = |k: &&String| flavour(k) == flavour(running);
    let newest =
        kernels.and_then(|all| all.iter().filter(same).max_by_key(|k| numbers(k))).cloned();
    if newest.is_none() {
        let absence = inputs.hardware.kernels.first().err().unwrap_or_else(|| {
            let path = &inputs.hardware.kernels.path;
            Absence::of(Reason::NotApplicable, path, "no kernel like the running one is installed")
        });
        book.absent("kernel.newest_installed", absence.clone());
        book.absent("kernel.newer_installed", absence);
    }
    newest
}

/// `generic` of `5.4.0-99-generic`, `amd64` of `6.1.0-13-amd64`: the word at the end.
fn flavour(release: &str) -> &str {
    let last = release.rsplit(['-', '.', '+']).next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit()) { "" } else { last }
}

/// All numbers of a release: 5.4.0-99 is less than 5.4.0-100.
fn numbers(release: &str) -> Vec<u64> {
    let parts = release.split(|c: char| !c.is_ascii_digit());
    parts.filter_map(|p| p.parse().ok()).collect()
}

fn reboot(inputs: &Inputs, book: &mut Book) -> Option<bool> {
    let source = &inputs.hardware.reboot_required;
    match source.first() {
        Ok(_) => {
            book.source("kernel.reboot_required", Locator::entry(&source.path));
            Some(true)
        }
        // Where the distribution writes such a file, it is there only when it is needed.
        Err(absence) if absence.reason == Reason::Missing => Some(false),
        Err(absence) => book.known("kernel.reboot_required", Err(absence)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_by_number_and_flavour() {
        assert!(numbers("5.4.0-100-generic") > numbers("5.4.0-99-generic"));
        assert!(numbers("5.14.0-362.24.1.el9_3.x86_64") > numbers("5.14.0-362.8.1.el9_3.x86_64"));
        assert_eq!(flavour("5.4.0-99-generic"), "generic");
        assert_eq!(flavour("5.14.0-362.8.1.el9_3.x86_64"), "x86_64");
        assert_eq!(BITS.iter().position(|(l, _)| *l == "L"), Some(14));
    }
}
