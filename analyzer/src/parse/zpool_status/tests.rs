//! Text of real pools: illumos, FreeBSD and Linux print the same.

use super::*;

/// A pool that lost several devices, one with lost data, one that is mended and one in order.
pub(crate) const SAMPLE: &str = "\
  pool: zones
 state: DEGRADED
status: One or more devices are faulted in response to persistent errors.
\tSufficient replicas exist for the pool to continue functioning in a
\tdegraded state.
action: Replace the faulted device, or use 'zpool clear' to mark the device
\trepaired.
  scan: resilvered 15.1G in 0h36m with 0 errors on Sat Feb 13 16:07:18 2016
config:

\tNAME          STATE     READ WRITE CKSUM
\tzones         DEGRADED     0     0     0
\t  raidz2-0    DEGRADED     0     0     0
\t    c1t2d0    FAULTED      2   292     0  too many errors
\t    c2t1d0    ONLINE       0     0 1.50K
\t    c2t3d0    REMOVED      0     0     0
\tlogs
\t  mirror-1    UNAVAIL      0    16     0  insufficient replicas
\t    c1t0d0s0  FAULTED      0    16     0  too many errors
\t    c1t1d0s0  FAULTED      0    19     0  too many errors
\tcache
\t  c1t0d0s1    FAULTED     65    56     0  too many errors
\tspares
\t  c9t1d7      AVAIL
\t  c9t2d7      INUSE     currently in use

errors: No known data errors

  pool: system
 state: ONLINE
status: One or more devices is currently being resilvered.  The pool will
\tcontinue to function, possibly in a degraded state.
action: Wait for the resilver to complete.
  scan: resilver in progress since Thu Oct 25 21:22:38 2018
\t116G scanned at 1.96G/s, 1.80G issued at 30.0M/s, 44.3T total
\t1.80G resilvered, 0.26% done, 1 days 06:24:10 to go
config:

\tNAME        STATE     READ WRITE CKSUM
\tsystem      ONLINE       0     0     0
\t  raidz2-0  ONLINE       0     0     0
\t    da3p3   ONLINE       0     0     0
\t    da10p3  ONLINE       0     0     0  (resilvering)

errors: Permanent errors have been detected in the following files:

        /usr/jails/fruity-int/usr/local/lib/libxml2.so.2.9.7
        system/data@daily:/a b: c.txt
        <metadata>:<0x14>

  pool: zhandy
 state: ONLINE
  scan: none requested
config:

\tNAME                                         STATE     READ WRITE CKSUM
\tzhandy                                       ONLINE       0    10     0
\t  GPTE_A54431D5-B46F-44A9-83B4-76802A584C6E  ONLINE       0     2     0  at disk3s1

errors: 10 data errors, use '-v' for a list
";

fn pool(name: &str) -> Pool {
    parse(SAMPLE).unwrap().rows.into_iter().find(|p| p.name == name).unwrap()
}

fn device(pool: &Pool, name: &str) -> Device {
    pool.devices.iter().find(|d| d.name == name).unwrap().clone()
}

#[test]
fn devices_with_their_counts_and_what_stands_below_them() {
    let rows = parse(SAMPLE).unwrap();
    assert_eq!((rows.rows.len(), rows.damaged), (3, 0));
    let zones = pool("zones");
    assert_eq!((zones.state.as_str(), zones.data_errors, zones.line), ("DEGRADED", Some(0), 1));
    assert!(zones.status.as_ref().unwrap().ends_with("functioning in a degraded state."));
    let faulted = device(&zones, "c1t2d0");
    assert_eq!(
        (faulted.state.as_str(), faulted.note.as_deref()),
        ("FAULTED", Some("too many errors"))
    );
    assert_eq!((faulted.read_errors, faulted.write_errors), (Some(2), Some(292)));
    assert_eq!(device(&zones, "c2t1d0").checksum_errors, Some(1536));
    let leaves: Vec<&str> =
        zones.devices.iter().filter(|d| d.is_leaf).map(|d| d.name.as_str()).collect();
    let all =
        ["c1t2d0", "c2t1d0", "c2t3d0", "c1t0d0s0", "c1t1d0s0", "c1t0d0s1", "c9t1d7", "c9t2d7"];
    assert_eq!(leaves, all);
    let spare = device(&zones, "c9t2d7");
    assert_eq!((spare.section.as_deref(), spare.read_errors), (Some("spares"), None));
    assert_eq!(spare.note.as_deref(), Some("currently in use"));
    assert_eq!(device(&zones, "c1t0d0s1").section.as_deref(), Some("cache"));
}

#[test]
fn what_is_under_way_and_what_was() {
    let scan = pool("system").scan.unwrap();
    assert_eq!(scan.action.as_deref(), Some("resilver"));
    assert_eq!(scan.progress_ratio, Some(0.26 / 100.0));
    assert_eq!(scan.left_s, Some(f64::from(86_400 + 6 * 3600 + 24 * 60 + 10)));
    let done = pool("zones").scan.unwrap();
    assert_eq!((done.action, done.progress_ratio, done.left_s), (None, None, None));
    assert!(done.text.starts_with("resilvered 15.1G in 0h36m with 0 errors"));
    assert_eq!(pool("zhandy").scan, None);
    assert_eq!(duration("6h24m"), Some(23_040.0));
    assert_eq!(duration("00:00:04"), Some(4.0));
    assert_eq!(duration("soon"), None);
}

#[test]
fn lost_data_are_counted_or_told() {
    assert_eq!(pool("system").data_errors, Some(3));
    assert_eq!(pool("zhandy").data_errors, Some(10));
    let unavailable =
        "  pool: a\n state: ONLINE\nerrors: List of errors unavailable: no such pool\n";
    assert_eq!(parse(unavailable).unwrap().rows[0].data_errors, None);
    let more = format!("{unavailable}        (try again as root)\n");
    assert_eq!(parse(&more).unwrap().rows[0].data_errors, None, "and one line is not one file");
}

#[test]
fn no_pool_is_an_answer_and_other_text_is_none() {
    assert_eq!(parse("no pools available\n").unwrap().rows, []);
    assert_eq!(parse("all pools are healthy\n").unwrap().rows, []);
    let refused = "Permission denied the ZFS utilities must be run as root.\n";
    assert_eq!(parse(refused).unwrap_err().expected, "`pool: NAME`");
    assert!(parse("").is_err());
    let bad = "  pool: a\n state: ONLINE\nconfig:\n\n\ta  ONLINE  0  x  0\n\tb  ONLINE 1 2 3\n";
    let bad = parse(bad).unwrap();
    assert_eq!((bad.damaged, bad.problems[0].line, bad.rows[0].devices.len()), (1, Some(5), 1));
}
