//! Asking the network and answering it.

use super::*;
use crate::{Confidence, Opinion, Question, Score, Testimony, Topic};

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn established(engine: &mut Engine, now: Timestamp, address: &str) -> Vec<Output> {
    run(
        engine,
        now,
        Input::Established(vec![address.parse().unwrap()]),
    )
}

pub(super) fn asked(outputs: &[Output]) -> Vec<(u64, Vec<NodeId>, Question)> {
    let asked = outputs.iter().filter_map(|it| {
        let Output::Ask {
            id,
            peers,
            question,
        } = it
        else {
            return None;
        };
        Some((*id, peers.clone(), question.clone()))
    });
    asked.collect()
}

pub(super) fn opinion(score: f64) -> Opinion {
    Opinion {
        score: Score::new(score).unwrap(),
        confidence: Confidence::HIGH,
        sightings: 3,
        age: Duration::ZERO,
    }
}

pub(super) fn testimony(
    author: NodeId,
    indicator: &str,
    opinion: Option<Opinion>,
) -> Arc<Testimony> {
    Arc::new(Testimony {
        author,
        indicator: indicator.parse().unwrap(),
        topic: Topic::Access,
        opinion,
        stated_at: NOW,
        signed: Arc::new([]),
    })
}

pub(super) fn answer(
    engine: &mut Engine,
    now: Timestamp,
    id: u64,
    from: NodeId,
    testimonies: Vec<Arc<Testimony>>,
) -> Vec<Output> {
    let input = Input::Answered {
        id,
        from,
        testimonies,
    };
    run(engine, now, input)
}

/// Asks on the operator's behalf; returns the question and the effects so far.
pub(super) fn operator_asks(engine: &mut Engine, indicator: &str) -> Vec<Output> {
    let command = Command::Ask(indicator.parse().unwrap());
    let order = Order {
        ticket: 7,
        user: crate::Operator::User(0),
        command,
    };
    run(engine, NOW, Input::Ordered(order))
}

fn answered(outputs: &[Output]) -> Option<NetworkOpinion> {
    outputs.iter().find_map(|it| {
        let Output::Answer {
            ticket: 7,
            reply: Ok(Reply::Opinion(opinion)),
        } = it
        else {
            return None;
        };
        Some((**opinion).clone())
    })
}

#[test]
fn the_operator_is_answered_when_the_last_peer_has() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    let outputs = operator_asks(&mut engine, ATTACKER);
    let [(id, peers, question)] = &asked(&outputs)[..] else {
        panic!("one question: {outputs:?}");
    };
    assert_eq!(peers.len(), 2);
    assert_eq!(question.indicators, [ATTACKER.parse().unwrap()]);
    let first = testimony(LAN_PEER, ATTACKER, Some(opinion(1.0)));
    let outputs = answer(&mut engine, NOW, *id, LAN_PEER, vec![first]);
    assert_eq!(answered(&outputs), None);
    let none = testimony(STRANGER, ATTACKER, None);
    let outputs = answer(&mut engine, NOW + SECOND, *id, STRANGER, vec![none]);
    let opinion = answered(&outputs).expect("everybody has answered");
    assert_eq!((opinion.asked, opinion.answered), (2, 2));
    assert_eq!(opinion.waited, SECOND);
    assert_eq!(opinion.voices.len(), 1, "no data is no voice");
    assert!(opinion.verdict.score > Score::UNKNOWN);
    assert_eq!(
        answer(&mut engine, NOW + SECOND, *id, LAN_PEER, vec![]),
        [],
        "a late answer changes nothing"
    );
}

#[test]
fn a_silent_peer_costs_no_more_than_the_deadline() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    let outputs = operator_asks(&mut engine, ATTACKER);
    let id = asked(&outputs)[0].0;
    let first = testimony(LAN_PEER, ATTACKER, Some(opinion(1.0)));
    answer(&mut engine, NOW, id, LAN_PEER, vec![first]);
    let before = pass(&mut engine, NOW + 3 * SECOND - Duration::from_millis(1));
    assert_eq!(answered(&before), None);
    let opinion = answered(&pass(&mut engine, NOW + 3 * SECOND)).expect("at the deadline");
    assert_eq!((opinion.asked, opinion.answered), (2, 1));
}

#[test]
fn a_peer_that_leaves_is_waited_for_no_longer() {
    let mut engine = engine();
    let id = asked(&operator_asks(&mut engine, ATTACKER))[0].0;
    let gone = Input::Unanswered { id, peer: LAN_PEER };
    let opinion = answered(&run(&mut engine, NOW, gone)).expect("nobody else is asked");
    assert_eq!((opinion.asked, opinion.answered), (1, 0));
    assert_eq!(opinion.verdict.voices, 0.0);
}

