//! This host's own detectors, and what is shared of them.

use super::*;

#[test]
fn a_detection_blocks_and_is_shared_once() {
    let mut engine = engine();
    let outputs = detect(&mut engine, NOW, ATTACKER);
    let alerts = published(&outputs);
    assert_eq!(alerts.len(), 1);
    let said = alerts[0].statement();
    assert_eq!(
        (said.evidence, said.severity.value()),
        (Evidence::Spoofable, 6)
    );
    assert_eq!(said.block_for.as_secs(), 600);
    assert!(is_blocked(&engine, ATTACKER));
    assert!(
        published(&detect(&mut engine, NOW, ATTACKER)).is_empty(),
        "said already"
    );
}

#[test]
fn nothing_is_shared_unless_the_operator_wants_it() {
    let mut engine = engine_with(Policy::default());
    assert!(published(&detect(&mut engine, NOW, ATTACKER)).is_empty());
    assert!(is_blocked(&engine, ATTACKER));
}

#[test]
fn repetition_costs_more_each_time() {
    let mut engine = engine();
    let mut now = NOW;
    for secs in [600, 1200, 2400] {
        detect(&mut engine, now, ATTACKER);
        let checked = engine.check(&ATTACKER.parse().unwrap()).unwrap();
        assert_eq!(checked.expires_at, now + Duration::from_secs(secs));
        pass(&mut engine, checked.expires_at);
        now = checked.expires_at;
    }
}

#[test]
fn a_flood_forged_in_a_protected_name_blocks_nobody_and_is_undone_in_the_kernel() {
    let mut engine = engine();
    for indicator in [
        "192.0.2.1",
        "192.0.2.53",
        "192.0.2.10",
        "198.51.100.7",
        "127.0.0.1",
    ] {
        let outputs = detect(&mut engine, NOW, indicator);
        assert_eq!(refusals(&outputs), ["protected"], "{indicator}");
        assert_eq!(
            changes(&outputs),
            [Change::Unblock(indicator.parse().unwrap())]
        );
        assert!(published(&outputs).is_empty(), "{indicator}");
    }
}

#[test]
fn a_configured_peer_that_floods_is_blocked_briefly() {
    let mut engine = engine();
    detect(&mut engine, NOW, "198.51.100.99");
    let checked = engine.check(&"198.51.100.99".parse().unwrap()).unwrap();
    assert_eq!(checked.expires_at, NOW + Duration::from_secs(60));
}

#[test]
fn a_spoofed_flood_does_not_become_a_flood_of_alerts() {
    let mut engine = engine();
    engine.blocks_max = 10_000;
    let host = |it: u32| std::net::Ipv4Addr::from(0xCB00_0000 + it).to_string();
    let shared: usize = (0..2_000)
        .map(|it| published(&detect(&mut engine, NOW, &host(it))).len())
        .sum();
    assert_eq!(shared, PUBLISH_BURST as usize);
    assert_eq!(engine.counters().withheld, 1_500);
}

#[test]
fn a_peer_just_met_is_told_what_this_node_still_says() {
    let mut engine = engine();
    let alerts = published(&detect(&mut engine, NOW, ATTACKER));
    let outputs = connect(&mut engine, STRANGER, PeerClass::Lan);
    assert!(outputs.contains(&Output::Push {
        peer: STRANGER,
        alerts
    }));
    let again = connect(&mut engine, STRANGER, PeerClass::Lan);
    assert!(
        !again.iter().any(|it| matches!(it, Output::Push { .. })),
        "once per meeting"
    );
}

#[test]
fn an_address_that_becomes_the_gateway_is_freed() {
    let mut engine = engine();
    detect(&mut engine, NOW, ATTACKER);
    let gateways = [ATTACKER.parse().unwrap()].into();
    let facts = HostFacts {
        gateways,
        ..HostFacts::default()
    };
    let outputs = run(&mut engine, NOW, Input::HostChanged(facts));
    assert!(changes(&outputs).contains(&Change::Unblock(ATTACKER.parse().unwrap())));
    assert!(!is_blocked(&engine, ATTACKER));
}
