//! Feeds: blocked within the guards, without a word for each entry, and freed when they end.

use super::*;
use crate::{Feed, FeedId, FeedInput, FeedPart, FeedWeight, Origin, file::FileId};

const MINUTE: Duration = Duration::from_secs(60);

const UNTIL: Timestamp = Timestamp::from_millis(NOW.as_millis() + 3_600_000);

fn feed(number: u8) -> FeedId {
    FeedId::of_file(FileId::from_bytes([100 + number; 32]))
}

fn listed(texts: &[&str]) -> Feed {
    Feed::parse(texts.join("\n").as_bytes()).unwrap()
}

fn apply(engine: &mut Engine, feed: FeedId, texts: &[&str]) -> Vec<Output> {
    let part = FeedPart {
        feed,
        entries: listed(texts)
            .entries()
            .iter()
            .map(|it| (*it, UNTIL))
            .collect(),
    };
    run(engine, NOW, Input::Feed(FeedInput::Entries(part)))
}

/// Frees all of a feed, looking at one blocked indicator at a time.
fn end(engine: &mut Engine, feed: FeedId) -> Vec<Output> {
    let (mut outputs, mut after, mut freed) = (Vec::new(), None, 0);
    loop {
        let (entries, next) = engine.listed(feed, after, 1);
        assert!(entries.len() <= 1);
        freed += entries.len();
        assert!(entries.iter().all(|(_, end)| *end == UNTIL));
        let entries = entries.into_iter().map(|it| it.0).collect();
        let left = Input::Feed(FeedInput::Left(feed, entries));
        outputs.extend(run(engine, NOW, left));
        if next.is_none() {
            break;
        }
        after = next;
    }
    let ended = Input::Feed(FeedInput::Ended(feed, freed));
    outputs.extend(run(engine, NOW, ended));
    outputs
}

#[test]
fn what_is_listed_is_blocked_until_the_feed_is_over_and_nobody_is_told_of_each() {
    let mut engine = engine();
    let outputs = apply(&mut engine, feed(1), &["203.0.113.1", "198.18.7.0/24"]);
    assert!(is_blocked(&engine, "203.0.113.1"));
    assert!(is_blocked(&engine, "198.18.7.9"));
    let is_quiet = |it: &Output| {
        matches!(
            it,
            Output::Enforce(Change::Block { expires_at, .. }) if *expires_at == UNTIL
        ) || matches!(it, Output::Persist(Record::DecisionMade(it)) if it.origin == Origin::Feed)
    };
    assert_eq!(outputs.len(), 4);
    assert!(outputs.iter().all(is_quiet), "{outputs:?}");
    assert_eq!(engine.feeds(), [feed(1)].into());
    let outputs = pass(&mut engine, UNTIL);
    assert!(!is_blocked(&engine, "203.0.113.1"));
    let told = outputs.iter().filter(|it| matches!(it, Output::Notify(_)));
    assert_eq!(told.count(), 0, "{outputs:?}");
    assert_eq!(engine.feeds(), [].into());
}

#[test]
fn a_list_that_comes_again_writes_only_what_is_new_or_ends_later() {
    let mut engine = engine();
    let drop = FeedId::subscribed("drop").unwrap();
    let part = |entries: &[(&str, Timestamp)]| {
        let entries = entries.iter().map(|(it, end)| (it.parse().unwrap(), *end));
        Input::Feed(FeedInput::Entries(FeedPart {
            feed: drop,
            entries: entries.collect(),
        }))
    };
    let later = UNTIL + MINUTE;
    let first = [("203.0.113.1", UNTIL), ("203.0.113.2", UNTIL)];
    assert_eq!(run(&mut engine, NOW, part(&first)).len(), 4);
    assert_eq!(run(&mut engine, NOW, part(&first)), []);
    let again = [
        ("203.0.113.1", NOW + MINUTE),
        ("203.0.113.2", later),
        ("203.0.113.3", UNTIL),
    ];
    let outputs = run(&mut engine, NOW, part(&again));
    let made = outputs.iter().filter_map(|it| {
        let Output::Persist(Record::DecisionMade(it)) = it else {
            return None;
        };
        Some((it.indicator.to_string(), it.expires_at))
    });
    let expected = [
        ("203.0.113.2".to_owned(), later),
        ("203.0.113.3".to_owned(), UNTIL),
    ];
    assert_eq!(made.collect::<Vec<_>>(), expected);
    assert_eq!(engine.listed_count(drop), 3);
    let (listed, _) = engine.listed(drop, None, 9);
    let ends: Vec<Timestamp> = listed.iter().map(|(_, end)| *end).collect();
    assert_eq!(ends, [UNTIL, later, UNTIL]);
}

#[test]
fn who_subscribes_is_on_record() {
    let told = FeedInput::Told {
        actor: Actor::User(7),
        action: Action::Block,
        detail: "feed drop: subscribed".to_owned(),
    };
    let outputs = run(&mut engine(), NOW, Input::Feed(told));
    let [Output::Persist(Record::Audit(entry))] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert_eq!(entry.actor, Actor::User(7));
    assert_eq!(entry.detail, "feed drop: subscribed");
}

