//! What must hold of the peers' logs: a day a file, so many days kept, nothing lost on the way.

use super::*;

const DAY: u64 = 86_400;
const NOON: Timestamp = Timestamp::from_secs(1_795_176_000);

fn line(number: u64) -> Map<String, Value> {
    [("number".to_owned(), number.into())].into_iter().collect()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn numbers(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    let line = |it: &str| serde_json::from_str::<Value>(it).unwrap()["number"].as_u64();
    text.lines().map(|it| line(it).unwrap()).collect()
}

fn logs(dir: &Path, with_events: bool) -> P2pLogs {
    P2pLogs::open(&P2pLogConfig {
        dir: dir.to_owned(),
        with_events,
        keep_days: 1,
    })
    .unwrap()
}

#[test]
fn a_day_goes_aside_and_the_day_before_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let mut logs = logs(dir.path(), false);
    for day in 0..4 {
        let now = NOON + std::time::Duration::from_secs(day * DAY);
        logs.report(now, line(day)).unwrap();
    }
    logs.flush().unwrap();
    let [today, yesterday] =
        [3, 2].map(|day| date_of(NOON + std::time::Duration::from_secs(day * DAY)));
    assert_eq!(
        names(dir.path()),
        [
            format!("p2p_reports.{yesterday}.log"),
            "p2p_reports.log".into()
        ]
    );
    assert_eq!(numbers(&dir.path().join("p2p_reports.log")), [3]);
    let earlier = dir.path().join(format!("p2p_reports.{yesterday}.log"));
    assert_eq!(numbers(&earlier), [2]);
    assert_ne!(today, yesterday);
}

#[test]
fn a_restart_goes_on_in_the_file_of_the_day() {
    let dir = tempfile::tempdir().unwrap();
    for number in [1, 2] {
        let mut logs = logs(dir.path(), false);
        logs.report(NOON, line(number)).unwrap();
        logs.flush().unwrap();
    }
    assert_eq!(numbers(&dir.path().join("p2p_reports.log")), [1, 2]);
}

#[test]
fn what_peers_do_is_written_only_where_it_is_wanted() {
    for (with_events, expected) in [(false, vec![]), (true, vec!["p2p.log".to_owned()])] {
        let dir = tempfile::tempdir().unwrap();
        let mut logs = logs(dir.path(), with_events);
        logs.event(NOON, line(1)).unwrap();
        logs.flush().unwrap();
        assert_eq!(names(dir.path()), expected);
    }
}

#[test]
fn only_files_of_this_log_are_ever_removed() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["p2p.2020-01-01.log", "p2p_reports.notes.log", "mine.txt"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    let mut logs = logs(dir.path(), false);
    logs.report(NOON, line(1)).unwrap();
    assert_eq!(names(dir.path()).len(), 4);
}
