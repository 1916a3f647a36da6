//! Answering others, and passing questions on.

use super::ask::{answer, asked, established, operator_asks, opinion, testimony};
use super::*;
use crate::trust::model::Recommendation;
use crate::{Audience, Disclosure, Opinion, Question, Score, Testimony, Topic};

const SECOND: Duration = Duration::from_secs(1);

fn question(indicators: &[&str], hops: u8) -> Question {
    Question {
        indicators: indicators.iter().map(|it| it.parse().unwrap()).collect(),
        hops,
        wait: 3 * SECOND,
    }
}

type Own = Vec<(Indicator, Topic, Option<Opinion>)>;

fn testified(outputs: &[Output]) -> Option<(u64, Own, Vec<Arc<Testimony>>)> {
    outputs.iter().find_map(|it| {
        let Output::Testify {
            request,
            own,
            passed_on,
        } = it
        else {
            return None;
        };
        Some((*request, own.clone(), passed_on.clone()))
    })
}

fn ask(engine: &mut Engine, from: NodeId, question: Question) -> Vec<Output> {
    let input = Input::Asked {
        request: 5,
        from,
        question,
    };
    run(engine, NOW, input)
}

#[test]
fn an_answer_says_what_this_node_saw_and_nothing_it_heard() {
    let mut engine = engine();
    detect(&mut engine, NOW, ATTACKER);
    hear(&mut engine, LAN_PEER, statement("203.0.113.8"));
    let asked = ["192.0.2.1", "203.0.113.7", "203.0.113.8"];
    let outputs = ask(&mut engine, STRANGER, question(&asked, 0));
    let (request, own, passed_on) = testified(&outputs).unwrap();
    assert_eq!((request, passed_on.len()), (5, 0));
    let [gateway, seen, heard] = &own[..] else {
        panic!("an answer for each: {own:?}");
    };
    assert_eq!(gateway.2, None);
    assert_eq!(heard.2, None, "hearsay is for its author to say");
    let opinion = seen.2.expect("this node saw it");
    assert_eq!((seen.1, opinion.score), (Topic::Flood, Score::MALICIOUS));
    assert_eq!(opinion.sightings, 1);
}

#[test]
fn the_disclosure_policy_is_kept() {
    let check = |audience, disclosure, from, attacker: bool, client: bool| {
        let mut engine = engine();
        engine.questions.policy.audience = audience;
        engine.questions.policy.disclosure = disclosure;
        connect(&mut engine, STRANGER, PeerClass::Dht);
        detect(&mut engine, NOW, ATTACKER);
        established(&mut engine, NOW, "203.0.113.50");
        let outputs = ask(&mut engine, from, question(&[ATTACKER, "203.0.113.50"], 0));
        let own = testified(&outputs).unwrap().1;
        let said: Vec<bool> = own.iter().map(|it| it.2.is_some()).collect();
        assert_eq!(said, [attacker, client], "{audience:?} {disclosure:?}");
    };
    use Audience::{Everybody, Nobody, Trusted};
    use Disclosure::{All, Malicious};
    check(Everybody, Malicious, STRANGER, true, false);
    check(Everybody, All, STRANGER, true, true);
    check(Trusted, All, STRANGER, false, false);
    check(Trusted, All, LAN_PEER, true, true);
    check(Nobody, All, LAN_PEER, false, false);
}

#[test]
fn a_question_is_passed_on_to_trusted_peers_and_comes_back_in_time() {
    let mut engine = engine();
    connect(&mut engine, STRANGER, PeerClass::Dht);
    detect(&mut engine, NOW, ATTACKER);
    let outputs = ask(&mut engine, STRANGER, question(&[ATTACKER], 2));
    assert_eq!(testified(&outputs), None, "others are asked first");
    let [(id, peers, passed_on)] = &asked(&outputs)[..] else {
        panic!("one question");
    };
    assert_eq!(*peers, [LAN_PEER], "not the asker, and no stranger");
    assert_eq!(passed_on.hops, 1);
    assert!(passed_on.wait < 3 * SECOND);
    let theirs = testimony(LAN_PEER, ATTACKER, Some(opinion(0.5)));
    let outputs = answer(&mut engine, NOW, *id, LAN_PEER, vec![theirs.clone()]);
    let (request, own, passed_on) = testified(&outputs).unwrap();
    assert_eq!((request, own.len()), (5, 1));
    assert_eq!(passed_on, [theirs]);
}

#[test]
fn a_newcomer_is_asked_about_among_the_trusted() {
    let mut engine = engine();
    let outputs = connect(&mut engine, STRANGER, PeerClass::Dht);
    let id = outputs.iter().find_map(|it| {
        let Output::AskAbout {
            id, peers, subject, ..
        } = it
        else {
            return None;
        };
        assert_eq!((peers.as_slice(), *subject), (&[LAN_PEER][..], STRANGER));
        Some(*id)
    });
    let good = Recommendation {
        malicious_right: 500,
        benign_right: 500,
        ..Recommendation::default()
    };
    let input = Input::Recommended {
        id: id.expect("asked"),
        from: LAN_PEER,
        recommendation: Some(good),
    };
    run(&mut engine, NOW, input);
    let trust = engine.trust_in(NOW, &STRANGER);
    assert_eq!(
        (trust.right, trust.wrong),
        (0, 0),
        "others' counts are not its own"
    );
    assert_eq!(
        refusals(&hear(&mut engine, STRANGER, statement(ATTACKER))),
        ["not_trusted"],
        "praise alone blocks nobody"
    );
}

#[test]
fn what_is_known_of_a_peer_is_said_to_who_asks() {
    let mut engine = engine();
    hear(&mut engine, LAN_PEER, statement(ATTACKER));
    order(&mut engine, NOW, block(ATTACKER, 60)).0.unwrap();
    let about = |engine: &mut Engine, subject| {
        let input = Input::AskedAbout {
            request: 9,
            from: LAN_PEER,
            subject,
        };
        run(engine, NOW, input).into_iter().find_map(|it| {
            let Output::Recommend {
                request: 9,
                recommendation,
            } = it
            else {
                return None;
            };
            Some(recommendation)
        })
    };
    let known = about(&mut engine, LAN_PEER)
        .expect("answered")
        .expect("known");
    assert_eq!(known.malicious_right, 1);
    assert_eq!(about(&mut engine, STRANGER).expect("answered"), None);
}

#[test]
fn nobody_keeps_this_node_from_asking_by_asking_it() {
    let mut engine = engine();
    let asker = |it: u8| NodeId::from_public_key([100 + it; 32]);
    let mut passed_on = 0;
    for it in 0..60 {
        connect(&mut engine, asker(it), PeerClass::Dht);
        for _ in 0..5 {
            let outputs = ask(&mut engine, asker(it), question(&[ATTACKER], 1));
            let is_passed_on = testified(&outputs).is_none();
            passed_on += usize::from(is_passed_on);
        }
    }
    assert_eq!(passed_on, 16, "two of each asker, sixteen in all");
    assert_eq!(asked(&operator_asks(&mut engine, "203.0.113.8")).len(), 1);
}

#[test]
fn what_others_ask_about_is_no_case_of_this_nodes() {
    let mut engine = engine();
    let outputs = ask(&mut engine, STRANGER, question(&["203.0.113.99"], 1));
    let id = asked(&outputs)[0].0;
    let said = testimony(LAN_PEER, "203.0.113.99", Some(opinion(1.0)));
    answer(&mut engine, NOW, id, LAN_PEER, vec![said]);
    assert_eq!(engine.casebook.len(), 0);
    assert!(!is_blocked(&engine, "203.0.113.99"));
}
