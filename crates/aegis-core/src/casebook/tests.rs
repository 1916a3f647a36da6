//! What must hold of the casebook: bounded, fair, and nobody is judged twice for one word.

use super::*;
use crate::{Confidence, Evidence, Opinion, Score};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn peer(number: u64) -> NodeId {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    NodeId::from_public_key(key)
}

fn indicator(number: u32) -> Indicator {
    Indicator::host(std::net::Ipv4Addr::from(number + 0x0b00_0000).into())
}

fn heard(peer: NodeId, heard_at: Timestamp) -> Heard {
    let opinion = Opinion {
        score: Score::MALICIOUS,
        confidence: Confidence::FULL,
        sightings: 1,
        age: Duration::ZERO,
    };
    let evidence = Evidence::Verified;
    Heard {
        voice: Voice {
            peer,
            opinion,
            evidence,
        },
        topic: Topic::Access,
        alert: None,
        heard_at,
        counts_until: heard_at + HOUR,
        influence: 0.0,
    }
}

fn judged(book: &mut Casebook, it: Indicator, truth: Truth, now: Timestamp) -> usize {
    let known = Known {
        truth,
        known_at: now,
        is_private: false,
    };
    book.change(it, now, |file| file.judge_by(known)).0.len()
}

#[test]
fn a_peer_has_one_voice_and_its_newest_word_counts() {
    let mut book = Casebook::default();
    let it = indicator(1);
    book.hear(it, heard(peer(1), NOW));
    let mut second = heard(peer(1), NOW + HOUR);
    second.voice.opinion.score = Score::BENIGN;
    book.hear(it, second);
    let file = book.file(&it).unwrap();
    assert_eq!(file.voices_at(NOW + HOUR), [second.voice]);
    assert!(
        file.voices_at(NOW + HOUR * 2).is_empty(),
        "its hour is over"
    );
    assert_eq!(file.voices().count(), 1, "but it is not forgotten");
}

#[test]
fn a_word_is_held_against_the_truth_once_and_only_if_said_before() {
    let mut book = Casebook::default();
    let it = indicator(1);
    book.hear(it, heard(peer(1), NOW));
    assert_eq!(judged(&mut book, it, Truth::Malicious, NOW + HOUR), 1);
    assert_eq!(judged(&mut book, it, Truth::Malicious, NOW + HOUR), 0);
    book.hear(it, heard(peer(2), NOW + HOUR * 2));
    assert_eq!(
        judged(&mut book, it, Truth::Malicious, NOW + HOUR * 3),
        0,
        "whoever repeats what is known earns nothing"
    );
    assert_eq!(
        judged(&mut book, it, Truth::Benign, NOW + HOUR * 3),
        2,
        "an operator who knows better is heard about everybody"
    );
}

#[test]
fn what_is_said_of_a_secret_counts_whenever_it_is_said() {
    let mut book = Casebook::default();
    let it = indicator(1);
    let known = Known {
        truth: Truth::Benign,
        known_at: NOW,
        is_private: true,
    };
    let before = book.change(it, NOW, |file| file.judge_by(known));
    assert!(before.0.is_empty());
    book.hear(it, heard(peer(1), NOW + HOUR));
    let judged = |book: &mut Casebook| book.change(it, NOW + HOUR, CaseFile::unjudged).0.len();
    assert_eq!(judged(&mut book), 1);
    let public = Known {
        is_private: false,
        ..known
    };
    book.change(it, NOW + HOUR, |file| file.judge_by(public));
    book.hear(it, heard(peer(2), NOW + HOUR * 2));
    assert_eq!(judged(&mut book), 0, "it is a secret no more");
}

#[test]
fn memory_is_bounded_and_strangers_do_not_push_out_what_the_node_knows() {
    let mut book = Casebook::default();
    let known = indicator(0);
    book.hear(known, heard(peer(1), NOW));
    judged(&mut book, known, Truth::Malicious, NOW);
    let mut evicted = 0;
    for number in 1..CASES_MAX as u32 + 10 {
        let later = NOW + Duration::from_millis(u64::from(number));
        let gone = book.hear(indicator(number), heard(peer(2), later));
        evicted += gone.len();
    }
    assert_eq!(book.len(), CASES_MAX);
    assert_eq!(evicted, 10);
    assert!(book.file(&known).is_some());
    assert!(book.file(&indicator(1)).is_none(), "the oldest went first");
}

#[test]
fn one_case_holds_so_many_voices_and_no_more() {
    let mut book = Casebook::default();
    let it = indicator(1);
    for number in 0..VOICES_MAX as u64 * 2 {
        book.hear(it, heard(peer(number), NOW));
    }
    assert_eq!(book.file(&it).unwrap().voices().count(), VOICES_MAX);
    assert_eq!(book.voices, VOICES_MAX);
    let trusted = Heard {
        influence: 1.0,
        ..heard(peer(9_999), NOW)
    };
    book.hear(it, trusted);
    let file = book.file(&it).unwrap();
    assert!(file.voices().any(|it| it.voice.peer == peer(9_999)));
    assert_eq!(
        (file.voices().count(), book.voices),
        (VOICES_MAX, VOICES_MAX)
    );
    let gone = (0..)
        .map(peer)
        .find(|it| !file.voices().any(|at| at.voice.peer == *it));
    assert_eq!(gone, Some(peer(0)), "a crowd makes room for whoever counts");
    book.hear(it, heard(peer(0), NOW));
    assert_eq!(book.voices, VOICES_MAX);
}

