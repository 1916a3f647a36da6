//! The talk between nodes that meet one after the other, part, and lose each other's queries.

use std::collections::BTreeSet;

use super::*;
use crate::{
    dice::Dice,
    file::tests::{T0, announcement, node, offer},
};

fn ms(ms: u64) -> Timestamp {
    T0 + Duration::from_millis(ms)
}

fn of_file(file: u32) -> Arc<Announcement> {
    Arc::new(announcement(offer(9, file)))
}

fn drain(talk: &mut Talk, now: Timestamp) -> Vec<Saying> {
    std::iter::from_fn(|| talk.poll_saying(now)).collect()
}

/// Returns a talk with node 1, which was asked what is announced.
fn with_peer() -> Talk {
    let mut talk = Talk::new();
    talk.meet(T0, node(1));
    assert_eq!(drain(&mut talk, T0), [Saying::List(node(1))]);
    talk.handle_listed(&node(1));
    talk
}

/// How far from each other two nodes notice that they met, and when something is announced, in ms.
const NOTICED_WITHIN: u64 = 3_000;

/// By when everybody has heard of it, although three queries of ten are lost: before anybody asks again.
const HEARD_BY: u64 = 40_000;

/// An author and somebody who is to hear what it announces.
struct Pair {
    dice: Dice,
    talks: [Talk; 2],
    known: [BTreeSet<u32>; 2],
}

impl Pair {
    /// Says whatever there is to say; some of it is lost.
    fn speak(&mut self, now: Timestamp) {
        for own in [0, 1] {
            let other = 1 - own;
            let peer = node(other as u8);
            while let Some(saying) = self.talks[own].poll_saying(now) {
                let luck = self.dice.unit();
                if luck < 0.15 {
                    continue; // nothing comes back
                }
                match saying {
                    Saying::List(_) if luck < 0.3 => self.talks[own].handle_unlisted(now, &peer),
                    Saying::Tell(_, it) if luck < 0.3 => {
                        self.talks[own].handle_untold(now, &peer, &it);
                    }
                    Saying::List(_) => {
                        self.talks[other].note_asked(now, node(own as u8));
                        let told = self.known[other].clone();
                        self.known[own].extend(told);
                        self.talks[own].handle_listed(&peer);
                    }
                    Saying::Tell(_, it) => {
                        self.known[other].insert(number_of(&it));
                        self.talks[own].handle_told(&peer, &it);
                    }
                }
            }
        }
    }

    fn announce(&mut self, now: Timestamp, number: u32) {
        self.known[0].insert(number);
        let listeners: Vec<NodeId> = self.talks[0].listeners().collect();
        for listener in listeners {
            self.talks[0].tell(now, &listener, &of_file(number));
        }
    }
}