#[test]
fn with_nobody_to_ask_the_answer_is_what_is_known() {
    let mut engine = engine();
    run(&mut engine, NOW, Input::PeerLeft(LAN_PEER));
    let opinion = answered(&operator_asks(&mut engine, ATTACKER)).expect("at once");
    assert_eq!((opinion.asked, opinion.answered), (0, 0));
}

#[test]
fn new_sources_are_asked_about_together_and_once_an_hour() {
    let mut engine = engine();
    for host in 1..=40 {
        established(&mut engine, NOW, &format!("198.51.100.{host}"));
    }
    let outputs = pass(&mut engine, NOW + SECOND);
    let questions = asked(&outputs);
    assert_eq!(questions.len(), 1, "gathered");
    let of_first = questions[0].2.indicators.len();
    assert_eq!(of_first, crate::QUESTION_INDICATORS_MAX);
    let second = asked(&pass(&mut engine, NOW + 10 * SECOND));
    assert_eq!(second.len(), 1);
    // 198.51.100.7 is an admin's session: nobody is asked about it.
    assert_eq!(of_first + second[0].2.indicators.len(), 39);
    let later = NOW + Duration::from_secs(3500);
    established(&mut engine, later, "198.51.100.1");
    assert!(asked(&pass(&mut engine, later + 10 * SECOND)).is_empty());
    let hour = NOW + Duration::from_secs(3700);
    established(&mut engine, hour, "198.51.100.1");
    assert_eq!(asked(&pass(&mut engine, hour + 10 * SECOND)).len(), 1);
}

#[test]
fn a_flood_of_sources_is_no_flood_of_questions() {
    let mut engine = engine();
    for number in 0..100_000u32 {
        let address = std::net::Ipv4Addr::from(0x0b00_0000 + number);
        engine.handle_input(NOW, Input::Established(vec![address.into()]));
    }
    let outputs = pass(&mut engine, NOW + 60 * SECOND);
    assert!(asked(&outputs).len() <= 13, "one every five seconds");
}

#[test]
fn a_flood_that_proved_nothing_is_asked_about_by_nobody() {
    let mut engine = engine();
    detect(&mut engine, NOW, ATTACKER);
    assert!(asked(&pass(&mut engine, NOW + 60 * SECOND)).is_empty());
}

#[test]
fn strangers_are_not_asked_about_private_addresses() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    established(&mut engine, NOW, "10.1.2.3");
    let questions = asked(&pass(&mut engine, NOW + SECOND));
    assert_eq!(questions.len(), 1);
    assert_eq!(questions[0].1, [LAN_PEER]);
}

#[test]
fn a_bad_opinion_is_told_and_never_shared() {
    let mut engine = engine();
    established(&mut engine, NOW, ATTACKER);
    let id = asked(&pass(&mut engine, NOW + SECOND))[0].0;
    let bad = testimony(LAN_PEER, ATTACKER, Some(opinion(1.0)));
    let outputs = answer(&mut engine, NOW + SECOND, id, LAN_PEER, vec![bad]);
    let told = |it: &Output| matches!(it, Output::Notify(Notice::NetworkOpinion { .. }));
    assert!(outputs.iter().any(told));
    assert!(published(&outputs).is_empty());
    assert!(!outputs.iter().any(|it| matches!(it, Output::Sign { .. })));
    assert!(
        !is_blocked(&engine, ATTACKER),
        "whoever deals with this host is not blocked on unproven words"
    );
}

#[test]
fn an_opinion_about_somebody_who_does_not_deal_with_this_host_blocks_briefly() {
    let mut engine = engine();
    let id = asked(&operator_asks(&mut engine, ATTACKER))[0].0;
    let bad = testimony(LAN_PEER, ATTACKER, Some(opinion(1.0)));
    answer(&mut engine, NOW, id, LAN_PEER, vec![bad]);
    let checked = engine.check(&ATTACKER.parse().unwrap()).expect("blocked");
    assert_eq!(checked.expires_at, NOW + crate::SPOOFABLE_TTL_MAX);
}

#[test]
fn a_block_on_answers_alone_ends_when_its_only_voice_is_withdrawn() {
    let mut engine = engine();
    let mild = Statement {
        severity: Severity::MIN,
        ..statement(ATTACKER)
    };
    let alert = sign(LAN_PEER, mild.clone());
    hear(&mut engine, LAN_PEER, mild.clone());
    assert!(!is_blocked(&engine, ATTACKER), "too mild to block for");
    let id = asked(&operator_asks(&mut engine, ATTACKER))[0].0;
    let bad = testimony(LAN_PEER, ATTACKER, Some(opinion(1.0)));
    answer(&mut engine, NOW, id, LAN_PEER, vec![bad]);
    assert!(is_blocked(&engine, ATTACKER));
    let withdrawal = Statement {
        withdraws: Some(alert.id()),
        ..mild
    };
    hear(&mut engine, LAN_PEER, withdrawal);
    assert!(!is_blocked(&engine, ATTACKER));
}

