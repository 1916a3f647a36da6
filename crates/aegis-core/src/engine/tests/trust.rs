//! What earns trust, what loses it, and what is kept of it.

use super::*;
use crate::trust::model::Introduction;

const STRANGERS: u8 = 20;

#[test]
fn a_block_by_the_operator_proves_whoever_said_so_before_right() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    assert_eq!(engine.trust_in(NOW, &STRANGER).influence, 0.0);
    for host in 0..40 {
        let indicator = format!("203.0.113.{host}");
        hear(&mut engine, STRANGER, statement(&indicator));
        order(&mut engine, NOW, block(&indicator, 60)).0.unwrap();
    }
    let trust = engine.trust_in(NOW, &STRANGER);
    assert_eq!((trust.right, trust.wrong), (40, 0));
    assert!(trust.influence > 0.0, "{trust:?}");
}

#[test]
fn whoever_repeats_what_this_node_said_earns_nothing() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    for host in 0..40 {
        let indicator = format!("203.0.113.{host}");
        let subject = subject(&indicator, 60);
        let command = Command::Block {
            subject,
            publish: true,
            force: false,
        };
        order(&mut engine, NOW, command).0.unwrap();
        hear(&mut engine, STRANGER, statement(&indicator));
        order(&mut engine, NOW, block(&indicator, 90)).0.unwrap();
    }
    let trust = engine.trust_in(NOW, &STRANGER);
    assert_eq!((trust.right, trust.wrong), (0, 0));
    assert_eq!(trust.influence, 0.0);
}

#[test]
fn what_may_be_forged_proves_nothing() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    hear(&mut engine, STRANGER, statement(ATTACKER));
    detect(&mut engine, NOW, ATTACKER); // spoofable: anybody could flood in its name
    let trust = engine.trust_in(NOW, &STRANGER);
    assert_eq!((trust.right, trust.wrong), (0, 0));
}

#[test]
fn an_alert_against_the_allowlist_is_held_against_its_author_once() {
    let mut engine = engine();
    let indicator = "198.18.0.7".parse().unwrap();
    let allow = Command::Allow {
        indicator,
        allow_for: None,
        comment: None,
    };
    order(&mut engine, NOW, allow).0.unwrap();
    let before = engine.trust_in(NOW, &LAN_PEER);
    for secs in [60, 61, 62] {
        let lie = Statement {
            block_for: BlockDuration::from_secs(secs).unwrap(),
            ..statement("198.18.0.7")
        };
        assert_eq!(refusals(&hear(&mut engine, LAN_PEER, lie)), ["allowlisted"]);
    }
    let after = engine.trust_in(NOW, &LAN_PEER);
    assert_eq!((after.right, after.wrong), (0, 1));
    assert!(after.influence <= before.influence);
}

#[test]
fn an_honest_peer_that_spoke_of_this_hosts_own_address_loses_nothing() {
    let mut engine = engine();
    hear(&mut engine, LAN_PEER, statement("192.0.2.10"));
    hear(&mut engine, LAN_PEER, statement("192.0.2.1"));
    assert_eq!(engine.trust_in(NOW, &LAN_PEER).wrong, 0);
}

#[test]
fn one_mistake_of_a_lan_peer_does_not_silence_it() {
    let mut engine = engine();
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    let indicator = ATTACKER.parse().unwrap();
    let unblock = Command::Unblock {
        indicator,
        withdraw: false,
    };
    order(&mut engine, NOW, unblock).0.unwrap();
    assert_eq!(engine.trust_in(NOW, &LAN_PEER).wrong, 1);
    hear(&mut engine, LAN_PEER, statement("203.0.113.8"));
    assert!(is_blocked(&engine, "203.0.113.8"));
    for host in 20..25 {
        let indicator = format!("203.0.113.{host}").parse().unwrap();
        let allow = Command::Allow {
            indicator,
            allow_for: None,
            comment: None,
        };
        order(&mut engine, NOW, allow).0.unwrap();
        hear(&mut engine, LAN_PEER, statement(&indicator.to_string()));
    }
    hear(&mut engine, LAN_PEER, statement("203.0.113.9"));
    assert!(
        !is_blocked(&engine, "203.0.113.9"),
        "half a dozen mistakes do"
    );
}

#[test]
fn a_crowd_of_strangers_moves_nothing() {
    let mut engine = engine();
    let stranger = |it: u8| NodeId::from_public_key([100 + it; 32]);
    for it in 0..STRANGERS {
        connect(&mut engine, stranger(it), PeerClass::Dht);
        let refused = refusals(&hear(&mut engine, stranger(it), statement(ATTACKER)));
        assert_eq!(refused, ["not_trusted"]);
    }
    let opinion = engine.network_opinion(NOW, ATTACKER.parse().unwrap());
    hear(&mut engine, stranger(0), statement("203.0.113.99"));
    let alone = engine.network_opinion(NOW, "203.0.113.99".parse().unwrap());
    assert_eq!(opinion.voices.len(), usize::from(STRANGERS));
    assert_eq!(opinion.verdict.probability, alone.verdict.probability);
    assert_eq!(opinion.verdict.voices, 0.0);
}

#[test]
fn a_stranger_cannot_prolong_what_a_trusted_peer_said() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    let short = Statement {
        block_for: BlockDuration::from_secs(300).unwrap(),
        ..statement(ATTACKER)
    };
    hear(&mut engine, LAN_PEER, short);
    let refused = refusals(&hear(&mut engine, STRANGER, statement(ATTACKER)));
    assert_eq!(refused, ["not_trusted"]);
    let checked = engine.check(&ATTACKER.parse().unwrap()).unwrap();
    assert_eq!(checked.expires_at, NOW + Duration::from_secs(300));
}

