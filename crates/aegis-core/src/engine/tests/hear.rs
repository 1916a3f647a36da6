//! Alerts of other nodes.

use super::*;
use crate::engine::host::LOCAL_PEER_FOR;

#[test]
fn a_lan_peers_alert_blocks_until_it_expires_and_not_a_tick_longer() {
    let mut engine = engine();
    let outputs = hear(&mut engine, LAN_PEER, statement(ATTACKER));
    let expires_at = NOW + Duration::from_secs(3600);
    let indicator = ATTACKER.parse().unwrap();
    assert_eq!(
        changes(&outputs),
        [Change::Block {
            indicator,
            expires_at
        }]
    );
    let before = pass(&mut engine, expires_at - Duration::from_millis(1));
    assert!(changes(&before).is_empty());
    let outputs = pass(&mut engine, expires_at);
    assert_eq!(changes(&outputs), [Change::Unblock(indicator)]);
    pass(&mut engine, expires_at + Duration::from_secs(86_400));
    run(&mut engine, NOW, Input::PeerLeft(LAN_PEER));
    assert_eq!(engine.poll_timeout(), None, "nothing is left behind");
}

#[test]
fn what_is_enforced_is_on_disk_first() {
    let outputs = hear(&mut engine(), LAN_PEER, statement(ATTACKER));
    let position = |wanted: fn(&Output) -> bool| outputs.iter().position(wanted).unwrap();
    let alert = position(|it| matches!(it, Output::Persist(Record::AlertAdded { .. })));
    let decision = position(|it| matches!(it, Output::Persist(Record::DecisionMade(_))));
    let enforced = position(|it| matches!(it, Output::Enforce(_)));
    assert!(alert < enforced && decision < enforced);
}

#[test]
fn a_strangers_word_weighs_nothing() {
    let mut engine = engine();
    assert_eq!(
        refusals(&hear(&mut engine, STRANGER, statement(ATTACKER))),
        ["not_trusted"]
    );
    connect(&mut engine, STRANGER, PeerClass::Dht);
    let other = "203.0.113.8";
    assert_eq!(
        refusals(&hear(&mut engine, STRANGER, statement(other))),
        ["not_trusted"]
    );
    assert!(!is_blocked(&engine, ATTACKER) && !is_blocked(&engine, other));
}

#[test]
fn a_peer_cannot_block_what_the_host_stands_on() {
    let mut engine = engine();
    let check = |engine: &mut Engine, indicator: &str, code: &str| {
        let outputs = hear(engine, LAN_PEER, statement(indicator));
        assert_eq!(refusals(&outputs), [code], "{indicator}");
        assert!(changes(&outputs).is_empty(), "{indicator}");
    };
    for indicator in [
        "127.0.0.1",
        "192.0.2.1",
        "192.0.2.10",
        "192.0.2.53",
        "198.51.100.7",
    ] {
        check(&mut engine, indicator, "protected");
    }
    check(&mut engine, "0.0.0.0/0", "too_wide");
    check(&mut engine, "198.51.100.99", "configured_peer");
    check(&mut engine, "203.0.112.0/23", "too_wide");
}

#[test]
fn who_comes_from_ever_other_addresses_leaves_no_neighbour_unprotected() {
    const NEIGHBOUR: NodeId = NodeId::from_public_key([20; 32]);
    let meet = |engine: &mut Engine, peer, ip: u32| {
        let ip = std::net::Ipv4Addr::from(ip).into();
        let met = Input::PeerConnected {
            peer,
            class: PeerClass::Lan,
            address: (format!("/ip4/{ip}/tcp/9001"), Some(ip)),
        };
        run(engine, NOW, met);
    };
    let refused = |engine: &mut Engine, indicator: &str| {
        let alert = sign(LAN_PEER, statement(indicator));
        let input = Input::AlertReceived {
            alert,
            forwarder: LAN_PEER,
            channel: Channel::Gossip,
        };
        refusals(&run(engine, NOW, input))
    };
    let mut engine = engine();
    meet(&mut engine, NEIGHBOUR, 0xc0a8_0114); // 192.168.1.20
    let restless = NodeId::from_public_key([21; 32]);
    for host in 0..10_001 {
        meet(&mut engine, restless, 0x0a00_0001 + host);
    }
    let newcomer = NodeId::from_public_key([22; 32]);
    meet(&mut engine, newcomer, 0xc0a8_0115); // 192.168.1.21
    for indicator in ["192.168.1.20", "192.168.1.21"] {
        assert_eq!(
            refused(&mut engine, indicator),
            ["local_peer"],
            "{indicator}"
        );
    }
}

