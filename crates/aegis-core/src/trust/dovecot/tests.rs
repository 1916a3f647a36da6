//! Tests of `dovecot`. The originals' own numbers are the vectors of `aegis-sim`; here are those
//! that its author worked out beside them, what was mended, and what must hold whatever happens.

use std::time::Duration;

use proptest::{collection::vec, prelude::*};

use super::opinion::DovecotOpinion;
use super::reliability::{Published, Ratings};
use super::voice::{Speaker, Spoken};
use super::*;
use crate::trust::contract::{self, events, voices};
use crate::trust::model::{Case, Deed, Introduction, Stance, TrustModel, Verdict, Voice};
use crate::{Confidence, Evidence, NodeId, Opinion, Score, Timestamp, Topic};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

#[test]
fn trust_is_pings_and_what_is_thought_of_the_address() {
    let check = |reliability, score, confidence, trust| {
        let actual = opinion::peer_trust(reliability, said(score, confidence));
        assert_close(actual, trust);
    };
    check(1.0, -1.0, 1.0, -0.15);
    check(1.0, 0.0, 0.0, 0.35);
    check(0.0, -1.0, 1.0, -0.5);
    check(1.0, 1.0, 1.0, 0.85);
}

#[test]
fn opinions_are_weighed_by_trust_and_not_by_confidence() {
    let trust =
        |reliability, score, confidence| opinion::peer_trust(reliability, said(score, confidence));
    let voices = [
        (said(0.6, 0.7), trust(0.8, 0.7, 0.8)),
        (said(0.7, 0.8), trust(0.9, 0.8, 0.9)),
    ];
    let combined = opinion::combine(&voices).unwrap();
    assert_close(combined.score, 0.651_777_434_312_210_1);
    assert_close(combined.confidence, 0.465_999_999_999_999_97);
    assert_eq!(opinion::combine(&[]), None);
    assert_eq!(opinion::combine(&[(said(1.0, 1.0), -1.0)]), None);
    assert_eq!(opinion::weights(&[]), None);
}

#[test]
fn the_newest_reliability_counts() {
    let first = Published::with(None, 1.0);
    let published = Published::with(Some(first), 0.1);
    assert_eq!(published.read(&DovecotDefects::default()), 0.1);
    assert_eq!(published.read(&DovecotDefects::AS_DEPLOYED), 1.0);
    assert_eq!(Ratings::default().mean(), None);
}

#[test]
fn a_peer_has_one_voice_and_none_about_itself() {
    let speaker = Speaker {
        reliability: Some(1.0),
        of_address: Some(DovecotOpinion::default()),
    };
    let voices = [spoken('a', 0.1), spoken('b', 0.2), spoken('a', 0.9)];
    let about_itself = Spoken {
        is_about_itself: true,
        ..spoken('c', 0.5)
    };
    let voices: Vec<_> = voices.into_iter().chain([about_itself]).collect();
    let scores = |defects| -> Vec<_> {
        let rows = voice::rows(&defects, &voices, |_| Some(speaker)).unwrap();
        rows.iter().map(|row| row.opinion.score).collect()
    };
    assert_eq!(scores(DovecotDefects::default()), [0.2, 0.9]);
    assert_eq!(scores(DovecotDefects::AS_DEPLOYED), [0.1, 0.2, 0.9]);
}

#[test]
fn who_cannot_be_weighed_is_left_out_and_stops_nobody() {
    let voices = [spoken('a', 0.1), spoken('b', 0.2), spoken('c', 0.3)];
    let find = |speaker: &char| match speaker {
        'a' => Some(Speaker {
            reliability: None,
            of_address: Some(DovecotOpinion::default()),
        }),
        'b' => Some(Speaker {
            reliability: Some(1.0),
            of_address: None,
        }),
        _ => None,
    };
    let rows = voice::rows(&DovecotDefects::default(), &voices, find);
    assert_eq!(rows, Some(Vec::new()));
    let failed = voice::rows(&DovecotDefects::AS_DEPLOYED, &voices, find);
    assert_eq!(failed, None);
}

#[test]
fn malicious_is_malicious_on_both_sides_of_the_border() {
    let thesis = DovecotConfig::default();
    let slips = DovecotConfig {
        edition: Edition::ThreatLevel,
        ..thesis
    };
    let check = |config, score, expected, stance| {
        let model = model(config);
        let verdict = ask(&model, &[(1, score), (2, score)]);
        assert_close(verdict.score.value(), expected);
        assert_close(verdict.confidence.value(), 0.35);
        assert_eq!(verdict.stance, stance, "{verdict:?}");
    };
    check(thesis, 1.0, 1.0, Stance::Malicious);
    check(thesis, -1.0, -1.0, Stance::Benign);
    check(thesis, 0.5, 0.5, Stance::Unknown);
    check(slips, 1.0, 1.0, Stance::Malicious);
    check(slips, -1.0, 0.0, Stance::Unknown);
}

#[test]
fn who_attacks_is_trusted_less_in_either_edition() {
    let deployed = DovecotDefects::AS_DEPLOYED;
    let mended = DovecotDefects::default();
    let check = |edition, defects, trust| {
        let mut model = model(DovecotConfig { edition, defects });
        let attacks = Deed::Observed(Some((Score::MALICIOUS, Confidence::FULL)));
        model.book(NOW, node(1), attacks);
        assert_close(trust_of(&model, 1), (trust + 1.0) / 2.0);
        model.book(NOW, node(1), Deed::Observed(None));
        assert_close(trust_of(&model, 1), 1.35 / 2.0);
    };
    check(Edition::Thesis, mended, -0.15);
    check(Edition::Thesis, deployed, -0.15);
    check(Edition::ThreatLevel, mended, -0.15);
    check(Edition::ThreatLevel, deployed, 0.85);
}

