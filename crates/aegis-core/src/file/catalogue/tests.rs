//! The catalogue: whose word counts, what is full, and what is over.

use std::time::Duration;

use super::*;
use crate::file::{
    Validity,
    tests::{AN_HOUR, T0, announcement, node, offer},
};

fn hear(catalogue: &mut Catalogue, author: u8, file: u32) -> (Heard, Vec<Arc<Announcement>>) {
    hear_at(catalogue, T0, announcement(offer(author, file)))
}

fn hear_at(
    catalogue: &mut Catalogue,
    now: Timestamp,
    announcement: Announcement,
) -> (Heard, Vec<Arc<Announcement>>) {
    let mut gone = Vec::new();
    let heard = catalogue.hear(now, Arc::new(announcement), &mut gone);
    (heard, gone)
}

fn empty() -> Catalogue {
    Catalogue::new(node(0))
}

#[test]
fn the_same_word_is_news_once() {
    let mut catalogue = empty();
    assert_eq!(hear(&mut catalogue, 1, 1).0, Heard::New);
    assert_eq!(hear(&mut catalogue, 1, 1).0, Heard::Known);
    assert_eq!(hear(&mut catalogue, 2, 1).0, Heard::New);
    assert_eq!(catalogue.live(T0, offer(1, 1).file).count(), 2);
}

#[test]
fn what_has_ended_or_is_far_ahead_is_not_taken_in() {
    let mut catalogue = empty();
    let announced = announcement(offer(1, 1));
    assert_eq!(
        hear_at(&mut catalogue, T0 + AN_HOUR, announced.clone()).0,
        Heard::Over
    );
    let early = T0 - SKEW_MAX - Duration::from_secs(1);
    assert_eq!(
        hear_at(&mut catalogue, early, announced.clone()).0,
        Heard::Early
    );
    assert_eq!(
        hear_at(&mut catalogue, T0 - SKEW_MAX, announced).0,
        Heard::New
    );
}

#[test]
fn a_withdrawal_stays_until_what_it_takes_back_would_have_ended() {
    let mut catalogue = empty();
    let mut withdrawal = offer(1, 1);
    withdrawal.is_withdrawn = true;
    // Also where it comes first.
    assert_eq!(
        hear_at(&mut catalogue, T0, announcement(withdrawal)).0,
        Heard::New
    );
    assert_eq!(hear(&mut catalogue, 1, 1).0, Heard::Known);
    assert_eq!(catalogue.live(T0, offer(1, 1).file).count(), 0);
    assert_eq!(catalogue.expires_at(), Some(T0 + AN_HOUR));
    assert_eq!(catalogue.expire(T0 + AN_HOUR).len(), 1);
    assert!(catalogue.is_empty());
}

#[test]
fn an_author_pushes_out_its_own_eldest_only() {
    let mut catalogue = empty();
    hear(&mut catalogue, 2, 0);
    let mut first = offer(1, 0);
    let early = T0 - Duration::from_secs(1);
    first.validity = Validity::new(early, early + AN_HOUR).unwrap();
    hear_at(&mut catalogue, T0, announcement(first.clone()));
    for file in 1..ANNOUNCEMENTS_PER_AUTHOR_MAX as u32 {
        assert_eq!(hear(&mut catalogue, 1, file), (Heard::New, vec![]));
    }
    let (heard, gone) = hear(&mut catalogue, 1, 9999);
    assert_eq!((heard, gone.len()), (Heard::New, 1));
    assert_eq!(gone[0].offer(), &first);
    assert_eq!(catalogue.live(T0, offer(2, 0).file).count(), 1);
    assert_eq!(catalogue.len(), ANNOUNCEMENTS_PER_AUTHOR_MAX + 1);
}

#[test]
fn who_has_most_makes_room_and_what_is_kept_here_never_does() {
    let mut catalogue = empty();
    let kept = offer(1, 7);
    catalogue.pin(kept.file);
    hear(&mut catalogue, 1, 7);
    hear(&mut catalogue, 0, 7); // this node's own does not count
    for author in 1..=32 {
        for file in 0..ANNOUNCEMENTS_PER_AUTHOR_MAX as u32 {
            hear(&mut catalogue, author, 1000 * u32::from(author) + file);
        }
    }
    for author in 100..200 {
        hear(&mut catalogue, author, 0);
    }
    assert_eq!(catalogue.len(), ANNOUNCEMENTS_MAX + 1);
    assert_eq!(catalogue.live(T0, kept.file).count(), 2);
    assert_eq!(catalogue.live(T0, offer(100, 0).file).count(), 100);
}

#[test]
fn pages_go_on_behind_the_last_entry() {
    let mut catalogue = empty();
    for (author, file) in [(1, 1), (2, 1), (1, 2)] {
        hear(&mut catalogue, author, file);
    }
    let key = |it: &Arc<Announcement>| (it.offer().file, it.offer().author);
    let all: Vec<_> = catalogue.behind(None).map(key).collect();
    assert_eq!(all.len(), 3);
    let rest: Vec<_> = catalogue.behind(Some(all[0])).map(key).collect();
    assert_eq!(rest, all[1..]);
}
