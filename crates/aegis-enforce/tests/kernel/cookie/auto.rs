//! Answering only while a destination is under attack, and for as long as it is.

use std::time::Duration;

use aegis_enforce::{CookieMode, Counter};

use super::{CLIENT, PASS, SEND, SERVER, SERVER_V6, Stage, segment::Segment};
use crate::support::{HOUR, Instance, clock, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);

/// A stage where so many requests within a window are an attack, which is held for so long.
fn auto(threshold: u32, window: Duration, hold_for: Duration) -> Option<Stage> {
    Stage::with(|it: &mut Instance| {
        it.config.syn_cookies.mode = CookieMode::Auto;
        let it = &mut it.config.detectors.syn_flood_destination;
        it.enabled = true;
        it.threshold = threshold;
        it.sources_min = 10;
        it.window = window;
        it.hold_for = hold_for;
    })
}

/// Returns a request in the name of one of very many.
fn forged(stage: &Stage, destination: &str, number: u32) -> Vec<u8> {
    let (high, low) = (number / 250 % 250, number % 250 + 1);
    let source = if destination == SERVER_V6 {
        format!("2001:db8:{high:x}:{low:x}::1")
    } else {
        format!("10.7.{high}.{low}")
    };
    Segment::request(&source, destination, stage.port).bytes()
}

/// Sends so many forged requests; returns how many were answered.
fn flood(stage: &Stage, destination: &str, requests: u32) -> u32 {
    let answered = |it: &u32| stage.run(&forged(stage, destination, *it)).0 == SEND;
    let count = (0..requests).filter(answered).count();
    count.try_into().unwrap()
}

#[test]
fn auto_answers_from_the_threshold_on_and_only_where_the_flood_goes() {
    let Some(stage) = auto(200, HOUR, HOUR) else {
        return;
    };
    for (destination, calm) in [(SERVER, stage.request_v6()), (SERVER_V6, stage.request())] {
        let answered = flood(&stage, destination, 190);
        assert_eq!(answered, 0, "in peace");
        let answered = flood(&stage, destination, 200);
        assert!((60..=200).contains(&answered), "{answered}");
        assert_eq!(flood(&stage, destination, 100), 100, "under attack");
        if destination == SERVER {
            stage.check_passed(&calm.bytes(), "a request to another address");
        }
    }
    assert_eq!(stage.count(Counter::DestinationFloods), 2);
}

#[test]
fn an_attack_goes_on_while_it_is_answered_and_ends_when_it_is_over() {
    let hold_for = Duration::from_secs(1);
    let Some(stage) = auto(40, Duration::from_millis(200), hold_for) else {
        return;
    };
    let mut number = 0;
    let mut send = || {
        number += 1;
        stage.run(&forged(&stage, SERVER, number)).0
    };
    wait_until("the attack", PATIENCE, || send() == SEND);
    let start = clock();
    while start.elapsed() < hold_for * 3 {
        assert_eq!(send(), SEND, "{:?} into the attack", start.elapsed());
    }
    let request = stage.request();
    let ack = request.acknowledge(&stage.answer(&request));
    let mut asked_at = clock();
    wait_until("the end of the attack", PATIENCE, || {
        if asked_at.elapsed() < Duration::from_millis(50) {
            return false; // so few requests are no attack
        }
        asked_at = clock();
        stage.run(&request.bytes()).0 == PASS
    });
    stage.check_passed(&ack.bytes(), "an acknowledgement soon after");
    assert!(stage.is_verified(CLIENT));
    stage.end_linger();
    let looked_at = stage.count(Counter::CookiesOther);
    let other = Segment {
        source: "203.0.113.8".parse().unwrap(),
        ..ack
    };
    stage.check_passed(&other.bytes(), "an acknowledgement long after");
    assert_eq!(stage.count(Counter::CookiesOther), looked_at);
}

#[test]
fn without_its_detector_auto_answers_nobody() {
    let Some(mut stage) = auto(20, HOUR, HOUR) else {
        return;
    };
    let detectors = stage.instance.config.detectors.disabled();
    stage.enforcer.set_detectors(&detectors).unwrap();
    assert_eq!(flood(&stage, SERVER, 500), 0);
}
