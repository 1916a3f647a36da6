//! Every view as it looks, on a small and on a large screen.

use aegis_api::EventKind;

use crate::{
    key::Key,
    sample::{HOSTILE, Script, Watcher, ip, node_id, unblocked},
};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

fn watch((width, height): (u16, u16), view: &str) -> Watcher {
    watch_node((width, height), view, Script::default())
}

fn watch_node((width, height): (u16, u16), view: &str, node: Script) -> Watcher {
    let mut watcher = Watcher::new(width, height, node);
    watcher.pass(12);
    watcher.press(view);
    watcher
}

fn nothing() -> Script {
    Script {
        blocks: 0,
        peers: 0,
        lines: 0,
        ..Script::default()
    }
}

fn with_events(mut watcher: Watcher) -> Watcher {
    let blocked = EventKind::Blocked {
        indicator: ip("203.0.113.7"),
        ttl_secs: 300,
        origin: aegis_api::Origin::Detector,
    };
    watcher.happens(1, blocked);
    watcher.happens(2, EventKind::PeerConnected { peer: node_id(1) });
    watcher.happens(3, unblocked("203.0.113.7"));
    watcher
}

#[test]
fn the_overview() {
    insta::assert_snapshot!(watch(SMALL, "1").screen());
    insta::assert_snapshot!(watch(LARGE, "1").screen());
}

#[test]
fn the_overview_of_a_node_that_needs_somebody() {
    let mut watcher = watch(LARGE, "1");
    let mut status = watcher.model.status.take().expect("it was asked");
    status.mode = aegis_api::NodeMode::Observe;
    status.ruleset.in_agreement = false;
    status.ruleset.missing = 3;
    status.ruleset.actual = 37;
    status.problems = vec!["nothing is kept on disk: no space left on device".into()];
    watcher.model.status = Some(status);
    insta::assert_snapshot!(watcher.screen());
}

#[test]
fn blocks() {
    insta::assert_snapshot!(watch(SMALL, "2").screen());
    insta::assert_snapshot!(watch(LARGE, "2").screen());
}

#[test]
fn evidence() {
    insta::assert_snapshot!(watch(SMALL, "3").screen());
    insta::assert_snapshot!(watch(LARGE, "3").screen());
    insta::assert_snapshot!(watch(SMALL, "3s").screen());
}

#[test]
fn peers() {
    insta::assert_snapshot!(watch(SMALL, "4").screen());
    insta::assert_snapshot!(watch(LARGE, "4").screen());
}

#[test]
fn feeds() {
    insta::assert_snapshot!(watch(SMALL, "5").screen());
    insta::assert_snapshot!(watch(SMALL, "5w").screen());
}

#[test]
fn the_log() {
    insta::assert_snapshot!(with_events(watch(SMALL, "6")).screen());
    insta::assert_snapshot!(with_events(watch(LARGE, "6")).screen());
}

#[test]
fn a_node_of_which_there_is_nothing_to_tell() {
    for view in ["1", "2", "3", "4", "5", "6"] {
        insta::assert_snapshot!(watch_node(SMALL, view, nothing()).screen());
    }
}

#[test]
fn a_node_that_went_away() {
    let mut watcher = watch(SMALL, "2");
    watcher.node.is_gone = true;
    watcher.pass(14);
    insta::assert_snapshot!(watcher.screen());
    watcher.press("1");
    insta::assert_snapshot!(watcher.screen());
}

#[test]
fn a_filter_while_it_is_typed_and_after() {
    let mut watcher = watch(SMALL, "2/ssh");
    insta::assert_snapshot!(watcher.screen());
    watcher.key(Key::Enter);
    insta::assert_snapshot!(watcher.screen());
}

#[test]
fn why_something_is_blocked() {
    insta::assert_snapshot!(watch(SMALL, "2jjw").screen());
    insta::assert_snapshot!(watch(LARGE, "2jjw").screen());
}

#[test]
fn somebody_is_asked_before_anything_is_done() {
    insta::assert_snapshot!(watch(SMALL, "2jjju").screen());
    insta::assert_snapshot!(watch(SMALL, "2jjja").screen());
}

#[test]
fn a_line_to_block_an_address() {
    let mut watcher = watch(SMALL, "2b203.0.113.9 2x");
    watcher.key(Key::Enter);
    insta::assert_snapshot!(watcher.screen());
}

#[test]
fn help() {
    insta::assert_snapshot!(watch(SMALL, "?").screen());
}

#[test]
fn a_hundred_thousand_blocks() {
    let node = Script {
        blocks: 100_000,
        ..Script::default()
    };
    let mut watcher = watch_node(SMALL, "2", node);
    watcher.key(Key::End);
    insta::assert_snapshot!(watcher.screen());
}

#[test]
fn words_that_deceive_are_shown_as_they_are() {
    let node = Script {
        is_hostile: true,
        ..Script::default()
    };
    for view in ["1", "2", "3", "3s", "4", "2w", "5", "5j", "5w"] {
        let watcher = watch_node(LARGE, view, node.clone());
        insta::assert_snapshot!(watcher.screen());
        check_harmless(&watcher);
    }
    let mut watcher = watch_node(LARGE, "6", node);
    watcher.happens(
        1,
        EventKind::Degraded {
            message: HOSTILE.into(),
        },
    );
    insta::assert_snapshot!(watcher.screen());
    check_harmless(&watcher);
}

#[track_caller]
fn check_harmless(watcher: &Watcher) {
    let screen = watcher.screen();
    for it in ['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}', '\r'] {
        assert!(!screen.contains(it), "{it:?} in\n{screen}");
    }
}

#[test]
fn without_colours_nothing_has_one_and_all_is_said() {
    let mut watcher = watch(SMALL, "1");
    assert!(watcher.has_colour());
    let coloured = watcher.screen();
    watcher.model.settings.colour = false;
    assert_eq!(watcher.screen(), coloured);
    for view in ["1", "2", "3", "4", "5", "6", "?"] {
        watcher.press(view);
        assert!(!watcher.has_colour(), "view {view}");
    }
    insta::assert_snapshot!(watcher.screen());
}

#[test]
fn a_terminal_that_knows_ascii_alone_gets_nothing_else() {
    let mut watcher = watch(SMALL, "1");
    watcher.model.settings.unicode = false;
    for view in ["1", "2", "3", "4", "5", "6", "?"] {
        watcher.press(view);
        let screen = watcher.screen();
        assert!(screen.is_ascii(), "{screen}");
    }
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    for size in [(39, 10), (40, 9), (20, 4), (1, 1)] {
        let screen = watch(size, "2").screen();
        assert!(!screen.contains("AEGIS"), "{screen}");
    }
    let expected = "\n too small\n 40x10 is needed,\n this is 30x9\n q quits\n";
    let screen = format!("\n{}", watch((30, 9), "2").screen());
    assert!(screen.starts_with(expected), "{screen}");
    assert!(watch((40, 10), "2").screen().contains("AEGIS"));
}
