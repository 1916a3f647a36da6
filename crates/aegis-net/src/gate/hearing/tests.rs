//! What is heard in answer to a question, what is left aside, and who is to blame.

use std::time::Duration;

use aegis_core::{Confidence, Opinion, Score, Topic};

use super::*;
use crate::{Identity, ask};

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);
const TICK: Duration = Duration::from_secs(1);

const ASKER: u8 = 1;
const FROM: u8 = 2;
const AUTHOR: u8 = 3;

fn identity(n: u8) -> Identity {
    Identity::from_secret([n; 32])
}

fn address(n: u8) -> Indicator {
    Indicator::host([192, 0, 2, n].into())
}

fn opinion(score: f64) -> Opinion {
    Opinion {
        score: Score::new(score).unwrap(),
        confidence: Confidence::HALF,
        sightings: 1,
        age: TICK,
    }
}

fn hearing(hops: u8) -> Hearing {
    let question = Question {
        indicators: vec![address(1), address(2)],
        hops,
        wait: TICK,
    };
    Hearing::new(identity(ASKER).node_id(), question)
}

fn said(author: u8, about: u8, score: f64, stated_at: Timestamp) -> Unverified {
    let content = (Topic::Scan, Some(opinion(score)));
    let said = ask::sign(stated_at, address(about), content, &identity(author));
    Unverified::parse(&said.signed).unwrap()
}

/// What became of a testimony: heard, left aside, or somebody's fault.
#[derive(Debug, PartialEq)]
enum Fate {
    Heard,
    LeftAside,
    Fault(u8, Misbehaviour),
}

fn fate(hearing: &mut Hearing, testimony: Unverified) -> Fate {
    match hearing.hear(NOW, identity(FROM).node_id(), testimony) {
        Ok(Some(_)) => Fate::Heard,
        Ok(None) => Fate::LeftAside,
        Err(fault) => {
            let mut people = [ASKER, FROM, AUTHOR].into_iter();
            let culprit = people.find(|it| identity(*it).node_id() == fault.culprit);
            Fate::Fault(culprit.unwrap(), fault.misbehaviour)
        }
    }
}

#[track_caller]
fn check(hops: u8, testimony: Unverified, expected: Fate) {
    assert_eq!(fate(&mut hearing(hops), testimony), expected);
}

#[test]
fn what_was_asked_is_heard_and_nothing_else() {
    check(0, said(FROM, 1, 0.5, NOW), Fate::Heard);
    check(0, said(FROM, 2, 0.5, NOW), Fate::Heard);
    check(
        0,
        said(FROM, 3, 0.5, NOW),
        Fate::Fault(FROM, Misbehaviour::Unasked),
    );
    check(1, said(AUTHOR, 1, 0.5, NOW), Fate::Heard);
    check(
        0,
        said(AUTHOR, 1, 0.5, NOW),
        Fate::Fault(FROM, Misbehaviour::Unasked),
    );
}

#[test]
fn what_the_asker_said_itself_is_left_aside() {
    check(1, said(ASKER, 1, 0.5, NOW), Fate::LeftAside);
}

#[test]
fn a_testimony_is_heard_while_it_is_fresh() {
    let stale = Fate::Fault(FROM, Misbehaviour::ImpossibleTime);
    let ahead = Fate::Fault(FROM, Misbehaviour::ImpossibleTime);
    let at = |stated_at| said(AUTHOR, 1, 0.5, stated_at);
    check(1, at(NOW - TESTIMONY_AGE_MAX), Fate::Heard);
    check(1, at(NOW - TESTIMONY_AGE_MAX - TICK), Fate::LeftAside);
    check(1, at(NOW - LATE_MAX), Fate::LeftAside);
    check(1, at(NOW - LATE_MAX - TICK), stale);
    check(1, at(NOW + SKEW_MAX), Fate::Heard);
    check(1, at(NOW + SKEW_MAX + TICK), Fate::LeftAside);
    check(1, at(NOW + 2 * SKEW_MAX), Fate::LeftAside);
    check(1, at(NOW + 2 * SKEW_MAX + TICK), ahead);
}

