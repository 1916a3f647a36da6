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
async fn a_key_for_a_program_of_crowdsec_comes_as_the_lines_of_its_configuration() {
    let node = Node::start(0);
    let secret = format!("aegis_{}", "07".repeat(32));
    let bouncer = "key create grafana --for bouncer";
    let (ended, out, _) = ask(&node.client, bouncer, Format::Text).await;
    let lines = format!("api_url: http://127.0.0.1:8080/\napi_key: {secret}\n");
    assert_eq!((ended, out), (Outcome::Done, lines));
    let machine = "key create grafana --for machine --url http://192.0.2.1:80/";
    let (_, out, _) = ask(&node.client, machine, Format::Text).await;
    let lines = format!("url: http://192.0.2.1:80/\nlogin: grafana\npassword: {secret}\n");
    assert_eq!(out, lines);
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
