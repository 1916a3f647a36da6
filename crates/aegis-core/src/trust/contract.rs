//! What holds of every trust model whatever happens to it; each model's tests run this on theirs.

use std::time::Duration;

use proptest::{collection::vec, prelude::*};

use super::Confidence;
use super::model::{
    Case, Deed, Introduction, PEER_MEMORY_BYTES_MAX, PeerTrust, Recommendation, SortRecord,
    TrustModel, Verdict, Voice,
};
use crate::{Evidence, NodeId, Opinion, Score, Timestamp, Topic, Truth};

/// Peers that may appear; more than are met, so that strangers speak too.
const PEERS: u8 = 8;

/// How far apart results may lie that only the order of summation tells apart.
const ROUNDING: f64 = 1e-12;

/// Something that happens to a model.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Meet(u8, Introduction),
    Ask(Vec<(u8, Opinion)>, Option<Opinion>, Option<Truth>),
    Book(u8, Deed),
    Consider(u8, Vec<(u8, SortRecord)>),
    Forget(u8),
}

/// Any history of a model.
pub(super) fn events() -> impl Strategy<Value = Vec<Event>> {
    vec(event(), 0..60)
}

/// Any voices in a case, each peer once, in order.
pub(super) fn voices() -> impl Strategy<Value = Vec<(u8, Opinion)>> {
    vec((0..PEERS, opinion()), 0..12).prop_map(|mut voices| {
        voices.sort_by_key(|(peer, _)| *peer);
        voices.dedup_by_key(|(peer, _)| *peer);
        voices
    })
}

/// Checks that nothing leaves its range, whatever happens.
pub(super) fn check_bounds(model: &mut impl TrustModel, events: &[Event]) {
    for event in events {
        if let Some((verdict, check_value)) = play(model, event) {
            assert!(
                (0.0..=f64::from(PEERS)).contains(&verdict.voices),
                "{verdict:?}"
            );
            assert!((0.0..=1.0).contains(&check_value), "{check_value}");
        }
        for peer in 0..PEERS {
            let trust = model.trust_of(now(), &node(peer));
            assert!(
                trust.influence.is_finite() && trust.influence >= 0.0,
                "{trust:?}"
            );
            assert!(trust.budget.is_finite() && trust.budget >= 0.0, "{trust:?}");
            let saved = model.save(&node(peer)).unwrap_or_default();
            assert!(
                saved.len() <= PEER_MEMORY_BYTES_MAX,
                "{} bytes",
                saved.len()
            );
        }
    }
}

/// Checks that the same history gives the same model, bit for bit.
pub(super) fn check_replay<M: TrustModel>(new: impl Fn() -> M, events: &[Event]) {
    let [mut once, mut again] = [new(), new()];
    for event in events {
        assert_eq!(play(&mut once, event), play(&mut again, event));
        assert_eq!(state(&once), state(&again));
    }
}

/// Checks that nothing depends on the order in which peers speak.
pub(super) fn check_order<M: TrustModel + Clone>(
    mut model: M,
    events: &[Event],
    voices: &[(u8, Opinion)],
) {
    for event in events {
        play(&mut model, event);
    }
    let mut backwards: Vec<_> = spoken(voices);
    backwards.reverse();
    backwards.rotate_left(voices.len() / 3);
    let (forwards, backwards) = (&case(&spoken(voices)), &case(&backwards));
    let verdict = model.judge(now(), &forwards.borrowed());
    let other = model.judge(now(), &backwards.borrowed());
    assert_close(verdict.score.value(), other.score.value());
    assert_close(verdict.confidence.value(), other.confidence.value());
    assert_close(verdict.probability.value(), other.probability.value());
    assert_close(verdict.voices, other.voices);
    let mut twin = model.clone();
    model.conclude(now(), &forwards.borrowed(), &verdict);
    twin.conclude(now(), &backwards.borrowed(), &verdict);
    for (one, other) in trusts(&model).iter().zip(trusts(&twin)) {
        assert_close(one.service_trust.value(), other.service_trust.value());
        assert_close(one.influence, other.influence);
    }
}

