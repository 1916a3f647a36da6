//! What is too large, too slow or too much is refused, and others do not notice.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    task::JoinSet,
};

use super::{
    contract::{get, post},
    node::{DEADLINE, GATED, Node, ip, status},
};
use crate::{
    ANSWER_TIMEOUT, BODY_BYTES_MAX, BODY_TIMEOUT, CONNECTIONS_MAX, HEADER_TIMEOUT, REPORTS_MAX,
};

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let node = Node::start();
    let body = format!(r#"{{"indicator":"{}"}}"#, "9".repeat(BODY_BYTES_MAX));
    let answer = node.raw(&post("/v1/unblock", &body)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains(r#""code":"too_large""#), "{answer}");
}

#[tokio::test]
async fn a_body_that_says_no_length_is_refused_over_the_limit_as_well() {
    let node = Node::start();
    let chunk = format!("{:x}\r\n{}\r\n", 4096, " ".repeat(4096));
    let request = format!(
        "POST /v1/unblock HTTP/1.1\r\nHost: aegis\r\nConnection: close\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(BODY_BYTES_MAX / 4096 + 1)
    );
    let answer = node.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    let node = Node::start();
    let request = post("/v1/unblock", r#"{"indicator":"1.2.3.4"}"#);
    let answer = node
        .raw(&request.replace("application/json", "text/plain"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
    assert!(answer.contains("application/json"), "{answer}");
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let node = Node::start();
    let endless = format!("GET /v1/status HTTP/1.1\r\nX: {}", "x".repeat(1 << 20));
    let answer = node.raw(&endless).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_is_too_slow_is_let_go() {
    let node = Node::start();
    let halves = [
        ("", HEADER_TIMEOUT, ""),
        ("GET /v1/sta", HEADER_TIMEOUT, ""),
        (
            "GET /v1/status HTTP/1.1\r\nHost: aegis\r\n\r\n",
            HEADER_TIMEOUT,
            "HTTP/1.1 200",
        ),
        (
            &post("/v1/unblock", "{").replace("Length: 1", "Length: 9"),
            BODY_TIMEOUT,
            "HTTP/1.1 408",
        ),
        (
            &get(&format!("/v1/why?ip={GATED}")),
            ANSWER_TIMEOUT,
            "HTTP/1.1 504",
        ),
    ];
    for (sent, limit, answer_start) in halves {
        let mut stream = UnixStream::connect(&node.path).await.expect("connects");
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        // Time is simulated: it jumps to the server's deadline as soon as all wait.
        let read = stream.read_to_string(&mut answer);
        let closed = tokio::time::timeout(limit + Duration::from_secs(60), read).await;
        closed.expect("the server lets go").expect("text");
        assert!(answer.starts_with(answer_start), "{sent}\n{answer}");
    }
}

#[tokio::test]
async fn a_slow_client_holds_nobody_up() {
    let node = Node::start();
    let mut stalled = UnixStream::connect(&node.path).await.expect("connects");
    stalled
        .write_all(b"POST /v1/block HTTP/1.1\r\n")
        .await
        .expect("sent");
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let client = node.client.clone();
        calls.spawn(async move { client.status().await });
    }
    while let Some(call) = calls.join_next().await {
        assert_eq!(call.expect("no panic").expect("answers"), status());
    }
}

#[tokio::test]
async fn more_connections_than_places_wait_for_one() {
    let node = Node::start();
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut stream = UnixStream::connect(&node.path).await.expect("connects");
        stream
            .write_all(get(&format!("/v1/why?ip={GATED}")).as_bytes())
            .await
            .expect("sent");
        idle.push(stream);
    }
    let client = node.client.clone();
    let mut call = std::pin::pin!(client.check(ip("192.0.2.1")));
    let early = tokio::time::timeout(Duration::from_millis(100), call.as_mut()).await;
    assert!(early.is_err(), "all places are taken");
    drop(idle.pop());
    let served = tokio::time::timeout(DEADLINE, call)
        .await
        .expect("a place is free");
    assert!(served.expect("answers").blocked);
}

#[tokio::test]
async fn a_request_under_way_is_answered_when_the_node_stops() {
    let node = Node::start();
    let client = node.client.clone();
    let mut call = std::pin::pin!(client.why(ip(GATED)));
    // The request is at the gate once the first poll has sent it and another call came through.
    tokio::select! {
        biased;
        _ = call.as_mut() => panic!("the gate is closed"),
        answered = node.client.status() => assert!(answered.is_ok()),
    }
    let gate = std::sync::Arc::clone(&node.gate);
    let open = async { gate.notify_one() };
    let (answer, (), ()) = tokio::join!(call, open, node.stop());
    assert!(answer.expect("answered").blocked);
}

#[tokio::test]
async fn a_whole_number_is_one_however_it_is_written() {
    let node = Node::start();
    let body = |secs: &str| {
        format!(
            r#"{{"indicator":"192.0.2.1","duration_secs":{secs},"threat_type":"a","severity":7}}"#
        )
    };
    for (secs, start) in [
        ("60", "HTTP/1.1 200"),
        ("60.0", "HTTP/1.1 200"),
        ("6e1", "HTTP/1.1 200"),
        ("60.5", "HTTP/1.1 400"),
        ("-60.0", "HTTP/1.1 400"),
        ("1e300", "HTTP/1.1 400"),
        ("60.0,\"duration_secs\":60.0", "HTTP/1.1 400"),
    ] {
        let answer = node.raw(&post("/v1/block", &body(secs))).await;
        assert!(answer.starts_with(start), "{secs}: {answer}");
    }
}

#[tokio::test]
async fn an_error_names_the_field_that_is_wrong() {
    let node = Node::start();
    let body = r#"{"indicator":"192.0.2.1","duration_secs":60.0,"threat_type":"a","severity":7.5}"#;
    let answer = node.raw(&post("/v1/block", body)).await;
    assert!(answer.contains("severity: "), "{answer}");
}

#[tokio::test]
async fn as_many_reports_as_may_be_fit_into_one_request() {
    let node = Node::start();
    let reason = "r".repeat(512);
    let report = format!(
        r#"{{"indicator":"192.0.2.1","threat_type":"a","source":"b","reason":"{reason}"}}"#
    );
    let body = |count| {
        format!(
            r#"{{"reports":[{}]}}"#,
            vec![report.clone(); count].join(",")
        )
    };
    let answer = node.raw(&post("/v1/reports", &body(REPORTS_MAX))).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:.300}");
    let answer = node.raw(&post("/v1/reports", &body(REPORTS_MAX + 1))).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer:.300}");
}
