//! The codecs: what is written is read as it was, and everything else is refused for its reason.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aegis_core::{
    NodeId, OrganisationId, Timestamp,
    file::{
        Audience, CHUNK_BYTES, CHUNKS_MAX, ChunkHash, ChunkSet, FILE_BYTES_MAX, FileId,
        FileSeverity, FileSize, Manifest, ORGANISATIONS_MAX, Offer, VALIDITY_MAX, Validity,
    },
};
use proptest::prelude::*;

use super::*;
use crate::{Identity, ask::AskError};

const T0: Timestamp = Timestamp::from_secs(1_763_640_000);

fn identity() -> Identity {
    Identity::from_secret([7; 32])
}

fn offer() -> Offer {
    let size = FileSize::new(5).unwrap();
    Offer {
        author: identity().node_id(),
        file: Manifest::new(size, vec![ChunkHash::of(b"hello")])
            .unwrap()
            .id(),
        size,
        severity: FileSeverity::Major,
        audience: Audience::Everybody,
        validity: Validity::new(T0, T0 + Duration::from_secs(86_400)).unwrap(),
        is_withdrawn: false,
        name: "hello.txt".parse().unwrap(),
        description: Some("a greeting".parse().unwrap()),
    }
}

fn organisations(count: u8) -> Audience {
    let ids = (0..count).map(|it| OrganisationId::from_public_key([it; 32]));
    Audience::of(ids.collect()).unwrap()
}

/// Written into `docs/protocol.md`.
const EXAMPLE: &str = concat!(
    "01ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22ce9b321861654ca67fa4f27",
    "1fd35f9981a92e5b7610fb8326dbec4eb9c40b9715000000000000000500000000691f02c000000000692054",
    "40000968656c6c6f2e747874000a61206772656574696e67",
    "b21ed0071aed5128d36638b8dcd2eab70c62947508a29581a0176e587cd400aaed872932857278c0d640c401",
    "b3a6fce54a42c05e1e438dc78f9e88649f592200",
);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

#[test]
fn the_example_of_the_documents_is_true() {
    let announcement = sign(offer(), &identity());
    assert_eq!(hex(announcement.wire()), EXAMPLE);
    let page = include_str!("../../../../docs/protocol.md");
    let page: String = page.split_whitespace().collect();
    assert!(page.contains(EXAMPLE));
}

#[test]
fn an_announcement_is_read_as_it_was_signed() {
    check_signed(|_| {});
    check_signed(|it| it.severity = FileSeverity::Minor);
    check_signed(|it| it.severity = FileSeverity::Critical);
    check_signed(|it| it.is_withdrawn = true);
    check_signed(|it| it.description = None);
    check_signed(|it| it.audience = organisations(1));
    check_signed(|it| it.size = FileSize::new(FILE_BYTES_MAX).unwrap());
    check_signed(|it| {
        it.audience = organisations(ORGANISATIONS_MAX as u8);
        it.name = "x".repeat(128).parse().unwrap();
        it.description = Some("y".repeat(512).parse().unwrap());
        it.validity = Validity::new(T0, T0 + VALIDITY_MAX).unwrap();
    });
}

#[track_caller]
fn check_signed(change: impl FnOnce(&mut Offer)) {
    let mut offer = offer();
    change(&mut offer);
    let announcement = sign(offer.clone(), &identity());
    assert_eq!(announcement.offer(), &offer);
    assert!(announcement.wire().len() <= ANNOUNCEMENT_BYTES_MAX);
    assert_eq!(decode(announcement.wire()), Ok(announcement));
}

#[test]
fn the_longest_announcement_has_as_many_bytes_as_are_allowed() {
    let mut offer = offer();
    offer.audience = organisations(ORGANISATIONS_MAX as u8);
    offer.name = "x".repeat(128).parse().unwrap();
    offer.description = Some("y".repeat(512).parse().unwrap());
    let announcement = sign(offer, &identity());
    assert_eq!(announcement.wire().len(), ANNOUNCEMENT_BYTES_MAX);
}

