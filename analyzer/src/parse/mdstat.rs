//! `/proc/mdstat`: software RAID.
//!
//! <https://docs.kernel.org/admin-guide/md.html>
//!
//! ```text
//! md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]
//!       195310144 blocks [2/1] [U_]
//!       [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec
//! ```

use super::{Fields, ParseError, Rows, lines};

/// A member of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Device: `sda1`, `cciss/c0d0p1`.
    pub name: String,
    /// Number in the array; not its order in the listing.
    pub number: u32,
    /// `(F)`.
    pub faulty: bool,
    /// `(S)`.
    pub spare: bool,
    /// `(W)`: read only when the others fail.
    pub write_mostly: bool,
}

/// What an array is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Sync {
    /// `resync`, `recovery`, `check`, `reshape`.
    pub action: String,
    /// Done; `None` while pending or delayed.
    pub progress_ratio: Option<f64>,
    /// Time left.
    pub finish_s: Option<f64>,
    /// Rate.
    pub bytes_per_s: Option<u64>,
}

/// One array.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    /// `md0`.
    pub name: String,
    /// Running.
    pub active: bool,
    /// `(read-only)` or `(auto-read-only)`.
    pub read_only: bool,
    /// `raid1`; inactive arrays may have none.
    pub level: Option<String>,
    /// Members in the order of the file.
    pub members: Vec<Member>,
    /// Size.
    pub size_bytes: Option<u64>,
    /// Devices that a whole array has: the first of `[2/1]`.
    pub wanted: Option<u32>,
    /// Devices that work: the second.
    pub working: Option<u32>,
    /// `U` for each device that works, `_` for one that does not.
    pub state: Option<String>,
    /// Resync, recovery, check or reshape.
    pub sync: Option<Sync>,
    /// Line.
    pub line: u32,
}

impl Array {
    /// A device is lacking.
    #[must_use]
    pub fn degraded(&self) -> Option<bool> {
        Some(self.working? < self.wanted?)
    }
}

/// Reads all arrays; a damaged line is a problem beside them.
///
/// # Errors
/// No line `Personalities`, or arrays of which none could be read.
pub fn parse(text: &str) -> Result<Rows<Array>, ParseError> {
    if !text.contains("Personalities") {
        return Err(ParseError::new(None, text, "`Personalities : …`"));
    }
    let mut rows: Rows<Array> = Rows::default();
    let mut open = false;
    for (line, text) in lines(text) {
        if text.starts_with("Personalities") || text.starts_with("unused devices") {
            open = false;
        } else if text.starts_with([' ', '\t']) {
            if let Some(array) = rows.rows.last_mut().filter(|_| open) {
                array.detail(text);
            }
        } else if let Some((name, rest)) = text.split_once(" : ") {
            let array = heading(line, name, rest);
            open = array.is_ok();
            rows.take(array.map(Some));
        } else if !text.trim_ascii().is_empty() {
            open = false;
            rows.problem(ParseError::new(line, text, "`md0 : active raid1 …`"));
        }
    }
    rows.finish()
}

fn heading(line: u32, name: &str, rest: &str) -> Result<Array, ParseError> {
    let mut f = Fields::new(line, rest);
    let active = f.word("active or inactive")? == "active";
    let mut array = Array { name: name.trim_ascii().to_owned(), active, line, ..Array::default() };
    for word in f.by_ref() {
        if let Some((device, number)) = word.split_once('[') {
            let (number, flags) = number.split_once(']').unwrap_or((number, ""));
            let number = super::number(line, number, "number of a member")?;
            let flag = |f| flags.contains(f);
            let (faulty, spare, write_mostly) = (flag("(F)"), flag("(S)"), flag("(W)"));
            array.members.push(Member { name: device.into(), number, faulty, spare, write_mostly });
        } else if word.starts_with('(') {
            array.read_only |= word.contains("read-only");
        } else {
            array.level = Some(word.to_owned());
        }
    }
    Ok(array)
}