/// Checks that whoever was never met moves nothing.
pub(super) fn check_strangers(
    model: &mut impl TrustModel,
    events: &[Event],
    voices: &[(u8, Opinion)],
) {
    for event in events {
        play(model, event);
    }
    let quiet = case(&spoken(voices));
    let mut loud = spoken(voices);
    loud.extend((0..50).map(|at| (node(100 + at), sure())));
    let loud = case(&loud);
    let verdict = model.judge(now(), &quiet.borrowed());
    assert_eq!(model.judge(now(), &loud.borrowed()), verdict);
    let before = state(model);
    for stranger in (0..50).map(|at| node(100 + at)) {
        model.book(now(), stranger, Deed::Alerted);
        assert_eq!(model.trust_of(now(), &stranger), PeerTrust::default());
        assert_eq!(model.recommend(&stranger), None);
        assert_eq!(model.save(&stranger), None);
    }
    assert_eq!(state(model), before);
}

/// Checks that a restart loses nothing.
pub(super) fn check_restart<M: TrustModel>(new: impl Fn() -> M, before: &[Event], after: &[Event]) {
    let [mut model, mut restarted] = [new(), new()];
    for event in before {
        play(&mut model, event);
    }
    for peer in 0..PEERS {
        if let Some(saved) = model.save(&node(peer)) {
            assert!(restarted.restore(node(peer), &saved));
        }
    }
    assert!(restarted.restore_shared(&model.save_shared()));
    assert_eq!(state(&restarted), state(&model));
    for event in after {
        assert_eq!(play(&mut restarted, event), play(&mut model, event));
    }
    assert_eq!(state(&restarted), state(&model));
}

/// Checks that bytes that it did not write change nothing, and that those which it might have
/// written do no harm.
pub(super) fn check_junk<M: TrustModel + Clone>(mut model: M, events: &[Event], junk: &[u8]) {
    for event in events {
        play(&mut model, event);
    }
    let before = state(&model);
    let restore = |model: &mut M, bytes: &[u8]| (0..PEERS).any(|it| model.restore(node(it), bytes));
    for saved in before.0.iter().flatten() {
        for (at, byte) in junk.iter().enumerate() {
            let place = (usize::from(*byte) + at * 256) % saved.len();
            assert!(!restore(&mut model, &saved[..place]));
            let mut bent = saved.clone();
            bent[place] ^= byte.rotate_left(3) | 1;
            let mut other = model.clone();
            if restore(&mut other, &bent) {
                check_bounds(&mut other, &events[..events.len().min(5)]);
            } else {
                assert_eq!(state(&other), before);
            }
        }
        let longer: Vec<_> = saved.iter().chain(&[0]).copied().collect();
        assert!(!restore(&mut model, &longer));
    }
    assert!(!restore(&mut model, &junk[..junk.len().min(17)]));
    assert!(!model.restore_shared(&[u8::MAX]));
    assert_eq!(state(&model), before);
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..PEERS - 2, introduction()).prop_map(|(peer, it)| Event::Meet(peer, it)),
        4 => (voices(), prop::option::of(opinion()), truth())
            .prop_map(|(voices, local, truth)| Event::Ask(voices, local, truth)),
        3 => (0..PEERS, deed()).prop_map(|(peer, deed)| Event::Book(peer, deed)),
        2 => (0..PEERS, vec((0..PEERS, record()), 0..6))
            .prop_map(|(subject, answers)| Event::Consider(subject, answers)),
        1 => (0..PEERS).prop_map(Event::Forget),
    ]
}

fn introduction() -> impl Strategy<Value = Introduction> {
    (unit(), any::<bool>()).prop_map(|(pretrust, is_fixed)| Introduction {
        pretrust: Confidence::clamped(pretrust),
        is_fixed: is_fixed && pretrust != 0.5,
    })
}

