//! How much memory it takes to read a document that is long, and is made to take much.
//!
//! Each is read by a process of its own, in which nothing was before: the kernel says how much it had at most.

#![expect(clippy::expect_used, reason = "a test stops where its set-up fails")]

use std::{env, fs, hint::black_box, process::Command, time::Duration};

use aegis_core::{FEED_BYTES_MAX, Timestamp};
use aegis_intel::feed::{Course, Definition, Format, Kind, Response, Session};

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

/// How long the documents are: an eighth of the longest that may be, which is read as that one is.
const LENGTH: usize = FEED_BYTES_MAX / 8;

/// What reading takes at most beside the document, in kilobytes: three times that.
const EXTRA_KB_MAX: u64 = 3 * LENGTH as u64 / 1024;

/// Says to a process which document it reads.
const WHICH: &str = "AEGIS_TEST_DOCUMENT";

/// A document, its name, and how it is read.
type Case = (&'static str, fn() -> String, fn(&[u8]) -> bool);

const CASES: [Case; 10] = [
    (
        "as many indicators as fit",
        || bundle(&counted(indicator)),
        stix,
    ),
    (
        "short objects",
        || bundle(&filled(r#"{"type":"indicator"}"#)),
        stix,
    ),
    ("no objects", || bundle(&filled("0")), stix),
    (
        "a confidence that is a list",
        || in_one("confidence", "1"),
        stix,
    ),
    (
        "kinds of indicators",
        || in_one("indicator_types", r#""""#),
        stix,
    ),
    (
        "attributes of MISP",
        || event(&counted(attribute)),
        |it| is_read(Format::MispEvent, it),
    ),
    (
        "no attributes",
        || event(&filled("0")),
        |it| is_read(Format::MispEvent, it),
    ),
    ("a manifest", manifest, is_manifest),
    ("pulses", pulses, |it| is_read(Format::Otx, it)),
    ("scores", scores, |it| is_read(Format::AbuseIpDb, it)),
];

#[test]
fn no_document_takes_more_than_a_few_times_its_length() {
    if let Ok(which) = env::var(WHICH) {
        let case = CASES.into_iter().find(|it| it.0 == which);
        return check(case.expect("one of them"));
    }
    let this = env::current_exe().expect("a program");
    let name = "no_document_takes_more_than_a_few_times_its_length";
    for case in CASES {
        let mut command = Command::new(&this);
        command.args(["--exact", "--nocapture", name]);
        let output = command.env(WHICH, case.0).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let figure = said.lines().find(|it| it.contains(" kB beside "));
        println!("{}", figure.unwrap_or_default());
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && figure.is_some(), "{said}{talk}");
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the process that waits reads it, and so does whoever changes a reader"
)]
fn check((name, document, read): Case) {
    let document = document();
    assert!(document.len() <= LENGTH, "{name}");
    let before = status("VmRSS:");
    fs::write("/proc/self/clear_refs", "5").expect("a process may look at itself");
    black_box(read(document.as_bytes()));
    let extra = status("VmHWM:").saturating_sub(before);
    println!("{name}: {extra} kB beside {} kB", document.len() / 1024);
    assert!(extra <= EXTRA_KB_MAX, "{name}: {extra} kB");
}

fn stix(document: &[u8]) -> bool {
    is_read(Format::Stix, document)
}

fn is_read(format: Format, document: &[u8]) -> bool {
    format.parse(document, NOW).is_ok()
}

fn is_manifest(document: &[u8]) -> bool {
    let definition = Definition {
        name: "made".parse().expect("a name"),
        kind: Kind::Misp,
        url: "https://misp.example/feed/".to_owned(),
        interval: Duration::from_secs(3_600),
        trust: 100,
        key_header: None,
        key_file: None,
    };
    let mut session = Session::new(&definition, &Course::default(), NOW);
    let response = Response {
        status: 200,
        body: document.to_vec(),
        ..Response::default()
    };
    session.take(&response).is_ok()
}

fn indicator(number: usize) -> String {
    let [_, b, c, d] = u32::try_from(number).unwrap_or_default().to_be_bytes();
    format!(
        r#"{{"type":"indicator","id":"indicator--{number:08}","pattern":"[ipv4-addr:value = '11.{b}.{c}.{d}']"}}"#
    )
}

fn attribute(number: usize) -> String {
    format!(r#"{{"type":"ip-src","value":"{number}"}}"#)
}

fn bundle(objects: &str) -> String {
    format!(r#"{{"objects":[{objects}]}}"#)
}

fn in_one(field: &str, piece: &str) -> String {
    let value = filled(piece);
    bundle(&format!(r#"{{"type":"indicator","{field}":[{value}]}}"#))
}

fn event(attributes: &str) -> String {
    format!(r#"{{"Event":{{"Attribute":[{attributes}]}}}}"#)
}

fn manifest() -> String {
    format!("{{{}}}", counted(|number| format!(r#""{number}":0"#)))
}

fn pulses() -> String {
    format!(r#"{{"results":[{{"indicators":[{}]}}]}}"#, filled("0"))
}

fn scores() -> String {
    format!(r#"{{"data":[{}]}}"#, filled("0"))
}

/// Returns a piece as often as it fits, with commas between.
fn filled(piece: &str) -> String {
    counted(|_| piece.to_owned())
}

/// The same of pieces that differ; what stands round them has room besides.
fn counted(piece: impl Fn(usize) -> String) -> String {
    let room = LENGTH - 200;
    let mut text = String::with_capacity(room);
    for number in 0.. {
        let piece = piece(number);
        if text.len() + piece.len() + 1 > room {
            break;
        }
        if number > 0 {
            text.push(',');
        }
        text.push_str(&piece);
    }
    text
}

/// Returns a number of kilobytes that the kernel knows of this process.
fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("a process may look at itself");
    let line = text.lines().find_map(|it| it.strip_prefix(field));
    let number = line.and_then(|it| it.split_whitespace().next());
    number.and_then(|it| it.parse().ok()).expect("a number")
}