#[test]
fn the_word_of_one_neighbour_does_not_part_the_others() {
    const NEIGHBOUR: NodeId = NodeId::from_public_key([20; 32]);
    let meet = |engine: &mut Engine, class, ip: &str| {
        let address = (format!("/ip4/{ip}/tcp/9001"), Some(ip.parse().unwrap()));
        let peer = NEIGHBOUR;
        let met = Input::PeerConnected {
            peer,
            class,
            address,
        };
        run(engine, NOW, met);
    };
    let hear_at = |engine: &mut Engine, now: Timestamp, indicator: &str| {
        let statement = Statement {
            stated_at: now,
            ..statement(indicator)
        };
        let alert = sign(LAN_PEER, statement);
        let (forwarder, channel) = (LAN_PEER, Channel::Gossip);
        let input = Input::AlertReceived {
            alert,
            forwarder,
            channel,
        };
        refusals(&run(engine, now, input))
    };
    let mut engine = engine();
    // That it is a neighbour may turn out only later.
    meet(&mut engine, PeerClass::Dht, "192.168.1.20");
    let address = (String::new(), None);
    let (peer, class) = (NEIGHBOUR, PeerClass::Lan);
    let neighbour = Input::PeerConnected {
        peer,
        class,
        address,
    };
    run(&mut engine, NOW, neighbour);
    for indicator in ["192.168.1.20", "192.168.1.0/24"] {
        assert_eq!(hear_at(&mut engine, NOW, indicator), ["local_peer"]);
    }
    assert_eq!(hear_at(&mut engine, NOW, "192.168.1.21"), [""; 0]);
    // It may have left only to start again.
    run(&mut engine, NOW, Input::PeerLeft(NEIGHBOUR));
    let soon = NOW + LOCAL_PEER_FOR - Duration::from_secs(1);
    assert_eq!(hear_at(&mut engine, soon, "192.168.1.20"), ["local_peer"]);
    let later = NOW + LOCAL_PEER_FOR;
    assert_eq!(hear_at(&mut engine, later, "192.168.1.20"), [""; 0]);

    // What this node saw itself, and whoever came from anywhere, is another matter.
    let mut engine = self::engine();
    meet(&mut engine, PeerClass::Lan, "192.168.1.20");
    detect(&mut engine, NOW, "192.168.1.20");
    assert!(engine.check(&"192.168.1.20".parse().unwrap()).is_some());
    meet(&mut engine, PeerClass::Dht, "203.0.113.20");
    assert_eq!(hear_at(&mut engine, NOW, "203.0.113.20"), [""; 0]);
}

#[test]
fn private_ranges_are_for_neighbours() {
    let mut engine = engine();
    assert!(refusals(&hear(&mut engine, LAN_PEER, statement("192.168.1.100"))).is_empty());
    let outputs = hear(&mut engine, STRANGER, statement("192.168.1.101"));
    assert_eq!(refusals(&outputs), ["private_range"]);
}

#[test]
fn mild_alerts_do_not_block() {
    let mut engine = engine();
    let mild = Statement {
        severity: Severity::new(4).unwrap(),
        ..statement(ATTACKER)
    };
    assert_eq!(
        refusals(&hear(&mut engine, LAN_PEER, mild)),
        ["below_severity"]
    );
    let enough = Statement {
        severity: Severity::MEDIUM,
        ..statement(ATTACKER)
    };
    assert!(refusals(&hear(&mut engine, LAN_PEER, enough)).is_empty());
}

