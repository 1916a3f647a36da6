//! Deeds: what breaks the protocol is held against whoever did it.

use super::*;
use crate::trust::dovecot::DovecotModel;

#[test]
fn misbehaviour_costs_the_one_who_did_it_and_nobody_else() {
    let mut engine = engine();
    engine.trust.model = Box::new(DovecotModel::default());
    connect(&mut engine, STRANGER, PeerClass::Dht);
    let trust = |engine: &Engine, peer| engine.peer_trust(NOW, &peer).trust.service_trust.value();
    let before = (trust(&engine, LAN_PEER), trust(&engine, STRANGER));
    run(&mut engine, NOW, Input::Misbehaved(STRANGER));
    assert_eq!(trust(&engine, LAN_PEER), before.0);
    assert!(trust(&engine, STRANGER) < before.1);
    // Of somebody who was never met nothing is kept.
    let unknown = NodeId::from_public_key([77; 32]);
    let never = trust(&engine, unknown);
    run(&mut engine, NOW, Input::Misbehaved(unknown));
    assert_eq!(trust(&engine, unknown), never);
}

#[test]
fn misbehaviour_weighs_on_a_word_that_was_trusted_and_is_kept() {
    let mut engine = engine();
    let trust = |engine: &Engine, peer| engine.peer_trust(NOW, &peer).trust;
    let before = trust(&engine, LAN_PEER);
    assert!(before.influence > 0.0);
    run(&mut engine, NOW, Input::Misbehaved(LAN_PEER));
    let after = trust(&engine, LAN_PEER);
    assert_eq!(after.influence, before.influence / 2.0);
    assert_eq!((after.misdeeds, after.penalty.percent()), (1, 50));
    let kept = pass(&mut engine, NOW + Duration::from_secs(6));
    let kept = kept.iter().find_map(|it| {
        let Output::Persist(Record::TrustKept(kept)) = it else {
            return None;
        };
        (kept.peer == LAN_PEER).then(|| kept.clone())
    });
    assert_eq!(kept.expect("a restart does not wash it off").trend.len(), 2);
    // A stranger has nothing to lose, and nothing moves by it.
    connect(&mut engine, STRANGER, PeerClass::Dht);
    run(&mut engine, NOW, Input::Misbehaved(STRANGER));
    assert_eq!(trust(&engine, STRANGER).influence, 0.0);
    assert_eq!(trust(&engine, LAN_PEER), after);
}
