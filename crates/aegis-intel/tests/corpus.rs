//! What fuzzing found worth keeping, replayed: lines of logs, alerts, files of the journal, feeds, databases of
//! places, questions of TAXII clients.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use aegis_core::Timestamp;
use aegis_intel::{
    export::{Publication, taxii::Question},
    feed::{Course, Definition, Format, Kind, Response, Session, Step},
    journal::{Journal, sshd_message},
    log::{AccessFormat, Detector, DetectorConfig, IdsConfig, Line, Verdict, ZeekLog},
    place::Places,
};

const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);
const ALERTED: Timestamp = Timestamp::from_secs(1_795_738_809); // 2026-11-27T00:20:09Z

#[test]
fn lines_of_the_corpus_are_read() {
    let mut told = 0;
    for bytes in corpus("parse_log") {
        let mut detector = Detector::default();
        for line in bytes.split(|it| *it == b'\n') {
            for line in [
                Line::Sshd(NOW, line),
                Line::Syslog(line, 0),
                Line::Access(line, AccessFormat::Auto),
            ] {
                let verdicts = detector.take(NOW, line);
                told += verdicts
                    .iter()
                    .filter(|it| **it != Verdict::Nothing)
                    .count();
            }
        }
    }
    assert!(told >= 8, "{told}: the corpus is worth something");
}

/// Each file of it holds an attack on 192.0.2.0/24 or nothing, as its name says.
#[test]
fn alerts_of_the_corpus_blame_whom_their_names_say() {
    let home = "192.0.2.0/24".parse().unwrap();
    for path in paths("parse_ids") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut detector = Detector::new(DetectorConfig {
            ids: IdsConfig {
                home: vec![home],
                ..IdsConfig::default()
            },
            ..DetectorConfig::default()
        });
        let (mut zeek, mut blamed) = (ZeekLog::default(), Vec::new());
        for line in fs::read(&path).unwrap().split(|it| *it == b'\n') {
            let mut verdicts = detector.take(ALERTED, Line::Suricata(line));
            if let Some(notice) = zeek.take(line) {
                verdicts.extend(detector.take(ALERTED, Line::Zeek(&notice)));
            }
            for verdict in verdicts {
                if let Verdict::Alerted { indicator, .. } = verdict {
                    blamed.push(indicator.to_string());
                }
            }
        }
        let expected: &[&str] = match name.split_once('-') {
            Some(("nobody", _)) => &[],
            Some(("attack", _)) => &["203.0.113.7"],
            _ => panic!("{name}"),
        };
        assert_eq!(blamed, expected, "{name}");
    }
}

#[test]
fn journals_of_the_corpus_are_read_to_an_end() {
    let mut messages = 0;
    for blocks in corpus("parse_journal") {
        let mut bytes = Vec::new();
        for block in blocks.chunks_exact(68) {
            let (offset, block) = block.split_at(4);
            bytes.resize(u32::from_le_bytes(offset.try_into().unwrap()) as usize, 0);
            bytes.extend_from_slice(block);
        }
        let mut journal = Journal::open(bytes).unwrap();
        while let Ok(Some(entry)) = journal.next_entry() {
            messages += usize::from(sshd_message(&entry).is_some());
        }
    }
    assert!(messages >= 80, "{messages}: two of them are whole");
}

#[test]
fn feeds_of_the_corpus_are_read_or_refused() {
    let (mut entries, mut refused) = (0, 0);
    for bytes in corpus("parse_feeds") {
        let Some((which, document)) = bytes.split_first() else {
            continue;
        };
        let format = Format::ALL[usize::from(*which) % Format::ALL.len()];
        match format.parse(document, NOW) {
            Ok(listing) => entries += listing.entries.len(),
            Err(_) => refused += 1,
        }
    }
    assert!(
        entries >= 18,
        "{entries}: one format or another reads nothing"
    );
    assert!(refused >= 1, "what is another format is refused");
}

