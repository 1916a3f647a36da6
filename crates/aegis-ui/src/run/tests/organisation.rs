//! `org` against a scripted node: what is said, and how it ends.

use std::fs;

use aegis_api::{Client, MembershipSigned, OrganisationList};

use super::ask;
use crate::{
    Format, Outcome,
    sample::{node::Node, node_id, organisation_id},
};

#[tokio::test]
async fn each_word_of_org_has_its_answer() {
    let node = Node::start(0);
    let (id, other, peer) = (organisation_id(200), organisation_id(201), node_id(1));
    for (line, outcome, starts) in [
        (
            "org list".to_owned(),
            Outcome::Done,
            "=== Organisations ===\n12D3KooW",
        ),
        (
            "org create".to_owned(),
            Outcome::Done,
            "Created organisation\n  12D3KooW",
        ),
        (format!("org sign {peer}"), Outcome::Done, "Signed 12D3KooW"),
        (
            format!("org sign {peer} --org ACME --role publisher --valid 1h"),
            Outcome::Done,
            "Signed 12D3KooW",
        ),
        (
            "org join aegis-membership:AAAA".to_owned(),
            Outcome::Done,
            "Joined 12D3KooW",
        ),
        ("org leave ACME".to_owned(), Outcome::Done, "Left 12D3KooW"),
        (
            format!("org leave {other}"),
            Outcome::Negative,
            "This node was no member of 12D3KooW",
        ),
        (
            "org members ACME".to_owned(),
            Outcome::Done,
            "=== Members of 12D3KooW",
        ),
        (
            format!("org trust {id} --weight 0.5"),
            Outcome::Done,
            "Trusting 12D3KooW",
        ),
        (
            format!("org trust {id} --remove"),
            Outcome::Done,
            "Members of 12D3KooW",
        ),
        (
            format!("org trust {other} --remove"),
            Outcome::Negative,
            "12D3KooW",
        ),
        (
            format!("org revoke ACME {peer}"),
            Outcome::Done,
            "Revoked 12D3KooW",
        ),
        (
            format!("org revoke {id} {peer}"),
            Outcome::Done,
            "Revoked 12D3KooW",
        ),
    ] {
        let (ended, out, talk) = ask(&node.client, &line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}\n{talk}");
        assert!(out.starts_with(starts), "{line}\n{out}");
        assert!(!out.contains('\u{202e}'), "{line}\n{out}");
    }
}

#[tokio::test]
async fn who_makes_a_key_is_warned_once_and_a_program_is_not() {
    let node = Node::start(0);
    let (_, _, talk) = ask(&node.client, "org create ACME", Format::Text).await;
    assert!(
        talk.starts_with("warning: the key is not encrypted"),
        "{talk}"
    );
    let (_, out, talk) = ask(&node.client, "org create ACME", Format::Json).await;
    assert_eq!(talk, "");
    assert!(out.contains(r#""name":"ACME""#), "{out}");
}

#[tokio::test]
async fn an_organisation_is_named_by_name_or_part_of_its_id() {
    let node = Node::start(0);
    let (id, peer) = (organisation_id(200).to_string(), node_id(1));
    let tail = &id[id.len() - 8..];
    let line = format!("org sign {peer} --org {tail}");
    let (_, out, _) = ask(&node.client, &line, Format::Json).await;
    let signed: MembershipSigned = serde_json::from_str(&out).expect("JSON");
    assert_eq!(signed.organisation.to_string(), id);
    for (named, code) in [
        ("nobody", "unknown_organisation"),
        ("x", "unknown_organisation"),
        ("12D3KooW", "ambiguous_organisation"),
    ] {
        let line = format!("org sign {peer} --org {named}");
        let (ended, out, talk) = ask(&node.client, &line, Format::Json).await;
        assert_eq!((ended, out.as_str()), (Outcome::Negative, ""), "{line}");
        assert!(talk.contains(code), "{line}\n{talk}");
    }
}

#[tokio::test]
async fn a_membership_is_read_from_a_file() {
    let node = Node::start(0);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("membership");
    fs::write(&path, "aegis-membership:AAAA\n").expect("writes");
    check_join(&node.client, &path.display().to_string(), Outcome::Done).await;
    fs::write(&path, "something else").expect("writes");
    check_join(&node.client, &path.display().to_string(), Outcome::Usage).await;
    let gone = directory.path().join("gone").display().to_string();
    check_join(&node.client, &gone, Outcome::Negative).await;
}

#[tokio::test]
async fn a_program_gets_what_the_node_said() {
    let node = Node::start(0);
    let (_, out, _) = ask(&node.client, "org list", Format::Json).await;
    let list: OrganisationList = serde_json::from_str(&out).expect("JSON");
    assert_eq!(list.organisations.len(), 2);
}

async fn check_join(client: &Client, membership: &str, expected: Outcome) {
    let line = format!("org join {membership}");
    let (ended, _, talk) = ask(client, &line, Format::Text).await;
    assert_eq!(ended, expected, "{line}\n{talk}");
}