fn number_of(announcement: &Announcement) -> u32 {
    let bytes = announcement.offer().file.as_bytes();
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Plays what chance makes of `seed`; returns what the listener has heard of, and when it was to.
fn play(seed: u64) -> BTreeSet<u32> {
    let mut pair = Pair {
        dice: Dice::new(seed),
        talks: [Talk::new(), Talk::new()],
        known: Default::default(),
    };
    let mut moment = || (pair.dice.unit() * NOTICED_WITHIN as f64) as u64 / 10 * 10;
    let met_at = [moment(), moment()];
    let announced_at = [moment(), moment(), moment()];
    // Who is said to be gone and is back at once, as one of two may see it and the other not.
    let (blinks, blinks_at) = (moment() % 2, moment());
    for at in (0..HEARD_BY).step_by(10) {
        let now = ms(at);
        for own in [0, 1] {
            let peer = node(1 - own as u8);
            let is_blink = own == 0 && blinks == 1 && at > met_at[0];
            if at == met_at[own] || (is_blink && at == blinks_at + 200) {
                pair.talks[own].meet(now, peer);
            }
            if is_blink && at == blinks_at {
                pair.talks[own].part(now, &peer);
            }
            pair.talks[own].handle_timeout(now);
        }
        for (number, announced_at) in (0..).zip(announced_at) {
            if at == announced_at {
                pair.announce(now, number);
            }
        }
        pair.speak(now);
    }
    pair.known[1].clone()
}

#[test]
fn everything_is_heard_of_soon_whoever_noticed_first_and_whatever_is_lost() {
    for seed in 0..300 {
        assert_eq!(play(seed), BTreeSet::from([0, 1, 2]), "seed {seed}");
    }
}

#[test]
fn whoever_asked_hears_of_what_comes_between_when_it_is_met() {
    let mut talk = Talk::new();
    talk.note_asked(T0, node(1));
    talk.tell(ms(5), &node(1), &of_file(1));
    assert_eq!(drain(&mut talk, ms(5)), []);
    talk.meet(ms(10), node(1));
    let said = drain(&mut talk, ms(10));
    let told = Saying::Tell(node(1), of_file(1));
    assert_eq!(said, [Saying::List(node(1)), told]);
    // Who never comes is forgotten.
    talk.note_asked(T0, node(2));
    talk.handle_timeout(T0 + LIST_EVERY);
    assert_eq!(talk.listeners().collect::<Vec<_>>(), [node(1)]);
}

#[test]
fn what_is_not_answered_is_said_again_and_later_each_time() {
    let mut talk = with_peer();
    talk.tell(T0, &node(1), &of_file(1));
    let told = Saying::Tell(node(1), of_file(1));
    for at in [0, 500, 1_500, 3_500, 7_500, 15_500] {
        if at > 0 {
            assert_eq!(drain(&mut talk, ms(at - 1)), [], "{at}");
        }
        assert_eq!(
            drain(&mut talk, ms(at)),
            std::slice::from_ref(&told),
            "{at}"
        );
        talk.handle_untold(ms(at), &node(1), &of_file(1));
    }
    talk.handle_told(&node(1), &of_file(1));
    assert_eq!(drain(&mut talk, ms(59_999)), []);
    assert_eq!(
        drain(&mut talk, T0 + LIST_EVERY),
        [Saying::List(node(1))],
        "it is confirmed"
    );
}

#[test]
fn a_query_of_which_nothing_comes_back_is_said_again_until_the_peer_has_asked() {
    let mut talk = with_peer();
    talk.tell(T0, &node(1), &of_file(1));
    let told = Saying::Tell(node(1), of_file(1));
    for secs in [0, 5, 15, 35] {
        if secs > 0 {
            assert_eq!(drain(&mut talk, ms(secs * 1000 - 1)), [], "{secs}");
        }
        assert_eq!(
            drain(&mut talk, ms(secs * 1000)),
            std::slice::from_ref(&told),
            "{secs}"
        );
    }
    talk.handle_timeout(T0 + LIST_EVERY);
    let later = T0 + LIST_EVERY * 2;
    assert_eq!(drain(&mut talk, later), [Saying::List(node(1))]);
}

#[test]
fn a_peer_is_asked_again_until_it_answers_and_each_minute_then() {
    let mut talk = Talk::new();
    talk.meet(T0, node(1));
    let asks = [Saying::List(node(1))];
    for secs in [0, 5, 15] {
        if secs > 0 {
            assert_eq!(drain(&mut talk, ms(secs * 1000 - 1)), [], "{secs}");
        }
        assert_eq!(drain(&mut talk, ms(secs * 1000)), asks, "{secs}");
    }
    talk.handle_unlisted(ms(16_000), &node(1));
    assert_eq!(drain(&mut talk, ms(16_499)), []);
    assert_eq!(drain(&mut talk, ms(16_500)), asks);
    talk.handle_listed(&node(1));
    assert_eq!(drain(&mut talk, ms(76_499)), []);
    assert_eq!(drain(&mut talk, ms(76_500)), asks);
    talk.handle_listed(&node(1));
    talk.hurry(ms(77_000));
    talk.hurry(ms(78_000));
    assert_eq!(drain(&mut talk, ms(78_999)), []);
    assert_eq!(drain(&mut talk, ms(79_000)), asks);
}

#[test]
fn few_are_under_way_to_a_peer_at_a_time() {
    let mut talk = with_peer();
    for file in 0..UNTOLD_MAX as u32 + 10 {
        talk.tell(T0, &node(1), &of_file(file));
    }
    let mut told = BTreeSet::new();
    loop {
        let said = drain(&mut talk, T0);
        assert!(said.len() <= UNDER_WAY_MAX);
        for saying in &said {
            let Saying::Tell(to, it) = saying else {
                panic!("{saying:?}");
            };
            assert!(told.insert(number_of(it)));
            talk.handle_told(to, it);
        }
        if said.is_empty() {
            break;
        }
    }
    assert_eq!(told.len(), UNTOLD_MAX);
}

#[test]
fn a_later_word_takes_the_place_of_an_earlier_one_that_is_under_way() {
    let mut talk = with_peer();
    let (first, mut later) = (of_file(1), offer(9, 1));
    later.is_withdrawn = true;
    let later = Arc::new(announcement(later));
    talk.tell(T0, &node(1), &first);
    assert_eq!(drain(&mut talk, T0).len(), 1);
    talk.tell(T0, &node(1), &later);
    talk.handle_told(&node(1), &first);
    assert_eq!(drain(&mut talk, T0), [Saying::Tell(node(1), later)]);
}

#[test]
fn strangers_who_ask_and_never_come_are_few() {
    let mut talk = with_peer();
    for number in 0..EXPECTED_MAX as u32 + 10 {
        let mut key = [0xff; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        talk.note_asked(T0, NodeId::from_public_key(key));
    }
    assert_eq!(talk.listeners().count(), EXPECTED_MAX + 1);
    talk.part(T0, &node(1));
    assert_eq!(talk.listeners().count(), EXPECTED_MAX);
}
