//! What proves a source and what does not, for how long, and who is told.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use aegis_enforce::{Counter, SynCookies, VerifiedStream};

use super::{
    CLIENT, CLIENT_V6, SEND, Stage,
    segment::{ACK, FIN, PSH, RST, SYN, Segment},
};
use crate::support::{Instance, unwrap, wait_until};

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn only_the_right_acknowledgement_proves() {
    let Some(stage) = Stage::new() else { return };
    for request in [stage.request(), stage.request_v6()] {
        let right = request.acknowledge(&stage.answer(&request));
        for (what, segment) in wrong(&right) {
            stage.check_passed(&segment.bytes(), what);
            assert!(
                !unwrap(stage.enforcer.is_verified(segment.source)),
                "{what}"
            );
        }
        let before = stage.count(Counter::CookiesValid);
        stage.check_passed(&right.bytes(), "the right acknowledgement");
        assert!(unwrap(stage.enforcer.is_verified(request.source)));
        assert_eq!(stage.count(Counter::CookiesValid), before + 1);
    }
    assert!(!stage.is_verified("203.0.113.8"));
    assert!(
        !stage.is_verified("2001:db8:7::8"),
        "a neighbour in the same /64"
    );
}

/// Returns acknowledgements that are wrong in one thing each.
fn wrong(right: &Segment) -> Vec<(&'static str, Segment)> {
    let mut wrong = Vec::new();
    let mut add = |what, change: &dyn Fn(&mut Segment)| {
        let mut segment = right.clone();
        change(&mut segment);
        wrong.push((what, segment));
    };
    // The neighbours of a number may be the same cookie with another segment size.
    add("another number", &|it| it.acknowledged ^= 0x4000);
    add("a flipped bit", &|it| it.acknowledged ^= 0x8000_0000);
    add("no number", &|it| it.acknowledged = 0);
    add("another sequence", &|it| it.sequence ^= 0x4000);
    add("another port", &|it| it.ports[0] ^= 1);
    add("another source", &|it| {
        it.source = match it.source {
            IpAddr::V4(_) => "203.0.113.99".parse().unwrap(),
            IpAddr::V6(_) => "2001:db8:7::99".parse().unwrap(),
        }
    });
    for flags in [SYN | ACK, RST | ACK, FIN | ACK, RST, 0] {
        add("other flags", &move |it| it.flags = flags);
    }
    add("to a port that nobody listens on", &|it| it.ports[1] ^= 1);
    if right.source.is_ipv4() {
        add("a fragment", &|it| it.fragment = 0x2000);
    }
    wrong
}

#[test]
fn data_may_come_with_the_acknowledgement() {
    let Some(stage) = Stage::new() else { return };
    let request = stage.request();
    let ack = Segment {
        flags: ACK | PSH,
        payload: vec![1; 700],
        options: vec![1; 12],
        ..request.acknowledge(&stage.answer(&request))
    };
    stage.check_passed(&ack.bytes(), "an acknowledgement with data");
    assert!(stage.is_verified(CLIENT));
}

#[test]
fn a_proven_source_is_let_through_until_its_time_is_over() {
    let short = |it: &mut Instance| {
        it.config.syn_cookies.verified_for = Duration::from_secs(1);
    };
    let Some(stage) = Stage::with(short) else {
        return;
    };
    let request = stage.request();
    let ack = request.acknowledge(&stage.answer(&request)).bytes();
    stage.check_passed(&ack, "the acknowledgement");
    stage.check_passed(&request.bytes(), "a request of a proven source");
    stage.check_passed(&ack, "the same once more");
    assert_eq!(
        stage.count(Counter::CookiesValid),
        1,
        "it was not looked at again"
    );
    wait_until("the end of the proof", PATIENCE, || {
        stage.run(&request.bytes()).0 == SEND
    });
    assert!(!stage.is_verified(CLIENT));
    stage.check_passed(&ack, "the same after the end");
    assert!(stage.is_verified(CLIENT));
}

#[test]
fn acknowledgements_are_not_looked_at_while_the_mode_is_off() {
    let Some(mut stage) = Stage::new() else {
        return;
    };
    let request = stage.request();
    let ack = request.acknowledge(&stage.answer(&request)).bytes();
    unwrap(stage.enforcer.set_syn_cookies(SynCookies::default()));
    stage.check_passed(&ack, "an acknowledgement after the end");
    assert!(!stage.is_verified(CLIENT));
    assert_eq!(stage.count(Counter::CookiesOther), 0);
}

#[test]
fn each_proven_source_is_told_once_and_not_too_many_at_a_time() {
    let Some(stage) = Stage::new() else { return };
    let prove = |source: &str, destination: &str| {
        let request = Segment::request(source, destination, stage.port);
        let ack = request.acknowledge(&stage.answer(&request)).bytes();
        stage.check_passed(&ack, "the acknowledgement");
        stage.check_passed(&ack, "the same once more");
    };
    let mut stream = stream(&stage);
    prove(CLIENT, super::SERVER);
    prove(CLIENT_V6, super::SERVER_V6);
    let expected = [CLIENT, CLIENT_V6].map(|it| it.parse::<IpAddr>().unwrap());
    assert_eq!(told(&mut stream), expected);
    for number in 0..300 {
        prove(
            &format!("10.1.{}.{}", number / 200, number % 200 + 1),
            super::SERVER,
        );
    }
    let told = told(&mut stream);
    let different: BTreeSet<&IpAddr> = told.iter().collect();
    assert_eq!(different.len(), told.len(), "each once");
    // A CPU tells 32 a second, and the first two were of this second.
    assert!(told.len() >= 30 && told.len() < 290, "{}", told.len());
    assert!(
        stage.is_verified("10.1.1.100"),
        "told or not, all are proven"
    );
}

#[test]
fn waiting_for_a_proof_wakes_up() {
    let Some(stage) = Stage::new() else { return };
    let runtime = runtime();
    let found = runtime.block_on(async {
        let mut stream = unwrap(stage.enforcer.verified());
        let handshake = async {
            tokio::task::yield_now().await; // the reader waits first
            let request = stage.request();
            let ack = request.acknowledge(&stage.answer(&request)).bytes();
            stage.check_passed(&ack, "the acknowledgement");
        };
        tokio::join!(tokio::time::timeout(PATIENCE, stream.next()), handshake).0
    });
    assert_eq!(found.unwrap().unwrap(), [CLIENT.parse::<IpAddr>().unwrap()]);
}

/// Returns everything that is told so far.
pub(super) fn told(stream: &mut VerifiedStream) -> Vec<IpAddr> {
    let mut told = Vec::new();
    loop {
        let found = stream.try_next();
        if found.is_empty() {
            break told;
        }
        told.extend(found);
    }
}

pub(super) fn stream(stage: &Stage) -> VerifiedStream {
    runtime().block_on(async { unwrap(stage.enforcer.verified()) })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