#[test]
fn unproven_evidence_blocks_for_five_minutes_at_most() {
    let mut engine = engine();
    let spoofable = Statement {
        evidence: Evidence::Spoofable,
        ..statement(ATTACKER)
    };
    hear(&mut engine, LAN_PEER, spoofable);
    let checked = engine.check(&ATTACKER.parse().unwrap()).unwrap();
    assert_eq!(checked.expires_at, NOW + Duration::from_secs(300));
}

#[test]
fn unproven_evidence_does_not_touch_who_answered_here() {
    let mut engine = engine();
    run(
        &mut engine,
        NOW,
        Input::Established(vec![ATTACKER.parse().unwrap()]),
    );
    let spoofable = Statement {
        evidence: Evidence::Spoofable,
        ..statement(ATTACKER)
    };
    assert_eq!(
        refusals(&hear(&mut engine, LAN_PEER, spoofable)),
        ["established"]
    );
    assert!(refusals(&hear(&mut engine, LAN_PEER, statement(ATTACKER))).is_empty());
}

#[test]
fn an_author_spends_its_burst_and_others_do_not_notice() {
    let mut engine = engine();
    engine.blocks_max = 10_000;
    let other = NodeId::from_public_key([9; 32]);
    connect(&mut engine, other, PeerClass::Lan);
    let host = |it: u32| std::net::Ipv4Addr::from(0xCB00_0000 + it).to_string();
    let refused =
        (0..1_100).flat_map(|it| refusals(&hear(&mut engine, LAN_PEER, statement(&host(it)))));
    assert_eq!(refused.collect::<Vec<_>>(), ["too_fast"; 100]);
    assert!(refusals(&hear(&mut engine, other, statement("198.18.0.1"))).is_empty());
}

#[test]
fn an_author_holds_five_thousand_blocks_at_most() {
    let mut engine = engine();
    engine.blocks_max = 10_000;
    let mut now = NOW;
    for host in 0..5_001_u32 {
        now = now + Duration::from_millis(50); // within its rate
        let indicator = std::net::Ipv4Addr::from(0xCB00_0000 + host).to_string();
        let alert = sign(
            LAN_PEER,
            Statement {
                stated_at: now,
                ..statement(&indicator)
            },
        );
        let input = Input::AlertReceived {
            alert,
            forwarder: LAN_PEER,
            channel: Channel::Gossip,
        };
        let outputs = run(&mut engine, now, input);
        let expected: &[&str] = if host < 5_000 { &[] } else { &["budget_spent"] };
        assert_eq!(refusals(&outputs), expected, "{host}");
    }
}

#[test]
fn the_author_takes_an_alert_back_and_nobody_else_can() {
    let mut engine = engine();
    let alert = sign(LAN_PEER, statement(ATTACKER));
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    let withdrawal = Statement {
        withdraws: Some(alert.id()),
        ..statement(ATTACKER)
    };
    hear(&mut engine, STRANGER, withdrawal.clone());
    assert!(is_blocked(&engine, ATTACKER));
    hear(&mut engine, LAN_PEER, withdrawal);
    assert!(!is_blocked(&engine, ATTACKER));
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    assert!(
        !is_blocked(&engine, ATTACKER),
        "a withdrawn alert does not come back"
    );
}

#[test]
fn a_withdrawal_that_comes_first_wins_too() {
    let mut engine = engine();
    let alert = sign(LAN_PEER, statement(ATTACKER));
    hear(
        &mut engine,
        LAN_PEER,
        Statement {
            withdraws: Some(alert.id()),
            ..statement(ATTACKER)
        },
    );
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    assert!(!is_blocked(&engine, ATTACKER));
}

#[test]
fn a_block_stands_while_one_author_still_holds_it() {
    let mut engine = engine();
    let other = NodeId::from_public_key([9; 32]);
    connect(&mut engine, other, PeerClass::Lan);
    let alert = sign(LAN_PEER, statement(ATTACKER));
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    let short = Statement {
        block_for: BlockDuration::from_secs(60).unwrap(),
        ..statement(ATTACKER)
    };
    hear(&mut engine, other, short);
    let withdrawal = Statement {
        withdraws: Some(alert.id()),
        ..statement(ATTACKER)
    };
    let outputs = hear(&mut engine, LAN_PEER, withdrawal);
    let (indicator, expires_at) = (ATTACKER.parse().unwrap(), NOW + Duration::from_secs(60));
    assert_eq!(
        changes(&outputs),
        [Change::Block {
            indicator,
            expires_at
        }]
    );
}

