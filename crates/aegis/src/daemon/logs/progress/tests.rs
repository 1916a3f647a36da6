//! What was read is told once, and a problem until the log can be read again.

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_795_176_000);

#[test]
fn what_was_read_is_told_when_it_changes() {
    let (mut progress, path) = (Progress::default(), Path::new("/var/log/auth.log"));
    assert_eq!(progress.news(), None);
    progress.begin(path, LogKind::Auth);
    progress.read(T0, path, 0);
    let sources = progress.news().expect("a log came");
    assert_eq!((sources[0].lines, sources[0].last_at), (0, None));
    assert_eq!(progress.news(), None);
    progress.read(T0, path, 3);
    let sources = progress.news().expect("lines came");
    assert_eq!((sources[0].lines, sources[0].last_at), (3, Some(T0)));
}

#[test]
fn a_problem_is_news_once_until_the_log_can_be_read_again() {
    let (mut progress, path) = (Progress::default(), Path::new("/var/log/auth.log"));
    assert!(!progress.fail(path, "nobody reads it"));
    progress.begin(path, LogKind::Auth);
    assert!(progress.fail(path, "permission denied"));
    assert!(!progress.fail(path, "permission denied"));
    let sources = progress.news().expect("it failed");
    assert_eq!(sources[0].problem.as_deref(), Some("permission denied"));
    progress.read(T0, path, 1);
    let sources = progress.news().expect("it was read");
    assert_eq!(sources[0].problem, None);
    assert!(progress.fail(path, "it broke"));
}