#[test]
fn who_takes_a_word_back_or_changes_it_is_held_to_it_all_the_same() {
    let mut book = Casebook::default();
    let it = indicator(1);
    let alert = AlertId::of(b"an alert");
    let accused = Heard {
        alert: Some(alert),
        ..heard(peer(1), NOW)
    };
    book.hear(it, accused);
    book.take_back(NOW + HOUR / 2, &it, (&peer(1), alert));
    let mut changed = heard(peer(2), NOW);
    book.hear(it, changed);
    changed.voice.opinion.score = Score::BENIGN;
    changed.heard_at = NOW + HOUR / 2;
    book.hear(it, changed);
    let file = book.file(&it).unwrap();
    assert_eq!(file.voices_at(NOW + HOUR / 2), [changed.voice]);
    let known = Known {
        truth: Truth::Benign,
        known_at: NOW + HOUR,
        is_private: false,
    };
    let (judged, _) = book.change(it, NOW + HOUR, |file| file.judge_by(known));
    assert_eq!(judged.len(), 2);
    let accused = |it: &Voice| it.opinion.score == Score::MALICIOUS;
    assert!(judged.iter().all(accused), "by what they said first");
}

#[test]
fn what_may_be_forged_is_judged_neither_way() {
    for (topic, evidence, is_judged) in [
        (Topic::Flood, Evidence::Spoofable, false),
        (Topic::Scan, Evidence::Spoofable, false),
        (Topic::Flood, Evidence::Verified, true),
        (Topic::Access, Evidence::Spoofable, true),
    ] {
        for truth in [Truth::Benign, Truth::Malicious] {
            let mut book = Casebook::default();
            let mut said = heard(peer(1), NOW);
            said.topic = topic;
            said.voice.evidence = evidence;
            book.hear(indicator(1), said);
            let judged = judged(&mut book, indicator(1), truth, NOW + HOUR);
            assert_eq!(judged, usize::from(is_judged), "{topic:?} {evidence:?}");
        }
    }
}

#[test]
fn the_most_influential_names_the_topic() {
    let mut book = Casebook::default();
    let it = indicator(1);
    let speak = |book: &mut Casebook, number, topic, influence| {
        let said = Heard {
            topic,
            influence,
            ..heard(peer(number), NOW)
        };
        book.hear(it, said);
        book.file(&it).unwrap().topic
    };
    assert_eq!(speak(&mut book, 1, Topic::Flood, 1.0), Topic::Flood);
    assert_eq!(speak(&mut book, 2, Topic::Spam, 0.0), Topic::Flood);
    assert_eq!(speak(&mut book, 3, Topic::Other, 2.0), Topic::Flood);
    assert_eq!(speak(&mut book, 4, Topic::Scan, 3.0), Topic::Scan);
}

#[test]
fn questions_alone_do_not_make_it_grow() {
    let mut book = Casebook::default();
    for number in 0..CASES_MAX as u32 + 10 {
        book.change(indicator(number), NOW, |file| file.asked_at = Some(NOW));
    }
    assert_eq!(book.len(), CASES_MAX);
}

#[test]
fn a_case_ends_a_day_after_its_last_word() {
    let mut book = Casebook::default();
    book.hear(indicator(1), heard(peer(1), NOW));
    book.hear(indicator(2), heard(peer(1), NOW + HOUR));
    assert_eq!(book.next_due(), Some(NOW + CASE_FOR));
    assert!(book.remove_due(NOW + CASE_FOR - HOUR).is_empty());
    let ended = book.remove_due(NOW + CASE_FOR);
    assert_eq!(ended.len(), 1);
    assert_eq!((book.len(), book.voices), (1, 1));
}

/// Checks that the index of peers names exactly the voices that there are.
#[track_caller]
fn invariant_every_voice_is_in_the_index(book: &Casebook) {
    let voices = book.files.iter();
    let voices = voices.flat_map(|(it, file)| file.voices.keys().map(|peer| (*peer, *it)));
    let voices: BTreeSet<_> = voices.collect();
    let spoke = book.spoke.iter();
    let spoke = spoke.flat_map(|(peer, all)| all.iter().map(|it| (*peer, *it)));
    assert_eq!(spoke.collect::<BTreeSet<_>>(), voices);
    assert_eq!(book.voices, voices.len());
    assert!(book.spoke.values().all(|it| !it.is_empty()));
}

#[test]
fn what_a_peer_said_is_found_without_looking_at_every_case() {
    let mut book = Casebook::default();
    for number in 0..50 {
        book.hear(indicator(number), heard(peer(u64::from(number) % 7), NOW));
    }
    assert_eq!(book.of_peer(&peer(3)).count(), 7);
    assert_eq!(book.of_peer(&peer(99)).count(), 0);
    invariant_every_voice_is_in_the_index(&book);
    // A crowd in one case: who has least influence makes room, and is not found there any more.
    for number in 0..2 * VOICES_MAX as u64 {
        let mut voice = heard(peer(1_000 + number), NOW + Duration::from_secs(1));
        voice.influence = number as f64;
        book.hear(indicator(0), voice);
    }
    assert_eq!(book.of_peer(&peer(1_000)).count(), 0);
    invariant_every_voice_is_in_the_index(&book);
    book.remove_due(NOW + Duration::from_secs(1) + CASE_FOR);
    assert_eq!(book.of_peer(&peer(3)).count(), 0);
    invariant_every_voice_is_in_the_index(&book);
}
