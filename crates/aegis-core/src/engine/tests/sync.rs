//! Reconciling: two Engines become equal through their doors, and strangers' floods stay outside.

use super::*;
use crate::{
    SyncCounters,
    sync::{Answer, Misbehaviour, Prefix, Request},
};

const OTHER: NodeId = NodeId::from_public_key([7; 32]);
const MINUTE: Duration = Duration::from_secs(60);

fn node(id: NodeId, seed: u64) -> Engine {
    Engine::new(EngineConfig {
        node: id,
        policy: Policy::default(),
        ask: AskPolicy {
            challenge_every: None,
            ..AskPolicy::default()
        },
        model: Box::new(crate::trust::aegis::AegisModel::default()),
        preset: Preset::Lan,
        pretrust: BTreeMap::new(),
        seed,
        configured_addresses: Vec::new(),
        blocks_max: 1_000,
    })
}

/// Lets two connected Engines talk for as long as either has something to do until `until`;
/// returns what each of them was asked to do besides.
fn converse(engines: &mut [(NodeId, Engine); 2], until: Timestamp) -> Vec<Output> {
    let mut rest = Vec::new();
    loop {
        let due = engines.iter().filter_map(|it| it.1.poll_timeout());
        let Some(due) = due.min().filter(|it| *it <= until) else {
            return rest;
        };
        for (_, engine) in engines.iter_mut() {
            engine.handle_timeout(due);
        }
        loop {
            let mut is_quiet = true;
            for place in 0..2 {
                let (from, outputs) = (engines[place].0, drain(&mut engines[place].1, due));
                is_quiet &= outputs.is_empty();
                for output in outputs {
                    hand_over(&mut engines[1 - place].1, due, from, output, &mut rest);
                }
            }
            if is_quiet {
                break;
            }
        }
    }
}

/// Carries a message of sync to the other; both count requests alike, so one number names it.
fn hand_over(
    to: &mut Engine,
    now: Timestamp,
    from: NodeId,
    output: Output,
    rest: &mut Vec<Output>,
) {
    if let Output::SyncAsk { id, peer, asks } = output {
        if peer != to.node() {
            return; // somebody who never answers
        }
        let (request, asked) = (id, asks);
        to.handle_input(
            now,
            Input::SyncAsked {
                request,
                from,
                asked,
            },
        );
    } else if let Output::SyncAnswer { request, answer } = output {
        let id = request;
        to.handle_input(now, Input::SyncAnswered { id, from, answer });
    } else {
        rest.push(output);
    }
}

fn meet(engines: &mut [(NodeId, Engine); 2]) {
    let ids = [engines[0].0, engines[1].0];
    for place in 0..2 {
        connect(&mut engines[place].1, ids[1 - place], PeerClass::Lan);
    }
}

fn numbered(number: u8) -> Statement {
    statement(&format!("203.0.113.{number}"))
}

#[test]
fn what_either_heard_while_apart_both_hold_when_they_meet() {
    let mut engines = [(NODE, node(NODE, 1)), (OTHER, node(OTHER, 2))];
    for number in 1..60 {
        hear(
            &mut engines[usize::from(number % 3 == 0)].1,
            LAN_PEER,
            numbered(number),
        );
    }
    meet(&mut engines);
    let rest = converse(&mut engines, NOW + Duration::from_secs(2));
    let [(_, one), (_, other)] = &engines;
    assert_eq!((one.alerts_live(), other.alerts_live()), (59, 59));
    assert_eq!(one.live_digest(), other.live_digest());
    let accused = rest
        .iter()
        .any(|it| matches!(it, Output::SyncMisbehaved { .. }));
    assert!(!accused);
    let kept = rest
        .iter()
        .filter(|it| matches!(it, Output::Persist(Record::AlertAdded { .. })));
    assert_eq!(kept.count(), 59, "what came is on disk");
}