/// The two were written by pymisp 2.5.34.4 (`MISPEvent.to_feed`) and by stix2 3.0.2 (`Bundle.serialize`).
#[test]
fn what_pymisp_and_stix2_write_is_read() {
    for (file, format, expected, left_out) in [
        (
            "valid-pymisp",
            Format::MispEvent,
            &["203.0.113.7", "203.0.113.8", "2001:db8::7"],
            2, // one not for detection, and a name
        ),
        (
            "valid-stix2",
            Format::Stix,
            &["203.0.113.7", "203.0.113.0/24", "2001:db8::7"],
            1, // an address and a file
        ),
    ] {
        let bytes = fs::read(folder("parse_feeds").join(file)).unwrap();
        let listing = format.parse(&bytes[1..], NOW).unwrap();
        let entries = listing.entries.iter();
        let read: Vec<String> = entries.map(|it| it.indicator.to_string()).collect();
        assert_eq!(
            (&*read, listing.left_out.total()),
            (&expected.map(str::to_owned)[..], left_out)
        );
        assert_eq!(listing.malformed_count, 0);
        assert_eq!(listing.attribution.as_deref(), Some("Example CERT"));
    }
}

/// Both pages were answered by medallion 3.0.0, the server of OASIS, to what a session asks.
#[test]
fn what_medallion_answers_is_followed_page_by_page() {
    let definition = Definition {
        name: "medallion".parse().unwrap(),
        kind: Kind::Taxii,
        url: "http://127.0.0.1:5017/root/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/".into(),
        interval: Duration::from_secs(3_600),
        trust: 80,
        key_header: None,
        key_file: None,
    };
    let mut session = Session::new(&definition, &Course::default(), NOW);
    let page = |file: &str| Response {
        status: 200,
        body: fs::read(folder("parse_feeds").join(file)).unwrap()[1..].to_vec(),
        ..Response::default()
    };
    let first = session.start();
    let Ok(Step::Ask(second)) = session.take(&page("valid-medallion")) else {
        panic!("there is more");
    };
    let next = second.url.strip_prefix(&*first.url).unwrap();
    assert_eq!(next.len(), "&next=".len() + 36, "{next}");
    let Ok(Step::Done { listing, .. }) = session.take(&page("valid-medallion-2")) else {
        panic!("that is all");
    };
    let entries = listing.entries.iter();
    let read: Vec<String> = entries.map(|it| it.indicator.to_string()).collect();
    assert_eq!(read, ["203.0.113.1", "203.0.113.2", "203.0.113.3"]);
    assert_eq!(listing.left_out.not_addresses, 1, "a name");
}

#[test]
fn databases_of_the_corpus_are_read_or_refused_as_their_names_say() {
    let mut whole = 0;
    for path in paths("parse_place") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let opened = Places::open(&[path]);
        assert_eq!(opened.is_ok(), name.starts_with("whole-"), "{name}");
        let Ok(places) = opened else { continue };
        let prefixes = places.prefixes("DE".parse().unwrap()).unwrap();
        assert_eq!(prefixes.len(), 3, "{name}");
        whole += 1;
    }
    assert!(whole >= 1, "{whole}");
}

#[test]
fn questions_of_the_corpus_are_answered_as_their_names_say() {
    let publication = Publication::new(NOW, b"secret");
    let mut count = 0;
    for path in paths("read_export") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let asked = fs::read_to_string(&path).unwrap();
        let (path, query) = asked.split_once('?').unwrap_or((&asked, ""));
        let pairs = query.split('&').filter_map(|it| it.split_once('='));
        let pairs: Vec<_> = pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let answer = Question::parse(path, &pairs).and_then(|it| it.answer(&publication));
        let status = answer.map_or_else(|problem| problem.status, |_| 200);
        assert!(name.starts_with(&format!("{status}-")), "{name}: {status}");
        count += 1;
    }
    assert!(count >= 16, "{count}");
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target)
}

fn paths(target: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder(target)).unwrap().flatten();
    files.map(|it| it.path()).collect()
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let paths = paths(target).into_iter();
    paths.map(|it| fs::read(it).unwrap()).collect()
}
