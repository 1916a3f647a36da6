//! What is admitted, what it costs, and whom.

use std::time::Duration;

use aegis_core::{BlockDuration, Evidence, Severity, Statement, ThreatType};

use super::*;
use crate::{Identity, wire};

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);
const SECOND: Duration = Duration::from_secs(1);

fn node(n: u8) -> NodeId {
    identity(n).node_id()
}

fn identity(n: u8) -> Identity {
    Identity::from_secret([n; 32])
}

/// The author of the alerts below, and a forwarder.
const AUTHOR: u8 = 1;
const FORWARDER: u8 = 2;

fn alert_at(stated_at: Timestamp, author: u8, n: u32) -> Vec<u8> {
    let statement = Statement {
        indicator: std::net::IpAddr::from((0xC612_0000 + n).to_be_bytes()).into(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at,
        block_for: BlockDuration::from_secs(300).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    wire::sign(&statement, &identity(author)).wire().to_vec()
}

fn alert(author: u8, n: u32) -> Vec<u8> {
    alert_at(NOW, author, n)
}

fn gate() -> Gate {
    let mut gate = Gate::new(Limits::default());
    gate.set_class(node(AUTHOR), PeerClass::Lan);
    gate.set_class(node(FORWARDER), PeerClass::Lan);
    gate
}

fn gossip(gate: &mut Gate, now: Timestamp, bytes: &[u8]) -> Judgement {
    let arrival = Arrival {
        forwarder: node(FORWARDER),
        channel: Channel::Gossip,
        bytes,
    };
    gate.admit(now, arrival)
}

fn handed_over(gate: &mut Gate, now: Timestamp, bytes: &[u8]) -> Judgement {
    let arrival = Arrival {
        forwarder: node(FORWARDER),
        channel: Channel::Sync,
        bytes,
    };
    gate.admit(now, arrival)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Accepted,
    Relayed,
    Ignored(Ignored),
    Rejected(Misbehaviour, u8),
}

#[track_caller]
fn outcome(judgement: Judgement) -> Outcome {
    match judgement.admission {
        Admission::Accept(_) => Outcome::Accepted,
        Admission::Relay => Outcome::Relayed,
        Admission::Ignore(ignored) => Outcome::Ignored(ignored),
        Admission::Reject(_) => {
            let blame = judgement.blame.unwrap();
            let culprit = if blame.culprit == node(AUTHOR) {
                AUTHOR
            } else {
                FORWARDER
            };
            Outcome::Rejected(blame.misbehaviour, culprit)
        }
    }
}

#[test]
fn gossip_is_news_for_300_seconds_and_forgivable_for_an_hour() {
    let late = Outcome::Ignored(Ignored::Late);
    let replayed = Outcome::Rejected(Misbehaviour::ImpossibleTime, FORWARDER);
    let from_the_future = Outcome::Rejected(Misbehaviour::ImpossibleTime, AUTHOR);
    for (age, expected) in [
        (0, Outcome::Accepted),
        (300, Outcome::Accepted),
        (301, late),
        (3600, late),
        (3601, replayed),
        (-300, Outcome::Accepted),
        (-301, from_the_future),
    ] {
        let stated_at = Timestamp::from_secs(NOW.as_secs().checked_add_signed(-age).unwrap());
        let message = alert_at(stated_at, AUTHOR, 1);
        assert_eq!(
            outcome(gossip(&mut gate(), NOW, &message)),
            expected,
            "{age}"
        );
    }
}

#[test]
fn what_is_handed_over_is_welcome_while_it_is_true() {
    let message = alert_at(NOW, AUTHOR, 1);
    for (later, expected) in [
        (299, Outcome::Accepted),
        (300, Outcome::Ignored(Ignored::Late)),
        (86_400, Outcome::Ignored(Ignored::Late)),
    ] {
        let now = NOW + Duration::from_secs(later);
        assert_eq!(
            outcome(handed_over(&mut gate(), now, &message)),
            expected,
            "{later}"
        );
    }
    let early = NOW - Duration::from_secs(301);
    let expected = Outcome::Rejected(Misbehaviour::ImpossibleTime, AUTHOR);
    assert_eq!(outcome(handed_over(&mut gate(), early, &message)), expected);
}

#[test]
fn the_forwarder_pays_for_what_it_should_have_noticed() {
    let good = String::from_utf8(alert(AUTHOR, 1)).unwrap();
    for (message, misbehaviour) in [
        (
            good.replace("\"severity\":9", "\"severity\":8"),
            Misbehaviour::Forged,
        ),
        (
            good.replace("\"severity\":9", "\"severity\":11"),
            Misbehaviour::Malformed,
        ),
        (good.replace(':', ": "), Misbehaviour::Respelled),
        ("x".repeat(4097), Misbehaviour::Oversized),
        ("garbage".to_owned(), Misbehaviour::Malformed),
    ] {
        let judged = outcome(gossip(&mut gate(), NOW, message.as_bytes()));
        assert_eq!(
            judged,
            Outcome::Rejected(misbehaviour, FORWARDER),
            "{message}"
        );
    }
}

#[test]
fn an_alert_is_admitted_once_by_whatever_way() {
    let mut gate = gate();
    let message = alert(AUTHOR, 1);
    assert_eq!(outcome(gossip(&mut gate, NOW, &message)), Outcome::Accepted);
    let known = Outcome::Ignored(Ignored::Known);
    let late = NOW + Duration::from_secs(301);
    assert_eq!(outcome(gossip(&mut gate, late, &message)), known);
    assert_eq!(outcome(handed_over(&mut gate, NOW, &message)), known);
    gate.forget(&AlertId::of(&message));
    assert_eq!(
        outcome(handed_over(&mut gate, NOW, &message)),
        Outcome::Accepted
    );
}

/// Sends alerts of one author of `class` until one is over quota; returns how many were not.
fn admitted(gate: &mut Gate, now: Timestamp, author: u8, from: u32) -> u32 {
    (from..from + 2000)
        .take_while(|n| {
            let judged = outcome(gossip(gate, now, &alert_at(now, author, *n)));
            assert!(matches!(
                judged,
                Outcome::Accepted | Outcome::Ignored(Ignored::AuthorQuota)
            ));
            judged == Outcome::Accepted
        })
        .count() as u32
}

/// What was handed over to this node was not to its neighbours.
#[test]
fn what_is_known_and_still_news_is_relayed() {
    let mut gate = gate();
    let message = alert(AUTHOR, 1);
    assert_eq!(
        outcome(handed_over(&mut gate, NOW, &message)),
        Outcome::Accepted
    );
    let later = NOW + Duration::from_secs(300);
    assert_eq!(
        outcome(gossip(&mut gate, later, &message)),
        Outcome::Relayed
    );
}

#[test]
fn an_author_has_a_burst_and_then_a_rate() {
    let limits = Limits::default();
    assert_eq!(
        limits.author(PeerClass::Configured),
        limits.author(PeerClass::Lan)
    );
    for (class, burst, a_second_later) in [
        (Some(PeerClass::Lan), 1000, 20),
        (Some(PeerClass::Dht), 50, 1),
        (None, 50, 1),
    ] {
        let mut gate = gate();
        if let Some(class) = class {
            gate.set_class(node(9), class);
        }
        assert_eq!(admitted(&mut gate, NOW, 9, 0), burst, "{class:?}");
        let later = admitted(&mut gate, NOW + SECOND, 9, 10_000);
        assert_eq!(later, a_second_later, "{class:?}");
        assert_eq!(gate.conduct(NOW, node(FORWARDER)), Conduct::Good);
    }
}

#[test]
fn another_class_is_another_quota_of_which_as_much_is_used() {
    let mut gate = gate();
    let mut admitted_as = |class, first| {
        gate.set_class(node(9), class);
        admitted(&mut gate, NOW, 9, first)
    };
    assert_eq!(admitted_as(PeerClass::Dht, 0), 50);
    assert_eq!(admitted_as(PeerClass::Lan, 10_000), 950);
    // Coming and going by two ways gives nothing.
    assert_eq!(admitted_as(PeerClass::Dht, 20_000), 0);
    assert_eq!(admitted_as(PeerClass::Lan, 30_000), 0);
    assert_eq!(admitted_as(PeerClass::Configured, 40_000), 0);
}

#[test]
fn the_first_alerts_of_an_author_are_passed_on_at_once_whatever_others_say() {
    let mut gate = gate();
    let prompt = |gate: &mut Gate, now, author: u8| {
        let asked = (0..2000).take_while(|_| gate.relays_promptly(now, node(author)));
        asked.count()
    };
    assert_eq!(prompt(&mut gate, NOW, AUTHOR), 32);
    assert_eq!(prompt(&mut gate, NOW, AUTHOR + 1), 32);
    assert_eq!(prompt(&mut gate, NOW + SECOND, AUTHOR), 20);
}

#[test]
fn fresh_keys_share_one_small_quota() {
    let mut gate = gate();
    let mut accepted = 0;
    for author in 10..=255 {
        accepted +=
            u32::from(outcome(gossip(&mut gate, NOW, &alert(author, 0))) == Outcome::Accepted);
    }
    assert_eq!(accepted, Limits::default().strangers.burst);
    // Those that the node knows are not touched by it.
    assert_eq!(
        outcome(gossip(&mut gate, NOW, &alert(AUTHOR, 1))),
        Outcome::Accepted
    );
}

#[test]
fn a_forged_name_does_not_use_up_the_quota_of_whose_it_is() {
    let mut gate = gate();
    gate.set_class(node(9), PeerClass::Dht);
    for n in 0..100 {
        let text = String::from_utf8(alert(9, n)).unwrap();
        let forged = text.replace("\"severity\":9", "\"severity\":8");
        let arrival = Arrival {
            forwarder: node(100 + n as u8),
            channel: Channel::Gossip,
            bytes: forged.as_bytes(),
        };
        let judged = gate.admit(NOW, arrival);
        assert!(matches!(judged.admission, Admission::Reject(_)));
    }
    assert_eq!(admitted(&mut gate, NOW, 9, 1000), 50);
}

#[test]
fn two_forgeries_throttle_and_four_cut_off() {
    let mut gate = gate();
    let mut now = NOW;
    let mut charge = |gate: &mut Gate| {
        now = now + SECOND;
        gate.charge(now, node(FORWARDER), Misbehaviour::Forged)
            .conduct
    };
    assert_eq!(charge(&mut gate), Conduct::Good);
    assert_eq!(charge(&mut gate), Conduct::Throttled);
    let ignored = outcome(gossip(&mut gate, NOW, &alert(AUTHOR, 1)));
    assert_eq!(ignored, Outcome::Ignored(Ignored::Throttled));
    assert_eq!(charge(&mut gate), Conduct::Throttled);
    assert_eq!(charge(&mut gate), Conduct::CutOff);
}

/// Refusing what a flooder brings for its sake would let it suppress honest alerts: gossip shows
/// each message once.
#[test]
fn a_flooder_pays_but_cannot_suppress_what_it_brings() {
    let limits = Limits {
        forwarder: Quota {
            burst: 10,
            per_second: 1,
        },
        ..Limits::default()
    };
    let mut gate = Gate::new(limits);
    gate.set_class(node(AUTHOR), PeerClass::Lan);
    let mut floods = 0;
    for n in 0..170 {
        let judged = gossip(&mut gate, NOW, &alert(AUTHOR, n));
        floods += u32::from(judged.blame.is_some());
        assert_eq!(outcome(judged), Outcome::Accepted, "{n}");
    }
    assert_eq!(floods, 160);
    let flood = |gate: &mut Gate| gate.charge(NOW, node(FORWARDER), Misbehaviour::Flooding);
    let until = |gate: &mut Gate, wanted| (1..).find(|_| flood(gate).conduct == wanted);
    assert_eq!(until(&mut gate, Conduct::Throttled), Some(560));
    assert_eq!(until(&mut gate, Conduct::CutOff), Some(720));
}

#[test]
fn handing_over_too_much_is_no_fault() {
    let mut gate = gate();
    gate.set_class(node(FORWARDER), PeerClass::Dht);
    for n in 0..60 {
        let expected = if n < 50 {
            Outcome::Accepted
        } else {
            Outcome::Ignored(Ignored::ForwarderQuota)
        };
        let judged = handed_over(&mut gate, NOW, &alert(AUTHOR, n));
        assert!(judged.blame.is_none());
        assert_eq!(outcome(judged), expected, "{n}");
    }
}

#[test]
fn the_limits_keep_honest_forwarders_out_of_trouble() {
    let limits = Limits::default();
    let relayed = limits.all.burst + limits.trusted_author.burst;
    assert!(limits.forwarder.burst > relayed);
    let relayed = limits.all.per_second + limits.trusted_author.per_second;
    assert!(limits.forwarder.per_second > relayed);
}

#[test]
fn questions_have_a_burst_and_then_a_rate_and_more_is_flooding() {
    let limits = Limits::default();
    let mut gate = gate();
    let stranger = node(9);
    let mut asked = |peer, now, about, times| {
        let admitted = (0..times).filter(|_| {
            let (mut is_welcome, mut blame) = gate.admit_question(now, peer);
            if is_welcome {
                (is_welcome, blame) = gate.admit_asked_about(now, peer, about);
            }
            let flooding = blame.map(|it| (it.culprit, it.misbehaviour));
            let expected = (!is_welcome).then_some((peer, Misbehaviour::Flooding));
            assert_eq!(flooding, expected);
            is_welcome
        });
        admitted.count() as u32
    };
    assert_eq!(asked(stranger, NOW, 1, 50), limits.dht_questions.burst);
    assert_eq!(asked(stranger, NOW + 5 * SECOND, 1, 50), 5);
    let trusted = node(FORWARDER);
    assert_eq!(asked(trusted, NOW, 1, 200), limits.trusted_questions.burst);
    // What they are about is counted too.
    let wordy = node(8);
    assert_eq!(asked(wordy, NOW, 32, 50), limits.dht_asked_about.burst / 32);
}

#[test]
fn a_throttled_peer_s_questions_are_not_looked_at() {
    let mut gate = gate();
    for _ in 0..2 {
        gate.charge(NOW, node(9), Misbehaviour::Forged);
    }
    assert_eq!(gate.admit_question(NOW, node(9)), (false, None));
}

#[test]
fn what_fresh_keys_ask_about_shares_one_quota_and_more_is_nobody_s_fault() {
    let mut gate = gate();
    let mut answered = 0;
    for asker in 10..=255 {
        let (is_welcome, blame) = gate.admit_asked_about(NOW, node(asker), 32);
        assert_eq!(blame, None);
        answered += 32 * u32::from(is_welcome);
    }
    assert_eq!(answered, Limits::default().met_asked_about.burst);
    // Those that the node knows are not touched by it.
    assert!(gate.admit_asked_about(NOW, node(FORWARDER), 32).0);
}

/// A peer that takes this node for a stranger must not find it flooding.
#[test]
fn no_peer_is_asked_more_than_it_lets_a_stranger_ask() {
    for about in [1, 32] {
        let (mut ours, mut theirs) = (gate(), gate());
        let mut asked = 0;
        for seconds in [0, 1, 5, 60] {
            let now = NOW + SECOND * seconds;
            while ours.may_ask(now, node(FORWARDER), about) {
                asked += 1;
                let (us, welcome) = (node(9), (true, None));
                assert_eq!(theirs.admit_question(now, us), welcome);
                assert_eq!(theirs.admit_asked_about(now, us, about), welcome);
            }
        }
        assert!(asked >= 10, "{asked}");
    }
}

/// Messages that come together fare as if they came one by one.
#[test]
fn together_and_one_by_one_the_same_is_admitted() {
    let text = String::from_utf8(alert(AUTHOR, 3)).unwrap();
    let early = alert_at(NOW + Duration::from_secs(400), AUTHOR, 5);
    let messages: Vec<Vec<u8>> = vec![
        alert(AUTHOR, 1),
        alert(AUTHOR, 2),
        text.replace("\"severity\":9", "\"severity\":8")
            .into_bytes(),
        alert(AUTHOR, 1),
        early,
        alert(AUTHOR, 4),
        alert_at(NOW - Duration::from_secs(301), AUTHOR, 6),
        b"garbage".to_vec(),
    ];
    let arrivals = messages.iter().map(|bytes| Arrival {
        forwarder: node(FORWARDER),
        channel: Channel::Gossip,
        bytes,
    });
    let arrivals: Vec<Arrival<'_>> = arrivals.collect();
    let mut one_by_one = gate();
    let expected = arrivals
        .iter()
        .map(|it| outcome(one_by_one.admit(NOW, *it)));
    let expected: Vec<Outcome> = expected.collect();
    let together = gate().admit_all(NOW, &arrivals);
    let together: Vec<Outcome> = together.into_iter().map(outcome).collect();
    assert_eq!(together, expected);
    assert_eq!(
        expected[2],
        Outcome::Rejected(Misbehaviour::Forged, FORWARDER)
    );
    assert_eq!(expected[3], Outcome::Relayed);
    assert_eq!(
        expected[4],
        Outcome::Rejected(Misbehaviour::ImpossibleTime, AUTHOR)
    );
}

#[test]
fn together_no_more_is_admitted_than_the_author_s_quota() {
    let mut gate = gate();
    gate.set_class(node(9), PeerClass::Dht);
    let messages: Vec<Vec<u8>> = (0..64).map(|n| alert(9, n)).collect();
    let arrivals: Vec<Arrival<'_>> = messages
        .iter()
        .map(|bytes| Arrival {
            forwarder: node(FORWARDER),
            channel: Channel::Gossip,
            bytes,
        })
        .collect();
    let judged = gate.admit_all(NOW, &arrivals).into_iter().map(outcome);
    assert_eq!(judged.filter(|it| *it == Outcome::Accepted).count(), 50);
}
