//! What the operator orders.

use super::*;

#[test]
fn block_and_publish_block_here_and_tell_others() {
    let mut engine = engine();
    let command = Command::Block {
        subject: subject(ATTACKER, 300),
        publish: true,
        force: false,
    };
    let (reply, outputs) = order(&mut engine, NOW, command);
    let alert = published(&outputs).pop().map(|it| it.id());
    let (indicator, block_for) = (ATTACKER.parse().unwrap(), Duration::from_secs(300));
    assert_eq!(
        reply,
        Ok(Reply::Blocked {
            indicator,
            block_for,
            alert
        })
    );
    assert!(alert.is_some() && is_blocked(&engine, ATTACKER));
}

#[test]
fn publish_tells_others_and_blocks_nothing_here() {
    let mut engine = engine();
    let (reply, outputs) = order(
        &mut engine,
        NOW,
        Command::Publish {
            subject: subject(ATTACKER, 300),
            force: false,
        },
    );
    assert!(matches!(reply, Ok(Reply::Published(_))));
    assert_eq!(published(&outputs).len(), 1);
    assert!(changes(&outputs).is_empty() && !is_blocked(&engine, ATTACKER));
}

#[test]
fn the_operator_cannot_cut_the_host_off() {
    let mut engine = engine();
    for force in [false, true] {
        for (indicator, code) in [
            ("127.0.0.1", "protected"),
            ("192.0.2.1", "protected"),
            ("192.0.2.10", "protected"),
            ("198.51.100.7", "protected"),
            ("0.0.0.0/0", "too_wide"),
            ("8.0.0.0/7", "too_wide"),
            ("2a00::/16", "too_wide"),
        ] {
            let command = Command::Block {
                subject: subject(indicator, 300),
                publish: true,
                force,
            };
            let (reply, outputs) = order(&mut engine, NOW, command);
            assert_eq!(reply.unwrap_err().code(), code, "{indicator}");
            assert!(
                changes(&outputs).is_empty() && published(&outputs).is_empty(),
                "{indicator}"
            );
        }
    }
}

#[test]
fn a_configured_peer_is_blocked_by_force_alone() {
    let mut engine = engine();
    let (reply, _) = order(&mut engine, NOW, block("198.51.100.99", 300));
    assert_eq!(reply.unwrap_err().code(), "configured_peer");
    let subject = subject("198.51.100.99", 300);
    let (reply, _) = order(
        &mut engine,
        NOW,
        Command::Block {
            subject,
            publish: false,
            force: true,
        },
    );
    assert!(reply.is_ok() && is_blocked(&engine, "198.51.100.99"));
}

#[test]
fn the_allowlist_wins_and_frees_what_it_covers() {
    let mut engine = engine();
    order(&mut engine, NOW, block(ATTACKER, 300)).0.unwrap();
    let indicator = "203.0.113.0/24".parse().unwrap();
    let allow = Command::Allow {
        indicator,
        allow_for: Some(Duration::from_secs(60)),
        comment: None,
    };
    let (reply, _) = order(&mut engine, NOW, allow);
    assert_eq!(
        reply,
        Ok(Reply::Allowed {
            unblocked: vec![ATTACKER.parse().unwrap()]
        })
    );
    assert_eq!(
        refusals(&hear(&mut engine, LAN_PEER, statement(ATTACKER))),
        ["allowlisted"]
    );
    assert_eq!(
        refusals(&detect(&mut engine, NOW, ATTACKER)),
        ["allowlisted"]
    );
    let (reply, _) = order(&mut engine, NOW, block(ATTACKER, 300));
    assert_eq!(reply.unwrap_err().code(), "allowlisted");
    let outputs = pass(&mut engine, NOW + Duration::from_secs(60));
    assert_eq!(changes(&outputs), [Change::Unexempt(indicator)]);
    assert!(order(&mut engine, NOW, block(ATTACKER, 300)).0.is_ok());
}

#[test]
fn an_unblock_holds_until_the_nodes_own_detectors_object() {
    let mut engine = engine();
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    let unblock = Command::Unblock {
        indicator: ATTACKER.parse().unwrap(),
        withdraw: false,
    };
    let (reply, outputs) = order(&mut engine, NOW, unblock);
    assert_eq!(
        reply,
        Ok(Reply::Unblocked {
            covered_by: None,
            withdrawn: 0,
            listed_by: vec![],
        })
    );
    assert_eq!(
        changes(&outputs),
        [Change::Unblock(ATTACKER.parse().unwrap())]
    );
    let again = Statement {
        severity: Severity::MAX,
        ..statement(ATTACKER)
    };
    assert_eq!(refusals(&hear(&mut engine, LAN_PEER, again)), ["unblocked"]);
    detect(&mut engine, NOW, ATTACKER);
    assert!(is_blocked(&engine, ATTACKER));
    order(
        &mut engine,
        NOW,
        Command::Unblock {
            indicator: ATTACKER.parse().unwrap(),
            withdraw: false,
        },
    )
    .0
    .unwrap();
    assert!(!is_blocked(&engine, ATTACKER));
}

