//! Chapter: what the processor is: its flags worth knowing, its caches, and how many sockets and
//! cores `/proc/cpuinfo` counts, beside firmware and sysfs.

use std::collections::{BTreeMap, BTreeSet};

use crate::absence::{Absence, Reason};
use crate::locator::Locator;
use crate::parse::cpuinfo::Cpuinfo;
use crate::parse::cpulist;

use super::super::cpu::{Cpu, CpuCache, CpuFlag, CpuinfoCounts};
use super::super::inputs::Inputs;
use super::super::method::num::{len, signed};
use super::super::plan::Pack;
use super::Book;
use super::host::pack_absence;

/// Flags of x86, and what hangs on each.
const X86: [(&str, &str); 13] = [
    ("hypervisor", "it runs under a hypervisor: time can be stolen, devices are emulated"),
    ("vmx", "Intel: can run virtual machines"),
    ("svm", "AMD: can run virtual machines"),
    ("aes", "encrypts in hardware: TLS, disks"),
    ("avx2", "256-bit vectors"),
    ("avx512f", "512-bit vectors; some models lower their clock for them"),
    ("pdpe1gb", "huge pages of 1 GiB"),
    ("constant_tsc", "the time stamp counter does not change with the clock"),
    ("nonstop_tsc", "nor does it stop in deep idle: a good clock source"),
    ("arat", "the local timer goes on in deep idle"),
    ("hwp", "Intel: the hardware chooses the clock itself"),
    ("pti", "page tables are isolated from the kernel (Meltdown): system calls cost more"),
    ("pcid", "address spaces are tagged: switches, and pti, cost less"),
];
/// The same of arm64.
const ARM: [(&str, &str); 6] = [
    ("aes", "encrypts in hardware: TLS, disks"),
    ("crc32", "checksums in hardware"),
    ("sha2", "hashes in hardware"),
    ("atomics", "atomic instructions (LSE): locks scale to many cores"),
    ("asimd", "128-bit vectors"),
    ("sve", "scalable vectors"),
];

const CPU: &str = "devices/system/cpu/cpu";

pub(super) fn build(inputs: &Inputs, cpu: &mut Cpu, book: &mut Book) {
    let info = &inputs.cpu.cpuinfo;
    if let Some(read) = book.first("cpu.cpuinfo", info) {
        cpu.cpuinfo = Some(counts(read));
        cpu.flags = flags(read);
        let untold = Absence::of(Reason::NotApplicable, &info.path, "told on x86 only");
        for field in ["sockets", "cores"] {
            if cpu.cpuinfo.as_ref().is_some_and(|c| c.sockets.is_none() || c.cores.is_none()) {
                book.absent(format!("cpu.cpuinfo.{field}"), untold.clone());
            }
        }
    }
    if cpu.flags.is_empty() {
        let none = Absence::of(Reason::Missing, &info.path, "no flags of a known architecture");
        book.absent("cpu.flags", info.first().err().unwrap_or(none));
    } else {
        book.source("cpu.flags", Locator::entry(&info.path));
    }
    caches(inputs, cpu, book);
}

fn counts(info: &Cpuinfo) -> CpuinfoCounts {
    let sockets: BTreeSet<u32> = info.processors.iter().filter_map(|p| p.physical_id).collect();
    let cores: BTreeSet<(u32, u32)> =
        info.processors.iter().filter_map(|p| p.physical_id.zip(p.core_id)).collect();
    let known = |n: usize| (n > 0).then(|| len(n));
    CpuinfoCounts {
        sockets: known(sockets.len()),
        cores: known(cores.len()),
        cpus: len(info.processors.len()),
    }
}

fn flags(info: &Cpuinfo) -> Vec<CpuFlag> {
    let has = |name: &str| info.flags.iter().any(|f| f == name);
    // Every processor of these architectures has these.
    let known: &[_] = match (has("fpu"), has("asimd") || has("fp")) {
        (true, _) => &X86,
        (_, true) => &ARM,
        _ => &[],
    };
    let flag = |(name, meaning): &(&str, &str)| CpuFlag {
        name: (*name).to_owned(),
        present: has(name),
        meaning: (*meaning).to_owned(),
    };
    known.iter().map(flag).collect()
}

fn caches(inputs: &Inputs, cpu: &mut Cpu, book: &mut Book) {
    const FACT: &str = "cpu.caches";
    let (sys, lscpu) = (&inputs.cpu.sys_cpu, &inputs.cpu.lscpu);
    cpu.caches = sys.first().map(of_sysfs).unwrap_or_default();
    if !cpu.caches.is_empty() {
        return book.source(FACT, Locator::entry(&sys.path));
    }
    let told = lscpu.first().map(|l| l.caches.as_slice()).unwrap_or_default();
    cpu.caches = told.iter().filter_map(|(name, text)| of_lscpu(name, text)).collect();
    if cpu.caches.is_empty() {
        return book.absent(FACT, pack_absence(sys, "no caches are told"));
    }
    book.source(FACT, Locator::entry(&lscpu.path));
    for (i, cache) in cpu.caches.iter().enumerate() {
        for (field, known) in [
            ("size_bytes", cache.size_bytes.is_some()),
            ("count", cache.count.is_some()),
            ("shared_by", false),
            ("total_bytes", cache.total_bytes.is_some()),
        ] {
            if !known {
                let untold = Absence::of(Reason::NotCollected, &lscpu.path, "lscpu does not say");
                book.absent(format!("{FACT}.{i}.{field}"), untold);
            }
        }
    }
}

