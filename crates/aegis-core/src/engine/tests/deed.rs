//! Deeds: what breaks the protocol is held against whoever did it, where the model weighs deeds.

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