#[test]
fn trust_is_lost_by_pings_that_fail() {
    let mut model = model(DovecotConfig::default());
    model.book(NOW, node(1), Deed::Ping { is_good: false });
    assert_close(trust_of(&model, 1), 1.175 / 2.0);
    model.book(NOW, node(1), Deed::Misbehaved);
    model.book(NOW, node(1), Deed::Ping { is_good: true });
    assert_close(trust_of(&model, 1), 1.175 / 2.0);
    for deed in [Deed::Asked, Deed::AskedAbout, Deed::Alerted, Deed::Answered] {
        model.book(NOW, node(1), deed);
    }
    assert_close(trust_of(&model, 1), 1.175 / 2.0);
}

#[test]
fn trust_in_advance_is_what_a_peer_weighs() {
    let mut model = model(DovecotConfig::default());
    let introduction = |pretrust, is_fixed| Introduction {
        pretrust: Confidence::clamped(pretrust),
        is_fixed,
    };
    for (pretrust, is_fixed, trust) in [
        (0.9, false, 0.9),
        (0.2, false, 0.675),
        (0.2, true, 0.2),
        (0.0, true, 0.0),
    ] {
        model.meet(NOW, node(1), introduction(pretrust, is_fixed));
        assert_close(trust_of(&model, 1), trust);
    }
    // Whoever weighs nothing is not heard.
    assert_eq!(ask(&model, &[(1, 1.0)]), Verdict::UNKNOWN);
    assert_close(ask(&model, &[(1, 1.0), (2, -1.0)]).score.value(), -1.0);
}

#[test]
fn who_was_met_before_it_was_restored_is_what_it_was_met_as() {
    let mut model = model(DovecotConfig::default());
    model.book(NOW, node(1), Deed::Misbehaved);
    let saved = model.save(&node(1)).unwrap();
    let fixed = Introduction {
        pretrust: Confidence::FULL,
        is_fixed: true,
    };
    model.meet(NOW, node(1), fixed);
    assert!(model.restore(node(1), &saved));
    assert_eq!(trust_of(&model, 1), 1.0);
    assert_eq!(model.peer(&node(1)).unwrap().ratings.total, 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, ..ProptestConfig::default() })]

    #[test]
    fn nothing_leaves_its_range(config in config(), events in events()) {
        contract::check_bounds(&mut DovecotModel::new(config), &events);
    }

    #[test]
    fn the_same_history_gives_the_same_model(config in config(), events in events()) {
        contract::check_replay(|| DovecotModel::new(config), &events);
    }

    #[test]
    fn the_order_of_voices_does_not_matter(
        config in config(), events in events(), voices in voices(),
    ) {
        contract::check_order(DovecotModel::new(config), &events, &voices);
    }

    #[test]
    fn strangers_move_nothing(config in config(), events in events(), voices in voices()) {
        contract::check_strangers(&mut DovecotModel::new(config), &events, &voices);
    }

    #[test]
    fn a_restart_loses_nothing(config in config(), before in events(), after in events()) {
        contract::check_restart(|| DovecotModel::new(config), &before, &after);
    }

    #[test]
    fn junk_changes_nothing(
        config in config(), events in events(), junk in vec(any::<u8>(), 17..30),
    ) {
        contract::check_junk(DovecotModel::new(config), &events, &junk);
    }
}

fn config() -> impl Strategy<Value = DovecotConfig> {
    let edition = prop_oneof![Just(Edition::Thesis), Just(Edition::ThreatLevel)];
    let defects = prop_oneof![
        Just(DovecotDefects::default()),
        Just(DovecotDefects::AS_DEPLOYED)
    ];
    (edition, defects).prop_map(|(edition, defects)| DovecotConfig { edition, defects })
}

/// Two peers just met.
fn model(config: DovecotConfig) -> DovecotModel {
    let mut model = DovecotModel::new(config);
    for peer in 1..=2 {
        model.meet(NOW, node(peer), Introduction::default());
    }
    model
}

fn ask(model: &DovecotModel, scores: &[(u8, f64)]) -> Verdict {
    let voices = scores.iter().map(|(peer, score)| Voice {
        peer: node(*peer),
        opinion: Opinion {
            score: Score::clamped(*score),
            confidence: Confidence::FULL,
            sightings: 1,
            age: Duration::ZERO,
        },
        evidence: Evidence::Verified,
    });
    let voices: Vec<_> = voices.collect();
    let case = Case {
        topic: Topic::Other,
        voices: &voices,
        local: None,
    };
    model.judge(NOW, &case)
}

fn spoken(speaker: char, score: f64) -> Spoken<char> {
    Spoken {
        speaker,
        opinion: said(score, 1.0),
        is_about_itself: false,
    }
}

fn said(score: f64, confidence: f64) -> DovecotOpinion {
    DovecotOpinion { score, confidence }
}

fn trust_of(model: &DovecotModel, peer: u8) -> f64 {
    model.trust_of(NOW, &node(peer)).service_trust.value()
}

fn node(place: u8) -> NodeId {
    NodeId::from_public_key([place; 32])
}

#[track_caller]
fn assert_close(actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() <= 1e-12,
        "want {expected}, have {actual}"
    );
}
