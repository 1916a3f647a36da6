//! The catalogue: whose word counts, what is full, and what is over.

use std::time::Duration;

use super::*;
use crate::{
    OrganisationId,
    file::{
        Validity,
        tests::{AN_HOUR, T0, announcement, node, offer},
    },
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

/// Who belongs to which organisation: the node and the organisation with the same byte.
struct Alike;

impl Members for Alike {
    fn is_member(&self, _: Timestamp, member: &NodeId, organisation: &OrganisationId) -> bool {
        member.public_key()[0] == organisation.public_key()[0]
    }
}

/// Announces file 1 by an author, for everybody where there is no organisation.
fn announce(catalogue: &mut Catalogue, author: u8, organisation: Option<u8>) {
    let organisations = organisation.map(|it| OrganisationId::from_public_key([it; 32]));
    let audience = Audience::of(organisations.into_iter().collect());
    let offer = crate::file::Offer {
        audience: audience.unwrap_or(Audience::Everybody),
        ..offer(author, 1)
    };
    assert_eq!(hear_at(catalogue, T0, announcement(offer)).0, Heard::New);
}

#[test]
fn an_outsider_does_not_open_a_file_for_few() {
    let mut catalogue = empty();
    let entitled = |catalogue: &Catalogue| -> Vec<u8> {
        let file = offer(1, 1).file;
        let nodes = 1..=4;
        let entitled = nodes.filter(|it| catalogue.entitles(T0, &node(*it), file, &Alike));
        entitled.collect()
    };
    assert_eq!(entitled(&catalogue), [0; 0], "nobody offers it");
    announce(&mut catalogue, 1, Some(2));
    assert_eq!(entitled(&catalogue), [1, 2], "its author and a member");
    announce(&mut catalogue, 3, None);
    assert_eq!(entitled(&catalogue), [1, 2], "whoever else says otherwise");
    announce(&mut catalogue, 4, Some(2));
    assert_eq!(entitled(&catalogue), [2], "who belongs to all of it");
    announce(&mut catalogue, 0, Some(3));
    assert_eq!(entitled(&catalogue), [3], "this node's own word decides");
}

#[test]
fn only_a_member_speaks_to_its_organisation() {
    for (author, organisation, may) in [(1, None, true), (2, Some(2), true), (1, Some(2), false)] {
        let organisations = organisation.map(|it| OrganisationId::from_public_key([it; 32]));
        let audience = Audience::of(organisations.into_iter().collect());
        let announced = announcement(crate::file::Offer {
            audience: audience.unwrap_or(Audience::Everybody),
            ..offer(author, 1)
        });
        let is_so = announced.is_authors_to_say(T0, &Alike);
        assert_eq!(is_so, may, "{author} to {organisation:?}");
    }
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
