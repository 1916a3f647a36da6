//! Files as logrotate, copytruncate and a slow writer leave them.

use std::{fs, io::Write as _};

use super::*;

#[test]
fn what_was_before_is_passed_over_and_what_comes_is_read() {
    let (_dir, path) = place();
    append(&path, "before\n");
    let mut tail = Tail::new(path.clone(), Start::End);
    assert_eq!(lines(&mut tail), [""; 0]);
    append(&path, "one\ntwo\r\nthr");
    assert_eq!(lines(&mut tail), ["one", "two"]);
    append(&path, "ee\n");
    assert_eq!(lines(&mut tail), ["three"]);
}

#[test]
fn a_file_that_is_renamed_is_read_to_its_end_and_the_new_one_from_its_beginning() {
    let (dir, path) = place();
    append(&path, "");
    let mut tail = Tail::new(path.clone(), Start::End);
    assert_eq!(lines(&mut tail), [""; 0]);
    append(&path, "one\n");
    let old = dir.path().join("log.1");
    fs::rename(&path, &old).unwrap();
    assert_eq!(lines(&mut tail), ["one"], "there is no other yet");
    append(&old, "two\n");
    append(&path, "three\n");
    assert_eq!(lines(&mut tail), ["two", "three"]);
}

#[test]
fn the_head_of_a_file_is_handed_on_where_reading_begins_behind_it() {
    let (_dir, path) = place();
    append(&path, "#fields\ta\n#types\ts\nold\n#close\n");
    let mut tail = Tail::new(path.clone(), Start::End).with_head();
    assert_eq!(lines(&mut tail), ["#fields\ta", "#types\ts"]);
    append(&path, "new\n");
    assert_eq!(lines(&mut tail), ["new"]);
    let mark = tail.mark().unwrap();
    let mut again = Tail::new(path.clone(), Start::Mark(mark)).with_head();
    assert_eq!(lines(&mut again), ["#fields\ta", "#types\ts"]);
    let mut whole = Tail::new(path, Start::Beginning).with_head();
    assert_eq!(
        lines(&mut whole),
        ["#fields\ta", "#types\ts", "old", "#close", "new"]
    );
}

#[test]
fn a_log_with_long_lines_has_a_bound_of_its_own() {
    let (_dir, path) = place();
    append(
        &path,
        &format!("{}\n{}\nshort\n", "a".repeat(20_000), "b".repeat(20_001)),
    );
    let mut tail = Tail::new(path, Start::Beginning).with_lines_of(20_000);
    assert_eq!(lines(&mut tail), ["a".repeat(20_000).as_str(), "short"]);
}

#[test]
fn a_file_that_is_cut_is_read_anew() {
    let (_dir, path) = place();
    append(&path, "a long line before\npart");
    let mut tail = Tail::new(path.clone(), Start::Beginning);
    assert_eq!(lines(&mut tail), ["a long line before"]);
    File::create(&path).unwrap();
    append(&path, "new\n");
    assert_eq!(lines(&mut tail), ["new"]);
}

#[test]
fn a_file_that_comes_later_is_read_from_its_beginning() {
    let (_dir, path) = place();
    let mut tail = Tail::new(path.clone(), Start::End);
    assert_eq!(lines(&mut tail), [""; 0]);
    append(&path, "first\n");
    assert_eq!(lines(&mut tail), ["first"]);
}

#[test]
fn after_a_restart_it_goes_on_with_the_line_that_was_not_whole() {
    let (_dir, path) = place();
    append(&path, "one\ntw");
    let mut tail = Tail::new(path.clone(), Start::Beginning);
    assert_eq!(lines(&mut tail), ["one"]);
    let mark = tail.mark().unwrap();
    append(&path, "o\nthree\n");
    let mut again = Tail::new(path.clone(), Start::Mark(mark));
    assert_eq!(lines(&mut again), ["two", "three"]);
    // Another file of that name by now: from its beginning.
    fs::remove_file(&path).unwrap();
    fs::write(path.with_extension("keeps-the-inode"), "").unwrap();
    append(&path, "other\n");
    let mut again = Tail::new(path, Start::Mark(mark));
    assert_eq!(lines(&mut again), ["other"]);
}

#[test]
fn a_line_that_never_ends_takes_no_room_and_the_next_counts() {
    let (_dir, path) = place();
    append(&path, "");
    let mut tail = Tail::new(path.clone(), Start::Beginning);
    append(&path, &"x".repeat(3 * TURN_BYTES));
    assert_eq!(lines(&mut tail), [""; 0]);
    assert!(tail.file.as_ref().unwrap().line.len() <= LINE_BYTES_MAX);
    append(&path, " from 192.0.2.1 port 22 ssh2\nnext\n");
    assert_eq!(lines(&mut tail), ["next"]);
}

#[test]
fn bytes_that_are_no_text_are_handed_on_as_they_are() {
    let (_dir, path) = place();
    fs::write(&path, b"\xff\xfe\0a\n").unwrap();
    let mut tail = Tail::new(path, Start::Beginning);
    let mut seen = Vec::new();
    tail.poll(|it| seen.push(it.to_vec())).unwrap();
    assert_eq!(seen, [b"\xff\xfe\0a"]);
}

#[test]
fn what_is_no_file_is_an_error_and_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut tail = Tail::new(dir.path().to_owned(), Start::End);
    assert!(tail.poll(|_| {}).is_err());
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    (dir, path)
}

fn append(path: &Path, text: &str) {
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn lines(tail: &mut Tail) -> Vec<String> {
    let mut lines = Vec::new();
    while tail
        .poll(|it| lines.push(String::from_utf8_lossy(it).into_owned()))
        .unwrap()
    {}
    lines
}
