//! Lists of alerts, of decisions to be ended, and of what is allowed.

use serde_json::{Value, json};

use super::{agents::alert, script::Door};

#[tokio::test]
async fn a_delete_ends_exactly_what_it_names_and_counts_it() {
    let door = Door::new();
    let token = door.token("web1", 2).await;
    for text in [
        "203.0.113.0/24",
        "203.0.113.7",
        "203.0.113.8",
        "198.51.100.1",
    ] {
        door.post(text);
    }
    let delete = async |query: &str| {
        let line = format!("DELETE /v1/decisions{query}");
        door.ask(&line).bearer(&token).done().await.json()
    };
    assert_eq!(delete("?ip=203.0.113.9").await, json!({"nbDeleted": "0"}));
    assert_eq!(delete("?ip=203.0.113.7").await, json!({"nbDeleted": "1"}));
    assert_eq!(door.board.len(), 3);
    assert_eq!(
        delete("?scope=range&value=203.0.113.0/24&origin=p2p").await["nbDeleted"],
        "0"
    );
    let id = door.board.page(None, 1)[0].id; // of 198.51.100.1
    assert_eq!(delete(&format!("/{id}")).await, json!({"nbDeleted": "1"}));
    assert_eq!(
        delete("?range=203.0.113.0/24").await,
        json!({"nbDeleted": "1"})
    );
    assert_eq!(door.board.len(), 1);
    door.post("203.0.113.7");
    assert_eq!(
        delete("?range=203.0.113.0/24&contains=false").await["nbDeleted"],
        "2"
    );
    door.post("203.0.113.7");
    assert_eq!(delete("?").await["nbDeleted"], "1");
}

#[tokio::test]
async fn alerts_are_listed_with_what_holds_and_taken_back_with_it() {
    let door = Door::new();
    let token = door.token("web1", 2).await;
    door.post("198.51.100.1");
    let alerts = json!([alert("203.0.113.7"), alert("127.0.0.1")]);
    door.ask("POST /v1/alerts")
        .bearer(&token)
        .send(alerts.to_string())
        .await;
    let list = async |query: &str| {
        let line = format!("GET /v1/alerts{query}");
        door.ask(&line).bearer(&token).done().await.json()
    };
    let listed = list("?has_active_decision=true&include_capi=false&limit=100").await;
    assert_eq!(sources(&listed), ["203.0.113.7", "198.51.100.1"]);
    let first = &listed[0];
    assert_eq!(first["scenario"], "crowdsecurity/ssh-bf");
    assert_eq!(first["events_count"], 6);
    assert_eq!(first["start_at"], "2026-11-20 11:59:50 +0000 UTC");
    assert_eq!(first["decisions"][0]["duration"], "4h0m0s");
    assert_eq!(first["decisions"][0]["simulated"], false);
    assert_eq!(sources(&list("?limit=0").await).len(), 3);
    assert_eq!(sources(&list("?has_active_decision=false").await).len(), 2);
    assert_eq!(
        sources(&list("?ip=203.0.113.7&since=1h").await),
        ["203.0.113.7"]
    );
    assert_eq!(sources(&list("?limit=1").await).len(), 1);
    assert_eq!(list("?ip=192.0.2.77").await, Value::Null);

    let id = first["id"].to_string();
    let one = list(&format!("/{id}")).await;
    assert_eq!(one["decisions"][0]["value"], "203.0.113.7");
    let said = door
        .ask(&format!("DELETE /v1/alerts/{id}"))
        .bearer(&token)
        .done()
        .await;
    assert_eq!(said.json(), json!({"nbDeleted": "1"}));
    assert_eq!(door.board.len(), 1);
    let said = door
        .ask("DELETE /v1/alerts?limit=0")
        .bearer(&token)
        .done()
        .await;
    assert_eq!(said.json(), json!({"nbDeleted": "1"}));
    assert_eq!(door.board.len(), 1, "what no machine asked for stays");
}

#[tokio::test]
async fn the_allowlist_is_one_of_theirs() {
    let door = Door::new();
    let ask = async |line: &str| door.ask(line).bouncer().done().await;
    let lists = ask("GET /v1/allowlists").await.json();
    assert_eq!(
        (&lists[0]["name"], &lists[0]["items"]),
        (&json!("aegis"), &json!([]))
    );
    let list = ask("GET /v1/allowlists/aegis?with_content=true")
        .await
        .json();
    assert_eq!(list["items"][0]["value"], "203.0.113.0/24");
    assert_eq!(list["items"][0]["description"], "the office");
    assert_eq!(
        ask("HEAD /v1/allowlists/check/203.0.113.7").await.status,
        200
    );
    assert_eq!(
        ask("HEAD /v1/allowlists/check/198.51.100.7").await.status,
        204
    );
    let checked = ask("GET /v1/allowlists/check/203.0.113.0/25").await.json();
    assert_eq!(
        checked,
        json!({"allowlisted": true, "reason": "203.0.113.0/24 from aegis"})
    );
    let many = json!({"targets": ["203.0.113.7", "198.51.100.7", "nobody"]});
    let ask = door.ask("POST /v1/allowlists/check").bouncer();
    let checked = ask.send(many.to_string()).await.json();
    assert_eq!(checked["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(checked["results"][0]["target"], "203.0.113.7");
}

fn sources(listed: &Value) -> Vec<&str> {
    let listed = listed.as_array().expect("a list").iter();
    listed
        .map(|it| it["source"]["value"].as_str().expect("a text"))
        .collect()
}
