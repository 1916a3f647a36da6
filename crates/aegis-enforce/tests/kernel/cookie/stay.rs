//! What stays through another generation and another start: the proofs, the addresses, the mode.

use std::net::{IpAddr, Ipv4Addr};

use aegis_abi::cookie::PINNED;
use aegis_core::{Change, Indicator};
use aegis_enforce::{Enforcer, SynCookies};

use super::{
    CLIENT, CLIENT_V6, Stage,
    proof::{stream, told},
    segment::Segment,
};
use crate::support::{HOUR, T0, unwrap};

/// More blocks than are put in force one by one.
const MANY: u32 = 9_000;

fn prove(stage: &Stage, request: &Segment) {
    let ack = request.acknowledge(&stage.answer(request)).bytes();
    stage.check_passed(&ack, "the acknowledgement");
    assert!(unwrap(stage.enforcer.is_verified(request.source)));
}

/// Ends the owner and starts another one.
fn restart(stage: &mut Stage) {
    // The older one holds the instance until it is gone.
    stage.enforcer = Enforcer::observe_only("between two owners".to_owned());
    stage.enforcer = stage.instance.start();
}

#[test]
fn a_proof_stays_through_another_generation_and_the_next_one_is_told() {
    let Some(mut stage) = Stage::with(|it| it.config.capacity.hosts_v4 = 20_000) else {
        return;
    };
    let mut stream = stream(&stage);
    prove(&stage, &stage.request());
    let before = stage.enforcer.map_ids();
    let changes: Vec<Change> = (0..MANY)
        .map(|it| Change::Block {
            indicator: Indicator::host(Ipv4Addr::from(0x0b00_0000 + it).into()),
            expires_at: T0 + HOUR,
        })
        .collect();
    unwrap(stage.enforcer.apply(T0, &changes));
    assert_ne!(stage.enforcer.map_ids(), before, "another generation");
    assert!(stage.is_verified(CLIENT));
    stage.check_passed(&stage.request().bytes(), "a request of a proven source");
    prove(&stage, &stage.request_v6());
    let expected = [CLIENT, CLIENT_V6].map(|it| it.parse::<IpAddr>().unwrap());
    assert_eq!(told(&mut stream), expected);
    unwrap(stage.enforcer.set_syn_cookies(SynCookies::default()));
    let other = Segment::request("203.0.113.8", super::SERVER, stage.port);
    stage.check_passed(&other.bytes(), "a request after the end of the mode");
}

#[test]
fn proofs_and_addresses_stay_through_a_restart() {
    let Some(mut stage) = Stage::new() else {
        return;
    };
    prove(&stage, &stage.request());
    restart(&mut stage);
    assert!(stage.is_verified(CLIENT));
    stage.check_passed(&stage.request().bytes(), "a request of a proven source");
    stage.answer(&stage.request_v6());
    // What an earlier owner answered for is known, and can be taken back.
    unwrap(stage.enforcer.set_own_addresses(&[]));
    stage.check_passed(&stage.request_v6().bytes(), "a request to nobody");
}

#[test]
fn nothing_stays_of_a_mode_that_is_off() {
    let Some(mut stage) = Stage::new() else {
        return;
    };
    prove(&stage, &stage.request());
    let is_pinned = |stage: &Stage| PINNED.map(|it| stage.instance.pin(it).exists());
    assert_eq!(is_pinned(&stage), [true; 6]);
    let wanted = stage.instance.config.syn_cookies;
    stage.instance.config.syn_cookies = SynCookies::default();
    restart(&mut stage);
    assert_eq!(is_pinned(&stage), [false; 6]);
    stage.check_passed(&stage.request_v6().bytes(), "a request while it is off");
    stage.instance.config.syn_cookies = wanted;
    restart(&mut stage);
    assert_eq!(is_pinned(&stage), [true; 6]);
    assert!(!stage.is_verified(CLIENT));
    stage.check_passed(&stage.request().bytes(), "a request before the mode is on");
}
