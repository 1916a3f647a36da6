//! Tests of the decision board.

use aegis_core::{Indicator, Timestamp};

use super::{DecisionBoard, ENDED_MAX, Naming, Window};

const T0: Timestamp = Timestamp::from_secs(1_000);
const HOUR: Timestamp = Timestamp::from_secs(4_600);
const DAY: Timestamp = Timestamp::from_secs(87_400);

#[test]
fn trap_4_an_extended_ban_is_in_deleted_and_in_new() {
    let board = board(&["203.0.113.7", "203.0.113.8"]);
    let after = board.seq();
    board.post(ip("203.0.113.7"), naming("local", "manual"), (T0, DAY));
    let changed = board.changed(since(&board, after), 10);
    let [(_, posted, is_known)] = &changed[..] else {
        panic!("one has changed: {changed:?}");
    };
    assert_eq!(
        (posted.indicator, posted.expires_at),
        (ip("203.0.113.7"), DAY)
    );
    assert!(is_known, "so that it is told as deleted, too");
    assert!(board.ended(since(&board, after), 10).is_empty());
}

#[test]
fn trap_10_an_id_is_positive_and_stays_while_the_decision_is_active() {
    let board = board(&["203.0.113.7", "2001:db8::/48"]);
    let id = |text| board.exactly(&ip(text)).expect("it is there").id;
    let (host, prefix) = (id("203.0.113.7"), id("2001:db8::/48"));
    board.post(ip("203.0.113.7"), naming("p2p", "other"), (T0, DAY));
    assert_eq!(id("203.0.113.7"), host);
    assert_ne!(host, prefix);
    assert!(i64::try_from(host).is_ok_and(|it| it > 0));
    assert_eq!(
        board.with_id(host).map(|it| it.indicator),
        Some(ip("203.0.113.7"))
    );
    // Another run of the node gives it the same one.
    let again = self::board(&["203.0.113.7"]);
    assert_eq!(
        again.exactly(&ip("203.0.113.7")).map(|it| it.id),
        Some(host)
    );
}

#[test]
fn a_reader_hears_only_what_changed_since_and_of_every_end_that_it_must_know() {
    let board = board(&["203.0.113.1", "203.0.113.2"]);
    let after = board.seq();
    board.end(&ip("203.0.113.1"));
    board.post(ip("203.0.113.3"), naming("p2p", "x"), (T0, HOUR));
    board.post(ip("203.0.113.4"), naming("p2p", "x"), (T0, HOUR));
    board.end(&ip("203.0.113.4")); // came and went between two polls
    let window = since(&board, after);
    let ended: Vec<_> = board
        .ended(window, 10)
        .into_iter()
        .map(|it| it.1.indicator)
        .collect();
    assert_eq!(ended, [ip("203.0.113.1")]);
    let changed: Vec<_> = board
        .changed(window, 10)
        .into_iter()
        .map(|it| it.1.indicator)
        .collect();
    assert_eq!(changed, [ip("203.0.113.3")]);
    let now = since(&board, board.seq());
    assert!(board.ended(now, 10).is_empty() && board.changed(now, 10).is_empty());
}

#[test]
fn a_reader_that_starts_hears_of_everything_that_is_active_and_of_no_end() {
    let board = board(&["203.0.113.1", "203.0.113.2"]);
    board.end(&ip("203.0.113.1"));
    let window = Window::whole(board.seq());
    assert!(board.ended(window, 10).is_empty());
    assert_eq!(board.changed(window, 10).len(), 1);
}

#[test]
fn pages_have_no_gap_and_no_repetition() {
    let board = DecisionBoard::default();
    for number in 0..100_u8 {
        let indicator = ip(&format!("203.0.113.{number}"));
        board.post(indicator, naming("local", "x"), (T0, HOUR));
    }
    let (mut window, mut seen) = (Window::whole(board.seq()), Vec::new());
    loop {
        let page = board.changed(window, 7);
        let Some(last) = page.last() else { break };
        window.after = last.0;
        seen.extend(page.iter().map(|it| it.1.indicator));
    }
    assert_eq!(seen.len(), 100);
    assert_eq!(board.page(Some(ip("203.0.113.97")), 10).len(), 2);
}

#[test]
fn packing_changes_nothing_but_the_room() {
    let board = board(&["203.0.113.1", "203.0.113.2", "2001:db8::/48"]);
    board.end(&ip("203.0.113.1"));
    let shown = |board: &DecisionBoard| {
        let window = since(board, 0);
        let pages = (board.changed(window, 10), board.ended(window, 10));
        (pages, board.page(None, 10))
    };
    let before = shown(&board);
    board.pack();
    assert_eq!(shown(&board), before);
    let first = &before.1[0];
    assert_eq!(board.with_id(first.id).as_ref(), Some(first));
}

#[test]
fn an_old_cursor_is_known_to_be_too_old() {
    let board = DecisionBoard::default();
    let after = board.seq();
    assert!(board.reaches_back_to(after));
    for number in 0..=ENDED_MAX as u32 {
        let indicator = Indicator::host(std::net::Ipv4Addr::from_bits(0x0b00_0000 + number).into());
        board.post(indicator, naming("local", "x"), (T0, HOUR));
        board.end(&indicator);
    }
    assert!(!board.reaches_back_to(after));
    assert!(board.reaches_back_to(board.seq()));
    assert!(
        !board.reaches_back_to(board.seq() + 1),
        "of another run of the node"
    );
}

#[test]
fn a_name_that_waits_is_taken_and_one_that_is_given_up_is_not() {
    let board = DecisionBoard::default();
    board.expect(ip("203.0.113.1"), naming("cscli", "they know why"));
    board.expect(ip("203.0.113.2"), naming("cscli", "they know why"));
    board.unexpect(&ip("203.0.113.2"));
    for text in ["203.0.113.1", "203.0.113.2"] {
        board.post(ip(text), naming("local", "aegis/manual"), (T0, HOUR));
    }
    let origin = |text| board.exactly(&ip(text)).expect("it is there").naming.origin;
    assert_eq!(origin("203.0.113.1"), "cscli");
    assert_eq!(origin("203.0.113.2"), "local");
}

#[test]
fn what_an_operator_unblocked_before_a_restart_is_told_to_who_may_still_hold_it() {
    let board = DecisionBoard::default();
    board.recall(ip("203.0.113.1"), T0);
    let window = since(&board, 0);
    assert_eq!(board.ended(window, 10).len(), 1);
}

#[test]
fn what_covers_and_what_lies_within() {
    let board = board(&[
        "203.0.113.0/24",
        "203.0.113.7",
        "203.0.114.1",
        "2001:db8::/32",
    ]);
    let covering = board.covering(&ip("203.0.113.7"));
    assert_eq!(covering.len(), 2);
    assert_eq!(board.covering(&ip("203.0.113.8")).len(), 1);
    assert_eq!(board.within(&ip("203.0.113.0/24"), None, 10).len(), 2);
    assert_eq!(board.covering(&ip("2001:db8::1")).len(), 1);
}

fn board(texts: &[&str]) -> DecisionBoard {
    let board = DecisionBoard::default();
    for text in texts {
        board.post(ip(text), naming("local", "manual"), (T0, HOUR));
    }
    board
}

fn since(board: &DecisionBoard, after: u64) -> Window {
    Window::since(after, board.seq())
}

fn naming(origin: &'static str, scenario: &str) -> Naming {
    Naming {
        origin,
        scenario: scenario.into(),
    }
}

fn ip(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}
