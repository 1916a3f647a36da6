//! What keys and answers come to.

use std::time::Duration;

use aegis_api::{BlockSort, EventKind};
use proptest::prelude::*;
use ratatui::layout::Size;

use super::{Effect, Link, Message, Popup, Tab, act::block_request};
use crate::{
    ask::{Ask, Fault},
    key::Key,
    sample::{HOSTILE, Script, Watcher, ip, unblocked},
};

fn watch(view: &str) -> Watcher {
    let mut watcher = Watcher::new(80, 24, Script::default());
    watcher.press(view);
    watcher
}

fn notice(watcher: &Watcher) -> String {
    watcher
        .model
        .notice
        .as_ref()
        .map(|it| it.text.clone())
        .unwrap_or_default()
}

#[test]
fn keys_lead_to_every_view() {
    let mut watcher = watch("");
    for (key, tab) in ["1", "2", "3", "4", "5", "6"].into_iter().zip(Tab::ALL) {
        watcher.press(key);
        assert_eq!(watcher.model.tab, tab);
    }
    watcher.key(Key::NextView);
    assert_eq!(watcher.model.tab, Tab::Overview);
    watcher.key(Key::PreviousView);
    assert_eq!(watcher.model.tab, Tab::Log);
}

#[test]
fn nothing_is_done_before_somebody_says_yes() {
    for (key, order) in [
        ("u", Ask::Unblock(ip("10.0.0.3"))),
        ("a", Ask::Allow(ip("10.0.0.3"))),
    ] {
        let mut watcher = watch("2jjj");
        watcher.press(key);
        for no in ["x", " ", "j"] {
            watcher.press(no); // not an answer
        }
        assert!(!watcher.asked.contains(&order));
        watcher.press("n");
        assert_eq!(notice(&watcher), "nothing was done");
        assert!(!watcher.asked.contains(&order));
        watcher.press(key);
        watcher.press("y");
        assert!(watcher.asked.contains(&order));
        assert!(
            notice(&watcher).contains("10.0.0.3"),
            "{}",
            notice(&watcher)
        );
    }
}

#[test]
fn what_is_done_is_about_what_was_asked_although_the_list_moves() {
    let mut watcher = watch("2jjju");
    watcher.node.blocks = 3; // the row is another's now
    watcher.pass(2);
    watcher.press("y");
    assert!(watcher.asked.contains(&Ask::Unblock(ip("10.0.0.3"))));
}

#[test]
fn a_refusal_is_told_in_the_node_s_words() {
    let mut watcher = watch("2jjj");
    watcher.node.is_denied = true;
    watcher.press("uy");
    assert_eq!(notice(&watcher), "not permitted: only root may do this");
    assert!(watcher.model.notice.expect("is there").is_bad);
}

#[test]
fn a_line_is_a_block_or_says_what_is_wrong() {
    for (line, problem) in [
        ("", "address: "),
        ("x", "address: "),
        ("203.0.113.9 2x", "duration: 1 second to 24 hours"),
        ("203.0.113.9 25h", "duration: 1 second to 24 hours"),
        ("203.0.113.9 0", "duration: 1 second to 24 hours"),
        ("203.0.113.9 1h BAD!", "type: "),
        ("203.0.113.9 1h ssh 7", "nothing follows the type: 7"),
    ] {
        let error = block_request(line).expect_err(line);
        assert!(error.starts_with(problem), "{line}: {error}");
    }
    let request = block_request(" 203.0.113.0/24  90s  port_scan ").expect("is one");
    assert_eq!(request.indicator, ip("203.0.113.0/24"));
    assert_eq!(request.duration_secs.as_secs(), 90);
    assert_eq!(request.threat_type.to_string(), "port_scan");
    assert_eq!(
        block_request("::1")
            .expect("is one")
            .duration_secs
            .as_secs(),
        3600
    );

    let mut watcher = watch("b203.0.113.9 2x");
    watcher.key(Key::Enter);
    assert!(matches!(
        &watcher.model.popup,
        Some(Popup::Form {
            problem: Some(_),
            ..
        })
    ));
    watcher.key(Key::Backspace);
    watcher.press("h");
    watcher.key(Key::Enter);
    assert_eq!(watcher.model.popup, None);
    assert_eq!(
        notice(&watcher),
        "Blocked 203.0.113.9 for 7200s, not published"
    );
}

#[test]
fn a_feed_is_fetched_by_its_name() {
    let mut watcher = watch("5jr");
    assert!(
        watcher
            .asked
            .contains(&Ask::RefreshFeed("spamhaus-drop".into()))
    );
    assert_eq!(notice(&watcher), "spamhaus-drop is being fetched");
    watcher.press("u");
    assert_eq!(watcher.model.popup, None);
    assert!(notice(&watcher).starts_with("no address here"));
}

