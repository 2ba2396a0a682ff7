//! Output of lsblk(8): `-J` (JSON), `-P` (pairs), and the tree that people read.
//!
//! <https://man7.org/linux/man-pages/man8/lsblk.8.html>
//!
//! ```text
//! NAME="vda1" KNAME="vda1" MAJ:MIN="252:1" SIZE="39.9G" TYPE="part" PKNAME="vda" …
//! ```

use serde_json::Value;

use super::{Fields, ParseError, Rows, lines, size};

/// One device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockDevice {
    /// Name.
    pub name: String,
    /// Parent in the tree; a device below several parents is listed under each.
    pub parent: Option<String>,
    /// `disk`, `part`, `lvm`, `raid1`, `loop`, `crypt`.
    pub kind: Option<String>,
    /// Size; exact with `-b`, else as rounded.
    pub size_bytes: Option<u64>,
    /// Read-only.
    pub read_only: Option<bool>,
    /// Removable.
    pub removable: Option<bool>,
    /// Spinning.
    pub rotational: Option<bool>,
    /// I/O scheduler.
    pub scheduler: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Vendor.
    pub vendor: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// `sata`, `sas`, `nvme`, `virtio`.
    pub transport: Option<String>,
    /// File system.
    pub fs_type: Option<String>,
    /// Mount points.
    pub mount_points: Vec<String>,
    /// Line, in text forms.
    pub line: Option<u32>,
}

impl BlockDevice {
    /// Sets a column by its heading in small letters.
    fn set(&mut self, column: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let flag = || match value {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        };
        let text = || Some(value.trim_ascii().to_owned());
        match column {
            "name" => value.clone_into(&mut self.name),
            "pkname" => self.parent = text(),
            "type" => self.kind = text(),
            "size" => self.size_bytes = size(value),
            "ro" => self.read_only = flag(),
            "rm" => self.removable = flag(),
            "rota" => self.rotational = flag(),
            "sched" => self.scheduler = text(),
            "model" => self.model = text(),
            "vendor" => self.vendor = text(),
            "serial" => self.serial = text(),
            "tran" => self.transport = text(),
            "fstype" => self.fs_type = text(),
            "mountpoint" | "mountpoints" if !self.mount_points.iter().any(|m| m == value) => {
                self.mount_points.push(value.to_owned());
            }
            _ => {}
        }
    }
}

/// Reads `lsblk -J`. Values are numbers, booleans or texts, by version.
///
/// # Errors
/// Not JSON, or no list `blockdevices`.
pub fn parse(text: &str) -> Result<Rows<BlockDevice>, ParseError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| ParseError::new(u32::try_from(e.line()).ok(), text, format!("JSON ({e})")))?;
    let devices = value.get("blockdevices").and_then(Value::as_array);
    let devices = devices.ok_or_else(|| ParseError::new(None, text, "a list `blockdevices`"))?;
    let mut rows = Rows::default();
    let mut open: Vec<(&Value, Option<String>)> = devices.iter().rev().map(|d| (d, None)).collect();
    while let Some((value, parent)) = open.pop() {
        let mut device = BlockDevice::default();
        for (column, value) in value.as_object().into_iter().flatten() {
            match value {
                Value::String(text) => device.set(column, text),
                Value::Number(n) => device.set(column, &n.to_string()),
                Value::Bool(b) => device.set(column, &b.to_string()),
                Value::Array(all) if column == "mountpoints" => {
                    all.iter().filter_map(Value::as_str).for_each(|m| device.set(column, m));
                }
                _ => {}
            }
        }
        device.parent = parent.or(device.parent);
        let children = value.get("children").and_then(Value::as_array).into_iter().flatten();
        open.extend(children.rev().map(|child| (child, Some(device.name.clone()))));
        rows.rows.push(device);
    }
    Ok(rows)
}

/// Reads `lsblk -P`.
///
/// # Errors
/// Nothing, or not one row could be read.
pub fn pairs(text: &str) -> Result<Rows<BlockDevice>, ParseError> {
    if text.trim_ascii().is_empty() {
        return Err(ParseError::new(None, text, "`NAME=\"…\" …`"));
    }
    Rows::of(text, |f| {
        let mut device = BlockDevice { line: Some(f.line), ..BlockDevice::default() };
        let mut rest = f.text.trim_ascii();
        while let Some((column, tail)) = rest.split_once("=\"") {
            let (value, tail) = tail.split_once('"').ok_or_else(|| f.error("a closing quote"))?;
            device.set(&column.trim_ascii().to_ascii_lowercase(), &unhex(value));
            rest = tail;
        }
        if device.name.is_empty() { Err(f.error("`NAME=\"…\" …`")) } else { Ok(Some(device)) }
    })
}

/// `\x20` in values of `-P`.
fn unhex(value: &str) -> String {
    let mut parts = value.split("\\x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..2).and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) if byte.is_ascii() => {
                out.push(char::from(byte));
                out.push_str(part.get(2..).unwrap_or_default());
            }
            _ => {
                out.push_str("\\x");
                out.push_str(part);
            }
        }
    }
    out
}

