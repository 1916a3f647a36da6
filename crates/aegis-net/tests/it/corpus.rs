//! The fuzzer's corpus, replayed: what it holds is read or refused, and never more than that.

use std::{fs, path::Path};

use aegis_core::ALERT_BYTES_MAX;
use aegis_net::{
    ask::{self, AskError, Unverified},
    sync::{self, Unreadable},
    wire::{self, WireError},
};

#[test]
fn every_message_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decode_alert");
    let (mut valid, mut invalid) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let decoded = wire::decode(&bytes);
        match name.split('-').next().unwrap() {
            "valid" => {
                let alert = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(&**alert.wire(), bytes, "{name}");
                valid += 1;
            }
            kind => {
                assert_eq!(kind_of(decoded.unwrap_err()), kind, "{name}");
                invalid += 1;
            }
        }
    }
    assert!(
        valid >= 5 && invalid >= 15,
        "{valid} valid, {invalid} invalid"
    );
}

fn kind_of(error: WireError) -> &'static str {
    match error {
        WireError::TooLong { bytes } => {
            assert!(bytes > ALERT_BYTES_MAX);
            "long"
        }
        WireError::NotJson => "json",
        WireError::NotCanonical => "spelling",
        WireError::Missing { .. } => "missing",
        WireError::Field { .. } => "field",
        WireError::Signature => "signature",
    }
}

#[test]
fn every_question_and_answer_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decode_ask");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let mut words = name.split('-');
        let read = match words.next().unwrap() {
            "question" => ask::decode_question(&bytes).map(drop),
            "about" => ask::decode_question_about(&bytes).map(drop),
            "testimony" => Unverified::parse(&bytes).and_then(|it| it.verify().map(drop)),
            "answer" => ask::decode_answer(&bytes).map(drop),
            "recommendation" => ask::decode_recommendation(&bytes).map(drop),
            kind => panic!("{kind}"),
        };
        let outcome = match read {
            Ok(()) => "valid",
            Err(AskError::Truncated) => "truncated",
            Err(AskError::TooLong { .. }) => "long",
            Err(AskError::Malformed { .. }) => "malformed",
            Err(AskError::OutOfRange { .. }) => "range",
            Err(AskError::Signature) => "signature",
        };
        assert_eq!(Some(outcome), words.next(), "{name}");
        count += 1;
    }
    assert!(count >= 50, "{count}");
}

#[test]
fn every_sync_message_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decode_sync");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let mut words = name.split('-');
        let again = match words.next().unwrap() {
            "request" => sync::read_request(&bytes).map(sync::encode_request),
            "answer" => sync::read_answer(&bytes).map(sync::encode_answer),
            kind => panic!("{kind}"),
        };
        let outcome = match again {
            Ok(again) => {
                assert_eq!(again, bytes, "{name}");
                "valid"
            }
            Err(Unreadable::Truncated) => "truncated",
            Err(Unreadable::TooLong) => "long",
            Err(Unreadable::Malformed(_)) => "malformed",
            Err(Unreadable::Alert(_)) => "alert",
        };
        assert_eq!(Some(outcome), words.next(), "{name}");
        count += 1;
    }
    assert!(count >= 50, "{count}");
}