#[test]
fn a_filter_is_the_node_s_where_the_node_can() {
    let mut watcher = watch("2/SSH");
    watcher.key(Key::Enter);
    assert_eq!(
        (watcher.model.blocks.matching, watcher.model.blocks.total),
        (4, 40)
    );
    let Some(Ask::Blocks(query)) = watcher.asked.last() else {
        panic!("{:?}", watcher.asked)
    };
    assert_eq!(query.text.as_ref().map(|it| it.as_str()), Some("ssh"));
    watcher.key(Key::Escape);
    assert_eq!(watcher.model.blocks.matching, 40);
    let mut watcher = watch("3/203.0.113.0");
    watcher.press("/24");
    watcher.key(Key::Enter);
    let Some(Ask::History(query)) = watcher.asked.last() else {
        panic!("{:?}", watcher.asked)
    };
    assert_eq!(query.scope.indicator, Some(ip("203.0.113.0/24")));
}

#[test]
fn the_next_column_and_the_other_way_round() {
    let mut watcher = watch("2s");
    assert_eq!(watcher.model.blocks.sort, BlockSort::Packets);
    watcher.press("S");
    assert!(watcher.model.blocks.reversed);
    for _ in 1..BlockSort::ALL.len() {
        watcher.press("s");
    }
    assert_eq!(watcher.model.blocks.sort, BlockSort::Source);
}

#[test]
fn a_long_list_is_walked_with_a_screenful_at_hand() {
    let mut watcher = Watcher::new(
        80,
        24,
        Script {
            blocks: 100_000,
            ..Script::default()
        },
    );
    watcher.press("2");
    let rows = watcher.model.height();
    for key in [
        Key::End,
        Key::PageUp,
        Key::PageUp,
        Key::PageUp,
        Key::Home,
        Key::PageDown,
    ] {
        watcher.key(key);
        let blocks = &watcher.model.blocks;
        assert!(blocks.is_in_sight(rows) && blocks.selected().is_some());
    }
    watcher.key(Key::End);
    let last = watcher.model.selected();
    assert_eq!(last, Some(ip("10.1.134.159")));
    let most = watcher.asked.iter().filter_map(|it| {
        let Ask::Blocks(query) = it else { return None };
        Some(query.limit())
    });
    assert!(most.max() <= Some(rows * 3));
}

#[test]
fn a_selected_row_stays_selected_when_others_come_before_it() {
    let mut watcher = watch("2");
    watcher.press("S"); // the last first
    watcher.press("jjj");
    let selected = watcher.model.selected();
    assert_eq!(selected, Some(ip("10.0.0.36")));
    watcher.node.blocks += 5;
    watcher.pass(2);
    assert_eq!(watcher.model.selected(), selected);
    assert_eq!(watcher.model.blocks.cursor.selected, 8);
}

#[test]
fn the_longer_an_answer_takes_the_longer_nobody_asks() {
    let mut watcher = watch("2");
    let ask = |watcher: &Watcher| {
        let all = watcher.asked.iter();
        all.filter(|it| matches!(it, Ask::Blocks(_))).count()
    };
    let before = ask(&watcher);
    watcher.pass(10);
    assert_eq!(ask(&watcher) - before, 10);
    let query = watcher.model.blocks.query(watcher.model.height());
    let view = watcher.node.answer(&Ask::Blocks(query.clone()));
    watcher.tell(Message::Answered {
        ask: Box::new(Ask::Blocks(query)),
        took: Duration::from_millis(200),
        answer: view,
    });
    let before = ask(&watcher);
    watcher.pass(10);
    assert_eq!(ask(&watcher) - before, 1);
}

#[test]
fn only_what_is_seen_is_asked_for() {
    let mut watcher = watch("1");
    watcher.asked.clear();
    watcher.pass(3);
    let lists = |it: &&Ask| matches!(it, Ask::Blocks(_) | Ask::Peers(_) | Ask::History(_));
    assert_eq!(watcher.asked.iter().find(lists), None);
    watcher.press("p");
    watcher.asked.clear();
    watcher.pass(30);
    assert_eq!(watcher.asked, []);
    watcher.press("p");
    assert!(!watcher.asked.is_empty());
}

#[test]
fn a_node_that_goes_and_comes_back_is_heard_again() {
    let mut watcher = watch("2");
    assert_eq!(watcher.others, [Effect::Listen]);
    watcher.node.is_gone = true;
    watcher.tell(Message::Deaf(Fault::Gone("it ended".into())));
    watcher.pass(5);
    assert!(matches!(watcher.model.link, Link::Down { .. }));
    watcher.asked.clear();
    watcher.pass(5);
    assert_eq!(watcher.asked, vec![Ask::Status; 5]);
    assert_eq!(watcher.others, [Effect::Listen]);
    watcher.node.is_gone = false;
    watcher.pass(2);
    assert_eq!(watcher.model.link, Link::Up);
    assert_eq!(watcher.others, [Effect::Listen, Effect::Listen]);
}

