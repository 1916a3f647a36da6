//! Tests of what a poll is told.

use aegis_core::{Indicator, Timestamp};
use serde_json::Value;

use super::{ListReply, StreamReply, View, Which};
use crate::lapi::{
    board::{DecisionBoard, Naming, Window},
    filter::{Filter, Pairs},
};

const T0: Timestamp = Timestamp::from_secs(1_000);
const HOUR: Timestamp = Timestamp::from_secs(4_600);

#[test]
fn the_first_poll_is_told_everything_and_the_next_only_what_changed() {
    let board = board(&["203.0.113.7", "198.51.100.0/24"]);
    let reply = poll(&view(&board), None);
    assert_eq!(values(&reply["new"]), ["203.0.113.7", "198.51.100.0/24"]);
    assert_eq!(values(&reply["deleted"]), [""; 0]);
    let first = &reply["new"][0];
    assert_eq!(first["duration"], "1h0m0s");
    assert_eq!(first["scope"], "Ip");
    assert_eq!(first["type"], "ban");
    assert_eq!(first["origin"], "local");
    assert_eq!(reply["new"][1]["scope"], "Range");

    let cursor = board.seq();
    board.end(&indicator("198.51.100.0/24"));
    post(&board, "203.0.113.9");
    let reply = poll(&view(&board), Some(cursor));
    assert_eq!(values(&reply["new"]), ["203.0.113.9"]);
    assert_eq!(values(&reply["deleted"]), ["198.51.100.0/24"]);
    let reply = poll(&view(&board), Some(board.seq()));
    assert_eq!(reply, serde_json::json!({"deleted": [], "new": []}));
}

#[test]
fn trap_4_a_change_of_duration_is_told_as_an_end_and_as_a_beginning() {
    let board = board(&["203.0.113.7", "203.0.113.8"]);
    let cursor = board.seq();
    let later = Timestamp::from_secs(8_200);
    board.post(indicator("203.0.113.7"), naming(), (T0, later));
    let reply = poll(&view(&board), Some(cursor));
    assert_eq!(values(&reply["deleted"]), ["203.0.113.7"]);
    assert_eq!(values(&reply["new"]), ["203.0.113.7"]);
    assert_eq!(reply["new"][0]["duration"], "2h0m0s");
    assert_eq!(reply["deleted"][0]["duration"], "-1s");
}

#[test]
fn trap_3_small_prefixes_are_told_as_addresses_where_that_is_wanted() {
    let board = board(&["198.51.100.0/30", "203.0.113.0/24", "2001:db8::/126"]);
    let view = View {
        expanded: 4,
        ..view(&board)
    };
    let all = [
        "198.51.100.0",
        "198.51.100.1",
        "198.51.100.2",
        "198.51.100.3",
        "203.0.113.0/24",
        "2001:db8::",
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8::3",
    ];
    assert_eq!(values(&poll(&view, None)["new"]), all);
    let cursor = board.seq();
    board.end(&indicator("198.51.100.0/30"));
    assert_eq!(values(&poll(&view, Some(cursor))["deleted"]), all[..4]);
}

#[test]
fn many_prefixes_do_not_become_addresses_without_end() {
    let board = DecisionBoard::default();
    for number in 0..100 {
        post(&board, &format!("198.51.{number}.0/24"));
    }
    let view = View {
        expanded: 256,
        ..view(&board)
    };
    let reply = poll(&view, None);
    let told = values(&reply["new"]);
    assert_eq!(told.len(), 64 * 256 + 36);
}

#[test]
fn a_long_list_comes_in_pieces() {
    let board = DecisionBoard::default();
    for number in 0..10_000 {
        let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + number);
        board.post(Indicator::host(address.into()), naming(), (T0, HOUR));
    }
    let whole = Window::whole(board.seq());
    let pieces: Vec<_> = StreamReply::new(view(&board), whole, whole).collect();
    assert!(pieces.iter().all(|it| it.len() < 100_000));
    let reply: Value = serde_json::from_slice(&pieces.concat()).expect("JSON");
    assert_eq!(values(&reply["new"]).len(), 10_000);
    assert_eq!(
        list(&view(&board), Which::All).as_array().map(Vec::len),
        Some(10_000)
    );
}

#[test]
fn trap_5_a_question_without_an_answer_is_answered_null() {
    let board = board(&["203.0.113.0/24", "203.0.113.7"]);
    let view = view(&board);
    let asked = |text| list(&view, Which::Covering(indicator(text)));
    assert_eq!(asked("198.51.100.1"), Value::Null);
    assert_eq!(values(&asked("203.0.113.8")), ["203.0.113.0/24"]);
    assert_eq!(
        values(&asked("203.0.113.7")),
        ["203.0.113.0/24", "203.0.113.7"]
    );
    let within = list(&view, Which::Within(indicator("203.0.0.0/16")));
    assert_eq!(values(&within), ["203.0.113.0/24", "203.0.113.7"]);
}

fn poll(view: &View, cursor: Option<u64>) -> Value {
    let upto = view.board.seq();
    let window = match cursor {
        Some(it) => Window::since(it, upto),
        None => Window::whole(upto),
    };
    let pieces: Vec<_> = StreamReply::new(view.clone(), window, window).collect();
    serde_json::from_slice(&pieces.concat()).expect("JSON")
}

fn list(view: &View, which: Which) -> Value {
    let pieces: Vec<_> = ListReply::new(view.clone(), which).collect();
    serde_json::from_slice(&pieces.concat()).expect("JSON")
}

fn values(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list").iter();
    list.map(|it| it["value"].as_str().expect("a text"))
        .collect()
}

fn view(board: &DecisionBoard) -> View {
    View {
        board: board.clone(),
        filter: Filter::of(&Pairs::default()),
        expanded: 0,
        now: T0,
    }
}

fn board(texts: &[&str]) -> DecisionBoard {
    let board = DecisionBoard::default();
    texts.iter().for_each(|it| post(&board, it));
    board
}

fn post(board: &DecisionBoard, text: &str) {
    board.post(indicator(text), naming(), (T0, HOUR));
}

fn naming() -> Naming {
    Naming {
        origin: "local",
        scenario: "manual".into(),
    }
}

fn indicator(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}