#[test]
fn a_slow_clock_is_no_fault_and_a_fast_one_is() {
    let own = |stated_at| said(FROM, 1, 0.5, stated_at);
    let impossible = || Fate::Fault(FROM, Misbehaviour::ImpossibleTime);
    check(0, own(NOW - LATE_MAX), Fate::LeftAside);
    check(0, own(NOW - LATE_MAX - TICK), impossible());
    check(0, own(NOW + SKEW_MAX), Fate::Heard);
    check(0, own(NOW + SKEW_MAX + TICK), impossible());
}

/// Whoever collects somebody's slips cannot have that one banned by bringing them all at once.
#[test]
fn what_another_brings_costs_an_author_one_fault_of_a_question() {
    let mut hearing = hearing(1);
    for (about, expected) in [
        (1, Fate::Fault(AUTHOR, Misbehaviour::Contradictory)),
        (2, Fate::LeftAside),
        (1, Fate::LeftAside),
    ] {
        let first = said(AUTHOR, about, 0.5, NOW);
        assert_eq!(fate(&mut hearing, first), Fate::Heard);
        let second = said(AUTHOR, about, -0.5, NOW);
        assert_eq!(fate(&mut hearing, second), expected);
    }
    // Its own word costs it each time.
    let own = || said(FROM, 1, 0.5, NOW + SKEW_MAX + TICK);
    for _ in 0..2 {
        let fault = Fate::Fault(FROM, Misbehaviour::ImpossibleTime);
        assert_eq!(fate(&mut hearing, own()), fault);
    }
}

#[test]
fn a_forgery_is_its_bringer_s_fault_whatever_else_is_wrong_with_it() {
    for stated_at in [NOW, NOW + 2 * SKEW_MAX + TICK] {
        let genuine = said(AUTHOR, 1, 0.5, stated_at);
        let mut forged = genuine.signed().to_vec();
        forged[46] ^= 0x7F; // also out of range
        let forged = Unverified::parse(&forged).unwrap();
        check(1, forged, Fate::Fault(FROM, Misbehaviour::Forged));
    }
}

#[test]
fn what_is_out_of_range_is_the_fault_of_whoever_brings_it() {
    let genuine = said(AUTHOR, 1, 0.5, NOW);
    let mut bytes = genuine.signed().to_vec();
    bytes.truncate(bytes.len() - 64);
    bytes[46] = 0x7F;
    let signature = identity(AUTHOR).sign(&[ask::TESTIMONY_DOMAIN, &bytes].concat());
    bytes.extend(signature.to_bytes());
    let testimony = Unverified::parse(&bytes).unwrap();
    check(1, testimony, Fate::Fault(FROM, Misbehaviour::OutOfRange));
}

#[test]
fn an_author_that_contradicts_itself_is_at_fault_and_its_first_word_stands() {
    let mut hearing = hearing(1);
    assert_eq!(fate(&mut hearing, said(AUTHOR, 1, 0.5, NOW)), Fate::Heard);
    // The same again, by whomever.
    assert_eq!(fate(&mut hearing, said(AUTHOR, 1, 0.5, NOW)), Fate::Heard);
    let contradictory = Fate::Fault(AUTHOR, Misbehaviour::Contradictory);
    assert_eq!(
        fate(&mut hearing, said(AUTHOR, 1, -0.5, NOW)),
        contradictory
    );
    // To think otherwise later, or of something else, is nobody's fault.
    assert_eq!(fate(&mut hearing, said(AUTHOR, 2, -0.5, NOW)), Fate::Heard);
    assert_eq!(
        fate(&mut hearing, said(AUTHOR, 1, -0.5, NOW - TICK)),
        Fate::Heard
    );
}

#[test]
fn what_was_heard_before_is_not_kept_twice() {
    let mut hearing = hearing(1);
    let mut hear = || {
        let from = identity(FROM).node_id();
        hearing
            .hear(NOW, from, said(AUTHOR, 1, 0.5, NOW))
            .unwrap()
            .unwrap()
    };
    assert!(Arc::ptr_eq(&hear(), &hear()));
}