/// Reads the tree with its usual columns (`NAME MAJ:MIN RM SIZE RO TYPE MOUNTPOINT`).
///
/// # Errors
/// No heading, or not one row could be read.
pub fn tree(text: &str) -> Result<Rows<BlockDevice>, ParseError> {
    let heading = text.lines().next().unwrap_or_default();
    if !heading.starts_with("NAME") || !heading.contains("MAJ:MIN") {
        return Err(ParseError::new(1, heading, "the heading `NAME MAJ:MIN RM SIZE …`"));
    }
    let columns: Vec<String> =
        heading.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
    // Further mount points of a device (util-linux 2.37) stand below the first, alone.
    let mounts_at = heading.find("MOUNTPOINTS").unwrap_or(usize::MAX);
    let mut rows: Rows<BlockDevice> = Rows::default();
    let mut path: Vec<(usize, String)> = Vec::new();
    for (line, text) in lines(text).skip(1).filter(|(_, text)| !text.trim_ascii().is_empty()) {
        let name = text.trim_start_matches([' ', '│', '├', '└', '─', '|', '`', '-']);
        let depth = text.chars().count() - name.chars().count();
        if depth >= mounts_at {
            if let Some(device) = rows.rows.last_mut() {
                device.set("mountpoints", name.trim_ascii_end());
            }
            continue;
        }
        let mut f = Fields::new(line, name);
        let mut device = BlockDevice { line: Some(line), ..BlockDevice::default() };
        for (at, column) in columns.iter().enumerate() {
            let value =
                if at + 1 == columns.len() { f.rest() } else { f.next().unwrap_or_default() };
            device.set(column, value);
        }
        if device.size_bytes.is_none() || device.name.is_empty() {
            rows.problem(f.error("a device with its size"));
            continue;
        }
        path.retain(|(above, _)| *above < depth);
        device.parent = path.last().map(|(_, name)| name.clone());
        path.push((depth, device.name.clone()));
        rows.rows.push(device);
    }
    rows.finish()
}

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"blockdevices": [
  {"name":"vda", "maj:min":"252:0", "rm":false, "size":42949672960, "ro":false, "type":"disk", "mountpoints":[null],
   "children": [{"name":"vda1", "rm":"0", "size":"39.9G", "ro":"0", "type":"part", "mountpoint":"/", "mountpoints":["/","/x"]}]},
  {"name":"loop0", "rm":false, "size":1024, "ro":true, "type":"loop", "mountpoint":"/snap/core20/1328"}]}"#;

#[cfg(test)]
pub(super) const PAIRS: &str = "\
NAME=\"vda1\" KNAME=\"vda1\" MAJ:MIN=\"252:1\" MOUNTPOINT=\"/a\\x20b\" SIZE=\"39.9G\" RO=\"0\" TYPE=\"part\" PKNAME=\"vda\" ROTA=\"1\" MODEL=\"\"
";

#[cfg(test)]
pub(super) const TREE: &str = "\
NAME    MAJ:MIN RM   SIZE RO TYPE MOUNTPOINT
loop0     7:0    0  61.9M  1 loop /snap/core20/1328
vda     252:0    0    40G  0 disk 
├─vda1  252:1    0  39.9G  0 part /
│ └─vg-lv 253:0  0     1G  0 lvm  /data dir
`-vda15 252:15   0   106M  0 part /boot/efi
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_all_versions() {
        let rows = parse(SAMPLE).unwrap().rows;
        let [vda, vda1, loop0] = &rows[..] else { panic!("three devices") };
        assert_eq!(
            (vda.size_bytes, vda.removable, vda.mount_points.len()),
            (Some(40 << 30), Some(false), 0)
        );
        assert_eq!((vda1.parent.as_deref(), vda1.read_only), (Some("vda"), Some(false)));
        assert_eq!(vda1.mount_points, ["/", "/x"]);
        assert_eq!((loop0.kind.as_deref(), loop0.read_only), (Some("loop"), Some(true)));
        assert!(parse("{}").is_err());
        assert!(parse("").is_err());
    }

    #[test]
    fn a_device_with_several_mount_points_in_the_tree() {
        let text = "\
NAME  MAJ:MIN RM         SIZE RO TYPE MOUNTPOINTS
vda   254:0    0 274877906944  0 disk /run/netns
│                                     /
├─vdb 254:16   0         4096  0 part /mnt/a b
";
        let rows = tree(text).unwrap();
        assert_eq!(rows.problems, []);
        assert_eq!(rows.rows[0].mount_points, ["/run/netns", "/"]);
        assert_eq!(rows.rows[1].mount_points, ["/mnt/a b"]);
    }

    #[test]
    fn pairs_and_tree() {
        let d = pairs(PAIRS).unwrap().rows.remove(0);
        assert_eq!((d.name.as_str(), d.parent.as_deref(), d.model), ("vda1", Some("vda"), None));
        assert_eq!((d.mount_points, d.rotational), (vec!["/a b".to_owned()], Some(true)));
        let rows = tree(TREE).unwrap().rows;
        let parents: Vec<_> = rows.iter().map(|d| d.parent.as_deref()).collect();
        assert_eq!(parents, [None, None, Some("vda"), Some("vda1"), Some("vda")]);
        assert_eq!((rows[3].mount_points[0].as_str(), rows[3].line), ("/data dir", Some(5)));
        assert!(tree("").is_err());
        assert!(pairs("").is_err());
    }
}