#[test]
fn an_event_is_told_once_however_often_the_stream_begins() {
    let mut watcher = watch("6");
    for seq in [1, 2, 3, 1, 2, 3, 4] {
        watcher.happens(seq, unblocked("203.0.113.7"));
    }
    assert_eq!(watcher.model.log.shown().count(), 4);
    watcher.press("p");
    watcher.happens(5, EventKind::ServiceStopping);
    assert_eq!(watcher.model.log.shown().count(), 4);
    watcher.press("p");
    assert_eq!(watcher.model.log.shown().count(), 5);
}

#[test]
fn the_log_keeps_so_many_events_and_its_place() {
    let mut watcher = watch("6");
    for seq in 1..=1_500 {
        watcher.happens(seq, unblocked("203.0.113.7"));
    }
    assert_eq!(watcher.model.log.shown().count(), super::log::EVENTS_MAX);
    assert_eq!(
        watcher.model.log.cursor.selected,
        super::log::EVENTS_MAX - 1
    );
    watcher.key(Key::Up);
    let at = watcher
        .model
        .log
        .shown()
        .nth(watcher.model.log.cursor.selected)
        .map(|it| it.seq);
    watcher.happens(1_501, unblocked("203.0.113.7"));
    let still = watcher
        .model
        .log
        .shown()
        .nth(watcher.model.log.cursor.selected)
        .map(|it| it.seq);
    assert_eq!((at, still), (Some(1_499), Some(1_499)));
}

#[test]
fn older_evidence_comes_when_somebody_goes_there() {
    let mut watcher = Watcher::new(
        80,
        24,
        Script {
            lines: 5_000,
            ..Script::default()
        },
    );
    watcher.press("3");
    assert_eq!(watcher.model.evidence.len(), 100);
    for _ in 0..40 {
        watcher.key(Key::End);
    }
    assert_eq!(watcher.model.evidence.len(), super::LINES_MAX);
    watcher.node.lines += 3;
    watcher.pass(2);
    assert_eq!(watcher.model.evidence.len(), super::LINES_MAX);
}

#[test]
fn what_is_pasted_is_no_order() {
    let mut watcher = watch("2jjj");
    watcher.key(Key::Pasted("uyq".into()));
    assert_eq!(
        (watcher.model.popup.clone(), watcher.others.as_slice()),
        (None, &[Effect::Listen][..])
    );
    watcher.press("b");
    watcher.key(Key::Pasted(HOSTILE.into()));
    let Some(Popup::Form { line, .. }) = &watcher.model.popup else {
        panic!("{:?}", watcher.model.popup)
    };
    assert!(!line.contains(char::is_control), "{line:?}");
}

#[test]
fn a_screen_is_drawn_anew_only_where_something_changed() {
    let mut watcher = watch("2");
    watcher.press("p");
    watcher.model.is_stale = false;
    watcher.pass(5);
    watcher.happens(1, unblocked("203.0.113.7"));
    assert!(!watcher.model.is_stale);
    watcher.key(Key::Down);
    assert!(watcher.model.is_stale);
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => proptest::sample::select("123456789jkgG wusabSpryn/?hx".chars().collect::<Vec<_>>())
            .prop_map(Key::Char),
        1 => any::<char>().prop_map(Key::Char),
        6 => proptest::sample::select(vec![
            Key::Up, Key::Down, Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::NextView,
            Key::PreviousView, Key::Enter, Key::Escape, Key::Backspace, Key::ClearLine,
            Key::Repaint,
        ]),
        1 => ".{0,80}".prop_map(Key::Pasted),
    ]
}

#[derive(Clone, Debug)]
enum Deed {
    Press(Key),
    Resize(u16, u16),
    Pass,
    Change(u32, u8, u64),
    Go(bool),
    Happen(u64),
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        12 => any_key().prop_map(Deed::Press),
        2 => (0u16..200, 0u16..80).prop_map(|(width, height)| Deed::Resize(width, height)),
        2 => Just(Deed::Pass),
        1 => (0u32..300, any::<u8>(), 0u64..400).prop_map(|(a, b, c)| Deed::Change(a, b, c)),
        1 => any::<bool>().prop_map(Deed::Go),
        1 => (0u64..3_000).prop_map(Deed::Happen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_pressed_nothing_breaks(
        deeds in proptest::collection::vec(any_deed(), 1..80),
        is_hostile: bool,
        unicode: bool,
    ) {
        let mut watcher = Watcher::new(80, 24, Script { is_hostile, ..Script::default() });
        watcher.model.settings.unicode = unicode;
        for deed in deeds {
            match deed {
                Deed::Press(key) => watcher.key(key),
                Deed::Resize(width, height) => {
                    watcher.tell(Message::Resized(Size { width, height }));
                }
                Deed::Pass => watcher.pass(1),
                Deed::Change(blocks, peers, lines) => {
                    (watcher.node.blocks, watcher.node.peers) = (blocks, peers);
                    watcher.node.lines = lines;
                }
                Deed::Go(is_gone) => watcher.node.is_gone = is_gone,
                Deed::Happen(seq) => watcher.happens(seq, unblocked("203.0.113.7")),
            }
            let screen = watcher.screen();
            let has_escape = screen.contains('\u{1b}');
            prop_assert!(!has_escape);
        }
    }
}