fn opinion() -> impl Strategy<Value = Opinion> {
    (signed(), unit(), any::<u32>()).prop_map(|(score, confidence, sightings)| Opinion {
        score: Score::clamped(score),
        confidence: Confidence::clamped(confidence),
        sightings,
        age: Duration::ZERO,
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        any::<bool>().prop_map(|is_good| Deed::Ping { is_good }),
        Just(Deed::Asked),
        Just(Deed::AskedAbout),
        Just(Deed::Alerted),
        Just(Deed::Answered),
        Just(Deed::Misbehaved),
        Just(Deed::Observed(None)),
        (signed(), unit()).prop_map(|(score, confidence)| {
            Deed::Observed(Some((
                Score::clamped(score),
                Confidence::clamped(confidence),
            )))
        }),
    ]
}

fn record() -> impl Strategy<Value = SortRecord> {
    (unit(), unit(), count(), unit(), count()).prop_map(
        |(competence, integrity, interactions, reputation, recommenders)| SortRecord {
            competence: Confidence::clamped(competence),
            integrity: Confidence::clamped(integrity),
            interactions,
            reputation: Confidence::clamped(reputation),
            recommenders,
        },
    )
}

fn truth() -> impl Strategy<Value = Option<Truth>> {
    prop_oneof![
        Just(None),
        Just(Some(Truth::Benign)),
        Just(Some(Truth::Malicious))
    ]
}

fn unit() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(0.5),
        Just(1.0),
        Just(f64::MIN_POSITIVE),
        0.0..=1.0
    ]
}

fn signed() -> impl Strategy<Value = f64> {
    prop_oneof![Just(-1.0), Just(0.0), Just(1.0), -1.0..=1.0]
}

fn count() -> impl Strategy<Value = u32> {
    prop_oneof![0..200_u32, Just(u32::MAX)]
}

/// Lets one event happen; a question is answered, concluded and perhaps verified.
fn play(model: &mut impl TrustModel, event: &Event) -> Option<(Verdict, f64)> {
    match event {
        Event::Meet(peer, introduction) => model.meet(now(), node(*peer), *introduction),
        Event::Book(peer, deed) => model.book(now(), node(*peer), *deed),
        Event::Forget(peer) => model.forget(&node(*peer)),
        Event::Consider(subject, answers) => {
            let answers = answers.iter().map(|(peer, sort)| {
                let sort = *sort;
                let answer = Recommendation {
                    sort,
                    ..Recommendation::default()
                };
                (node(*peer), answer)
            });
            model.consider(now(), node(*subject), &answers.collect::<Vec<_>>());
        }
        Event::Ask(voices, local, truth) => {
            let mut asked = case(&spoken(voices));
            asked.local = *local;
            let verdict = model.judge(now(), &asked.borrowed());
            let check_value = model.check_value(now(), &asked.borrowed(), &verdict);
            model.conclude(now(), &asked.borrowed(), &verdict);
            if let Some(truth) = truth {
                model.learn(now(), &asked.borrowed(), *truth);
            }
            return Some((verdict, check_value));
        }
    }
    None
}

/// A case that owns its voices.
struct Asked {
    voices: Vec<Voice>,
    local: Option<Opinion>,
}

impl Asked {
    fn borrowed(&self) -> Case<'_> {
        Case {
            topic: Topic::Other,
            voices: &self.voices,
            local: self.local,
        }
    }
}

fn case(voices: &[(NodeId, Opinion)]) -> Asked {
    let voices = voices.iter().map(|(peer, opinion)| Voice {
        peer: *peer,
        opinion: *opinion,
        evidence: Evidence::Verified,
    });
    Asked {
        voices: voices.collect(),
        local: None,
    }
}

fn spoken(voices: &[(u8, Opinion)]) -> Vec<(NodeId, Opinion)> {
    voices
        .iter()
        .map(|(peer, opinion)| (node(*peer), *opinion))
        .collect()
}

fn sure() -> Opinion {
    Opinion {
        score: Score::MALICIOUS,
        confidence: Confidence::FULL,
        sightings: 1000,
        age: Duration::ZERO,
    }
}

/// Returns all that a model holds, as bytes, and what it says of everybody.
fn state(model: &impl TrustModel) -> (Vec<Option<Vec<u8>>>, Vec<u8>, Vec<PeerTrust>) {
    let saved = (0..PEERS).map(|peer| model.save(&node(peer))).collect();
    (saved, model.save_shared(), trusts(model))
}

fn trusts(model: &impl TrustModel) -> Vec<PeerTrust> {
    (0..PEERS)
        .map(|peer| model.trust_of(now(), &node(peer)))
        .collect()
}

fn node(place: u8) -> NodeId {
    NodeId::from_public_key([place; 32])
}

fn now() -> Timestamp {
    Timestamp::from_secs(1_800_000_000)
}

#[track_caller]
fn assert_close(one: f64, other: f64) {
    assert!((one - other).abs() <= ROUNDING, "{one} and {other}");
}