#[test]
fn a_cold_node_has_everything_within_a_second() {
    let mut engines = [(NODE, node(NODE, 1)), (OTHER, node(OTHER, 2))];
    for number in 1..255 {
        hear(&mut engines[0].1, LAN_PEER, numbered(number));
    }
    meet(&mut engines);
    converse(&mut engines, NOW + Duration::from_secs(1));
    assert_eq!(engines[1].1.alerts_live(), 254);
    let counters: SyncCounters = engines[1].1.counters().sync;
    assert_eq!((counters.heard, counters.failed), (254, 0));
}

/// A cold node beside two that hold the same: who is asked what, and what comes twice.
struct Cold {
    engine: Engine,
    others: [(NodeId, Engine); 2],
    told: Vec<crate::AlertId>,
}

impl Cold {
    fn new(alerts: u32) -> Self {
        let mut others = [(LAN_PEER, node(LAN_PEER, 1)), (OTHER, node(OTHER, 2))];
        for number in 0..alerts {
            let author = NodeId::from_public_key([number as u8 % 50 + 100; 32]);
            let address = std::net::Ipv4Addr::from_bits(0xcb00_7100 + number).to_string();
            for (_, other) in &mut others {
                let severity = Severity::new(1).unwrap();
                let mild = Statement {
                    severity,
                    ..statement(&address)
                };
                hear(other, author, mild);
            }
        }
        let mut engine = node(NODE, 3);
        for (id, _) in &others {
            connect(&mut engine, *id, PeerClass::Lan);
        }
        Self {
            engine,
            others,
            told: Vec::new(),
        }
    }

    /// Passes the time up to `until`, in which only `awake` answer.
    fn pass(&mut self, until: Timestamp, awake: &[NodeId]) {
        while let Some(due) = self.engine.poll_timeout().filter(|it| *it <= until) {
            self.engine.handle_timeout(due);
            let mut asked: VecDeque<_> = drain(&mut self.engine, due).into();
            // A question of each in turn, as it is on the wire.
            while let Some(output) = asked.pop_front() {
                let Output::SyncAsk { id, peer, asks } = output else {
                    continue;
                };
                let other = self.others.iter_mut().find(|it| it.0 == peer);
                let Some((_, other)) = other.filter(|_| awake.contains(&peer)) else {
                    continue;
                };
                let input = Input::SyncAsked {
                    request: id,
                    from: NODE,
                    asked: asks,
                };
                for output in run(other, due, input) {
                    let Output::SyncAnswer { answer, .. } = output else {
                        continue;
                    };
                    if let Answer::Range { alerts, .. } | Answer::Exchange { alerts, .. } = &answer
                    {
                        self.told.extend(alerts.iter().map(|it| it.id()));
                    }
                    let from = peer;
                    let input = Input::SyncAnswered { id, from, answer };
                    asked.extend(run(&mut self.engine, due, input));
                }
            }
        }
    }
}

#[test]
fn a_cold_node_asks_every_peer_at_once_and_is_told_little_twice() {
    let mut cold = Cold::new(9_000);
    cold.pass(NOW + Duration::from_secs(1), &[LAN_PEER, OTHER]);
    assert_eq!(cold.engine.alerts_live(), 9_000);
    assert!(cold.told.len() < 9_000 + 2 * 1_024, "{}", cold.told.len());
    let asked = cold.engine.counters().sync;
    assert_eq!((asked.begun, asked.failed), (2, 0), "both at the same time");
}

#[test]
fn a_peer_that_is_silent_holds_no_cold_node_up() {
    for awake in [LAN_PEER, OTHER] {
        let mut cold = Cold::new(3_000);
        cold.pass(NOW + Duration::from_secs(1), &[awake]);
        assert_eq!(cold.engine.alerts_live(), 3_000);
        assert_eq!(cold.told.len(), 3_000);
    }
}

