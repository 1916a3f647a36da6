//! Sessions through a pipe against a scripted node.

use std::{
    io::{self, BufReader, Cursor, Write},
    sync::{Arc, Mutex},
};

use aegis_api::{Client, ClientError, EventKind};
use tokio::time::timeout;

use super::{Console, ConsoleEnd, Input, LINE_BYTES_MAX, word::Word};
use crate::{
    Format, Outcome,
    sample::{
        NOW, ip,
        node::{DEADLINE, Node},
    },
};

/// What a console wrote, for a test to see while it runs.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

#[tokio::test]
async fn a_session_is_a_conversation() {
    let session = "\
# A comment, then an empty line

list
block 192.168.1.100 300 syn_flood 9
check 192.168.1.100
check 192.0.2.1
unblock 192.168.1.100
block 127.0.0.1 300
block 256.0.0.1 300
block 192.0.2.1 86401
publish 192.0.2.1 1h spam 3 --description 'two words'
block \"192.0.2.1
frobnicate
check 192.0.2.1 --json
quit
list
";
    let (end, text) = session_text(session, true).await;
    assert_eq!(end, ConsoleEnd::Quit);
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn opinions_and_trust_are_spoken_of_in_the_console() {
    let session = "\
ask 192.168.1.100
trust cwdJ
trust 12D3
trust zzzz
trust set cwdJ 2
trust set cwdJ 0.5 --fixed
trust forget cwdJ --json
help trust
";
    let (end, text) = session_text(session, false).await;
    assert_eq!(end, ConsoleEnd::EndOfInput);
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn the_end_of_the_input_ends_it_after_the_last_answer_and_its_events() {
    let (end, text) = session_text("block 192.168.1.100 300 syn_flood 9", false).await;
    assert_eq!(
        (end, end.outcome()),
        (ConsoleEnd::EndOfInput, Outcome::Done)
    );
    assert_eq!(
        text,
        "Blocked 192.168.1.100 for 300s, published as 03030303030303030303030303030303\n\
         Blocklisted 192.168.1.100 for 300s\n"
    );
    let (end, text) = session_text("", true).await;
    assert_eq!(
        (end, text.as_str()),
        (ConsoleEnd::EndOfInput, "Service is running!\n")
    );
}

#[tokio::test]
async fn help_names_every_word() {
    let (_, text) = session_text("help\nhelp unblock\n", false).await;
    for word in Word::all() {
        assert!(text.contains(&word), "{word}\n{text}");
    }
    assert!(text.contains("--withdraw"), "{text}");
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn exit_is_as_good_as_quit() {
    for word in ["quit", "exit", "  exit  "] {
        let (end, text) = session_text(&format!("{word}\nlist\n"), false).await;
        assert_eq!((end, text.as_str()), (ConsoleEnd::Quit, ""), "{word}");
    }
}

#[tokio::test]
async fn a_line_that_is_too_long_is_not_cut_in_two() {
    let long = format!("{}\nlist\n", "#".repeat(LINE_BYTES_MAX as usize));
    let (end, text) = session_text(&long, false).await;
    assert_eq!((end, text.as_str()), (ConsoleEnd::EndOfInput, ""));
    let fits = format!("{}\nlist\n", "#".repeat(LINE_BYTES_MAX as usize - 1));
    let (_, text) = session_text(&fits, false).await;
    assert!(text.starts_with("=== Blocklisted IPs ==="), "{text}");
}

#[tokio::test]
async fn hostile_bytes_are_shown_as_what_they_are() {
    let node = Node::start(0);
    let page = Page::default();
    let bytes: &[u8] = b"check \xe2\x80\xaex\x1b[2J\x07\xff\n";
    let input = Input::Lines(Box::new(Cursor::new(bytes)));
    let end = Console::default().run(&node.client, input, Box::new(page.clone()));
    timeout(DEADLINE, end)
        .await
        .expect("in time")
        .expect("a node");
    let text = page.text();
    // Clap takes whole escape sequences out by itself.
    assert!(text.contains("invalid value '\\u{202e}x"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
}

#[tokio::test]
async fn json_is_one_line_for_each_answer_and_event() {
    let node = Node::start(1);
    let console = Console {
        format: Format::Json,
        with_backlog: true,
        history: None,
    };
    let (_, text) = session(
        &node,
        console,
        "list\nblock 192.0.2.1 60\nblock 127.0.0.1 1\nblock\n",
    )
    .await;
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|it| serde_json::from_str(it).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert_eq!(lines[0]["event"], "service_running");
    assert_eq!(lines[1][0]["indicator"], "10.0.0.0");
    assert_eq!(lines[2]["ttl_secs"], 60);
    assert_eq!(
        (&lines[3]["event"], &lines[3]["seq"]),
        (&"blocked".into(), &2.into())
    );
    assert_eq!(lines[4]["code"], "protected");
    assert_eq!(lines[5]["code"], "usage");
}

#[tokio::test]
async fn events_are_told_while_nobody_types_and_the_nodes_end_ends_it() {
    let node = Node::start(0);
    let page = Page::default();
    // A pipe that stays open and says nothing.
    let (silent, _open) = io::pipe().expect("a pipe");
    let input = Input::Lines(Box::new(BufReader::new(silent)));
    let client = node.client.clone();
    let console = Console {
        with_backlog: true,
        ..Console::default()
    };
    let run = console.run(&client, input, Box::new(page.clone()));
    let script = async {
        page.wait_for("Service is running!\n").await;
        let indicator = ip("192.168.1.100");
        node.hub.publish(NOW, EventKind::Allowed { indicator });
        page.wait_for("Allowlisted 192.168.1.100\n").await;
        node.stop().await;
    };
    let (end, ()) = timeout(DEADLINE, async { tokio::join!(run, script) })
        .await
        .expect("in time");
    let end = end.expect("a node");
    assert_eq!(
        (end, end.outcome()),
        (ConsoleEnd::NodeGone, Outcome::Unreachable)
    );
    assert!(
        page.text().ends_with("The node has stopped\n"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn without_a_node_there_is_no_console() {
    let client = Client::new("nowhere/control.sock");
    let input = Input::Lines(Box::new(Cursor::new("list\n")));
    let end = Console::default()
        .run(&client, input, Box::new(io::sink()))
        .await;
    assert!(
        matches!(end, Err(ClientError::Unreachable { .. })),
        "{end:?}"
    );
}

#[test]
fn completion_knows_every_word() {
    let words = Word::all();
    for word in [
        "status", "stats", "list", "block", "unblock", "publish", "check", "report", "withdraw",
        "why", "ask", "allow", "peers", "trust", "history", "audit", "file", "org", "ticket",
        "join", "help", "quit", "exit",
    ] {
        assert!(words.iter().any(|it| it == word), "{word}");
    }
}

#[test]
fn the_documentation_names_every_word() {
    let page = include_str!("../../../../docs/cli.md");
    for word in Word::all() {
        let ends = ["`", " "].map(|end| format!("`{word}{end}"));
        assert!(
            ends.iter().any(|it| page.contains(it)) || word == "help",
            "{word}"
        );
    }
}

async fn session_text(text: &str, with_backlog: bool) -> (ConsoleEnd, String) {
    let node = Node::start(0);
    let console = Console {
        with_backlog,
        ..Console::default()
    };
    session(&node, console, text).await
}

async fn session(node: &Node, console: Console, text: &str) -> (ConsoleEnd, String) {
    let page = Page::default();
    let input = Input::Lines(Box::new(Cursor::new(text.to_owned())));
    let run = console.run(&node.client, input, Box::new(page.clone()));
    let end = timeout(DEADLINE, run).await.expect("it ends in time");
    (end.expect("a node"), page.text())
}

impl Page {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("nobody panicked").clone();
        String::from_utf8(bytes).expect("text")
    }

    async fn wait_for(&self, text: &str) {
        while !self.text().contains(text) {
            tokio::task::yield_now().await;
        }
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
