//! Tests of `FidesModel`.

use std::time::Duration;

use super::*;
use crate::trust::model::{
    Case, Deed, Introduction, Recommendation, Stance, TrustModel, Verdict, Voice,
};
use crate::{Evidence, NodeId, Opinion, Score, Timestamp, Topic};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

#[test]
fn malicious_is_malicious_on_both_sides_of_the_border() {
    let mut model = model();
    let mut check = |score, stance| {
        let verdict = ask(&mut model, &[(1, score), (2, score)]);
        assert_eq!(verdict.stance, stance, "{verdict:?}");
        assert_close(verdict.score.value(), score);
    };
    check(1.0, Stance::Malicious);
    check(-1.0, Stance::Benign);
    check(0.1, Stance::Unknown);
    let nothing = ask(&mut model, &[(1, 0.0)]);
    assert!(
        nothing.score.value().is_sign_positive(),
        "{:?}",
        nothing.score
    );
}

#[test]
fn requests_and_alerts_earn_what_nobody_checks() {
    for (deed, trust) in [
        (Deed::Asked, 0.75),
        (Deed::AskedAbout, 0.75),
        (Deed::Alerted, 0.85),
    ] {
        let mut model = model();
        for _ in 0..100 {
            model.book(NOW, node(1), deed);
        }
        assert_close(trust_of(&model, 1), trust);
    }
    for deed in [
        Deed::Ping { is_good: false },
        Deed::Misbehaved,
        Deed::Answered,
        Deed::Observed(Some((Score::MALICIOUS, Confidence::FULL))),
    ] {
        let mut model = model();
        model.book(NOW, node(1), deed);
        assert_close(trust_of(&model, 1), 0.5005);
    }
}

#[test]
fn a_stranger_is_half_believed_when_it_alerts() {
    let mut model = model();
    let opinion = opinion(1.0);
    let verdict = model.judge_alert(&node(1), &opinion).unwrap();
    assert_close(verdict.confidence.value(), 0.5005);
    assert_eq!(verdict.stance, Stance::Malicious);
    model.meet(NOW, node(1), fixed(0.0));
    let verdict = model.judge_alert(&node(1), &opinion).unwrap();
    assert_close(verdict.confidence.value(), 0.5);
    assert_eq!(model.judge_alert(&node(9), &opinion), None);
}

#[test]
fn an_answer_far_from_the_others_costs_trust() {
    let config = FidesConfig {
        evaluation: Evaluation::Distance,
        ..FidesConfig::default()
    };
    let mut model = FidesModel::new(config);
    for peer in 1..=3 {
        model.meet(NOW, node(peer), Introduction::default());
    }
    for _ in 0..20 {
        ask(&mut model, &[(1, 1.0), (2, 1.0), (3, -1.0)]);
    }
    assert!(trust_of(&model, 3) < trust_of(&model, 1));
    assert_close(trust_of(&model, 1), trust_of(&model, 2));
}

#[test]
fn trust_that_is_fixed_stays_as_it_is() {
    let mut model = model();
    model.meet(NOW, node(1), fixed(0.3));
    model.meet(NOW, node(2), fixed(0.9));
    for _ in 0..200 {
        model.book(NOW, node(1), Deed::Alerted);
        model.consider(NOW, node(1), &[(node(2), recommendation(1.0))]);
    }
    assert_eq!(trust_of(&model, 1), 0.3);
}

#[test]
fn a_new_introduction_leaves_what_a_peer_did() {
    let mut model = model();
    for _ in 0..50 {
        model.book(NOW, node(1), Deed::Asked);
    }
    let before = model.peer(&node(1)).unwrap().clone();
    model.meet(NOW, node(1), Introduction::default());
    assert_eq!(model.peer(&node(1)), Some(&before));
    model.meet(NOW, node(1), fixed(0.9));
    assert_eq!(trust_of(&model, 1), 0.9);
    assert_eq!(
        model.peer(&node(1)).unwrap().interactions,
        before.interactions
    );
    model.meet(NOW, node(1), Introduction::default());
    assert_eq!(model.peer(&node(1)), Some(&before));
}

#[test]
fn what_recommendations_teach_is_kept_and_can_be_lost_as_it_was() {
    for (defects, remembered) in [(FidesDefects::default(), 1), (FidesDefects::AS_DEPLOYED, 0)] {
        let mut model = FidesModel::new(FidesConfig {
            defects,
            ..FidesConfig::default()
        });
        model.meet(NOW, node(1), trusted(0.9));
        model.meet(NOW, node(2), Introduction::default());
        assert_eq!(model.recommenders(&node(2)), [node(1)]);
        model.consider(NOW, node(2), &[(node(1), recommendation(0.2))]);
        let recommender = model.peer(&node(1)).unwrap();
        assert_eq!(recommender.recommendations.len(), remembered);
        assert_eq!(recommender.interactions.len(), 2);
        assert!(model.peer(&node(2)).unwrap().reputation < 0.5);
    }
}

