//! What agents and `cscli` rely on, and what they are not allowed.

use serde_json::{Value, json};

use super::script::{Door, indicator};
use crate::{Control as _, EventKind, Evidence, Request, secret};

#[tokio::test]
async fn an_alert_without_decisions_is_blocked_for_four_hours_and_longer_each_time() {
    let door = Door::new();
    let token = door.token("web1", 2).await;
    let mut durations = Vec::new();
    for _ in 0..3 {
        let said = send(&door, &token, json!([alert("203.0.113.7")])).await;
        assert_eq!(said.as_array().map(Vec::len), Some(1));
        assert!(said[0].is_string(), "ids are texts");
        let [Request::Report(reports)] = &door.asked()[..] else {
            panic!("one report is made");
        };
        let [report] = &reports[..] else {
            panic!("of one source");
        };
        assert_eq!(report.indicator, indicator("203.0.113.7"));
        assert_eq!(report.threat_type.as_str(), "brute_force");
        assert_eq!(report.evidence, Some(Evidence::Verified));
        assert_eq!(report.events, 6);
        durations.push(report.duration_secs.map(|it| it.as_secs() / 3600));
    }
    assert_eq!(durations, [Some(4), Some(8), Some(16)]);
}

#[tokio::test]
async fn trap_8_a_decision_that_is_asked_for_is_a_request_that_a_guard_may_refuse() {
    let door = Door::new();
    let decisions = json!([
        {"duration": "4h", "origin": "cscli", "scope": "Ip", "type": "ban", "value": "127.0.0.1"},
        {"duration": "4h", "origin": "cscli", "scope": "Ip", "type": "ban", "value": "203.0.113.7"},
        {"duration": "4h", "origin": "cscli", "scope": "Country", "type": "ban", "value": "FR"},
    ]);
    // Whoever asks: a machine, or the operator's own key.
    for (name, byte) in [("web1", 2), ("boss", 3)] {
        let token = door.token(name, byte).await;
        let ids = send(&door, &token, json!([with(alert("127.0.0.1"), &decisions)])).await;
        assert_eq!(door.board.page(None, 10).len(), 1);
        let line = format!("GET /v1/alerts/{}", ids[0].as_str().expect("a text"));
        let shown = door.ask(&line).bearer(&token).done().await.json();
        let message = shown["message"].as_str().expect("a text");
        assert!(
            message.contains("refused 127.0.0.1: protected: it is loopback"),
            "{message}"
        );
        assert!(message.contains("neither ip nor range"), "{message}");
        assert_eq!(shown["machine_id"], name);
    }
}

#[tokio::test]
async fn what_cscli_imports_is_an_import_named_as_it_was_and_what_is_refused_is_told() {
    let door = Door::new();
    let imported = |value: &str| {
        json!({"duration": "168h", "origin": "cscli-import", "scenario": "a list", "scope": "Ip",
            "type": "ban", "value": value})
    };
    let decisions = json!([
        imported("127.0.0.1"),
        imported("203.0.113.7"),
        imported("198.51.100.9")
    ]);
    let token = door.token("boss", 3).await;
    let ids = send(
        &door,
        &token,
        json!([with(alert("203.0.113.7"), &decisions)]),
    )
    .await;
    let [Request::Import(request)] = &door.asked()[..] else {
        panic!("one import is made");
    };
    assert_eq!((request.entries.len(), request.follow), (3, 0));
    let secs: Vec<u32> = request
        .entries
        .iter()
        .map(|it| it.duration_secs.get())
        .collect();
    assert_eq!(secs, [7 * 86_400; 3], "as long as it says");
    let posted = door.board.page(None, 10);
    assert_eq!(posted.len(), 2);
    for it in posted {
        assert_eq!(
            (it.naming.origin, &*it.naming.scenario),
            ("cscli-import", "a list")
        );
    }
    let line = format!("GET /v1/alerts/{}", ids[0].as_str().expect("a text"));
    let shown = door.ask(&line).bearer(&token).done().await.json();
    let message = shown["message"].as_str().expect("a text");
    assert!(
        message.contains("refused 127.0.0.1: protected: it is loopback"),
        "{message}"
    );
    // A machine's word is a report, whatever it calls it.
    let token = door.token("web1", 2).await;
    send(
        &door,
        &token,
        json!([with(alert("203.0.113.7"), &decisions)]),
    )
    .await;
    assert!(matches!(&door.asked()[..], [Request::Report(it)] if it.len() == 3));
}

#[tokio::test]
async fn trap_9_a_machine_has_a_rate_and_may_block_so_many_an_hour() {
    let door = Door::new();
    let token = door.token("web1", 2).await;
    let alerts: Vec<Value> = (0..12)
        .map(|it| alert(&format!("203.0.113.{it}")))
        .collect();
    let mut events = door.script.events().subscribe().events_rx;
    send(&door, &token, json!(alerts)).await;
    assert_eq!(door.board.len(), 10);
    let event = events.try_recv().expect("it is told");
    let EventKind::Degraded { message } = &event.kind else {
        panic!("{event:?}");
    };
    assert!(
        message.contains("crowdsec/web1") && message.contains("2 were refused"),
        "{message}"
    );
    door.wait(3_500);
    let token = door.token("web1", 2).await;
    send(&door, &token, json!([alert("198.51.100.1")])).await;
    assert_eq!(door.board.len(), 10);
    door.wait(101);
    send(&door, &token, json!([alert("198.51.100.1")])).await;
    assert_eq!(door.board.len(), 11);

    let mut refused = None;
    for _ in 0..1_000 {
        let said = door.ask("GET /v1/heartbeat").bearer(&token).done().await;
        if said.status != 200 {
            refused = Some(said);
            break;
        }
    }
    let refused = refused.expect("somewhere it is too often");
    assert_eq!(refused.status, 429);
    door.wait(1);
    let said = door.ask("GET /v1/heartbeat").bearer(&token).done().await;
    assert_eq!((said.status, said.body.len()), (200, 0));
}