impl Array {
    fn detail(&mut self, text: &str) {
        let text = text.trim_ascii();
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        if let [blocks, "blocks", ..] = words[..] {
            self.size_bytes = blocks.parse::<u64>().ok().and_then(|n| n.checked_mul(1024));
            let brackets = || words.iter().filter_map(|w| w.strip_prefix('[')?.strip_suffix(']'));
            if let Some((wanted, working)) = brackets().find_map(|b| b.split_once('/')) {
                (self.wanted, self.working) = (wanted.parse().ok(), working.parse().ok());
            }
            let state = brackets().find(|b| b.bytes().all(|c| matches!(c, b'U' | b'_')));
            self.state = state.map(Into::into);
        } else if let Some((action, _)) = ["resync", "recovery", "check", "reshape"]
            .iter()
            .find_map(|a| Some((*a, text.find(a)?)))
        {
            let value = |key: &str| words.iter().find_map(|w| w.strip_prefix(key));
            let finite = |n: f64| n.is_finite().then_some(n);
            let percent = words
                .iter()
                .find_map(|w| w.strip_suffix('%')?.trim_start_matches('=').parse().ok());
            let minutes = value("finish=").and_then(|w| w.strip_suffix("min")?.parse().ok());
            let kib = value("speed=").and_then(|w| w.strip_suffix("K/sec")?.parse::<u64>().ok());
            self.sync = Some(Sync {
                action: action.to_owned(),
                progress_ratio: percent.and_then(finite).map(|p| p / 100.0),
                finish_s: minutes.and_then(finite).map(|m| m * 60.0),
                bytes_per_s: kib.and_then(|n| n.checked_mul(1024)),
            });
        }
    }
}

#[cfg(test)]
pub(super) const SAMPLE: &str = "\
Personalities : [linear] [multipath] [raid0] [raid1] [raid6] [raid5] [raid4] [raid10]

md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]
      195310144 blocks [2/1] [U_]
      [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec

md7 : active raid6 sdb1[0] sde1[3] sdd1[2] sdc1[1](F)
      7813735424 blocks super 1.2 level 6, 512k chunk, algorithm 2 [4/3] [U_UU]
      bitmap: 0/30 pages [0KB], 65536KB chunk

md9 : active raid1 sdc2[2] sdd2[3] sdb2[1] sda2[0] sde[4](F) sdf[5](F) sdg[6](S)
      523968 blocks super 1.2 [4/4] [UUUU]
      resync=DELAYED

md11 : active (auto-read-only) raid1 cciss/c0d0p1[0] sdc2[1](W)
      4190208 blocks super 1.2 [2/2] [UU]
      resync=PENDING

md219 : inactive sdb[2](S) sdc[1](S) sda[0](S)
        7932 blocks super external:imsm

unused devices: <none>
";

#[cfg(test)]
mod tests {
    use super::*;

    fn array(name: &str) -> Array {
        parse(SAMPLE).unwrap().rows.into_iter().find(|a| a.name == name).unwrap()
    }

    #[test]
    fn item_30_states_flags_and_names() {
        let md6 = array("md6");
        assert_eq!((md6.degraded(), md6.state.as_deref(), md6.line), (Some(true), Some("U_"), 3));
        assert!(md6.members[0].faulty && md6.members[1].spare && !md6.members[2].faulty);
        let md11 = array("md11");
        assert!(md11.read_only && md11.members[1].write_mostly);
        assert_eq!(
            (md11.members[0].name.as_str(), md11.level.as_deref()),
            ("cciss/c0d0p1", Some("raid1"))
        );
        let md219 = array("md219");
        assert_eq!((md219.active, md219.level, md219.wanted), (false, None, None));
        assert_eq!((md219.members.len(), md219.size_bytes), (3, Some(7932 << 10)));
    }

    #[test]
    fn item_30_sync_actions_and_bitmaps() {
        let sync = array("md6").sync.unwrap();
        assert_eq!((sync.action.as_str(), sync.progress_ratio), ("recovery", Some(0.085)));
        assert_eq!((sync.finish_s, sync.bytes_per_s), (Some(1020.0), Some(259_783 << 10)));
        assert_eq!((array("md7").sync, array("md7").working), (None, Some(3)));
        for name in ["md9", "md11"] {
            let sync = array(name).sync.unwrap();
            assert_eq!((sync.action.as_str(), sync.progress_ratio), ("resync", None));
        }
    }

    #[test]
    fn item_30_a_removed_member_is_missed_by_the_count() {
        let text =
            "Personalities : [raid1]\nmd0 : active raid1 sdb1[1]\n      100 blocks [2/1] [_U]\n";
        let md0 = parse(text).unwrap().rows.remove(0);
        assert_eq!((md0.members.len(), md0.degraded()), (1, Some(true)));
    }

    #[test]
    fn none_and_damaged() {
        assert!(parse("Personalities : \nunused devices: <none>\n").unwrap().rows.is_empty());
        assert!(parse("").is_err());
        let rows = parse(&SAMPLE.replace("sdb1[0]", "sdb1[x]")).unwrap();
        assert_eq!((rows.rows.len(), rows.problems[0].line), (4, Some(7)));
        assert_eq!(rows.rows[0].wanted, Some(2), "its details belong to nobody");
    }
}
