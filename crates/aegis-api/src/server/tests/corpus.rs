//! Replays the fuzzer's corpus of bodies: each is answered, and refused where its name says so.

use std::{fs, path::Path};

use super::{contract::post, node::Node};

/// The routes that the first byte of a body stands for; none where it is a word.
const ROUTES: [Option<&str>; 24] = [
    Some("/v1/block"),
    Some("/v1/publish"),
    Some("/v1/unblock"),
    Some("/v1/allow"),
    Some("/v1/import"),
    Some("/v1/trust"),
    Some("/v1/files/apply"),
    Some("/v1/organisations/sign"),
    Some("/v1/organisations/join"),
    Some("/v1/organisations/trust"),
    Some("/v1/organisations/revoke"),
    Some("/v1/tickets"),
    Some("/v1/keys"),
    None,
    None,
    None,
    Some("/v1/reports"),
    Some("/v1/reports/withdraw"),
    Some("/v1/preview"),
    Some("/v1/enforce"),
    Some("/v1/allow/names"),
    Some("/v1/regions"),
    Some("/v1/join"),
    Some("/v1/organisations"),
];

#[tokio::test]
async fn every_body_of_the_corpus_is_answered_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/parse_api");
    let node = Node::start();
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a corpus") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let bytes = fs::read(&path).expect("a body");
        let (kind, body) = bytes.split_first().expect("a kind");
        let Some(route) = ROUTES[usize::from(kind % 32)] else {
            continue;
        };
        let body = std::str::from_utf8(body).expect("text");
        let answer = node.raw(&post(route, body)).await;
        let is_bad = ["-bad-", "-no-", "-unknown-", "-deep"]
            .iter()
            .any(|it| name.contains(it));
        let start = if is_bad {
            "HTTP/1.1 400 "
        } else {
            "HTTP/1.1 200 "
        };
        assert!(answer.starts_with(start), "{name}: {answer}");
        count += 1;
    }
    assert!(count >= 27, "{count}");
    node.stop().await;
}
