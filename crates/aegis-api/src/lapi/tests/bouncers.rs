//! What bouncers rely on.

use serde_json::{Value, json};

use super::script::Door;

#[tokio::test]
async fn trap_1_every_error_has_a_message() {
    let door = Door::new();
    let token = door.token("web1", 2).await;
    for (line, status) in [
        ("GET /v1/decisions/stream", 403),
        ("GET /v1/decisions", 403),
        ("DELETE /v1/decisions", 403),
        ("POST /v1/alerts", 403),
        ("GET /v1/alerts", 403),
        ("GET /v1/heartbeat", 403),
        ("GET /v1/refresh_token", 403),
        ("GET /v1/allowlists", 403),
        ("POST /v1/usage-metrics", 403),
        ("POST /v1/watchers/login", 400),
        ("POST /v1/watchers", 400),
    ] {
        let said = door.ask(line).done().await;
        assert_eq!(said.status, status, "{line}: {said:?}");
        assert!(said.json()["message"].is_string(), "{line}: {said:?}");
    }
    for (line, status) in [
        ("GET /v1/decisions?ip=nobody", 400),
        ("DELETE /v1/decisions?ip=nobody", 400),
        ("DELETE /v1/decisions/7", 404),
        ("POST /v1/alerts", 400),
        ("GET /v1/alerts?since=soon", 400),
        ("GET /v1/alerts/7", 404),
        ("DELETE /v1/alerts/x", 404),
        ("GET /v1/allowlists/theirs", 404),
        ("GET /v1/allowlists/check/nobody", 400),
        ("POST /v1/usage-metrics", 400),
    ] {
        let said = door.ask(line).bearer(&token).send("no JSON").await;
        assert_eq!(said.status, status, "{line}: {said:?}");
        assert!(said.json()["message"].is_string(), "{line}: {said:?}");
    }
    let said = door.ask("GET /v1/decisions/stream").done().await;
    assert_eq!(said.json(), json!({"message": "access forbidden"}));
}

#[tokio::test]
async fn trap_5_a_live_query_without_an_answer_is_null() {
    let door = Door::new();
    door.post("198.51.100.0/24");
    let said = door
        .ask("GET /v1/decisions?ip=203.0.113.7")
        .bouncer()
        .done()
        .await;
    assert_eq!((said.status, &*said.body), (200, &b"null"[..]));
    let said = door
        .ask("GET /v1/decisions?ip=198.51.100.7")
        .bouncer()
        .done()
        .await;
    assert_eq!(said.json()[0]["value"], "198.51.100.0/24");
    for (query, answer) in [
        ("range=198.51.0.0/16", json!(null)),
        (
            "range=198.51.0.0/16&contains=false",
            json!("198.51.100.0/24"),
        ),
        (
            "scope=range&value=198.51.100.0/24",
            json!("198.51.100.0/24"),
        ),
        ("ip=198.51.100.7&type=captcha", json!(null)),
        ("", json!("198.51.100.0/24")),
    ] {
        let said = door
            .ask(&format!("GET /v1/decisions?{query}"))
            .bouncer()
            .done()
            .await;
        assert_eq!(said.json()[0]["value"], answer, "{query}");
    }
}

