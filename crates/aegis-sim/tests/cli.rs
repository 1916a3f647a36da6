//! The command line: what goes where, and how it ends.

use std::fs;
use std::process::{Command, Output};

/// A tournament that takes a moment.
const SMALL: [&str; 13] = [
    "trust",
    "--peers",
    "10",
    "--hostile",
    "0.5",
    "--seeds",
    "2",
    "--targets",
    "60",
    "--attack",
    "betray,always-lie",
    "--model",
    "majority,aegis",
];

#[expect(
    clippy::expect_used,
    reason = "a test fails where its program cannot be run"
)]
fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aegis-sim"))
        .args(arguments)
        .output()
        .expect("a run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn results_go_to_standard_output_and_progress_to_standard_error() {
    let output = run(&SMALL);
    assert_eq!(output.status.code(), Some(0));
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(out.contains("10 peers, 50 % hostile"), "{out}");
    assert!(out.contains("betray") && !out.contains(" of 4"), "{out}");
    assert!(err.contains("4 of 4"), "{err}");
}

#[test]
fn json_holds_every_row() {
    let output = run(&[&SMALL[..], &["--json"]].concat());
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = rows.as_array().expect("a list");
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["attack"], "always-lie");
    assert_eq!(rows[0]["seeds"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_written_table_is_rechecked() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("arena.csv");
    let path = table.to_str().expect("a path of ours");
    let plots = folder.path().join("plots");
    let files = [
        "--csv",
        path,
        "--plots",
        plots.to_str().expect("a path of ours"),
    ];
    assert_eq!(run(&[&SMALL[..], &files].concat()).status.code(), Some(0));
    assert!(plots.join("share-10.svg").is_file() && plots.join("time-betray-10.svg").is_file());
    let recheck = ["recheck", path, "--rows", "4"];
    let output = run(&recheck);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "4 rows, 0 differ\n");
    let written = fs::read_to_string(&table).expect("the table");
    fs::write(&table, written.replace("0.05,steered", "0.1,steered")).expect("another table");
    let output = run(&recheck);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("found"));
}

#[test]
fn wrong_usage_ends_with_2_and_what_cannot_be_read_with_1() {
    for arguments in [
        &["trust", "--attack", "unheard-of"][..],
        &["trust", "--hostile", "1.5"],
        &["trust", "--peers", "0"],
        &["unheard-of"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(run(&["recheck", "/does/not/exist"]).status.code(), Some(1));
}
