//! The fuzzer's corpus, replayed: what it holds is read or refused, and never more than that.

use std::{fs, path::Path};

use aegis_core::{ALERT_BYTES_MAX, NodeId};
use aegis_net::{
    InvalidTicket, Ticket,
    ask::{self, AskError, Unverified},
    gate::Misbehaviour,
    organisation::{self, InvalidMembershipText, OrganisationError, Sealed, membership_from_text},
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

#[test]
fn every_word_of_organisations_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decode_organisation");
    let from = NodeId::from_public_key([9; 32]);
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let mut words = name.split('-');
        let outcome = match words.next().unwrap() {
            "membership" => outcome_of(organisation::read_membership(&bytes)),
            "revocations" => outcome_of(organisation::read_revocations(&bytes)),
            "ring" => outcome_of(organisation::read_keys(&bytes)),
            "frame" => match organisation::unpack(&bytes, from) {
                Ok(words) => {
                    assert_eq!(organisation::pack(&words, from), bytes, "{name}");
                    "valid"
                }
                Err(Misbehaviour::Malformed) => "malformed",
                Err(Misbehaviour::BadProof) => "proof",
                Err(Misbehaviour::OutOfRange) => "range",
                Err(Misbehaviour::Oversized) => "oversized",
                Err(other) => panic!("{name}: {other}"),
            },
            "text" => match membership_from_text(std::str::from_utf8(&bytes).unwrap()) {
                Ok(_) => "valid",
                Err(InvalidMembershipText::NotOne) => "none",
                Err(InvalidMembershipText::Broken(_)) => "broken",
            },
            kind => panic!("{kind}"),
        };
        assert_eq!(Some(outcome), words.next(), "{name}");
        count += 1;
    }
    assert!(count >= 60, "{count}");
}

fn outcome_of<T>(read: Result<T, OrganisationError>) -> &'static str {
    match read {
        Ok(_) => "valid",
        Err(OrganisationError::Malformed) => "malformed",
        Err(OrganisationError::Signature) => "signature",
        Err(OrganisationError::Grant(_)) => "grant",
        Err(OrganisationError::Revocations(_)) => "list",
    }
}

#[test]
fn every_sealed_message_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decode_sealed");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut words = name.split('-');
        if words.next() != Some("sealed") {
            continue; // what the fuzzer seals
        }
        let bytes = fs::read(&path).unwrap();
        let outcome = match Sealed::parse(&bytes) {
            None => "malformed",
            Some(it) if it.is_signed() => "valid",
            Some(_) => "signature",
        };
        assert_eq!(Some(outcome), words.next(), "{name}");
        count += 1;
    }
    assert!(count >= 12, "{count}");
}

#[test]
fn every_ticket_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/parse_ticket");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut words = name.split('-');
        let kind = words.next().unwrap();
        if kind == "bytes" {
            continue; // what the fuzzer writes as a word
        }
        let text = fs::read_to_string(&path).unwrap();
        let outcome = match text.parse::<Ticket>() {
            Ok(ticket) => {
                assert_eq!(ticket.to_text(), text.trim(), "{name}");
                "valid"
            }
            Err(InvalidTicket::NotOne) => "none",
            Err(InvalidTicket::TooLong) => "long",
            Err(InvalidTicket::Character { .. }) => "character",
            Err(InvalidTicket::Checksum) => "checksum",
            Err(InvalidTicket::Version { .. }) => "version",
            Err(InvalidTicket::Field { .. }) => "field",
        };
        assert_eq!(outcome, kind, "{name}");
        count += 1;
    }
    assert!(count >= 39, "{count}");
}
