use std::fs;
use std::path::Path;

use super::*;

fn run(root: &Path) -> (String, Vec<(String, Outcome)>) {
    let context = Context::of_root(root);
    let (mut text, mut paths) = (String::new(), Vec::new());
    probe(&context, Resume::default(), &mut |answer| {
        if answer.path == PATH {
            text.push_str(&String::from_utf8_lossy(answer.content));
        }
        if answer.progress == Progress::Last {
            paths.push((answer.path.to_owned(), answer.outcome));
        }
        Ok(())
    })
    .unwrap();
    (text, paths)
}

fn log(root: &Path, name: &str, text: &str) {
    let path = root.join("var/log").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn files_are_told_with_their_matches_and_what_was_left_out() {
    let root = tempfile::tempdir().unwrap();
    let ago = clock::unix_s() - 60.0;
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a wall clock")]
    let ago = ago as i64;
    let ((year, month, day), s) = (clock::civil_of(ago), ago % DAY_S);
    let at = format!("{year}/{month:02}/{day:02} {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    let line = format!("{at} [alert] 7#7: accept4() failed (24: Too many open files)\n");
    log(root.path(), "nginx/error.log", &line.repeat(5));
    log(root.path(), "nginx/access.log", &line);
    log(root.path(), "haproxy.log", "Nov 22 19:48:01 h haproxy[7]: started\n");
    let old = fs::File::options().append(true).open(root.path().join("var/log/haproxy.log"));
    old.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    log(root.path(), "kern.log", "Nov 22 19:48:01 h kernel: [1.0] oom token=abcdef\nother\n");
    let (text, paths) = run(root.path());
    let rows: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert_eq!(
        (&rows[0]["file"], &rows[0]["lines"]),
        (&"/var/log/nginx/error.log".into(), &5.into())
    );
    assert_eq!(rows[1]["count"], 5);
    assert_eq!(rows[1]["samples"].as_array().unwrap().len(), 3);
    assert_eq!(rows[2]["skipped"], "not written for 24 hours");
    let outcomes: Vec<Outcome> = paths.iter().map(|(_, outcome)| *outcome).collect();
    let missing = Outcome::Missing;
    assert_eq!(outcomes, [Outcome::Collected, missing, missing, Outcome::Collected]);
}

#[test]
fn what_is_no_file_is_named_and_not_opened() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("var/log/nginx/error.log")).unwrap();
    let socket = root.path().join("var/log/kern.log");
    let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let (text, paths) = run(root.path());
    assert!(text.contains(r#""skipped":"a directory stands in its place""#), "{text}");
    assert_eq!(paths[0], ("probes/kernel_log/var/log/kern.log".to_owned(), Outcome::Failed));
}

#[test]
fn of_a_large_file_the_end_is_read_in_whole_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let lines: Vec<String> = (0..50_000).map(|k| format!("line {k:06}\n")).collect();
    let text = lines.concat();
    fs::write(&path, &text).unwrap();
    let file = OwnedFd::from(fs::File::open(&path).unwrap());
    for from in [0, 3, CHUNK_BYTES as u64 - 1, text.len() as u64 - 20] {
        let mut lines = Vec::new();
        let read = each_line(&file, from, text.len() as u64, |line| lines.push(line.to_vec()));
        assert_eq!(read, Ok(text.len() as u64 - from));
        assert_eq!(lines.last().unwrap(), b"line 049999");
        let from = usize::try_from(from).unwrap();
        assert_eq!(
            lines.len(),
            text.as_bytes()[from..].split(|b| *b == b'\n').count() - 1 - usize::from(from > 0)
        );
        assert!(lines.iter().all(|line| line.len() == 11));
    }
}
