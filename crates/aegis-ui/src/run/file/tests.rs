//! `file` against a scripted node: what is said where, and how it ends.

use clap::Parser;

use super::*;
use crate::{
    Command,
    command::parse_duration_secs,
    run,
    sample::{self, HOSTILE, node::Node},
};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

async fn ask(line: &str, format: Format) -> (Outcome, String, String) {
    let node = Node::start(0);
    let (mut out, mut talk) = (Vec::new(), Vec::new());
    let mut screen = Screen {
        out: &mut out,
        talk: &mut talk,
        format,
        is_terminal: false,
    };
    let words = ["aegis"].into_iter().chain(line.split(' '));
    let command = Cli::try_parse_from(words).expect(line).command;
    let ended = run(command, &node.client, &mut screen).await;
    node.stop().await;
    let text = |it| String::from_utf8(it).expect("text");
    (ended, text(out), text(talk))
}

#[tokio::test]
async fn files_are_listed_with_what_others_wrote_made_harmless() {
    let (ended, out, _) = ask("file list", Format::Text).await;
    assert_eq!(ended, Outcome::Done);
    assert!(out.starts_with("=== Shared files ===\n0101"), "{out}");
    assert!(
        !out.contains(HOSTILE) && !out.contains('\u{1b}') && out.contains("\\u{1b}"),
        "{out}"
    );
    assert!(out.contains("768.0 KiB, major, 1d left, here\n"), "{out}");
    let (_, out, _) = ask("file list", Format::Json).await;
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(json.pointer("/1/state"), Some(&"offered".into()));
}

#[tokio::test]
async fn a_file_is_named_by_the_start_of_its_id() {
    for (line, outcome, says, complains) in [
        (
            "file get 0101",
            Outcome::Done,
            " is here, checked\n  0101",
            "",
        ),
        (
            "file get 0101 --apply",
            Outcome::Done,
            "Blocking 990 of the 1000 that it lists",
            "",
        ),
        (
            "file get 0101 --apply --dry-run",
            Outcome::Done,
            "  left out 2: too wide\n",
            "",
        ),
        (
            "file get 0303",
            Outcome::Negative,
            "",
            "refused: no file's ID starts with 0303\n",
        ),
        (
            "file get 0202 --wait 0",
            Outcome::Negative,
            "",
            "refused: no chunk came for 0 s (1 of 4",
        ),
        ("file forget 0101", Outcome::Done, ": removed here\n", ""),
        (
            "file forget 0202",
            Outcome::Negative,
            ": was not here\n",
            "",
        ),
    ] {
        let (ended, out, talk) = ask(line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}: {out}{talk}");
        assert!(
            out.contains(says) && talk.starts_with(complains),
            "{line}: {out}{talk}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_shared_is_said_before_anybody_is_asked() {
    let dir = tempfile::tempdir().expect("a directory");
    let empty = dir.path().join("empty");
    std::fs::write(&empty, b"").expect("a file");
    let gone = dir.path().join("gone");
    for (path, says) in [
        (&empty, "it is empty"),
        (&dir.path().to_owned(), "it is not a file"),
        (&gone, "cannot read"),
    ] {
        let (ended, out, talk) = ask(&format!("file share {}", path.display()), Format::Text).await;
        assert_eq!((ended, out.as_str()), (Outcome::Negative, ""), "{talk}");
        assert!(
            talk.starts_with("refused: ") && talk.contains(says),
            "{talk}"
        );
    }
    let there = format!("file get 0101 --output {}", empty.display());
    let (ended, _, talk) = ask(&there, Format::Text).await;
    assert_eq!(ended, Outcome::Negative, "{talk}");
    assert!(talk.ends_with("is there already\n"), "{talk}");
}

#[test]
fn values_are_checked_before_anything_is_sent() {
    for (line, is_good) in [
        ("file share a --severity critical --expires 30d", true),
        ("file share a --severity urgent", false),
        ("file share a --expires 0", false),
        ("file share a --expires 367d", false),
        ("file share a --name a/b", false),
        ("file share a --to ACME --to 12D3KooW", true),
        ("file share a --to", false),
        ("file get 012", false),
        ("file get 01ZZ", false),
        ("file get 0123 --wait 5m", true),
    ] {
        let words = ["aegis"].into_iter().chain(line.split(' '));
        assert_eq!(Cli::try_parse_from(words).is_ok(), is_good, "{line}");
    }
    assert_eq!(parse_duration_secs("30d"), Some(30 * 86_400));
}

#[test]
fn the_bar_shows_how_far_a_fetch_is() {
    let mut line = sample::file::file(1);
    let bar = |cells: usize| format!("[{}{}]", "#".repeat(cells), ".".repeat(30 - cells));
    for (here, cells, percent) in [(0, 0, "  0 %"), (1, 7, " 25 %"), (4, 30, "100 %")] {
        line.chunks_here = here;
        let shown = report::file_progress(&line);
        let expected = format!("{} {percent} of 768.0 KiB, 2 holders  ", bar(cells));
        assert_eq!(shown, expected);
    }
}