#[test]
fn the_next_request_is_on_its_way_before_what_came_is_heard() {
    let mut cold = Cold::new(3_000);
    let now = NOW + Duration::from_secs(1);
    let asked = pass(&mut cold.engine, now);
    let asked = asked.into_iter().find_map(|it| {
        let Output::SyncAsk { id, peer, asks } = it else {
            return None;
        };
        Some((id, peer, asks))
    });
    let (request, from, asked) = asked.expect("a peer just met is asked");
    let other = cold.others.iter_mut().find(|it| it.0 == from).unwrap();
    let input = Input::SyncAsked {
        request,
        from: NODE,
        asked,
    };
    let outputs = run(&mut other.1, now, input);
    let answer = outputs.into_iter().find_map(|it| {
        let Output::SyncAnswer { answer, .. } = it else {
            return None;
        };
        Some(answer)
    });
    let input = Input::SyncAnswered {
        id: request,
        from,
        answer: answer.unwrap(),
    };
    let outputs = run(&mut cold.engine, now, input);
    assert!(
        matches!(&outputs[..], [Output::SyncAsk { .. }]),
        "{outputs:?}"
    );
    assert_eq!(cold.engine.alerts_live(), 0);
    assert_eq!(cold.engine.poll_timeout(), Some(now), "and then at once");
    pass(&mut cold.engine, now);
    assert!(cold.engine.alerts_live() >= 500);
}

#[test]
fn what_was_taken_back_does_not_come_back_from_whoever_missed_that() {
    let mut engines = [(NODE, node(NODE, 1)), (OTHER, node(OTHER, 2))];
    let alert = sign(LAN_PEER, statement(ATTACKER));
    let withdrawal = Statement {
        withdraws: Some(alert.id()),
        block_for: BlockDuration::from_secs(3700).unwrap(),
        ..statement(ATTACKER)
    };
    for (_, engine) in &mut engines {
        connect(engine, LAN_PEER, PeerClass::Lan);
        hear(engine, LAN_PEER, statement(ATTACKER));
    }
    hear(&mut engines[0].1, LAN_PEER, withdrawal);
    assert!(!is_blocked(&engines[0].1, ATTACKER) && is_blocked(&engines[1].1, ATTACKER));
    meet(&mut engines);
    converse(&mut engines, NOW + MINUTE);
    for (_, engine) in &engines {
        assert!(!is_blocked(engine, ATTACKER));
        assert!(!engine.live_set().contains(&alert.id()));
    }
    assert_eq!(engines[0].1.live_digest(), engines[1].1.live_digest());
}

#[test]
fn a_withdrawal_that_ends_first_or_is_anothers_takes_nothing_back() {
    let mut engine = engine();
    let alert = sign(LAN_PEER, statement(ATTACKER));
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    let withdraw = |engine: &mut Engine, author, secs, withdraws| {
        let withdrawal = Statement {
            withdraws: Some(withdraws),
            block_for: BlockDuration::from_secs(secs).unwrap(),
            ..statement(ATTACKER)
        };
        let id = sign(author, withdrawal.clone()).id();
        hear(engine, author, withdrawal);
        id
    };
    withdraw(&mut engine, LAN_PEER, 60, alert.id());
    withdraw(&mut engine, STRANGER, 7200, alert.id());
    assert!(engine.live_set().contains(&alert.id()) && is_blocked(&engine, ATTACKER));
    let withdrawal = withdraw(&mut engine, LAN_PEER, 3700, alert.id());
    assert!(!engine.live_set().contains(&alert.id()) && !is_blocked(&engine, ATTACKER));
    // Neither a stranger's word about the same alert, nor taking the withdrawal back, undoes it.
    withdraw(&mut engine, STRANGER, 7201, alert.id());
    withdraw(&mut engine, LAN_PEER, 7202, withdrawal);
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    assert!(!engine.live_set().contains(&alert.id()) && !is_blocked(&engine, ATTACKER));
}

#[test]
fn a_node_that_lost_its_disk_is_told_its_own_words_again() {
    let mut engines = [(NODE, node(NODE, 1)), (OTHER, node(OTHER, 2))];
    hear(&mut engines[1].1, NODE, statement(ATTACKER));
    meet(&mut engines);
    converse(&mut engines, NOW + MINUTE);
    assert_eq!(engines[0].1.alerts_live(), 1);
    assert!(
        !is_blocked(&engines[0].1, ATTACKER),
        "to others, not to itself"
    );
}

