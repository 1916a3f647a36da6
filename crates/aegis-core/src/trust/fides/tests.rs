//! Tests of `fides`. The originals' own numbers are the vectors of `aegis-sim`; here are those
//! that its author worked out beside them, what was mended, and what must hold whatever happens.

mod model;
mod property;

use std::num::{NonZeroU8, NonZeroU32};

use super::aggregation::{Aggregation, Answer, FidesOpinion};
use super::evaluation::{Baseline, Evaluation};
use super::service::{Beliefs, Interaction};
use super::*;
use crate::Confidence;
use crate::trust::model::SortRecord;

#[test]
fn trust_in_a_service_follows_from_its_history() {
    let mixed = [(1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (0.8, 0.5), (0.2, 0.3)];
    let (cb, ib) = (0.515_789_473_684_210_6, 0.311_435_998_502_798_2);
    check(&mixed, 0.5, 100, (cb, ib, 0.493_003_573_721_640_55));
    let short = [(0.9, 0.1), (0.9, 1.0), (0.3, 0.7)];
    let (cb, ib) = (0.666_666_666_666_666_6, 0.299_406_820_971_808_2);
    check(&short, 0.95, 10, (cb, ib, 0.820_088_976_854_228_7));
    check(&[(1.0, 0.1)], 0.5, 100, (1.0, 0.9, 0.5005));
}

#[test]
fn whoever_only_asks_is_trusted_by_three_quarters() {
    check(&[(1.0, 0.5); 100], 0.0, 100, (1.0, 0.5, 0.75));
    check(&[(1.0, 0.7); 100], 0.0, 100, (1.0, 0.3, 0.85));
}

#[test]
fn a_history_that_weighs_nothing_comes_to_nothing() {
    assert_eq!(service::beliefs(&[]), Beliefs::default());
    let weightless = [interaction((1.0, 0.0)); 3];
    assert_eq!(service::beliefs(&weightless), Beliefs::default());
}

#[test]
fn where_nobody_is_trusted_nothing_is_known() {
    let answer = Answer {
        opinion: opinion(0.9, 0.9),
        trust: 0.0,
    };
    let aggregate = |aggregation, answers: &[Answer]| aggregation::aggregate(aggregation, answers);
    let known = aggregate(Aggregation::Average, &[answer; 2]);
    assert_eq!(known, Some(FidesOpinion::default()));
    assert_eq!(aggregate(Aggregation::WeightedAverage, &[answer; 2]), None);
    assert_eq!(
        aggregate(Aggregation::DeviationFromScore, &[answer; 2]),
        None
    );
    assert_eq!(aggregate(Aggregation::Average, &[]), None);
}

#[test]
fn whoever_answers_without_confidence_is_never_found_wanting() {
    let baseline = Baseline {
        network: opinion(0.6, 0.8),
        local: None,
        even: 1.0,
    };
    let rate = |score, confidence| {
        let answer = opinion(score, confidence);
        evaluation::satisfaction(Evaluation::Distance, &baseline, answer)
    };
    assert_close(rate(-1.0, 0.0), 0.8);
    assert_close(rate(0.9, 0.9), 0.692);
    assert_close(rate(-0.9, 0.9), 0.26);
}

#[test]
fn trust_in_recommenders_and_their_subject_stays_in_range() {
    let config = FidesConfig::default();
    let answers = [(0.9, record(0.05, 60, 10)), (0.01, record(1.0, 100, 100))];
    let estimate = recommendation::estimate(&config, &answers);
    let liar = recommendation::rate(&config, &estimate, &answers[1].1);
    assert_eq!(liar.satisfaction, 0.0);
    let unbounded = FidesConfig {
        defects: FidesDefects::AS_DEPLOYED,
        ..config
    };
    let liar = recommendation::rate(&unbounded, &estimate, &answers[1].1);
    assert!(liar.satisfaction < -1.0, "{liar:?}");
    let slandered = [(0.9, slander())];
    let estimate = recommendation::estimate(&config, &slandered);
    assert_eq!(recommendation::reputation(&config, &estimate), 0.0);
    assert_close(recommendation::reputation(&unbounded, &estimate), -0.5);
}

#[test]
fn nobody_is_believed_to_have_been_through_more_than_can_be_counted() {
    let config = FidesConfig::default();
    let boast = SortRecord {
        interactions: u32::MAX,
        recommenders: u32::MAX,
        ..record(1.0, 0, 0)
    };
    let boasted = recommendation::estimate(&config, &[(0.5, boast)]);
    let counted = recommendation::estimate(&config, &[(0.5, record(1.0, 100, 100))]);
    assert_eq!(boasted, counted);
}

#[test]
fn the_most_trusted_are_asked_about_a_peer() {
    let peer = |recommendation_trust, service_trust| FidesPeer {
        service_trust,
        recommendation_trust,
        ..FidesPeer::default()
    };
    let peers = [peer(0.8, 0.1), peer(0.1, 0.9), peer(0.7, 0.7)];
    let [a, b, c] = [('a', &peers[0]), ('b', &peers[1]), ('c', &peers[2])];
    let config = FidesConfig::default();
    assert_eq!(selection::recommenders(&config, &[a, b, c]), ['b', 'a']);
    assert_eq!(selection::recommenders(&config, &[c]), [' '; 0]);
    let strict = FidesConfig {
        recommenders_min: 3,
        ..config
    };
    assert_eq!(selection::recommenders(&strict, &[a, b, c]), [' '; 0]);
    let by_deviation = FidesConfig {
        selection: Selection::Deviation,
        recommenders_max: NonZeroU32::new(2).unwrap(),
        ..config
    };
    assert_eq!(
        selection::recommenders(&by_deviation, &[a, b, c]),
        ['a', 'c']
    );
    assert_eq!(
        selection::recommenders::<char>(&by_deviation, &[]),
        [' '; 0]
    );
}

#[test]
fn enforced_trust_is_what_was_said_and_not_more() {
    let distrusted = Pretrusted {
        trust: 0.1,
        is_enforced: true,
    };
    let mended = FidesConfig::default();
    let deployed = FidesConfig {
        defects: FidesDefects::AS_DEPLOYED,
        ..mended
    };
    for (config, trust) in [(mended, 0.1), (deployed, 0.5)] {
        let peer = FidesPeer::met(&config, Some(distrusted), &[]);
        assert_eq!((peer.service_trust, peer.is_fixed), (trust, true));
    }
    let trusted = Pretrusted {
        trust: 0.9,
        is_enforced: false,
    };
    let peer = FidesPeer::met(&mended, None, &[distrusted, trusted]);
    assert_eq!((peer.reputation, peer.recommenders), (0.9, 3));
    assert_close(peer.service_trust, 0.8965);
}

#[track_caller]
fn check(history: &[(f64, f64)], reputation: f64, history_max: u8, expected: (f64, f64, f64)) {
    let history: Vec<_> = history.iter().map(|it| interaction(*it)).collect();
    let beliefs = service::beliefs(&history);
    let fullness = service::fullness(&history, NonZeroU8::new(history_max).unwrap());
    let trust = service::trust(beliefs, fullness, reputation);
    assert_close(beliefs.competence, expected.0);
    assert_close(beliefs.integrity, expected.1);
    assert_close(trust, expected.2);
}

#[track_caller]
fn assert_close(actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() <= 1e-12,
        "want {expected}, have {actual}"
    );
}

fn interaction((satisfaction, weight): (f64, f64)) -> Interaction {
    Interaction {
        satisfaction,
        weight,
    }
}

fn opinion(score: f64, confidence: f64) -> FidesOpinion {
    FidesOpinion { score, confidence }
}

/// A recommendation whose numbers are all `value`.
fn record(value: f64, interactions: u32, recommenders: u32) -> SortRecord {
    SortRecord {
        competence: Confidence::clamped(value),
        integrity: Confidence::clamped(value),
        interactions,
        reputation: Confidence::clamped(value),
        recommenders,
    }
}

/// What a recommender says who wants somebody to be distrusted.
fn slander() -> SortRecord {
    SortRecord {
        integrity: Confidence::FULL,
        ..record(0.0, 100, 0)
    }
}