#[test]
fn an_empty_description_is_none() {
    let mut empty = offer();
    empty.description = Some("".parse().unwrap());
    assert_eq!(sign(empty, &identity()).offer().description, None);
}

/// Signs bytes that no offer of ours has.
fn signed_anew(mut said: Vec<u8>) -> Vec<u8> {
    let signature = identity().sign(&[ANNOUNCEMENT_DOMAIN, &said].concat());
    said.extend(signature.to_bytes());
    said
}

#[test]
fn what_cannot_be_is_refused_though_it_is_signed() {
    let out = |field| AskError::OutOfRange { field };
    let malformed = |field| AskError::Malformed { field };
    const TIMES: usize = 1 + 32 + 32 + 8;
    const COUNT: usize = TIMES + 16;
    check_refused(|it| it[0] = 3, out("severity"));
    check_refused(|it| it[0] = 8, malformed("flags"));
    check_refused(|it| it[65..73].fill(0), out("size"));
    check_refused(|it| it[65] = 1, out("size"));
    check_refused(|it| it[TIMES..TIMES + 16].fill(0), out("validity"));
    check_refused(|it| it[TIMES + 8] = 0xff, out("validity"));
    check_refused(|it| it[COUNT] = 9, out("organisations"));
    check_refused(|it| it[COUNT + 1] = 0, out("name"));
    check_refused(|it| it[COUNT + 2] = b'/', out("name"));
    check_refused(|it| it[COUNT + 2] = 0xff, out("name"));
    check_refused(|it| *it.last_mut().unwrap() = 7, out("description"));
    check_refused(|it| it.push(0), malformed("end"));
    check_refused(|it| it.truncate(COUNT), AskError::Truncated);
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut Vec<u8>), error: AskError) {
    let wire = sign(offer(), &identity()).wire().to_vec();
    let mut said = wire[..wire.len() - 64].to_vec();
    change(&mut said);
    assert_eq!(decode(&signed_anew(said)).unwrap_err(), error);
}

#[test]
fn organisations_have_one_order() {
    let mut offer = offer();
    offer.audience = organisations(2);
    let wire = sign(offer, &identity()).wire().to_vec();
    let mut said = wire[..wire.len() - 64].to_vec();
    let start = 1 + 32 + 32 + 24 + 1;
    said[start..start + 64].rotate_left(32);
    let field = "organisations";
    assert_eq!(
        decode(&signed_anew(said)),
        Err(AskError::Malformed { field })
    );
}

#[test]
fn nobody_speaks_for_somebody_else() {
    let wire = sign(offer(), &identity()).wire().to_vec();
    for place in 0..wire.len() {
        let mut changed = wire.clone();
        changed[place] ^= 1;
        assert!(decode(&changed).is_err(), "byte {place}");
    }
    let stranger = Identity::from_secret([8; 32]);
    assert_eq!(sign(offer(), &stranger).offer().author, stranger.node_id());
    assert!(decode(&[0; ANNOUNCEMENT_BYTES_MAX + 1]).is_err());
}

fn queries() -> Vec<FileQuery> {
    let file = FileId::from_bytes([9; 32]);
    vec![
        FileQuery::Announce(Arc::new(sign(offer(), &identity()))),
        FileQuery::List(None),
        FileQuery::List(Some((file, NodeId::from_public_key([1; 32])))),
        FileQuery::Manifest(file),
        FileQuery::Have(file),
        FileQuery::Chunk(file, CHUNKS_MAX - 1),
    ]
}

fn replies() -> Vec<FileReply> {
    let size = FileSize::new(FILE_BYTES_MAX).unwrap();
    let hashes = (0..CHUNKS_MAX).map(|it| ChunkHash::of(&it.to_be_bytes()));
    let manifest = Manifest::new(size, hashes.collect()).unwrap();
    let announcements = (0..LIST_ANNOUNCEMENTS_MAX).map(|it| {
        let mut offer = offer();
        offer.file = FileId::from_bytes([it as u8; 32]);
        Arc::new(sign(offer, &identity()))
    });
    vec![
        FileReply::NotAvailable,
        FileReply::Busy,
        FileReply::Heard,
        FileReply::Announcements(vec![], false),
        FileReply::Announcements(announcements.collect(), true),
        FileReply::Manifest(manifest.into()),
        FileReply::Have(ChunkSet::all(9)),
        FileReply::Have(ChunkSet::none(CHUNKS_MAX)),
        FileReply::Chunk(vec![1]),
        FileReply::Chunk(vec![2; CHUNK_BYTES as usize]),
    ]
}