#[test]
fn what_is_over_here_is_not_asked_for_where_it_still_lives() {
    let mut engine = engine();
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    pass(&mut engine, NOW + Duration::from_secs(3601));
    let alert = sign(LAN_PEER, statement(ATTACKER));
    let offered = vec![Prefix::of(&alert.id())];
    let asked = Request::Exchange {
        wanted: Vec::new(),
        offered,
    };
    let outputs = run(
        &mut engine,
        NOW + Duration::from_secs(3602),
        Input::SyncAsked {
            request: 1,
            from: LAN_PEER,
            asked,
        },
    );
    let Some(Output::SyncAnswer {
        answer: Answer::Exchange { wanted, .. },
        ..
    }) = outputs.last()
    else {
        panic!("{outputs:?}");
    };
    assert_eq!(wanted, &[false]);
}

#[test]
fn a_flood_of_requests_is_refused_and_then_held_against_its_peer() {
    let mut engine = engine();
    let mut answered = 0;
    let mut accused = Vec::new();
    for request in 0..2_000 {
        let asked = Request::Cells {
            digest: None,
            count: 1,
        };
        let input = Input::SyncAsked {
            request,
            from: STRANGER,
            asked,
        };
        for output in run(&mut engine, NOW, input) {
            if let Output::SyncAnswer { answer, .. } = &output {
                answered += usize::from(*answer != Answer::Busy);
            } else if let Output::SyncMisbehaved { peer, misbehaviour } = output {
                accused.push((peer, misbehaviour));
            }
        }
    }
    assert_eq!(answered, 512);
    assert!(accused.len() > 1_000);
    assert!(
        accused
            .iter()
            .all(|it| *it == (STRANGER, Misbehaviour::Flooded))
    );
    let asked = Request::Cells {
        digest: None,
        count: 1,
    };
    let input = Input::SyncAsked {
        request: 1,
        from: LAN_PEER,
        asked,
    };
    let outputs = run(&mut engine, NOW, input);
    assert!(
        !matches!(
            outputs.last(),
            Some(Output::SyncAnswer {
                answer: Answer::Busy,
                ..
            })
        ),
        "others are answered"
    );
}

#[test]
fn a_peer_that_lies_is_named_and_then_left_alone() {
    let mut engine = engine();
    for number in 1..100 {
        hear(&mut engine, LAN_PEER, numbered(number));
    }
    let outputs = pass(&mut engine, NOW + Duration::from_secs(30));
    let asked = outputs.iter().find_map(|it| {
        let Output::SyncAsk { id, peer, .. } = it else {
            return None;
        };
        Some((*id, *peer))
    });
    let (id, from) = asked.expect("a peer just met is asked");
    let answer = Answer::Exchange {
        considered: 0,
        alerts: Vec::new(),
        wanted: Vec::new(),
    };
    let now = NOW + Duration::from_secs(30);
    let outputs = run(&mut engine, now, Input::SyncAnswered { id, from, answer });
    let misbehaviour = Misbehaviour::Unasked;
    assert_eq!(
        outputs,
        [Output::SyncMisbehaved {
            peer: from,
            misbehaviour
        }]
    );
    let later = pass(&mut engine, now + Duration::from_secs(9));
    let asks = later
        .iter()
        .filter(|it| matches!(it, Output::SyncAsk { .. }));
    assert_eq!(asks.count(), 0);
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut engine = engine();
    let digest = engine.live_digest();
    let alerts: Vec<_> = (0..50).map(|it| sign(STRANGER, numbered(it))).collect();
    let answer = Answer::Range {
        reached: Prefix::MAX,
        alerts,
        wanted: Vec::new(),
    };
    for id in 0..5 {
        let answer = answer.clone();
        let from = STRANGER;
        let outputs = run(&mut engine, NOW, Input::SyncAnswered { id, from, answer });
        assert_eq!(outputs, []);
    }
    assert_eq!(engine.live_digest(), digest);
}
