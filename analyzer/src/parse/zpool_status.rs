//! `zpool status`: which device of a pool has errors, which data are lost, and what is being
//! mended. The kernel's own files tell the state of a pool and nothing more.
//!
//! <https://openzfs.github.io/openzfs-docs/man/master/8/zpool-status.8.html>
//!
//! ```text
//!   pool: tank
//!  state: DEGRADED
//!   scan: resilver in progress since Thu Oct 25 21:22:38 2018
//!         116G scanned at 1.96G/s, 1.80G issued at 30M/s, 44.3T total
//!         1.80G resilvered, 0.26% done, 06:24:00 to go
//! config:
//!
//!         NAME        STATE     READ WRITE CKSUM
//!         tank        DEGRADED     0     0     0
//!           mirror-0  DEGRADED     0     0     0
//!             sda     ONLINE       0     0     0
//!             sdb     FAULTED      2   292     0  too many errors
//!
//! errors: No known data errors
//! ```

use super::{Fields, ParseError, Rows, lines, size};

/// Characters of a heading that are kept: the longest known is `special`.
const MAX_HEADING: usize = 16;

/// A row of the table of devices: the pool itself, a group of devices, or a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// `sda`, `raidz2-0`, or a path.
    pub name: String,
    /// `ONLINE`, `DEGRADED`, `FAULTED`, `OFFLINE`, `REMOVED`, `UNAVAIL`; spares: `AVAIL`, `INUSE`.
    pub state: String,
    /// Reads that failed; spares have none of the three.
    pub read_errors: Option<u64>,
    /// Writes that failed.
    pub write_errors: Option<u64>,
    /// Blocks that were not what had been written.
    pub checksum_errors: Option<u64>,
    /// What stands behind: `too many errors`, `(resilvering)`.
    pub note: Option<String>,
    /// Heading it stands under: `logs`, `cache`, `spares`; `None` for the pool's data.
    pub section: Option<String>,
    /// Nothing stands below it: a disk, not a group of them.
    pub is_leaf: bool,
}

/// A scrub or resilver, under way or the last one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// The first line: `scrub repaired 0B in 00:01:02 with 0 errors on …`.
    pub text: String,
    /// `scrub` or `resilver`, while it is under way.
    pub action: Option<String>,
    /// Done.
    pub progress_ratio: Option<f64>,
    /// Time left, as the pool reckons.
    pub left_s: Option<f64>,
}

/// One pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// `ONLINE`, `DEGRADED`, `FAULTED`, `UNAVAIL`, `SUSPENDED`.
    pub state: String,
    /// What is wrong or could be better, in the tool's words, on one line.
    pub status: Option<String>,
    /// Scrub or resilver; `None` when there never was one.
    pub scan: Option<Scan>,
    /// The table.
    pub devices: Vec<Device>,
    /// Files or objects whose data are lost; 0: none is known. `None`: it was not told.
    pub data_errors: Option<u64>,
    /// Line where it begins.
    pub line: u32,
}

/// Reads all pools. Lines that are none of it (warnings of the tool) are left alone.
///
/// # Errors
/// Text that has no pool and does not say that there are none.
pub fn parse(text: &str) -> Result<Rows<Pool>, ParseError> {
    let mut rows: Rows<Pool> = Rows::default();
    let mut at = At::default();
    for (line, text) in lines(text) {
        let heading = text.split_once(':').map(|(key, value)| (key.trim_ascii(), value));
        match heading {
            Some(("pool", name)) if !goes_on(text) && !name.trim_ascii().is_empty() => {
                let name = name.trim_ascii().to_owned();
                rows.rows.push(Pool { name, line, ..Pool::default() });
                at = At::default();
            }
            _ => {
                if let Some(pool) = rows.rows.last_mut() {
                    let damaged = pool.take(line, text, heading, &mut at);
                    if let Some(problem) = damaged {
                        rows.problem(problem);
                    }
                }
            }
        }
    }
    let none = ["no pools available", "all pools are healthy"];
    if rows.rows.is_empty() && !none.iter().any(|n| text.contains(n)) {
        return Err(ParseError::new(None, text, "`pool: NAME`"));
    }
    Ok(rows)
}

/// Where in a pool the reader is.
#[derive(Default)]
struct At {
    part: Part,
    section: Option<String>,
    /// Columns before the name of the device above.
    indent: usize,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Part {
    #[default]
    Other,
    Status,
    Scan,
    Config,
    Errors,
}

impl Pool {
    fn take(
        &mut self,
        line: u32,
        text: &str,
        heading: Option<(&str, &str)>,
        at: &mut At,
    ) -> Option<ParseError> {
        // Lines that go on are indented further than any heading; devices and files hold colons.
        let heading = heading.filter(|_| !goes_on(text));
        let Some((key, value)) = heading else {
            return self.more(line, text, at);
        };
        let value = value.trim_ascii();
        at.part = match key {
            "state" => {
                value.clone_into(&mut self.state);
                Part::Other
            }
            "status" => {
                self.status = Some(value.to_owned());
                Part::Status
            }
            // Until 2010 the line was called `scrub`.
            "scan" | "scrub" => {
                self.scan = scan(value);
                Part::Scan
            }
            "config" => Part::Config,
            "errors" => {
                self.data_errors = data_errors(value);
                Part::Errors
            }
            _ => Part::Other,
        };
        None
    }

