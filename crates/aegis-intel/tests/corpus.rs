//! What fuzzing found worth keeping, replayed: lines of logs and files of the journal.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::{fs, path::Path};

use aegis_core::Timestamp;
use aegis_intel::{
    journal::{Journal, sshd_message},
    log::{AccessFormat, Detector, Line, Verdict},
};

const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

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

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let files = fs::read_dir(folder).unwrap().flatten();
    files.map(|it| fs::read(it.path()).unwrap()).collect()
}
