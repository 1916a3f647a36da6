//! What must hold of every contender, whatever it has seen: the rules of the contract.

use std::time::Duration;

use aegis_core::trust::model::{Case, Introduction, Verdict, Voice};
use aegis_core::{Confidence, Evidence, NodeId, Opinion, Score, Timestamp, Topic, Truth};
use aegis_sim::model::{Contender, Entry, MODELS};
use aegis_sim::world::{Setting, World};
use proptest::collection::vec;
use proptest::prelude::*;

/// Peers that a history is about.
const PEERS: usize = 8;

/// One target of a history: what each peer says of it (score and confidence), and what it is, if
/// anybody finds out.
#[derive(Clone, Debug)]
struct Event {
    words: Vec<Option<(f64, f64)>>,
    local: Option<(f64, f64)>,
    topic: usize,
    truth: Option<bool>,
}

/// A model with a clock, and names for the peers.
struct Play {
    model: Box<dyn Contender>,
    names: Vec<NodeId>,
    now: Timestamp,
}

impl Play {
    fn new(entry: &Entry, names: Vec<NodeId>) -> Self {
        let world = World::new(Setting {
            peers: 1,
            hostile: 0.0,
            seed: 1,
            targets: 1,
        });
        let now = Timestamp::from_secs(1_700_000_000);
        let mut model = (entry.start)(&world);
        for name in &names {
            model.meet(now, *name, Introduction::default());
        }
        Self { model, names, now }
    }

    fn voices(&self, words: &[Option<(f64, f64)>]) -> Vec<Voice> {
        let spoken = self.names.iter().zip(words);
        let mut voices: Vec<_> = spoken
            .filter_map(|(peer, word)| {
                Some(Voice {
                    peer: *peer,
                    opinion: opinion((*word)?),
                    evidence: Evidence::Verified,
                })
            })
            .collect();
        voices.sort_unstable_by_key(|it| it.peer);
        voices
    }

    fn judge(&self, event: &Event, strangers: &[Voice]) -> Verdict {
        let mut voices = self.voices(&event.words);
        voices.extend_from_slice(strangers);
        voices.sort_unstable_by_key(|it| it.peer);
        let verdict = self.model.judge(self.now, &case(event, &voices));
        let value = self
            .model
            .check_value(self.now, &case(event, &voices), &verdict);
        assert!((0.0..=1.0).contains(&value), "check_value {value}");
        assert!(verdict.voices.is_finite() && verdict.voices >= 0.0);
        verdict
    }

    fn live(&mut self, history: &[Event]) -> Vec<Verdict> {
        let lived = history.iter().map(|event| {
            let verdict = self.judge(event, &[]);
            let voices = self.voices(&event.words);
            let case = case(event, &voices);
            self.model.conclude(self.now, &case, &verdict);
            if let Some(is_malicious) = event.truth {
                self.model.learn(self.now, &case, truth(is_malicious));
            }
            self.now = self.now + Duration::from_secs(60);
            for name in &self.names {
                let influence = self.model.influence_of(self.now, name);
                assert!(
                    influence.is_finite() && influence >= 0.0,
                    "influence {influence}"
                );
            }
            verdict
        });
        lived.collect()
    }
}

fn case<'a>(event: &Event, voices: &'a [Voice]) -> Case<'a> {
    Case {
        topic: Topic::ALL[event.topic],
        voices,
        local: event.local.map(opinion),
    }
}

fn opinion((score, confidence): (f64, f64)) -> Opinion {
    Opinion {
        score: Score::clamped(score),
        confidence: Confidence::clamped(confidence),
        sightings: 1,
        age: Duration::ZERO,
    }
}

const fn truth(is_malicious: bool) -> Truth {
    if is_malicious {
        Truth::Malicious
    } else {
        Truth::Benign
    }
}

fn name(number: usize) -> NodeId {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(number as u64).to_be_bytes());
    NodeId::from_public_key(key)
}

fn names() -> Vec<NodeId> {
    (0..PEERS).map(|place| name(1_000 * (place + 1))).collect()
}

/// Any score and confidence, the extremes and nothing at all more often than the rest.
fn word() -> impl Strategy<Value = (f64, f64)> {
    let score = prop_oneof![Just(-1.0), Just(0.0), Just(1.0), -1.0..1.0];
    let confidence = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0];
    (score, confidence)
}