    /// A line that belongs to the heading above it.
    fn more(&mut self, line: u32, text: &str, at: &mut At) -> Option<ParseError> {
        let words = text.trim_ascii();
        if words.is_empty() {
            return None;
        }
        match at.part {
            Part::Status => {
                if let Some(status) = &mut self.status {
                    status.push(' ');
                    status.push_str(words);
                }
            }
            Part::Scan => {
                if let Some(scan) = &mut self.scan {
                    scan.progress(words);
                }
            }
            Part::Config => return self.device(line, text, at).err(),
            // `errors: Permanent errors have been detected in the following files:` and a line each.
            Part::Errors => {
                // A list that is not available stays so, whatever stands below.
                self.data_errors = self.data_errors.map(|n| n.saturating_add(1));
            }
            Part::Other => {}
        }
        None
    }

    fn device(&mut self, line: u32, text: &str, at: &mut At) -> Result<(), ParseError> {
        let body = text.trim_start_matches('\t');
        let indent = body.len().saturating_sub(body.trim_ascii_start().len());
        let mut f = Fields::new(line, text);
        let name = f.word("name of a device")?;
        let Some(state) = f.next() else {
            // `logs`, `cache`, `spares`, `special`, `dedup`: what follows is no data.
            // A device is told its section: a name that could be none is no heading.
            at.section = Some(name.chars().take(MAX_HEADING).collect());
            at.indent = indent;
            return Ok(());
        };
        if name == "NAME" && state == "STATE" {
            return Ok(());
        }
        if let Some(above) = self.devices.last_mut().filter(|d| d.section == at.section)
            && indent > at.indent
        {
            above.is_leaf = false;
        }
        at.indent = indent;
        let numbers = f.rest().starts_with(|c: char| c.is_ascii_digit());
        let mut errors = |what| {
            let word = numbers.then(|| f.word(what)).transpose()?;
            let known = |w| size(w).ok_or_else(|| f.error(format!("a count ({what})")));
            word.map(known).transpose()
        };
        let (read_errors, write_errors) = (errors("READ")?, errors("WRITE")?);
        let checksum_errors = errors("CKSUM")?;
        let note = Some(f.rest().to_owned()).filter(|n| !n.is_empty());
        let (name, state, section) = (name.to_owned(), state.to_owned(), at.section.clone());
        self.devices.push(Device {
            name,
            state,
            read_errors,
            write_errors,
            checksum_errors,
            note,
            section,
            is_leaf: true,
        });
        Ok(())
    }
}

/// Headings end in the seventh column.
fn goes_on(text: &str) -> bool {
    text.starts_with('\t') || text.starts_with("        ")
}

/// `No known data errors`, `10 data errors, use '-v' for a list`, `Permanent errors have been
/// detected in the following files:` (which are counted line by line), `List of errors
/// unavailable: …`.
fn data_errors(value: &str) -> Option<u64> {
    if value.starts_with("No known") || value.starts_with("Permanent errors") {
        return Some(0);
    }
    value.split_ascii_whitespace().next()?.parse().ok()
}

fn scan(value: &str) -> Option<Scan> {
    if value.is_empty() || value.starts_with("none requested") {
        return None;
    }
    let action = value.contains("in progress").then(|| value.split_ascii_whitespace().next());
    let mut scan = Scan { text: value.to_owned(), ..Scan::default() };
    scan.action = action.flatten().map(str::to_owned);
    // Versions before 2011 say all of it in one line.
    scan.progress(value);
    Some(scan)
}

impl Scan {
    /// `1.80G resilvered, 0.26% done, 1 days 06:24:00 to go`; old versions: `6h24m to go`.
    fn progress(&mut self, text: &str) {
        for part in text.split(',').map(str::trim_ascii) {
            if let Some(percent) = part.strip_suffix("% done") {
                let n = percent.trim_ascii().parse::<f64>().ok();
                let sane = n.filter(|n| (0.0..=100.0).contains(n));
                self.progress_ratio = sane.map(|n| n / 100.0).or(self.progress_ratio);
            } else if let Some(left) = part.strip_suffix(" to go") {
                self.left_s = duration(left).or(self.left_s);
            }
        }
    }
}

/// `1 days 06:24:00`, `06:24:00`, `6h24m`: seconds.
fn duration(text: &str) -> Option<f64> {
    let (days, clock) = match text.split_once(" days ") {
        Some((days, clock)) => (days.trim_ascii().parse::<u32>().ok()?, clock),
        None => (0, text),
    };
    let clock = clock.trim_ascii();
    let numbers = |separator: &[char]| {
        clock.split(separator).map(|n| n.parse::<u32>().ok()).collect::<Option<Vec<u32>>>()
    };
    let seconds = if let Some(clock) = clock.strip_suffix('m') {
        let (h, m) = clock.split_once('h')?;
        h.parse::<u32>()
            .ok()?
            .checked_mul(3600)?
            .checked_add(m.parse::<u32>().ok()?.checked_mul(60)?)?
    } else {
        let [h, m, s] = numbers(&[':'])?[..] else { return None };
        h.checked_mul(3600)?.checked_add(m.checked_mul(60)?)?.checked_add(s)?
    };
    Some(f64::from(days.checked_mul(86_400)?.checked_add(seconds)?))
}

#[cfg(test)]
#[path = "zpool_status/tests.rs"]
mod tests;

#[cfg(test)]
pub(crate) use tests::SAMPLE;
