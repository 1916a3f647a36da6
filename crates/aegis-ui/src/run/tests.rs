//! Commands against a scripted node: what is said where, and how it ends.

mod feed;
mod history;
mod import;
mod key;
mod network;
mod organisation;
mod safety;

use std::io::{self, Write};

use aegis_api::Client;
use clap::Parser;

use super::run;
use crate::{
    Command, Format, Outcome, Screen,
    sample::{node::Node, node_id},
};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Writes fail as to a pipe that nobody reads any more.
struct Closed;

#[tokio::test]
async fn an_answer_is_data_and_its_yes_or_no_is_the_exit_code() {
    let node = Node::start(2);
    for (line, outcome, starts) in [
        ("status", Outcome::Done, "Node "),
        ("stats", Outcome::Done, "Traffic "),
        ("list", Outcome::Done, "=== Blocklisted IPs ===\n10.0.0.0 "),
        (
            "check 192.168.1.100",
            Outcome::Done,
            "192.168.1.100 is BLOCKLISTED\n",
        ),
        (
            "check 192.0.2.1",
            Outcome::Negative,
            "192.0.2.1 is not blocklisted\n",
        ),
        ("why 192.0.2.1", Outcome::Done, "192.0.2.1 is BLOCKLISTED\n"),
        (
            "block 192.0.2.1 300",
            Outcome::Done,
            "Blocked 192.0.2.1 for 300s, published as 03",
        ),
        (
            "block 192.0.2.1 300 --local",
            Outcome::Done,
            "Blocked 192.0.2.1 for 300s, not pub",
        ),
        (
            "publish 192.0.2.1 300",
            Outcome::Done,
            "Published 192.0.2.1 ",
        ),
        (
            "unblock 192.0.2.1 --withdraw",
            Outcome::Done,
            "Unblocked 192.0.2.1, 1 own alert",
        ),
        (
            "allow 192.0.2.1",
            Outcome::Done,
            "Allowed 192.0.2.1 for ever\n",
        ),
        (
            "allow 192.0.2.1 --for 1h",
            Outcome::Done,
            "Allowed 192.0.2.1 for 1h\n",
        ),
        (
            "allow 192.0.2.0/28 --remove",
            Outcome::Done,
            "192.0.2.0/28 is on the allowlist no",
        ),
        (
            "allow 192.0.2.1 --remove",
            Outcome::Negative,
            "192.0.2.1 is not on the allowlist\n",
        ),
        (
            "allow",
            Outcome::Done,
            "=== Allowlisted IPs ===\n192.0.2.0/28 ",
        ),
        ("peers", Outcome::Done, "=== Peers ===\n12D3KooW"),
        ("ask 192.0.2.1", Outcome::Done, "192.0.2.1 is malicious\n"),
        ("trust", Outcome::Done, "=== Peers ===\n12D3KooW"),
    ] {
        let (ended, out, talk) = ask(&node.client, line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}\n{talk}");
        assert!(out.starts_with(starts), "{line}\n{out}");
        assert_eq!(talk, "", "{line}");
    }
}

#[tokio::test]
async fn a_no_is_talk_with_a_reason() {
    let node = Node::start(0);
    let gone = Client::new(node.path.with_file_name("gone.sock"));
    let loopback = "refused: 127.0.0.1 is a loopback address and is never blocked\n";
    for (client, line, outcome, says) in [
        (
            &node.client,
            "block 127.0.0.1 300",
            Outcome::Negative,
            loopback,
        ),
        (
            &node.client,
            "publish 127.0.0.1 300",
            Outcome::Negative,
            loopback,
        ),
        (
            &node.client,
            "block 192.0.2.66 300",
            Outcome::NotPermitted,
            "error: not permitted: only root may block\n",
        ),
        (
            &node.client,
            "block 192.0.2.67 300",
            Outcome::Usage,
            "refused: no such value\n",
        ),
        (&node.client, "ask 127.0.0.1", Outcome::Negative, loopback),
        (
            &gone,
            "trust abcd",
            Outcome::Unreachable,
            "error: no node answers on ",
        ),
        (
            &gone,
            "list",
            Outcome::Unreachable,
            "error: no node answers on ",
        ),
    ] {
        let (ended, out, talk) = ask(client, line, Format::Text).await;
        assert_eq!((ended, out.as_str()), (outcome, ""), "{line}");
        assert!(talk.starts_with(says), "{line}\n{talk}");
    }
}

