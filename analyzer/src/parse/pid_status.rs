//! `/proc/PID/status`: a process with named fields.
//!
//! <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
//!
//! ```text
//! Name:   corosync
//! RssAnon:    9364 kB
//! ```

use super::{Fields, ParseError, cut, kb, lines};

/// One process. Kernel threads and zombies have no `Vm` and `Rss` fields: `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PidStatus<'a> {
    /// Command name, backslash and newline escaped by the kernel.
    pub name: &'a str,
    /// State letter.
    pub state: Option<char>,
    /// Thread group: the process.
    pub tgid: Option<u32>,
    /// Process or thread id.
    pub pid: Option<u32>,
    /// Parent.
    pub ppid: Option<u32>,
    /// Who traces it; 0 for nobody.
    pub tracer_pid: Option<u32>,
    /// Real user.
    pub uid: Option<u32>,
    /// Effective user.
    pub effective_uid: Option<u32>,
    /// Slots of the file descriptor table.
    pub fd_slots: Option<u64>,
    /// Process ids from the reader's namespace inwards (4.1): more than one in a container.
    pub namespace_pids: Vec<u32>,
    /// Threads.
    pub threads: Option<u64>,
    /// `VmPeak`: largest address space.
    pub vm_peak_bytes: Option<u64>,
    /// `VmSize`: address space.
    pub vm_size_bytes: Option<u64>,
    /// `VmLck`: locked memory.
    pub vm_locked_bytes: Option<u64>,
    /// `VmHWM`: largest resident size.
    pub vm_hwm_bytes: Option<u64>,
    /// `VmRSS`: resident size.
    pub vm_rss_bytes: Option<u64>,
    /// `RssAnon` (4.5).
    pub rss_anon_bytes: Option<u64>,
    /// `RssFile` (4.5).
    pub rss_file_bytes: Option<u64>,
    /// `RssShmem` (4.5).
    pub rss_shmem_bytes: Option<u64>,
    /// `VmData`: private writable address space without stack.
    pub vm_data_bytes: Option<u64>,
    /// `VmStk`: stack of the first thread.
    pub vm_stack_bytes: Option<u64>,
    /// `VmPTE`: page tables.
    pub vm_pte_bytes: Option<u64>,
    /// `VmSwap` (2.6.34).
    pub vm_swap_bytes: Option<u64>,
    /// `HugetlbPages` (4.4): not in the resident size.
    pub hugetlb_bytes: Option<u64>,
    /// `Cpus_allowed_list`.
    pub cpus_allowed: Option<&'a str>,
    /// `Mems_allowed_list`.
    pub mems_allowed: Option<&'a str>,
    /// Times it gave up the CPU.
    pub voluntary_switches: Option<u64>,
    /// Times it was preempted.
    pub involuntary_switches: Option<u64>,
}

/// Reads the file; unknown fields are left alone.
///
/// # Errors
/// No `Name`, or a known field whose value is not what it must be.
pub fn parse(text: &str) -> Result<PidStatus<'_>, ParseError> {
    let mut s = PidStatus::default();
    let mut named = false;
    for (line, text) in lines(text) {
        let Some((key, value)) = cut(text, b':') else { continue };
        let mut f = Fields::new(line, value);
        if let Some(size) = s.size(key) {
            *size = Some(kb(line, value)?);
            continue;
        }
        match key {
            "Name" => (s.name, named) = (value.strip_prefix('\t').unwrap_or(value), true),
            "State" => s.state = f.word("state")?.chars().next(),
            "Tgid" => s.tgid = f.opt(key_of(key))?,
            "Pid" => s.pid = f.opt(key_of(key))?,
            "PPid" => s.ppid = f.opt(key_of(key))?,
            "TracerPid" => s.tracer_pid = f.opt(key_of(key))?,
            "Uid" => (s.uid, s.effective_uid) = (f.opt("uid")?, f.opt("effective uid")?),
            "FDSize" => s.fd_slots = f.opt("slots")?,
            "NSpid" => s.namespace_pids = f.map_while(|p| p.parse().ok()).collect(),
            "Threads" => s.threads = f.opt("threads")?,
            "Cpus_allowed_list" => s.cpus_allowed = Some(f.rest()),
            "Mems_allowed_list" => s.mems_allowed = Some(f.rest()),
            "voluntary_ctxt_switches" => s.voluntary_switches = f.opt("switches")?,
            "nonvoluntary_ctxt_switches" => s.involuntary_switches = f.opt("switches")?,
            _ => {}
        }
    }
    if named { Ok(s) } else { Err(ParseError::new(None, text, "a line `Name: …`")) }
}