#[tokio::test]
async fn trap_6_replies_are_not_compressed_and_requests_may_be() {
    let door = Door::new();
    for number in 0..2_000 {
        door.post(&format!("203.0.{}.{}", number / 250, number % 250));
    }
    let ask = door.ask("GET /v1/decisions/stream?startup=true").bouncer();
    let said = ask.header("Accept-Encoding", "gzip").done().await;
    assert!(said.headers.get("content-encoding").is_none());
    assert_eq!(said.values("new").len(), 2_000);

    let token = door.token("web1", 2).await;
    let alerts = |body: Vec<u8>| {
        let ask = door.ask("POST /v1/alerts").bearer(&token);
        ask.header("Content-Encoding", "gzip").send(body)
    };
    let gzip = super::super::gzip::tests::gzip;
    assert_eq!(alerts(gzip(b"[{}]")).await.status, 201);
    assert_eq!(alerts(b"[{}]".to_vec()).await.status, 400);
    // What is small and becomes large is refused, and so is what is large.
    assert_eq!(alerts(gzip(&vec![b' '; 60 << 20])).await.status, 413);
    let large = door
        .ask("POST /v1/alerts")
        .bearer(&token)
        .send(vec![b' '; 51 << 20])
        .await;
    assert_eq!(large.status, 413);
    let large = door
        .ask("POST /v1/watchers/login")
        .send(vec![b' '; 3 << 20])
        .await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn trap_7_one_key_used_from_two_addresses_has_two_cursors() {
    let door = Door::new();
    door.post("203.0.113.7");
    let poll = async |from: &str, query: &str| {
        let line = format!("GET /v1/decisions/stream{query}");
        let said = door.ask(&line).bouncer().from(from).done().await;
        said.values("new")
    };
    assert_eq!(poll("192.0.2.1", "?startup=true").await, ["203.0.113.7"]);
    door.post("203.0.113.8");
    assert_eq!(poll("192.0.2.2", "?startup=true").await.len(), 2);
    assert_eq!(poll("192.0.2.1", "").await, ["203.0.113.8"]);
    assert_eq!(poll("192.0.2.2", "").await, [""; 0]);
    // Who was never seen, as after a restart of the node, gets everything.
    assert_eq!(poll("192.0.2.3", "").await.len(), 2);
}

#[tokio::test]
async fn a_check_of_the_key_is_no_poll() {
    let door = Door::new();
    let poll = async |line: &str| door.ask(line).bouncer().done().await;
    poll("GET /v1/decisions/stream?startup=true").await;
    door.post("203.0.113.7");
    for line in ["HEAD /v1/decisions/stream", "HEAD /v1/decisions"] {
        let said = poll(line).await;
        assert_eq!((said.status, said.body.len()), (200, 0));
    }
    let said = poll("GET /v1/decisions/stream").await;
    assert_eq!(said.values("new"), ["203.0.113.7"]);
    let head = door
        .ask("HEAD /v1/decisions/stream")
        .header("X-Api-Key", "aegis_wrong")
        .done()
        .await;
    assert_eq!(head.status, 403);
}

#[tokio::test]
async fn trap_12_a_bare_question_mark_and_slashes_too_many_are_as_none() {
    let door = Door::new();
    door.post("203.0.113.7");
    for line in [
        "GET /v1/decisions/stream?",
        "GET //v1/decisions/stream?startup=true",
        "GET /v1/decisions/stream/?startup=true",
        "GET /v1/decisions/stream?startup=true&community_pull=false&additional_pull=false",
    ] {
        let said = door.ask(line).bouncer().done().await;
        assert_eq!(said.values("new"), ["203.0.113.7"], "{line}");
    }
    assert_eq!(
        door.ask("GET /v1/nothing").bouncer().done().await.status,
        404
    );
}

#[tokio::test]
async fn trap_13_no_user_agent_is_a_reason_to_refuse() {
    let door = Door::new();
    door.post("198.51.100.0/30");
    for (agent, count) in [
        ("crowdsec-firewall-bouncer/-", 4),
        ("crowdsec-firewall-bouncer/v0.0.34-debian/x", 4),
        ("nginx", 1),
        ("", 1),
        ("///", 1),
    ] {
        let ask = door.ask("GET /v1/decisions/stream?startup=true").bouncer();
        let said = ask.header("User-Agent", agent).done().await;
        assert_eq!(said.values("new").len(), count, "{agent}");
    }
}

#[tokio::test]
async fn the_health_is_everybody_s_and_metrics_have_two_shapes() {
    let door = Door::new();
    let said = door.ask("GET /health").done().await;
    assert_eq!((said.status, said.json()), (200, json!({"status": "up"})));
    let metrics = |metrics: Value| {
        json!({"remediation_components": [{"type": "nginx", "version": "1",
        "os": {"name": "debian"}, "feature_flags": [], "utc_startup_timestamp": 7, "metrics": metrics}]})
    };
    let send = async |body: Value| {
        let ask = door.ask("POST /v1/usage-metrics").bouncer();
        ask.send(body.to_string()).await.status
    };
    let items = json!({"meta": {"window_size_seconds": 1}, "items": []});
    assert_eq!(send(metrics(json!([items]))).await, 201);
    assert_eq!(send(metrics(items)).await, 201);
    assert_eq!(
        send(json!({"log_processors": [{"datasources": {}}]})).await,
        201
    );
    assert_eq!(send(json!({"remediation_components": [{}, {}]})).await, 400);
    assert_eq!(send(json!({})).await, 400);
}
