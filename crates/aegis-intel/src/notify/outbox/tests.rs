//! Who is told what and how often, by an injected clock.

use proptest::prelude::*;

use super::*;
use crate::notify::Urgency;

const T0: Timestamp = Timestamp::from_secs(1_795_738_809);
const SECOND: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(600);

#[test]
fn the_same_subject_is_told_once_and_then_once_for_all_that_followed() {
    let mut outbox = outbox(1);
    for after in 0..5 {
        outbox.tell(T0 + SECOND * after, news("kernel"));
    }
    assert_eq!(sent(&mut outbox, T0), [("kernel".to_owned(), 1)]);
    assert_eq!(outbox.poll_timeout(), Some(T0 + WINDOW));
    assert_eq!(sent(&mut outbox, T0 + WINDOW - SECOND), []);
    assert_eq!(sent(&mut outbox, T0 + WINDOW), [("kernel".to_owned(), 4)]);
    // The window began anew, and when nothing more came, the next is told at once.
    outbox.tell(T0 + WINDOW + SECOND, news("kernel"));
    assert_eq!(sent(&mut outbox, T0 + WINDOW + SECOND), []);
    assert_eq!(
        sent(&mut outbox, T0 + WINDOW * 2),
        [("kernel".to_owned(), 1)]
    );
    assert_eq!(sent(&mut outbox, T0 + WINDOW * 4), []);
    outbox.tell(T0 + WINDOW * 4, news("kernel"));
    assert_eq!(
        sent(&mut outbox, T0 + WINDOW * 4),
        [("kernel".to_owned(), 1)]
    );
    assert_eq!(outbox.poll_timeout(), None);
}