/// What a series of samples needs of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Real user.
    pub uid: Option<u32>,
    /// `VmHWM`: largest resident size.
    pub vm_hwm_bytes: Option<u64>,
    /// `VmRSS`: resident size.
    pub vm_rss_bytes: Option<u64>,
    /// `RssAnon` (4.5).
    pub rss_anon_bytes: Option<u64>,
    /// `VmData`: private writable address space without stack.
    pub vm_data_bytes: Option<u64>,
    /// `VmSwap` (2.6.34).
    pub vm_swap_bytes: Option<u64>,
    /// `HugetlbPages` (4.4): not in the resident size.
    pub hugetlb_bytes: Option<u64>,
}

/// Reads owner and sizes alone, and stops where the sizes end: the larger half of the file, signals
/// and masks, is left alone.
///
/// # Errors
/// As [`parse`], of what is read.
pub fn sizes(text: &str) -> Result<Sizes, ParseError> {
    let mut s = Sizes::default();
    let mut lines = lines(text);
    if !lines.next().is_some_and(|(_, first)| first.starts_with("Name:")) {
        return Err(ParseError::new(None, text, "a line `Name: …`"));
    }
    for (line, text) in lines {
        let size = match text.as_bytes() {
            [b'U', b'i', b'd', b':', ..] => {
                s.uid = Fields::new(line, text).pass(1).opt("uid")?;
                continue;
            }
            [b'V' | b'R' | b'H', ..] => {
                let Some((key, value)) = cut(text, b':') else { continue };
                match key {
                    "VmHWM" => (&mut s.vm_hwm_bytes, value),
                    "VmRSS" => (&mut s.vm_rss_bytes, value),
                    "RssAnon" => (&mut s.rss_anon_bytes, value),
                    "VmData" => (&mut s.vm_data_bytes, value),
                    "VmSwap" => (&mut s.vm_swap_bytes, value),
                    "HugetlbPages" => (&mut s.hugetlb_bytes, value),
                    _ => continue,
                }
            }
            [b'T', b'h', b'r', b'e', b'a', b'd', b's', b':', ..] => break,
            _ => continue,
        };
        *size.0 = Some(kb(line, size.1)?);
    }
    Ok(s)
}

/// A name for messages that lives long enough.
fn key_of(key: &str) -> &'static str {
    match key {
        "Tgid" => "thread group",
        "PPid" => "parent",
        "TracerPid" => "tracer",
        _ => "process id",
    }
}

