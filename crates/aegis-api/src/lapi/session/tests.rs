//! Tests of what is remembered of those who use the listener.

use std::net::IpAddr;

use aegis_core::Timestamp;

use super::{Allowances, CURSORS_MAX, Cursors, TOKENS_MAX, token};

const T0: Timestamp = Timestamp::from_secs(1_000);

#[test]
fn a_token_is_long_and_no_two_are_the_same() {
    let tokens = [(); 3].map(|()| token().expect("there is chance"));
    assert!(tokens.iter().all(|it| it.len() == 64));
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2]);
    const { assert!(TOKENS_MAX >= 1_000) }; // an hour of commands from scripts
}

#[test]
fn who_was_not_seen_for_longest_is_forgotten_first() {
    let mut cursors = Cursors::default();
    let address = |number: u32| IpAddr::from(number.to_be_bytes());
    for number in 0..=CURSORS_MAX as u32 {
        let now = Timestamp::from_secs(u64::from(number));
        cursors.set(now, ("edge", address(number)), 7);
    }
    assert_eq!(cursors.find("edge", address(0)), None);
    assert_eq!(cursors.find("edge", address(1)), Some(7));
    assert_eq!(cursors.find("other", address(1)), None);
}

#[test]
fn what_a_machine_may_ask_for_comes_back_after_an_hour() {
    let mut allowances = Allowances::default();
    let mut take = |secs, wanted| {
        let now = Timestamp::from_secs(secs);
        allowances.take_decisions(now, "web1", (wanted, 10))
    };
    assert_eq!(take(1_000, 7), 7);
    assert_eq!(take(2_000, 7), 3);
    assert_eq!(take(4_599, 1), 0);
    assert_eq!(take(4_600, 20), 10);
    assert_eq!(allowances.take_decisions(T0, "web2", (1, 10)), 1);
}