#[test]
fn the_operator_mutes_and_unmutes_a_peer() {
    let mut engine = engine();
    let set = |engine: &mut Engine, percent: f64| {
        let introduction = Introduction {
            pretrust: crate::Confidence::new(percent).unwrap(),
            is_fixed: false,
        };
        let peer = LAN_PEER;
        order(engine, NOW, Command::Trust { peer, introduction })
            .0
            .unwrap()
    };
    set(&mut engine, 0.0);
    assert_eq!(
        refusals(&hear(&mut engine, LAN_PEER, statement(ATTACKER))),
        ["not_trusted"]
    );
    let Reply::Trusted(standing) = set(&mut engine, 1.0) else {
        panic!("not what was asked for");
    };
    assert!(standing.is_named && standing.trust.influence > 0.0);
    hear(&mut engine, LAN_PEER, statement("203.0.113.8"));
    assert!(is_blocked(&engine, "203.0.113.8"));
    // The preset says otherwise of whoever is met again; the operator's word stands.
    set(&mut engine, 0.0);
    connect(&mut engine, LAN_PEER, PeerClass::Lan);
    assert_eq!(
        engine
            .peer_trust(NOW, &LAN_PEER)
            .introduction
            .pretrust
            .value(),
        0.0
    );
    let Reply::Forgotten { was_known: true } = order(&mut engine, NOW, Command::Forget(LAN_PEER))
        .0
        .unwrap()
    else {
        panic!("nothing was forgotten");
    };
    assert_eq!(
        engine
            .peer_trust(NOW, &LAN_PEER)
            .introduction
            .pretrust
            .value(),
        1.0
    );
}

#[test]
fn what_a_peer_said_and_what_was_true_is_told() {
    let mut engine = engine();
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    hear(&mut engine, LAN_PEER, statement("203.0.113.8"));
    let outputs = order(&mut engine, NOW, block(ATTACKER, 60)).1;
    let moved = outputs.iter().any(|it| {
        matches!(it, Output::Notify(Notice::TrustMoved { peer, truth: crate::Truth::Malicious, .. })
            if *peer == LAN_PEER)
    });
    assert!(moved);
    let standing = engine.peer_trust(NOW, &LAN_PEER);
    assert_eq!(standing.judged.len(), 1);
    assert_eq!(standing.judged[0].indicator, ATTACKER.parse().unwrap());
    assert_eq!(standing.open, 1);
    assert!(!standing.trend.is_empty());
}

#[test]
fn allowances_grow_with_what_was_right_and_shrink_with_what_was_wrong() {
    use crate::{Allowance, trust::model::PeerTrust};
    let earned = |class, right, wrong| {
        let trust = PeerTrust {
            right,
            wrong,
            ..PeerTrust::default()
        };
        Allowance::earned(class, &trust).active_max
    };
    assert_eq!(earned(PeerClass::Dht, 0, 0), 0);
    assert_eq!(earned(PeerClass::Dht, 50, 0), 2_500);
    assert_eq!(earned(PeerClass::Dht, 50, 5), 0);
    assert_eq!(earned(PeerClass::Lan, 0, 0), 5_000);
    assert_eq!(earned(PeerClass::Lan, 1_000, 0), 20_000);
    assert_eq!(earned(PeerClass::Lan, 0, u64::MAX), 5_000);
}

#[test]
fn nobody_is_heard_about_himself() {
    let mut engine = engine();
    let ip = "203.0.113.77";
    let address = (format!("/ip4/{ip}/tcp/9001"), ip.parse().ok());
    let input = Input::PeerConnected {
        peer: STRANGER,
        class: PeerClass::Dht,
        address,
    };
    run(&mut engine, NOW, input);
    hear(&mut engine, STRANGER, statement(ip));
    let opinion = engine.network_opinion(NOW, ip.parse().unwrap());
    assert!(opinion.voices.is_empty());
}

#[test]
fn dovecot_hears_what_detectors_think_of_a_peers_address() {
    let mut engine = Engine::new(EngineConfig {
        node: NODE,
        policy: Policy::default(),
        ask: AskPolicy::default(),
        model: Box::new(crate::trust::dovecot::DovecotModel::default()),
        preset: Preset::Open,
        pretrust: BTreeMap::new(),
        configured_addresses: Vec::new(),
        blocks_max: 100,
        seed: 1,
    });
    let ip = "203.0.113.77";
    let address = (format!("/ip4/{ip}/tcp/9001"), ip.parse().ok());
    let input = Input::PeerConnected {
        peer: STRANGER,
        class: PeerClass::Dht,
        address,
    };
    run(&mut engine, NOW, input);
    let before = engine.trust_in(NOW, &STRANGER).service_trust;
    detect(&mut engine, NOW, ip);
    let after = engine.trust_in(NOW, &STRANGER).service_trust;
    assert!(after < before, "{after:?} of {before:?}");
}

#[test]
fn what_may_be_forged_and_whoever_was_never_met_is_not_held_to_the_allowlist() {
    let mut engine = engine();
    let allow = Command::Allow {
        indicator: "198.18.0.7".parse().unwrap(),
        allow_for: None,
        comment: None,
    };
    order(&mut engine, NOW, allow).0.unwrap();
    let forged = Statement {
        evidence: Evidence::Spoofable,
        ..statement("198.18.0.7")
    };
    hear(&mut engine, LAN_PEER, forged);
    assert_eq!(engine.trust_in(NOW, &LAN_PEER).wrong, 0);
    hear(&mut engine, STRANGER, statement("198.18.0.7"));
    assert_eq!(engine.trust_in(NOW, &STRANGER).wrong, 0);
    assert_eq!(
        engine
            .casebook
            .file(&"198.18.0.7".parse().unwrap())
            .unwrap()
            .voices()
            .count(),
        0
    );
}