#[test]
fn what_must_not_be_blocked_is_left_out_and_counted() {
    let mut engine = engine();
    let allowed = Command::Allow {
        indicator: "203.0.113.8".parse().unwrap(),
        allow_for: None,
        comment: None,
    };
    order(&mut engine, NOW, allowed).0.unwrap();
    apply(&mut engine, feed(2), &["203.0.113.3"]);
    let unblock = Command::Unblock {
        indicator: "203.0.113.3".parse().unwrap(),
        withdraw: false,
    };
    order(&mut engine, NOW, unblock).0.unwrap();
    let texts = [
        "127.0.0.1",
        "0.0.0.0/0",
        "10.0.0.0/8",
        "203.0.113.3",
        "203.0.113.8",
        "203.0.113.9",
        "ff02::1",
    ];
    let weight = engine.weigh_feed(&listed(&texts));
    let expected = FeedWeight {
        entries: 7,
        blocked: 1,
        new: 1,
        protected: 2,
        allowlisted: 1,
        too_wide: 1,
        private: 1,
        configured_peers: 0,
        unblocked: 1,
        room: weight.room,
    };
    assert_eq!(weight, expected);
    assert!(weight.fits());
    apply(&mut engine, feed(1), &texts);
    for text in texts {
        assert_eq!(is_blocked(&engine, text), text == "203.0.113.9", "{text}");
    }
}

#[test]
fn what_the_operator_unblocked_stays_free_for_as_long_as_a_feed_lists_it() {
    const DAY: Duration = Duration::from_secs(24 * 3_600);
    let mut engine = engine();
    let drop = FeedId::subscribed("drop").unwrap();
    let unblock = || Command::Unblock {
        indicator: ATTACKER.parse().unwrap(),
        withdraw: false,
    };
    let list =
        |engine: &mut Engine, now: Timestamp| run(engine, now, listed_for(drop, now + 4 * DAY));
    list(&mut engine, NOW);
    let reply = order(&mut engine, NOW, unblock()).0.unwrap();
    let expected = Reply::Unblocked {
        covered_by: None,
        withdrawn: 0,
        listed_by: vec![drop],
    };
    assert_eq!(reply, expected);
    // Each day for a month it is listed again, and the node may start anew each time.
    for day in 1..=30 {
        let now = NOW + day * DAY;
        pass(&mut engine, now);
        list(&mut engine, now);
        assert!(!is_blocked(&engine, ATTACKER), "day {day}");
        assert!(is_blocked(&engine, "203.0.113.200"), "day {day}");
    }
    assert_eq!(list(&mut engine, NOW + 30 * DAY), [], "nothing to write");
    // A publisher that is away for a week lists what it did, a month later it is another list.
    pass(&mut engine, NOW + 41 * DAY - MINUTE);
    list(&mut engine, NOW + 41 * DAY - MINUTE);
    assert!(!is_blocked(&engine, ATTACKER));
    pass(&mut engine, NOW + 90 * DAY);
    list(&mut engine, NOW + 90 * DAY);
    assert!(is_blocked(&engine, ATTACKER));
    // This node's own detectors outweigh it, and then the feed does as well.
    order(&mut engine, NOW + 90 * DAY, unblock()).0.unwrap();
    detect(&mut engine, NOW + 90 * DAY, ATTACKER);
    list(&mut engine, NOW + 91 * DAY);
    let why = engine.why(NOW + 91 * DAY, &ATTACKER.parse().unwrap());
    assert!(why.decisions.iter().any(|it| it.origin == Origin::Feed));
}

/// Says that a feed lists two addresses until `end`.
fn listed_for(feed: FeedId, end: Timestamp) -> Input {
    let entries = [ATTACKER, "203.0.113.200"].map(|it| (it.parse().unwrap(), end));
    Input::Feed(FeedInput::Entries(FeedPart {
        feed,
        entries: entries.into(),
    }))
}

#[test]
fn a_feed_that_is_taken_back_frees_only_what_nobody_else_blocks() {
    let mut engine = engine();
    apply(
        &mut engine,
        feed(1),
        &["203.0.113.1", "203.0.113.2", "203.0.113.3"],
    );
    apply(&mut engine, feed(2), &["203.0.113.2"]);
    let own = block("203.0.113.3", 600);
    order(&mut engine, NOW, own).0.unwrap();
    let outputs = end(&mut engine, feed(1));
    assert!(!is_blocked(&engine, "203.0.113.1"));
    assert!(is_blocked(&engine, "203.0.113.2"), "another feed lists it");
    assert!(
        is_blocked(&engine, "203.0.113.3"),
        "the operator blocked it"
    );
    let audited = outputs
        .iter()
        .filter(|it| matches!(it, Output::Persist(Record::Audit(_))));
    assert_eq!(audited.count(), 1, "{outputs:?}");
    assert_eq!(engine.listed(feed(1), None, 9), (vec![], None), "once");
    end(&mut engine, feed(2));
    assert!(!is_blocked(&engine, "203.0.113.2"));
    assert_eq!(engine.feeds(), [].into());
}

#[test]
fn a_feed_that_does_not_fit_says_so_and_what_is_listed_teaches_nothing() {
    let mut engine = engine();
    let listed = listed(&["203.0.113.1", "203.0.113.2"]);
    let weight = FeedWeight {
        room: 1,
        ..engine.weigh_feed(&listed)
    };
    assert!(!weight.fits());
    let before = engine.peer_trust(NOW, &LAN_PEER).trust.right;
    apply(&mut engine, feed(1), &["203.0.113.1"]);
    hear(&mut engine, LAN_PEER, statement("203.0.113.1"));
    assert_eq!(engine.peer_trust(NOW, &LAN_PEER).trust.right, before);
}