#[test]
fn only_who_would_have_been_asked_is_heard_about_a_peer() {
    let mut model = model();
    model.consider(NOW, node(1), &[(node(2), recommendation(0.0))]);
    assert_eq!(model.peer(&node(1)).unwrap().reputation, 0.5);
    model.meet(NOW, node(1), trusted(0.9));
    model.consider(NOW, node(1), &[(node(1), recommendation(1.0))]);
    assert_eq!(model.peer(&node(1)).unwrap().reputation, 0.9);
    let silent = FidesConfig {
        has_recommendations: false,
        ..FidesConfig::default()
    };
    let mut model = FidesModel::new(silent);
    model.meet(NOW, node(1), trusted(0.9));
    assert_eq!(model.recommenders(&node(2)), []);
}

#[test]
fn who_does_not_know_a_peer_does_not_speak_against_it() {
    for (defects, reputation) in [
        (FidesDefects::default(), 0.5),
        (FidesDefects::AS_DEPLOYED, 0.0),
    ] {
        let mut model = FidesModel::new(FidesConfig {
            defects,
            ..FidesConfig::default()
        });
        model.meet(NOW, node(1), trusted(0.9));
        model.meet(NOW, node(2), Introduction::default());
        model.consider(NOW, node(2), &[(node(1), Recommendation::default())]);
        assert_eq!(model.peer(&node(2)).unwrap().reputation, reputation);
    }
}

#[test]
fn it_says_of_others_what_it_counted() {
    let mut model = model();
    model.book(NOW, node(1), Deed::Asked);
    let sort = model.recommend(&node(1)).unwrap().sort;
    assert_eq!((sort.interactions, sort.recommenders), (2, 1));
    assert_eq!(sort.competence, Confidence::FULL);
    assert_eq!(sort.reputation, Confidence::HALF);
}

#[test]
fn who_was_met_before_it_was_restored_is_what_it_was_met_as() {
    let mut model = model();
    model.book(NOW, node(1), Deed::Asked);
    let saved = model.save(&node(1)).unwrap();
    model.meet(NOW, node(1), fixed(0.2));
    assert!(model.restore(node(1), &saved));
    assert_eq!(trust_of(&model, 1), 0.2);
    assert_eq!(model.peer(&node(1)).unwrap().interactions.len(), 2);
}

#[test]
fn what_defects_left_out_of_range_is_mended_when_restored() {
    let mut defective = FidesModel::new(FidesConfig {
        defects: FidesDefects {
            leaves_recommendations_unbounded: true,
            ..FidesDefects::default()
        },
        ..FidesConfig::default()
    });
    defective.meet(NOW, node(1), trusted(0.9));
    defective.meet(NOW, node(2), Introduction::default());
    let slander = Recommendation {
        sort: slander(),
        ..Recommendation::default()
    };
    defective.consider(NOW, node(2), &[(node(1), slander)]);
    assert_close(defective.peer(&node(2)).unwrap().reputation, -0.5);
    let mut mended = FidesModel::default();
    assert!(mended.restore(node(2), &defective.save(&node(2)).unwrap()));
    assert_eq!(mended.peer(&node(2)).unwrap().reputation, 0.0);
}

/// Two strangers.
fn model() -> FidesModel {
    let mut model = FidesModel::default();
    for peer in 1..=2 {
        model.meet(NOW, node(peer), Introduction::default());
    }
    model
}

fn ask(model: &mut FidesModel, scores: &[(u8, f64)]) -> Verdict {
    let voices = scores.iter().map(|(peer, score)| Voice {
        peer: node(*peer),
        opinion: opinion(*score),
        evidence: Evidence::Verified,
    });
    let voices: Vec<_> = voices.collect();
    let case = Case {
        topic: Topic::Other,
        voices: &voices,
        local: None,
    };
    let verdict = model.judge(NOW, &case);
    model.conclude(NOW, &case, &verdict);
    verdict
}

fn opinion(score: f64) -> Opinion {
    Opinion {
        score: Score::clamped(score),
        confidence: Confidence::FULL,
        sightings: 1,
        age: Duration::ZERO,
    }
}

fn recommendation(value: f64) -> Recommendation {
    Recommendation {
        sort: record(value, 80, 20),
        ..Recommendation::default()
    }
}

fn trusted(trust: f64) -> Introduction {
    Introduction {
        pretrust: Confidence::clamped(trust),
        is_fixed: false,
    }
}

fn fixed(trust: f64) -> Introduction {
    Introduction {
        is_fixed: true,
        ..trusted(trust)
    }
}

fn trust_of(model: &FidesModel, peer: u8) -> f64 {
    model.trust_of(NOW, &node(peer)).service_trust.value()
}

fn node(place: u8) -> NodeId {
    NodeId::from_public_key([place; 32])
}