#[test]
fn an_unblock_ends_what_it_names_and_never_the_range_around_it() {
    let mut engine = engine();
    order(&mut engine, NOW, block("203.0.113.0/24", 300))
        .0
        .unwrap();
    let unblock = Command::Unblock {
        indicator: ATTACKER.parse().unwrap(),
        withdraw: false,
    };
    let covered_by = Some("203.0.113.0/24".parse().unwrap());
    let (reply, _) = order(&mut engine, NOW, unblock);
    assert_eq!(
        reply,
        Ok(Reply::NotBlocked {
            covered_by,
            withdrawn: 0
        })
    );
    assert!(is_blocked(&engine, ATTACKER));
}

#[test]
fn an_unblock_says_which_range_blocks_what_it_named_all_the_same() {
    let mut engine = engine();
    for blocked in ["203.0.113.0/24", ATTACKER] {
        order(&mut engine, NOW, block(blocked, 300)).0.unwrap();
    }
    let unblock = Command::Unblock {
        indicator: ATTACKER.parse().unwrap(),
        withdraw: false,
    };
    let (reply, outputs) = order(&mut engine, NOW, unblock);
    assert_eq!(
        reply,
        Ok(Reply::Unblocked {
            covered_by: Some("203.0.113.0/24".parse().unwrap()),
            withdrawn: 0,
            listed_by: vec![],
        })
    );
    // The range and every other address stay as they are, in the kernel as well.
    assert_eq!(
        changes(&outputs),
        [Change::Unblock(ATTACKER.parse().unwrap())]
    );
    assert!(is_blocked(&engine, "203.0.113.0/24"));
    // And a range that is unblocked leaves what lies in it.
    order(&mut engine, NOW, block(ATTACKER, 300)).0.unwrap();
    let unblock = Command::Unblock {
        indicator: "203.0.113.0/24".parse().unwrap(),
        withdraw: false,
    };
    order(&mut engine, NOW, unblock).0.unwrap();
    assert!(is_blocked(&engine, ATTACKER) && !is_blocked(&engine, "203.0.113.0/24"));
}

#[test]
fn withdrawing_takes_back_what_was_shared() {
    let mut engine = engine();
    let command = Command::Block {
        subject: subject(ATTACKER, 300),
        publish: true,
        force: false,
    };
    let (_, outputs) = order(&mut engine, NOW, command);
    let shared = published(&outputs).remove(0);
    let unblock = Command::Unblock {
        indicator: ATTACKER.parse().unwrap(),
        withdraw: true,
    };
    let (reply, outputs) = order(&mut engine, NOW, unblock);
    assert_eq!(
        reply,
        Ok(Reply::Unblocked {
            covered_by: None,
            withdrawn: 1,
            listed_by: vec![],
        })
    );
    let withdrawal = published(&outputs).remove(0);
    assert_eq!(withdrawal.statement().withdraws, Some(shared.id()));
    assert!(withdrawal.statement().expires_at() >= shared.statement().expires_at());
}

#[test]
fn a_shorter_block_by_the_operator_replaces_a_longer_one() {
    let mut engine = engine();
    order(&mut engine, NOW, block(ATTACKER, 3600)).0.unwrap();
    order(&mut engine, NOW, block(ATTACKER, 60)).0.unwrap();
    let checked = engine.check(&ATTACKER.parse().unwrap()).unwrap();
    assert_eq!(checked.expires_at, NOW + Duration::from_secs(60));
}

#[test]
fn why_tells_of_blocked_and_of_free_addresses() {
    let mut engine = engine();
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    hear(&mut engine, STRANGER, statement(ATTACKER));
    let why = engine.why(NOW, &ATTACKER.parse().unwrap());
    assert_eq!(why.decisions.len(), 1);
    let mut weights: Vec<u8> = why.evidence.iter().map(|it| it.weight.percent()).collect();
    weights.sort_unstable();
    assert_eq!(weights, [0, 100]);
    let free = engine.why(NOW, &"192.0.2.1".parse().unwrap());
    assert!(free.blocked.is_none() && free.evidence.is_empty());
    assert_eq!(free.untouchable.unwrap().code(), "protected");
}

#[test]
fn what_an_allowed_name_stands_for_is_blocked_by_nobody_for_as_long_as_it_does() {
    let mut engine = engine();
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    order(&mut engine, NOW, block("203.0.113.0/24", 300))
        .0
        .unwrap();
    let indicator: Indicator = ATTACKER.parse().unwrap();
    let resolved = Input::NamesResolved([indicator.address()].into());
    let outputs = run(&mut engine, NOW, resolved);
    assert!(changes(&outputs).contains(&Change::Unblock(indicator)));
    assert!(!is_blocked(&engine, ATTACKER), "also within the range");
    assert!(is_blocked(&engine, "203.0.113.9"));
    let (reply, _) = order(&mut engine, NOW, block(ATTACKER, 300));
    assert_eq!(reply.unwrap_err().code(), "allowlisted");
    let again = Statement {
        severity: Severity::MAX,
        ..statement(ATTACKER)
    };
    assert_eq!(
        refusals(&hear(&mut engine, LAN_PEER, again)),
        ["allowlisted"]
    );
    let outputs = run(&mut engine, NOW, Input::NamesResolved([].into()));
    assert!(changes(&outputs).contains(&Change::Unexempt(indicator)));
    assert!(is_blocked(&engine, ATTACKER), "by the range again");
}
