//! `key` against a scripted node: what is said where, and how it ends.

use aegis_api::{KeyCreated, Scope};

use super::ask;
use crate::{Format, Outcome, sample::node::Node};

#[tokio::test]
async fn a_secret_is_data_and_what_it_opens_is_talk() {
    let node = Node::start(0);
    let line = "key create grafana --scope read";
    let (ended, out, talk) = ask(&node.client, line, Format::Text).await;
    assert_eq!(
        (ended, out),
        (Outcome::Done, format!("aegis_{}\n", "07".repeat(32)))
    );
    assert!(
        talk.contains("Gave out the key grafana with the scope read"),
        "{talk}"
    );
    assert!(talk.contains("shown this once"), "{talk}");
    let (_, out, talk) = ask(&node.client, line, Format::Json).await;
    let created: KeyCreated = serde_json::from_str(&out).expect("JSON");
    assert_eq!((created.scope, talk.as_str()), (Scope::Read, ""));
}

#[tokio::test]
async fn keys_are_listed_and_taken_back() {
    let node = Node::start(0);
    for (line, outcome, says) in [
        ("key list", Outcome::Done, "agent  decide  since 20"),
        ("key revoke web", Outcome::Done, "Revoked the key web"),
        (
            "key revoke nobody",
            Outcome::Negative,
            "There is no key nobody",
        ),
    ] {
        let (ended, out, _) = ask(&node.client, line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}");
        assert!(out.contains(says), "{line}\n{out}");
    }
}