#[test]
fn a_block_on_answers_alone_ends_when_its_only_voice_changes_its_mind() {
    let mut engine = engine();
    for (score, is_bad) in [(1.0, true), (-1.0, false)] {
        let id = asked(&operator_asks(&mut engine, ATTACKER))[0].0;
        let said = testimony(LAN_PEER, ATTACKER, Some(opinion(score)));
        answer(&mut engine, NOW, id, LAN_PEER, vec![said]);
        assert_eq!(is_blocked(&engine, ATTACKER), is_bad);
    }
}

#[test]
fn no_opinion_of_others_blocks_what_is_protected() {
    let mut engine = engine();
    for protected in ["192.0.2.1", "198.51.100.99", "198.51.100.7"] {
        let id = asked(&operator_asks(&mut engine, protected))[0].0;
        let bad = testimony(LAN_PEER, protected, Some(opinion(1.0)));
        let outputs = answer(&mut engine, NOW, id, LAN_PEER, vec![bad]);
        assert!(changes(&outputs).is_empty(), "{protected}");
    }
}

#[test]
fn an_answer_about_a_secret_truth_is_a_test_that_moves_trust() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    let canary: Indicator = "198.18.0.7".parse().unwrap();
    let allow = Command::Allow {
        indicator: canary,
        allow_for: None,
        comment: None,
    };
    order(&mut engine, NOW, allow).0.unwrap();
    let id = asked(&operator_asks(&mut engine, "198.18.0.7"))[0].0;
    let lie = testimony(STRANGER, "198.18.0.7", Some(opinion(1.0)));
    answer(&mut engine, NOW, id, STRANGER, vec![lie]);
    let truth = testimony(LAN_PEER, "198.18.0.7", Some(opinion(-1.0)));
    answer(&mut engine, NOW, id, LAN_PEER, vec![truth]);
    let (liar, honest) = (
        engine.trust_in(NOW, &STRANGER),
        engine.trust_in(NOW, &LAN_PEER),
    );
    assert_eq!((liar.right, liar.wrong), (0, 1));
    assert_eq!((honest.right, honest.wrong), (1, 0));
}

#[test]
fn peers_are_challenged_now_and_then_with_what_only_this_node_knows() {
    let mut engine = Engine::new(EngineConfig {
        node: NODE,
        policy: Policy::default(),
        ask: AskPolicy {
            challenge_every: Some(Duration::from_secs(60)),
            ..AskPolicy::default()
        },
        model: Box::new(crate::trust::aegis::AegisModel::default()),
        preset: Preset::Open,
        pretrust: BTreeMap::new(),
        configured_addresses: Vec::new(),
        blocks_max: 100,
        seed: 3,
    });
    connect(&mut engine, STRANGER, PeerClass::Dht);
    for host in 0..30 {
        let indicator = format!("203.0.113.{host}");
        order(&mut engine, NOW, block(&indicator, 3600)).0.unwrap();
    }
    let outputs = pass(&mut engine, NOW + Duration::from_secs(600));
    let questions = asked(&outputs);
    assert!((5..=25).contains(&questions.len()), "{}", questions.len());
    let mut about: Vec<Indicator> = Vec::new();
    for (_, peers, question) in questions {
        assert_eq!(peers, [STRANGER]);
        about.extend(question.indicators);
    }
    let count = about.len();
    about.sort();
    about.dedup();
    assert_eq!(about.len(), count, "none more often than other sources");
}

#[test]
fn asking_again_makes_the_same_words_no_more() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    let memory = |engine: &mut Engine| {
        let id = asked(&operator_asks(engine, ATTACKER))[0].0;
        for peer in [LAN_PEER, STRANGER] {
            let said = testimony(peer, ATTACKER, Some(opinion(1.0)));
            answer(engine, NOW, id, peer, vec![said]);
        }
        engine.trust.model.save(&LAN_PEER)
    };
    memory(&mut engine);
    let is_concluded = |engine: &Engine| {
        let file = engine.casebook.file(&ATTACKER.parse().unwrap());
        file.unwrap().is_concluded
    };
    assert!(is_concluded(&engine));
    let id = asked(&operator_asks(&mut engine, ATTACKER))[0].0;
    let before = engine.trust.model.save(&LAN_PEER);
    for peer in [LAN_PEER, STRANGER] {
        run(&mut engine, NOW, Input::Unanswered { id, peer });
    }
    assert_eq!(engine.trust.model.save(&LAN_PEER), before);
}