#[test]
fn late_and_impossible_times_do_not_count() {
    let mut engine = engine();
    for offset in [-301, -4000, 301] {
        let stated_at = Timestamp::from_secs(NOW.as_secs().saturating_add_signed(offset));
        let outputs = hear(
            &mut engine,
            LAN_PEER,
            Statement {
                stated_at,
                ..statement(ATTACKER)
            },
        );
        assert_eq!(outputs, [], "{offset}");
    }
}

#[test]
fn an_alert_counts_once_however_often_it_comes() {
    let mut engine = engine();
    assert!(!hear(&mut engine, LAN_PEER, statement(ATTACKER)).is_empty());
    assert_eq!(hear(&mut engine, LAN_PEER, statement(ATTACKER)), []);
}

#[test]
fn a_full_table_refuses_peers_and_makes_room_for_the_host_itself() {
    let mut engine = engine();
    for host in 0..100 {
        hear(
            &mut engine,
            LAN_PEER,
            statement(&format!("198.18.0.{host}")),
        );
    }
    assert_eq!(
        refusals(&hear(&mut engine, LAN_PEER, statement(ATTACKER))),
        ["table_full"]
    );
    detect(&mut engine, NOW, ATTACKER);
    assert!(is_blocked(&engine, ATTACKER));
    assert_eq!(engine.blocks().count(), 100);
}

/// What whoever joins hears first from others, before it knows whom its author is to it.
#[test]
fn what_a_peer_said_before_it_was_known_to_be_believed_blocks_once_it_is() {
    for class in [PeerClass::Lan, PeerClass::Configured] {
        let mut engine = engine();
        connect(&mut engine, STRANGER, PeerClass::Dht);
        let heard = hear(&mut engine, STRANGER, statement(ATTACKER));
        assert_eq!(refusals(&heard), ["not_trusted"]);
        let low = Statement {
            severity: Severity::new(1).unwrap(),
            ..statement("203.0.113.8")
        };
        assert_eq!(
            refusals(&hear(&mut engine, STRANGER, low)),
            ["below_severity"]
        );
        connect(&mut engine, STRANGER, PeerClass::Dht);
        assert_eq!(engine.again_due(), None, "it is no more than it was");

        connect(&mut engine, STRANGER, class);
        assert_eq!(engine.poll_timeout(), Some(NOW));
        let outputs = pass(&mut engine, NOW);
        let indicator = ATTACKER.parse().unwrap();
        assert!(matches!(
            changes(&outputs)[..],
            [Change::Block { indicator: it, .. }] if it == indicator
        ));
        assert_eq!(engine.again_due(), None);
        assert!(
            !is_blocked(&engine, "203.0.113.8"),
            "its severity is what it was"
        );
    }
}

#[test]
fn much_is_judged_again_in_more_than_one_go() {
    let mut engine = engine();
    for host in 0..300_u32 {
        let address = std::net::Ipv4Addr::from(0xc606_0000 + host).to_string();
        hear(&mut engine, STRANGER, statement(&address));
    }
    connect(&mut engine, STRANGER, PeerClass::Configured);
    engine.handle_timeout(NOW);
    let first = changes(&drain(&mut engine, NOW)).len();
    assert!(first > 0 && first < 300, "{first}");
    assert_eq!(engine.again_due(), Some(NOW + Duration::from_millis(1)));
    pass(&mut engine, NOW + Duration::from_millis(1));
    assert_eq!(engine.again_due(), None);
}

#[test]
fn what_ended_before_it_was_judged_again_blocks_nothing() {
    let mut engine = engine();
    hear(&mut engine, STRANGER, statement(ATTACKER));
    connect(&mut engine, STRANGER, PeerClass::Lan);
    let later = NOW + Duration::from_secs(3600);
    engine.handle_timeout(later);
    assert!(changes(&drain(&mut engine, later)).is_empty());
    assert_eq!(engine.again_due(), None);
}