fn event() -> impl Strategy<Value = Event> {
    let words = vec(proptest::option::of(word()), PEERS);
    let local = proptest::option::of(word());
    let truth = proptest::option::of(any::<bool>());
    (words, local, 0..Topic::ALL.len(), truth).prop_map(|(words, local, topic, truth)| Event {
        words,
        local,
        topic,
        truth,
    })
}

/// Returns the contenders of these names, or all.
fn contenders(names: &[&str]) -> impl Iterator<Item = &'static Entry> {
    MODELS
        .iter()
        .filter(move |it| names.is_empty() || names.contains(&it.name))
}

/// Models in which whoever was never verified weighs nothing.
const ANCHORED: [&str; 4] = ["none", "aegis", "eigentrust", "naive-bayes"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn equal_histories_give_equal_verdicts(history in vec(event(), 0..40)) {
        for entry in contenders(&[]) {
            let first = Play::new(entry, names()).live(&history);
            let again = Play::new(entry, names()).live(&history);
            prop_assert_eq!(first, again, "{}", entry.name);
        }
    }

    #[test]
    fn names_do_not_matter(
        history in vec(event(), 0..40),
        order in Just((0..PEERS).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        for entry in contenders(&[]) {
            let renamed = order.iter().map(|place| names()[*place]).collect();
            let first = Play::new(entry, names()).live(&history);
            let again = Play::new(entry, renamed).live(&history);
            for (one, other) in first.iter().zip(&again) {
                let gap = (one.score.value() - other.score.value()).abs();
                prop_assert!(gap < 1e-6, "{}: {:?} {:?}", entry.name, one, other);
            }
        }
    }

    #[test]
    fn strangers_move_nothing(
        history in vec(event(), 0..40),
        last in event(),
        said in word(),
        count in 1..200_usize,
    ) {
        for entry in contenders(&ANCHORED) {
            let mut play = Play::new(entry, names());
            play.live(&history);
            let strangers: Vec<_> = (0..count)
                .map(|number| Voice {
                    peer: name(100_000 + number),
                    opinion: opinion(said),
                    evidence: Evidence::Verified,
                })
                .collect();
            let without = play.judge(&last, &[]);
            for stranger in &strangers {
                play.model.meet(play.now, stranger.peer, Introduction::default());
            }
            let with = play.judge(&last, &strangers);
            prop_assert_eq!(with.score, without.score, "{}", entry.name);
            prop_assert_eq!(with.probability, without.probability, "{}", entry.name);
            prop_assert_eq!(with.stance, without.stance, "{}", entry.name);
        }
    }

    #[test]
    fn a_verified_right_word_never_costs_weight(
        history in vec(event(), 0..40),
        place in 0..PEERS,
        is_malicious in any::<bool>(),
    ) {
        for entry in contenders(&["aegis", "beta"]) {
            let mut play = Play::new(entry, names());
            play.live(&history);
            let peer = play.names[place];
            let before = play.model.influence_of(play.now, &peer);
            let mut right = Event {
                words: vec![None; PEERS],
                local: None,
                topic: Topic::Access.index(),
                truth: Some(is_malicious),
            };
            right.words[place] = Some((if is_malicious { 1.0 } else { -1.0 }, 1.0));
            let voices = play.voices(&right.words);
            play.model.learn(play.now, &case(&right, &voices), truth(is_malicious));
            let after = play.model.influence_of(play.now, &peer);
            prop_assert!(after >= before - 1e-9, "{}: {} {}", entry.name, before, after);
        }
    }
}

/// Ten thousand identities are more than one case can hold: they come in five of them.
#[test]
fn ten_thousand_fresh_identities_move_nothing() {
    for entry in contenders(&ANCHORED) {
        let mut play = Play::new(entry, names());
        let honest = Event {
            words: vec![Some((1.0, 1.0)); PEERS],
            local: None,
            topic: Topic::Access.index(),
            truth: Some(true),
        };
        play.live(&vec![honest.clone(); 30]);
        let without = play.judge(&honest, &[]);
        for part in 0..5 {
            let strangers: Vec<_> = (0..1_992)
                .map(|number| Voice {
                    peer: name(100_000 + 2_000 * part + number),
                    opinion: opinion((-1.0, 1.0)),
                    evidence: Evidence::Verified,
                })
                .collect();
            for stranger in &strangers {
                play.model
                    .meet(play.now, stranger.peer, Introduction::default());
            }
            let with = play.judge(&honest, &strangers);
            assert_eq!(with.score, without.score, "{}", entry.name);
            assert_eq!(with.stance, without.stance, "{}", entry.name);
        }
    }
}