#[test]
fn subjects_and_ways_do_not_wait_for_each_other() {
    let mut outbox = outbox(2);
    outbox.tell(T0, news("a"));
    outbox.tell(T0, news("b"));
    let due = outbox.take_due(T0);
    assert_eq!(due.iter().map(|it| it.way).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(outbox.take_due(T0), [], "one at a time");
    outbox.handle_outcome(T0, 1, Outcome::Sent);
    let due = outbox.take_due(T0);
    assert_eq!((due[0].way, due[0].message.news.subject.as_str()), (1, "b"));
}

#[test]
fn what_fails_is_tried_again_later_and_later_and_in_the_end_no_more() {
    let mut outbox = outbox(1);
    outbox.tell(T0, news("a"));
    let (mut now, mut waits) = (T0, Vec::new());
    loop {
        let due = outbox.take_due(now);
        let [parcel] = &due[..] else { break };
        assert_eq!(parcel.message.news.subject, "a");
        outbox.handle_outcome(now, 0, Outcome::Failed);
        let next = outbox.poll_timeout().unwrap();
        assert_eq!(outbox.take_due(next - SECOND), []);
        waits.push(next.since(now).as_secs());
        now = next;
    }
    assert_eq!(waits[..8], [30, 60, 120, 240, 480, 960, 1_920, 3_600]);
    assert!(now.since(T0) > AGE_MAX && now.since(T0) < AGE_MAX + RETRY_MAX * 2);
    assert_eq!(outbox.poll_timeout(), None);
}

#[test]
fn what_is_refused_is_not_tried_again_and_the_next_says_that_it_was_dropped() {
    let mut outbox = outbox(1);
    outbox.tell(T0, news("a"));
    outbox.tell(T0, news("b"));
    assert_eq!(outbox.take_due(T0).len(), 1);
    outbox.handle_outcome(T0, 0, Outcome::Refused);
    let due = outbox.take_due(T0 + RETRY_MIN);
    assert_eq!(due[0].message.news.subject, "b");
    assert!(
        due[0]
            .message
            .news
            .text()
            .ends_with("(1 messages before this one were dropped)")
    );
}

#[test]
fn no_more_than_so_many_go_in_an_hour_and_the_rest_waits() {
    let mut outbox = outbox(1);
    for number in 0..8 {
        outbox.tell(T0, news(&number.to_string()));
    }
    assert_eq!(sent(&mut outbox, T0).len(), 5);
    assert_eq!(outbox.poll_timeout(), Some(T0 + HOUR));
    assert_eq!(sent(&mut outbox, T0 + HOUR - SECOND), []);
    assert_eq!(sent(&mut outbox, T0 + HOUR).len(), 3);
}

#[test]
fn a_way_that_does_not_work_keeps_the_latest() {
    let mut outbox = outbox(1);
    for number in 0..WAITING_MAX + 10 {
        outbox.tell(T0, news(&number.to_string()));
    }
    assert_eq!(outbox.ways[0].waiting.len(), WAITING_MAX);
    let first = &outbox.take_due(T0)[0].message.news;
    assert_eq!(first.subject, "0", "it may have been on its way");
    assert!(
        first
            .text()
            .ends_with("(10 messages before this one were dropped)")
    );
    let last = outbox.ways[0].waiting.back().unwrap();
    assert_eq!(last.news.subject, (WAITING_MAX + 9).to_string());
}

#[test]
fn subjects_are_bounded_and_what_was_held_back_of_them_is_told() {
    let mut outbox = outbox(1);
    outbox.tell(T0, news("first"));
    outbox.tell(T0, news("first"));
    for number in 0..SUBJECTS_MAX {
        outbox.tell(T0 + SECOND, news(&number.to_string()));
        assert!(outbox.subjects.len() <= SUBJECTS_MAX);
    }
    assert!(!outbox.subjects.contains_key("first"));
    let told = outbox.ways[0]
        .waiting
        .iter()
        .filter(|it| it.news.subject == "first");
    assert_eq!(told.count(), 2);
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up_for_ever() {
    let mut outbox = outbox(1);
    let later = T0 + HOUR * 1_000;
    outbox.tell(later, news("a"));
    assert_eq!(outbox.take_due(later).len(), 1);
    outbox.handle_outcome(later, 0, Outcome::Failed);
    outbox.tell(T0, news("b"));
    assert_eq!(
        outbox.take_due(T0 + HOUR),
        [],
        "it is put off for an hour at most"
    );
    assert_eq!(outbox.poll_timeout(), Some(T0 + HOUR + RETRY_MAX));
    assert_eq!(outbox.take_due(T0 + HOUR + RETRY_MAX).len(), 1);
}

#[test]
fn a_digest_is_told_every_day_however_long_the_window() {
    let mut outbox = outbox(1);
    outbox.config.window = HOUR * 1_000;
    for day in 0..3 {
        let now = T0 + HOUR * 24 * day;
        outbox.tell(now, News::new(Urgency::Digest, "digest", "title", "text"));
        assert_eq!(sent(&mut outbox, now), [("digest".to_owned(), 1)]);
    }
}

proptest! {
    /// Whatever happens: bounds hold, the rate holds, and nothing is sent while another is on its way.
    #[test]
    fn bounds_and_rates_hold(steps in proptest::collection::vec((0_u8..6, 0_u64..2_000, 0_u16..400), 1..200)) {
        let mut outbox = outbox(2);
        let (mut now, mut went, mut busy) = (T0, vec![Vec::new(); 2], [false; 2]);
        for (step, secs, subject) in steps {
            now = now + Duration::from_secs(secs);
            match step {
                0..=2 => outbox.tell(now, news(&subject.to_string())),
                3 => {
                    for parcel in outbox.take_due(now) {
                        prop_assert!(!std::mem::replace(&mut busy[parcel.way], true));
                    }
                }
                step => {
                    let way = usize::from(step - 4);
                    let outcome = match subject % 3 {
                        0 => Outcome::Sent,
                        1 => Outcome::Failed,
                        _ => Outcome::Refused,
                    };
                    outbox.handle_outcome(now, way, outcome);
                    if std::mem::replace(&mut busy[way], false) && outcome == Outcome::Sent {
                        went[way].push(now);
                    }
                }
            }
            prop_assert!(outbox.subjects.len() <= SUBJECTS_MAX);
            for (way, went) in outbox.ways.iter().zip(&went) {
                prop_assert!(way.waiting.len() <= WAITING_MAX && way.sent.len() <= 5);
                let lately = went.iter().filter(|it| now.since(**it) < HOUR).count();
                prop_assert!(lately <= 5, "{lately}");
            }
        }
    }
}

fn outbox(ways: usize) -> Outbox {
    let config = OutboxConfig {
        host: "host".to_owned(),
        window: WINDOW,
        per_hour: 5,
    };
    Outbox::new(config, ways)
}

fn news(subject: &str) -> News {
    News::new(Urgency::Urgent, subject, "title", "text")
}

/// Sends by the first way whatever is due; returns the subjects with their counts.
fn sent(outbox: &mut Outbox, now: Timestamp) -> Vec<(String, u32)> {
    let mut sent = Vec::new();
    while let Some(parcel) = outbox.take_due(now).pop() {
        outbox.handle_outcome(now, parcel.way, Outcome::Sent);
        sent.push((parcel.message.news.subject, parcel.message.count));
    }
    sent
}