#[test]
fn queries_and_replies_are_read_as_they_were_written() {
    for query in queries() {
        let bytes = encode_query(&query);
        assert!(bytes.len() <= QUERY_BYTES_MAX);
        assert_eq!(decode_query(&bytes), Ok(query));
    }
    for reply in replies() {
        let bytes = encode_reply(reply.clone());
        assert!(bytes.len() <= REPLY_BYTES_MAX);
        assert_eq!(decode_reply(bytes), Ok(reply));
    }
}

#[test]
fn nothing_may_lack_and_nothing_may_follow() {
    for query in queries() {
        let bytes = encode_query(&query);
        assert!(
            decode_query(&[&bytes[..], &[0]].concat()).is_err(),
            "{query:?}"
        );
        let short = decode_query(&bytes[..bytes.len() - 1]);
        assert!(
            short.is_err() || matches!(query, FileQuery::List(None)),
            "{query:?}"
        );
    }
    assert_eq!(decode_query(&[]), Err(AskError::Truncated));
    assert_eq!(decode_reply(vec![]), Err(AskError::Truncated));
    assert!(decode_query(&[5]).is_err() && decode_reply(vec![7]).is_err());
}

#[test]
fn replies_that_cannot_be_are_refused() {
    let out = |field| AskError::OutOfRange { field };
    let chunk = |bytes: usize| [vec![6], vec![0; bytes]].concat();
    check_reply(chunk(0), out("chunk"));
    check_reply(chunk(CHUNK_BYTES as usize + 1), out("chunk"));
    let bytes = REPLY_BYTES_MAX + 1;
    check_reply(vec![6; bytes], AskError::TooLong { bytes });
    check_reply(vec![5, 0, 0, 0, 0], out("chunks"));
    check_reply(vec![5, 0, 0, 0x20, 1], out("chunks"));
    check_reply(
        vec![5, 0, 0, 0, 1, 0xff],
        AskError::Malformed { field: "chunks" },
    );
    check_reply([vec![4], vec![0; 8]].concat(), out("size"));
    check_reply(
        vec![3, 2],
        AskError::Malformed {
            field: "announcements",
        },
    );
    let one = sign(offer(), &identity());
    let framed = [&(one.wire().len() as u16).to_be_bytes()[..], one.wire()].concat();
    let twice = [&[3, 0], &framed[..], &framed[..]].concat();
    check_reply(
        twice,
        AskError::Malformed {
            field: "announcements",
        },
    );
}

#[track_caller]
fn check_reply(bytes: Vec<u8>, error: AskError) {
    assert_eq!(decode_reply(bytes).unwrap_err(), error);
}

#[test]
fn only_what_was_asked_for_is_an_answer() {
    let fitting = queries().into_iter().map(|query| {
        let fits = replies().into_iter().filter(|it| it.fits(&query));
        fits.count()
    });
    // Beside the two that always fit; no manifest here is that of the file.
    assert_eq!(fitting.collect::<Vec<_>>(), [3, 4, 4, 2, 4, 4]);
}

#[test]
fn the_corpus_of_the_fuzzer_is_read_or_refused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/decode_file");
    let mut read = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        read.insert(decode(&bytes).is_ok());
        read.insert(decode_query(&bytes).is_ok());
        read.insert(decode_reply(bytes).is_ok());
    }
    assert_eq!(read.len(), 2, "some must be good and some bad");
}

proptest! {
    #[test]
    fn any_bytes_are_read_in_their_one_spelling_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(query) = decode_query(&bytes) {
            prop_assert_eq!(encode_query(&query), bytes.clone());
        }
        if let Ok(reply) = decode_reply(bytes.clone()) {
            prop_assert_eq!(encode_reply(reply), bytes);
        }
    }
}