#[tokio::test]
async fn trap_11_the_scenario_keeps_its_name_and_the_source_says_which_machine() {
    let door = Door::new();
    let token = door.token("web1", 2).await;
    send(&door, &token, json!([alert("203.0.113.7")])).await;
    let [Request::Report(reports)] = &door.asked()[..] else {
        panic!("one report is made");
    };
    let reason = reports[0].reason.as_ref().map(|it| it.as_str().to_owned());
    assert_eq!(reason.as_deref(), Some("crowdsecurity/ssh-bf"));
    assert_eq!(reports[0].source.as_str(), "crowdsec/web1");

    let boss = door.token("boss", 3).await;
    let by_hand = json!([{"duration": "4h", "origin": "cscli", "scope": "Ip", "type": "ban",
        "value": "203.0.113.8", "scenario": "they know why"}]);
    send(&door, &boss, json!([with(alert("203.0.113.8"), &by_hand)])).await;
    let posted = door
        .board
        .exactly(&indicator("203.0.113.8"))
        .expect("it is there");
    assert_eq!(
        (posted.naming.origin, &*posted.naming.scenario),
        ("cscli", "they know why")
    );
}

#[tokio::test]
async fn what_is_simulated_is_listed_and_not_enforced() {
    let door = Door::new();
    let token = door.token("web1", 2).await;
    let mut simulated = alert("203.0.113.7");
    simulated["simulated"] = json!(true);
    send(&door, &token, json!([simulated])).await;
    assert!(door.asked().is_empty() && door.board.is_empty());
    let listed = door
        .ask("GET /v1/alerts")
        .bearer(&token)
        .done()
        .await
        .json();
    assert_eq!(listed[0]["simulated"], true);
    assert_eq!(listed[0]["decisions"], json!([]));
}

#[tokio::test]
async fn a_token_opens_for_an_hour_and_no_longer_than_its_key() {
    let door = Door::new();
    let token = door.token("web1", 2).await;
    let status = async |token: &str| {
        door.ask("GET /v1/heartbeat")
            .bearer(token)
            .done()
            .await
            .status
    };
    assert_eq!(status(&token).await, 200);
    assert_eq!(status("guessed").await, 403);
    door.wait(3_599);
    assert_eq!(status(&token).await, 200);
    let said = door
        .ask("GET /v1/refresh_token")
        .bearer(&token)
        .done()
        .await;
    let fresh = said.json()["token"].as_str().expect("a token").to_owned();
    door.wait(1);
    assert_eq!(status(&token).await, 403);
    assert_eq!(status(&fresh).await, 200);
    let said = door
        .ask("DELETE /v1/watchers/self")
        .bearer(&fresh)
        .done()
        .await;
    assert_eq!(said.status, 204);
    assert_eq!(status(&fresh).await, 403);
    let other = door.token("web1", 2).await;
    door.keys_tx.send_replace(std::sync::Arc::new([]));
    assert_eq!(status(&other).await, 403);
}

#[tokio::test]
async fn nobody_registers_but_who_has_a_key_already() {
    let door = Door::new();
    let register = async |name: &str, password: &str| {
        let body = json!({"machine_id": name, "password": password});
        door.ask("POST /v1/watchers").send(body.to_string()).await
    };
    let secret = |byte| secret(&[byte; 32]);
    assert_eq!(register("web1", &secret(2)).await.status, 201);
    for (name, password) in [
        ("web1", &*secret(3)), // somebody else's
        ("edge", &*secret(1)), // a bouncer's, which decides nothing
        ("new", "chosen"),
    ] {
        let said = register(name, password).await;
        assert_eq!(said.status, 403);
        assert!(
            said.json()["message"]
                .as_str()
                .is_some_and(|it| it.contains("aegis key create"))
        );
    }
    let body = json!({"machine_id": "edge", "password": secret(1)});
    let said = door
        .ask("POST /v1/watchers/login")
        .send(body.to_string())
        .await;
    assert_eq!(
        (said.status, said.json()),
        (403, json!({"message": "access forbidden"}))
    );
}

async fn send(door: &Door, token: &str, alerts: Value) -> Value {
    let ask = door.ask("POST /v1/alerts").bearer(token);
    let said = ask.send(alerts.to_string()).await;
    assert_eq!(said.status, 201, "{said:?}");
    said.json()
}

/// Returns an alert as an agent sends it.
pub(super) fn alert(about: &str) -> Value {
    json!({"capacity": 5, "decisions": null, "events": [], "events_count": 6, "labels": null,
        "leakspeed": "10s", "message": format!("Ip {about} performed 'crowdsecurity/ssh-bf'"),
        "remediation": true, "scenario": "crowdsecurity/ssh-bf", "scenario_hash": "44",
        "scenario_version": "0.1", "simulated": false,
        "source": {"ip": about, "scope": "Ip", "value": about},
        "start_at": "2026-11-20T11:59:50Z", "stop_at": "2026-11-20T11:59:59Z"})
}

fn with(mut alert: Value, decisions: &Value) -> Value {
    alert["decisions"] = decisions.clone();
    alert
}
