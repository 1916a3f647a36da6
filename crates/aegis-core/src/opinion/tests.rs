//! What must hold of scores and topics.

use super::{Score, Topic};

#[test]
fn a_score_is_a_number_within_its_range() {
    assert_eq!(Score::new(f64::NAN), None);
    assert_eq!(Score::new(1.000_1), None);
    assert_eq!(Score::new(-1.0), Some(Score::BENIGN));
    assert_eq!(Score::clamped(f64::NAN), Score::UNKNOWN);
    assert_eq!(Score::clamped(f64::INFINITY), Score::MALICIOUS);
    assert_eq!(Score::clamped(-7.0), Score::BENIGN);
}

#[test]
fn every_topic_stands_at_its_index() {
    for (index, topic) in Topic::ALL.into_iter().enumerate() {
        assert_eq!(topic.index(), index, "{topic:?}");
    }
}

#[test]
fn an_invented_threat_type_is_no_fresh_start() {
    let invented = "my_own_words".parse().unwrap();
    assert_eq!(Topic::of(&invented), Topic::Other);
    assert_eq!(Topic::of(&"ddos".parse().unwrap()), Topic::Flood);
    assert_eq!(Topic::of(&"web_attack".parse().unwrap()), Topic::Access);
}