#[tokio::test]
async fn a_no_in_json_has_a_code() {
    let node = Node::start(0);
    let (_, out, talk) = ask(&node.client, "block 127.0.0.1 300", Format::Json).await;
    let expected = concat!(
        r#"{"code":"protected","#,
        r#""message":"127.0.0.1 is a loopback address and is never blocked"}"#,
        "\n"
    );
    assert_eq!((out.as_str(), talk.as_str()), ("", expected));
    let gone = Client::new(node.path.with_file_name("gone.sock"));
    let (_, _, talk) = ask(&gone, "list", Format::Json).await;
    assert!(
        talk.starts_with(r#"{"code":"unreachable","message":"no node answers"#),
        "{talk}"
    );
}

#[tokio::test]
async fn every_answer_in_json_is_one_line_with_its_fields() {
    let node = Node::start(2);
    for (line, field) in [
        ("status", "/node_id"),
        ("stats", "/packets_by_reason/blocked"),
        ("list", "/1/indicator"),
        ("check 192.168.1.100", "/ttl_secs"),
        ("why 192.0.2.1", "/evidence/1/description"),
        ("block 192.0.2.1 300", "/alert_id"),
        ("publish 192.0.2.1 300", "/expires_at"),
        ("unblock 192.0.2.1", "/was_blocked"),
        ("allow 192.0.2.1", "/added_at"),
        ("allow 192.0.2.1 --remove", "/was_allowed"),
        ("allow", "/0/indicator"),
        ("peers", "/2/influence"),
        ("ask 192.0.2.1", "/voices/2/weight_percent"),
        ("why 192.0.2.1", "/opinion/independent_voices"),
        ("trust cwdJ", "/trend/14/percent"),
        ("trust set cwdJ 0.5", "/pretrust_percent"),
        ("trust forget cwdJ", "/was_known"),
        ("trust", "/0/addresses/1"),
    ] {
        let (_, out, _) = ask(&node.client, line, Format::Json).await;
        assert_eq!(out.matches('\n').count(), 1, "{line}\n{out}");
        let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        assert!(
            json.pointer(field).is_some_and(|it| !it.is_null()),
            "{line}\n{out}"
        );
    }
}

#[tokio::test]
async fn a_peer_is_found_by_its_id_or_a_part_that_no_other_has() {
    let node = Node::start(0);
    for number in 9..12 {
        let id = node_id(number).to_string();
        for name in [id.as_str(), &id[..16], &id[..51], &id[40..], &id[48..]] {
            let (ended, out, talk) =
                ask(&node.client, &format!("trust {name}"), Format::Text).await;
            assert_eq!((ended, talk.as_str()), (Outcome::Done, ""), "{name}");
            assert!(out.starts_with(&format!("{id}\n")), "{name}\n{out}");
        }
    }
}

#[tokio::test]
async fn trust_is_set_and_forgotten() {
    let node = Node::start(0);
    let (met, stranger) = (node_id(9), node_id(8));
    for (line, outcome, expected) in [
        (
            "trust set cwdJ 0.25 --fixed".to_owned(),
            Outcome::Done,
            format!(
                "{met}\n  25 % in advance, said of this peer by name, fixed; trust is 25 % now\n"
            ),
        ),
        (
            format!("trust set {stranger} 1"),
            Outcome::Done,
            format!(
                "{stranger}\n  100 % in advance, said of this peer by name; trust is 100 % now\n"
            ),
        ),
        (
            "trust forget cwdJ".to_owned(),
            Outcome::Done,
            format!("Forgot the trust in {met}\n"),
        ),
        (
            format!("trust forget {stranger}"),
            Outcome::Negative,
            format!("There was no trust in {stranger}\n"),
        ),
    ] {
        let (ended, out, talk) = ask(&node.client, &line, Format::Text).await;
        assert_eq!(
            (ended, out, talk.as_str()),
            (outcome, expected, ""),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_nobody_knows_or_that_may_be_several_is_a_no() {
    let node = Node::start(0);
    let stranger = node_id(8);
    let (ended, out, talk) = ask(&node.client, &format!("trust {stranger}"), Format::Text).await;
    assert_eq!((ended, talk.as_str()), (Outcome::Negative, ""));
    assert!(
        out.starts_with(&format!("{stranger}\n  not known here\n")),
        "{out}"
    );
    for line in ["trust zzzz", "trust set zzzz 1", "trust forget zzzz"] {
        let (ended, out, talk) = ask(&node.client, line, Format::Text).await;
        assert_eq!((ended, out.as_str()), (Outcome::Negative, ""), "{line}");
        assert_eq!(
            talk,
            "refused: no known peer's ID starts or ends with zzzz\n"
        );
    }
    let (ended, out, talk) = ask(&node.client, "trust forget 12D3KooW", Format::Text).await;
    assert_eq!((ended, out.as_str()), (Outcome::Negative, ""));
    let mut ids: Vec<_> = (9..12).map(node_id).collect();
    ids.sort();
    let [first, second, third] = ids.as_slice() else {
        panic!("three peers");
    };
    assert_eq!(
        talk,
        format!("refused: 12D3KooW may be any of 3 peers:\n  {first}\n  {second}\n  {third}\n")
    );
    for (line, code) in [
        ("trust zzzz", "unknown_peer"),
        ("trust 12D3KooW", "ambiguous_peer"),
    ] {
        let (_, out, talk) = ask(&node.client, line, Format::Json).await;
        assert_eq!(
            (out.as_str(), talk.matches('\n').count()),
            ("", 1),
            "{line}"
        );
        let json: serde_json::Value = serde_json::from_str(&talk).expect("JSON");
        assert_eq!(json["code"], code, "{line}");
    }
}

#[test]
fn of_very_many_candidates_only_a_few_are_named() {
    let ids: Vec<_> = (0..8).map(node_id).collect();
    let text = super::trust::ambiguous("12D3", &ids, 5000);
    assert!(
        text.starts_with("12D3 may be any of 5000 peers:\n"),
        "{text}"
    );
    assert!(text.ends_with("\n  and 4992 more"), "{text}");
    assert_eq!(text.lines().count(), 10);
}

#[tokio::test]
async fn an_empty_list_says_so() {
    let node = Node::start(0);
    let (ended, out, _) = ask(&node.client, "list", Format::Text).await;
    let expected = "=== Blocklisted IPs ===\nNo IPs are blocklisted.\n";
    assert_eq!((ended, out.as_str()), (Outcome::Done, expected));
    let (_, out, _) = ask(&node.client, "list", Format::Json).await;
    assert_eq!(out, "[]\n");
}

#[tokio::test]
async fn a_list_of_several_pages_is_one_list() {
    let node = Node::start(2500);
    let (_, out, _) = ask(&node.client, "list", Format::Text).await;
    assert_eq!(out.lines().count(), 2501);
    assert_eq!(out.matches("===").count(), 2, "one title");
    let (_, out, _) = ask(&node.client, "list", Format::Json).await;
    let json: Vec<aegis_api::Block> = serde_json::from_str(&out).expect("JSON");
    assert_eq!(json.len(), 2500);
    assert!(json.is_sorted_by_key(|it| it.indicator));
}

#[tokio::test]
async fn whoever_closes_the_pipe_has_seen_enough() {
    let node = Node::start(2500);
    for line in ["list", "status", "block 127.0.0.1 300"] {
        let (mut closed, mut talk) = (Closed, Closed);
        let mut screen = Screen {
            out: &mut closed,
            talk: &mut talk,
            format: Format::Text,
            is_terminal: false,
        };
        let ended = run(parse(line), &node.client, &mut screen).await;
        assert_eq!(ended, Outcome::Done, "{line}");
    }
}

#[test]
fn every_outcome_has_its_exit_code() {
    let codes = [
        (Outcome::Done, 0),
        (Outcome::Negative, 1),
        (Outcome::Usage, 2),
        (Outcome::Unreachable, 3),
        (Outcome::NotPermitted, 4),
    ];
    for (outcome, code) in codes {
        assert_eq!(outcome.code(), code);
    }
}

async fn ask(client: &Client, line: &str, format: Format) -> (Outcome, String, String) {
    let (mut out, mut talk) = (Vec::new(), Vec::new());
    let mut screen = Screen {
        out: &mut out,
        talk: &mut talk,
        format,
        is_terminal: false,
    };
    let ended = run(parse(line), client, &mut screen).await;
    let text = |it| String::from_utf8(it).expect("text");
    (ended, text(out), text(talk))
}

fn parse(line: &str) -> Command {
    let words = std::iter::once("aegis").chain(line.split(' '));
    Cli::try_parse_from(words)
        .expect("can be understood")
        .command
}

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}
