//! Health of disks without smartctl: `NVMe` by admin commands, ATA behind libata by pass-through.
//!
//! Pages are stored as the disk gave them, one step and one file each:
//!
//! | path | holds |
//! |---|---|
//! | `probes/smart/nvme0/identify`, `…/health` | 4096 and 512 bytes |
//! | `probes/smart/sda/identify`, `…/attributes`, `…/thresholds` | 512 bytes each |
//! | `probes/smart/sda/status` | the disk's own verdict: `passed` or `failing` |
//!
//! Only commands that read are sent, to disks that are awake and of this host's own hardware. A
//! disk behind a RAID controller or a USB bridge is left to smartctl, which knows their ways.

use std::fs::File;
use std::io;

use linsight_archive::Outcome;

use super::{Answer, Context, Emit, Resume, Turn, file};
use crate::commands::devices;

mod admin;
mod ata;
mod nvme;
mod sg;

const TIMEOUT_MS: u32 = 3000;

/// A page of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Identify,
    Health,
    Attributes,
    Thresholds,
    Status,
}

impl Page {
    const NVME: &[Self] = &[Self::Identify, Self::Health];
    const ATA: &[Self] = &[Self::Identify, Self::Attributes, Self::Thresholds, Self::Status];

    const fn word(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Health => "health",
            Self::Attributes => "attributes",
            Self::Thresholds => "thresholds",
            Self::Status => "status",
        }
    }
}

/// A disk that was opened, or the reason why it is not asked.
struct Disk {
    name: String,
    is_nvme: bool,
    opened: Option<Result<File, (Outcome, String)>>,
    smart_is_off: bool,
}

/// Asks all disks.
pub(super) fn probe(context: &Context, resume: Resume, emit: &mut Emit<'_>) -> io::Result<()> {
    let mut step = 0;
    for mut disk in disks(context) {
        for page in if disk.is_nvme { Page::NVME } else { Page::ATA } {
            let path = format!("probes/smart/{}/{}", disk.name, page.word());
            match resume.turn(step) {
                Turn::Done => {}
                Turn::Hung => emit(Answer::absent(&path, Outcome::TimedOut, None))?,
                Turn::Now => match disk.read(*page) {
                    Ok(bytes) => emit(Answer::whole(&path, &bytes))?,
                    Err((outcome, why)) => emit(Answer::absent(&path, outcome, Some(&why)))?,
                },
            }
            step += 1;
        }
    }
    Ok(())
}

/// The disks that are asked; a mounted root has no devices of its own to open.
fn disks(context: &Context) -> Vec<Disk> {
    if !context.is_live_root() {
        return Vec::new();
    }
    let disk = |name, is_nvme| Disk { name, is_nvme, opened: None, smart_is_off: false };
    let ata = devices::disks(context).into_iter().filter(|disk| disk.is_libata && disk.is_awake);
    let mut all: Vec<Disk> = ata.map(|found| disk(found.name, false)).collect();
    all.extend(devices::nvmes(context).into_iter().map(|name| disk(name, true)));
    all
}

impl Disk {
    fn read(&mut self, page: Page) -> Result<Vec<u8>, (Outcome, String)> {
        let (name, is_nvme) = (&self.name, self.is_nvme);
        let opened = self.opened.get_or_insert_with(|| open(name, is_nvme));
        let file = opened.as_ref().map_err(Clone::clone)?;
        if self.smart_is_off {
            return Err((Outcome::Missing, "SMART is not there, or off".to_owned()));
        }
        let read = if self.is_nvme { nvme::read(file, page) } else { ata::read(file, page) };
        let bytes = read.map_err(|why| (Outcome::Failed, why))?;
        self.smart_is_off = !self.is_nvme && page == Page::Identify && !ata::has_smart(&bytes);
        Ok(bytes)
    }
}

fn open(name: &str, is_nvme: bool) -> Result<File, (Outcome, String)> {
    // Without root the open is refused, and leaves a line in the audit log of a watched host.
    if !rustix::process::geteuid().is_root() {
        return Err((Outcome::Denied, "needs root".to_owned()));
    }
    let file = file::open(format!("/dev/{name}").as_ref())
        .map_err(|errno| (super::outcome_of(errno), nvme::message(errno)))?;
    match if is_nvme { None } else { ata::refusal(&file) } {
        None => Ok(file),
        Some(why) => Err((Outcome::Skipped, why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mounted_root_has_no_disks() {
        let dir = tempfile::tempdir().unwrap();
        let context = Context::of_root(dir.path());
        probe(&context, Resume::default(), &mut |_| panic!("nothing to tell")).unwrap();
    }

    #[test]
    fn what_is_no_disk_is_an_answer() {
        let mut disk =
            Disk { name: "null".to_owned(), is_nvme: false, opened: None, smart_is_off: false };
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: needs root");
            return;
        }
        let (outcome, why) = disk.read(Page::Identify).unwrap_err();
        assert_eq!(outcome, Outcome::Skipped, "{why}");
        disk = Disk { name: "null".to_owned(), is_nvme: true, opened: None, smart_is_off: false };
        assert_eq!(disk.read(Page::Health).unwrap_err().0, Outcome::Failed);
    }
}