/// Every CPU names its caches; one that several share is named by each of them.
fn of_sysfs(sys: &Pack<String, String>) -> Vec<CpuCache> {
    let mut found: BTreeMap<(&str, &str), BTreeMap<&str, i64>> = BTreeMap::new();
    for (key, level) in &sys.rows {
        let Some(at) = key.strip_prefix(CPU).and_then(|k| k.strip_suffix("/level")) else {
            continue;
        };
        let of = |file: &str| sys.get(format!("{CPU}{at}/{file}").as_str()).map(String::as_str);
        let (Some(kind), Some(cpus)) = (of("type"), of("shared_cpu_list")) else { continue };
        let Some(size) = of("size").and_then(bytes) else { continue };
        let kind = match kind {
            "Data" => "d",
            "Instruction" => "i",
            _ => "",
        };
        found.entry((level, kind)).or_default().insert(cpus, size);
    }
    let cache = |((level, kind), each): (&(&str, &str), &BTreeMap<&str, i64>)| {
        let same = each.values().collect::<BTreeSet<_>>().len() == 1;
        let shared = each.keys().next().and_then(|cpus| cpulist::parse(cpus).ok());
        CpuCache {
            name: format!("L{level}{kind}"),
            // Processors of unlike cores have caches of unlike sizes.
            size_bytes: each.values().next().copied().filter(|_| same),
            count: Some(len(each.len())),
            shared_by: shared.map(|l| signed(l.len())).filter(|_| same),
            total_bytes: Some(each.values().copied().fold(0, i64::saturating_add)),
        }
    };
    found.iter().map(cache).collect()
}

/// `32K` is one; `64 KiB` and `64 KiB (2 instances)` are all of them.
fn of_lscpu(name: &str, text: &str) -> Option<CpuCache> {
    let (size, rest) = text.split_once('(').unwrap_or((text, ""));
    let size = size.trim();
    let count = rest.split_once(' ').and_then(|(n, _)| n.parse().ok()).filter(|n| *n > 0);
    let cache = CpuCache { name: name.to_owned(), count, ..CpuCache::default() };
    match size.strip_suffix("iB") {
        Some(all) => {
            let total = bytes(&all.replace(' ', ""))?;
            let one = count.and_then(|n| total.checked_div(n));
            Some(CpuCache { size_bytes: one, total_bytes: Some(total), ..cache })
        }
        None => Some(CpuCache { size_bytes: Some(bytes(size)?), ..cache }),
    }
}

/// `32K`, `16M`, `1.5M`.
fn bytes(text: &str) -> Option<i64> {
    let (number, shift) = match text.as_bytes().last()? {
        b'K' => (text.strip_suffix('K')?, 10),
        b'M' => (text.strip_suffix('M')?, 20),
        b'G' => (text.strip_suffix('G')?, 30),
        _ => (text, 0),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<i64>().ok()?.checked_mul(1 << shift)?;
    let part = match part {
        "" => 0,
        tenths => tenths.get(..1)?.parse::<i64>().ok()?.checked_mul(1 << shift)? / 10,
    };
    whole.checked_add(part).filter(|n| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_caches_are_counted_once() {
        let mut pack = Pack::default();
        for (cpu, index, level, kind, size, shared) in [
            (0, 0, "1", "Data", "32K", "0"),
            (1, 0, "1", "Data", "32K", "1"),
            (0, 3, "3", "Unified", "16384K", "0-1"),
            (1, 3, "3", "Unified", "16384K", "0-1"),
        ] {
            let at = format!("{CPU}{cpu}/cache/index{index}");
            for (file, value) in
                [("level", level), ("type", kind), ("size", size), ("shared_cpu_list", shared)]
            {
                pack.rows.push((format!("{at}/{file}"), value.to_owned()));
            }
        }
        pack.rows.sort();
        let caches = of_sysfs(&pack);
        let told: Vec<_> = caches.iter().map(|c| (&*c.name, c.count, c.shared_by)).collect();
        assert_eq!(told, [("L1d", Some(2), Some(1)), ("L3", Some(1), Some(2))]);
        assert_eq!(caches[0].total_bytes, Some(64 << 10));
        assert_eq!(caches[1].size_bytes, Some(16 << 20));
    }

    #[test]
    fn the_units_of_lscpu_tell_one_from_all() {
        let of = |text| {
            let c = of_lscpu("L2", text).unwrap();
            (c.size_bytes, c.count, c.total_bytes)
        };
        assert_eq!(of("32K"), (Some(32 << 10), None, None));
        assert_eq!(of("8 MiB"), (None, None, Some(8 << 20)));
        assert_eq!(of("1.5 MiB (3 instances)"), (Some((3 << 19) / 3), Some(3), Some(3 << 19)));
        assert!(of_lscpu("L2", "-").is_none());
    }

    #[test]
    fn flags_are_those_of_the_architecture() {
        let info = |flags: &[&str]| Cpuinfo {
            flags: flags.iter().map(|f| (*f).to_owned()).collect(),
            ..Cpuinfo::default()
        };
        let of = |info: &Cpuinfo, name: &str| {
            flags(info).iter().find(|f| f.name == name).map(|f| f.present)
        };
        let x86 = info(&["fpu", "aes"]);
        assert_eq!(
            (of(&x86, "aes"), of(&x86, "vmx"), of(&x86, "sve")),
            (Some(true), Some(false), None)
        );
        assert_eq!(of(&info(&["asimd"]), "atomics"), Some(false));
        assert!(flags(&info(&[])).is_empty());
    }
}