impl PidStatus<'_> {
    fn size(&mut self, key: &str) -> Option<&mut Option<u64>> {
        // Most keys of the file are no sizes, and need not be compared with each of them.
        if !matches!(key.as_bytes().first(), Some(b'V' | b'R' | b'H')) {
            return None;
        }
        Some(match key {
            "VmPeak" => &mut self.vm_peak_bytes,
            "VmSize" => &mut self.vm_size_bytes,
            "VmLck" => &mut self.vm_locked_bytes,
            "VmHWM" => &mut self.vm_hwm_bytes,
            "VmRSS" => &mut self.vm_rss_bytes,
            "RssAnon" => &mut self.rss_anon_bytes,
            "RssFile" => &mut self.rss_file_bytes,
            "RssShmem" => &mut self.rss_shmem_bytes,
            "VmData" => &mut self.vm_data_bytes,
            "VmStk" => &mut self.vm_stack_bytes,
            "VmPTE" => &mut self.vm_pte_bytes,
            "VmSwap" => &mut self.vm_swap_bytes,
            "HugetlbPages" => &mut self.hugetlb_bytes,
            _ => return None,
        })
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Name:\tcorosync
Umask:\t0022
State:\tS (sleeping)
Tgid:\t256
Pid:\t256
PPid:\t1
TracerPid:\t0
Uid:\t112\t0\t0\t0
FDSize:\t128
Groups:\t 
NSpid:\t256\t7
VmPeak:\t  188928 kB
VmSize:\t  162064 kB
VmLck:\t       0 kB
VmHWM:\t   59076 kB
VmRSS:\t   46500 kB
RssAnon:\t    9364 kB
RssFile:\t    3868 kB
RssShmem:\t   33268 kB
VmData:\t   24264 kB
VmPTE:\t     216 kB
VmSwap:\t       0 kB
Threads:\t2
CapEff:\t0000003fffffffff
Cpus_allowed_list:\t0-1
Mems_allowed_list:\t0
voluntary_ctxt_switches:\t696151
nonvoluntary_ctxt_switches:\t49018
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process() {
        let s = parse(SAMPLE).unwrap();
        assert_eq!((s.name, s.state, s.pid, s.ppid), ("corosync", Some('S'), Some(256), Some(1)));
        assert_eq!((s.uid, s.effective_uid), (Some(112), Some(0)));
        assert_eq!(s.namespace_pids, [256, 7]);
        assert_eq!(s.rss_anon_bytes, Some(9364 * 1024));
        assert_eq!(s.rss_shmem_bytes, Some(33268 * 1024));
        assert_eq!((s.vm_swap_bytes, s.vm_hwm_bytes), (Some(0), Some(59076 * 1024)));
        assert_eq!((s.vm_data_bytes, s.vm_pte_bytes), (Some(24264 * 1024), Some(216 * 1024)));
        assert_eq!((s.cpus_allowed, s.threads), (Some("0-1"), Some(2)));
        assert_eq!((s.voluntary_switches, s.involuntary_switches), (Some(696_151), Some(49018)));
    }

    #[test]
    fn a_series_sees_the_same() {
        let (all, few) = (parse(SAMPLE).unwrap(), sizes(SAMPLE).unwrap());
        let same = Sizes {
            uid: all.uid,
            vm_hwm_bytes: all.vm_hwm_bytes,
            vm_rss_bytes: all.vm_rss_bytes,
            rss_anon_bytes: all.rss_anon_bytes,
            vm_data_bytes: all.vm_data_bytes,
            vm_swap_bytes: all.vm_swap_bytes,
            hugetlb_bytes: all.hugetlb_bytes,
        };
        assert_eq!((few, few.vm_rss_bytes), (same, Some(46500 * 1024)));
        assert_eq!(sizes("Name:\tx\nHugetlbPages:\t 8 kB\n").unwrap().hugetlb_bytes, Some(8192));
        assert!(sizes("").is_err() && sizes("VmRSS:\t 1 kB\n").is_err());
        assert_eq!(sizes("Name:\tx\nVmRSS:\t 12 pages\n").unwrap_err().line, Some(2));
    }

    #[test]
    fn kernel_thread_has_no_sizes() {
        let s = parse("Name:\tkthreadd\nState:\tS (sleeping)\nPid:\t2\nThreads:\t1\n").unwrap();
        assert_eq!((s.vm_rss_bytes, s.vm_swap_bytes, s.pid), (None, None, Some(2)));
    }

    #[test]
    fn damaged() {
        assert!(parse("").is_err());
        assert_eq!(parse("Name:\tx\nVmRSS:\t 12 pages\n").unwrap_err().line, Some(2));
        assert_eq!(parse("Name:\tx\nPid:\t-\n").unwrap_err().line, Some(2));
    }
}
