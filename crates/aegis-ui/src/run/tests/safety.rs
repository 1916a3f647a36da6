//! The mode against a scripted node: what is said, and how it ends.

use super::ask;
use crate::{Format, Outcome, sample::node::Node};

#[tokio::test]
async fn the_mode_is_switched_and_what_is_awaited_is_said() {
    let node = Node::start(0);
    for (line, outcome, says) in [
        (
            "enforce",
            Outcome::Done,
            "packets of blocked sources are dropped",
        ),
        ("enforce --confirm 2m", Outcome::Done, "2m left"),
        ("enforce --confirm 120", Outcome::Done, "NEW connection"),
        ("observe", Outcome::Done, "nothing is dropped"),
    ] {
        let (ended, out, _) = ask(&node.client, line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}");
        assert!(out.contains(says), "{line}\n{out}");
    }
    let (ended, _, talk) = ask(&node.client, "confirm", Format::Text).await;
    assert_eq!(ended, Outcome::NotPermitted);
    assert!(talk.contains("this login was there before"), "{talk}");
}

#[tokio::test]
async fn the_allowlist_shows_whom_nobody_blocks_and_why() {
    let node = Node::start(0);
    let (_, out, _) = ask(&node.client, "allow", Format::Text).await;
    assert!(
        out.contains("192.0.2.1        a default gateway of this host"),
        "{out}"
    );
}

#[tokio::test]
async fn a_summary_names_those_first_who_logged_in() {
    let node = Node::start(0);
    let (ended, out, _) = ask(&node.client, "summary --would-have-blocked", Format::Text).await;
    assert_eq!(ended, Outcome::Done);
    for said in [
        "Would have blocked 2 sources",
        "1 of them logged in successfully or held a working connection",
        "203.0.113.9 logged in",
        "1 by detector, 1 by peers",
    ] {
        assert!(out.contains(said), "{said}\n{out}");
    }
}

#[tokio::test]
async fn names_are_allowed_listed_and_taken_off() {
    let node = Node::start(0);
    for (line, outcome, says) in [
        (
            "allow Office.example",
            Outcome::Done,
            "Allowed office.example, which stands for\n  192.0.2.7",
        ),
        (
            "allow --names",
            Outcome::Done,
            "NOT RESOLVED: no answer\n  192.0.2.7, as of 59s ago",
        ),
        ("allow", Outcome::Done, "office.example  resolved 59s ago"),
        ("allow office.example --remove", Outcome::Done, "no more"),
        (
            "allow other.example --remove",
            Outcome::Negative,
            "is not on",
        ),
    ] {
        let (ended, out, _) = ask(&node.client, line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}");
        assert!(out.contains(says), "{line}\n{out}");
    }
    let (ended, _, talk) = ask(&node.client, "allow a.example --for 1h", Format::Text).await;
    assert_eq!(ended, Outcome::Usage);
    assert!(talk.contains("--for is for addresses"), "{talk}");
}

#[tokio::test]
async fn regions_are_blocked_listed_and_freed() {
    let node = Node::start(0);
    for (line, outcome, says) in [
        (
            "block-country de --for 7d",
            Outcome::Done,
            "Blocking 2 of 3 prefixes of DE until",
        ),
        ("block-asn 64500", Outcome::Done, "left out 1"),
        ("block-region", Outcome::Done, "PROBLEM: damaged"),
        (
            "block-region AS64500 --remove",
            Outcome::Done,
            "blocked no more",
        ),
        (
            "block-region DE --remove",
            Outcome::Negative,
            "was not blocked",
        ),
        ("summary --by country", Outcome::Done, "DE  2"),
        ("summary --by asn", Outcome::Done, "AS64500  2"),
        (
            "why 192.168.1.100",
            Outcome::Done,
            "country DE, continent EU, AS64500 (An example)",
        ),
    ] {
        let (ended, out, _) = ask(&node.client, line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}");
        assert!(out.contains(says), "{line}\n{out}");
    }
}

#[tokio::test]
async fn why_tells_the_past_what_is_spared_nearby_and_what_can_be_done() {
    let node = Node::start(0);
    let (_, out, _) = ask(&node.client, "why 192.168.1.100", Format::Text).await;
    for said in [
        "blocked 3 times, seen by own detectors 2 times, 1 alert of peers",
        "192.168.1.1 is a default gateway of this host",
        "What you can do\n  aegis allow 192.168.1.100",
    ] {
        assert!(out.contains(said), "{said}\n{out}");
    }
}
