//! What the collector itself must know of a process: enough to choose what to read next. Nothing
//! of this reaches the archive, which holds the raw files.

/// Field numbers of `proc_pid_stat(5)`, counted from the state (field 3 there is 0 here).
pub(crate) const PPID: usize = 1;
/// CPU time in user mode; that in the kernel follows it.
pub(crate) const UTIME: usize = 11;
/// CPU time of ended children.
pub(crate) const CUTIME: usize = 13;
/// Threads.
const NUM_THREADS: usize = 17;

/// `/proc/PID/stat`, split behind the name (which may hold anything, even `)`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat<'a> {
    rest: &'a str,
}

impl<'a> Stat<'a> {
    /// The part behind the last `)`.
    #[must_use]
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let at = text.iter().rposition(|b| *b == b')')?;
        let rest = std::str::from_utf8(text.get(at + 1..)?).ok()?;
        Some(Self { rest })
    }

    /// State of the process or thread.
    #[must_use]
    pub(crate) fn state(self) -> Option<char> {
        self.rest.split_ascii_whitespace().next()?.chars().next()
    }

    /// A field by its number, as above.
    #[must_use]
    pub(crate) fn number(self, field: usize) -> Option<u64> {
        self.rest.split_ascii_whitespace().nth(field)?.parse().ok()
    }

    /// Number of threads.
    #[must_use]
    pub(crate) fn threads(self) -> Option<u64> {
        self.number(NUM_THREADS)
    }
}

/// `/proc/PID/statm`, in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statm {
    /// Address space; 0 for kernel threads.
    pub(crate) size: u64,
    /// Resident.
    pub(crate) resident: u64,
    /// Resident and not anonymous.
    pub(crate) shared: u64,
    /// Data and stack.
    pub(crate) data: u64,
}

impl Statm {
    /// Seven numbers; the fourth, fifth and last are not used.
    #[must_use]
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let mut numbers = std::str::from_utf8(text).ok()?.split_ascii_whitespace().map(str::parse);
        let mut next = || numbers.next()?.ok();
        let (size, resident, shared) = (next()?, next()?, next()?);
        let (_, _, data) = (next()?, next()?, next()?);
        Some(Self { size, resident, shared, data })
    }

    /// Resident anonymous pages, as far as statm tells.
    #[must_use]
    pub(crate) const fn anon(self) -> u64 {
        self.resident.saturating_sub(self.shared)
    }
}

/// `RssAnon` + `VmSwap` of `/proc/PID/status` in KiB; 0 for kernel threads. Kernels before 4.5 have
/// no `RssAnon`: there `VmRSS` has to do.
#[must_use]
pub(crate) fn private_kib(status: &[u8]) -> u64 {
    let resident = kib(status, b"RssAnon:").or_else(|| kib(status, b"VmRSS:")).unwrap_or(0);
    resident.saturating_add(kib(status, b"VmSwap:").unwrap_or(0))
}

/// `VmPTE` of a `status`: page tables, which grow with the number and spread of mappings.
#[must_use]
pub(crate) fn page_tables_kib(status: &[u8]) -> u64 {
    kib(status, b"VmPTE:").unwrap_or(0)
}

fn kib(status: &[u8], name: &[u8]) -> Option<u64> {
    status.split(|b| *b == b'\n').find_map(|line| {
        let value = std::str::from_utf8(line.strip_prefix(name)?).ok()?;
        value.split_ascii_whitespace().next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_does_not_move_the_fields() {
        let text =
            b"42 (a) R 1\n999 (x) S 1 42 42 0 -1 4194560 1 2 3 4 50 60 7 8 20 0 9 0 77 1000 25";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.state(), Some('S'));
        assert_eq!(stat.number(UTIME), Some(50));
        assert_eq!(stat.number(CUTIME), Some(7));
        assert_eq!(stat.threads(), Some(9));
        assert!(Stat::parse(b"42 (no end").is_none());
    }

    #[test]
    fn statm_and_status() {
        let statm = Statm::parse(b"5000 1200 300 10 0 2500 0\n").unwrap();
        assert_eq!(statm, Statm { size: 5000, resident: 1200, shared: 300, data: 2500 });
        assert_eq!(statm.anon(), 900);
        assert_eq!(Statm::parse(b"1 2"), None);
        let status = b"Name:\tx\nVmRSS:\t  900 kB\nRssAnon:\t     700 kB\nVmSwap:\t      30 kB\n";
        assert_eq!(private_kib(status), 730);
        assert_eq!(private_kib(b"Name:\tx\nVmRSS:\t  900 kB\n"), 900);
        assert_eq!(private_kib(b"Name:\tkthreadd\n"), 0);
        assert_eq!(page_tables_kib(b"VmLck:\t0 kB\nVmPTE:\t      92 kB\n"), 92);
    }
}
