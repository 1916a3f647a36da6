//! What firewalls fetch, and a poll that waits.

use std::{future::Future as _, pin::pin, task::Poll};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::script::{Door, NOW};
use crate::{Naming, secret};

#[tokio::test]
async fn trap_15_the_blocklist_comes_in_the_formats_of_the_mirror() {
    let door = Door::new();
    for text in ["203.0.113.7", "198.51.100.0/24", "2001:db8::7"] {
        door.post(text);
    }
    let list = async |query: &str| {
        let line = format!("GET /security/blocklist{query}");
        let said = door.ask(&line).bouncer().done().await;
        assert_eq!(said.status, 200, "{said:?}");
        String::from_utf8(said.body).expect("text")
    };
    assert_eq!(
        list("").await,
        "198.51.100.0/24\n203.0.113.7\n2001:db8::7\n"
    );
    assert_eq!(list("?ipv6only").await, "2001:db8::7\n");
    assert_eq!(
        list("?format=juniper&ipv4only").await,
        "198.51.100.0/24\n203.0.113.7/32\n"
    );
    let f5 = list("?format=f5&ipv4only").await;
    assert_eq!(
        f5,
        "198.51.100.0,24,bl,syn_flood\n203.0.113.7,32,bl,syn_flood\n"
    );
    let script = list("?format=mikrotik&ipv4only&listname=a%22b").await;
    let lines: Vec<_> = script.lines().collect();
    assert_eq!(
        lines[0],
        "/ip/firewall/address-list/remove [find where list=\"a-b\"]"
    );
    assert_eq!(
        lines[2],
        ":do { /ip/firewall/address-list/add list=\"a-b\" address=203.0.113.7 \
         comment=\"aegis/syn_flood\" timeout=1h0m0s } on-error={ }"
    );
    // It lists what is to be dropped, and nothing of another type.
    assert_eq!(list("?type=captcha").await, "");
    assert_eq!(list("?origins=p2p").await, "");
    let said = door
        .ask("GET /security/blocklist?format=x")
        .bouncer()
        .done()
        .await;
    assert_eq!(said.status, 400);
}

#[tokio::test]
async fn a_list_that_a_firewall_has_is_not_sent_again() {
    let door = Door::new();
    door.post("203.0.113.7");
    let first = door.ask("GET /security/blocklist").bouncer().done().await;
    let tag = first.headers["etag"].to_str().expect("text").to_owned();
    let again = async || {
        let ask = door.ask("GET /security/blocklist").bouncer();
        ask.header("If-None-Match", &tag).done().await.status
    };
    assert_eq!(again().await, 304);
    door.post("203.0.113.8");
    assert_eq!(again().await, 200);
}

#[tokio::test]
async fn what_is_for_members_alone_is_enforced_and_not_handed_on() {
    let door = Door::new();
    door.post("203.0.113.7");
    let hidden = "198.51.100.66".parse().expect("an indicator");
    door.board.keep_back(hidden, true);
    door.post("198.51.100.66");
    for format in ["plain_text", "mikrotik", "f5", "juniper"] {
        let line = format!("GET /security/blocklist?format={format}");
        let said = door.ask(&line).bouncer().done().await;
        let text = String::from_utf8(said.body).expect("text");
        assert!(text.contains("203.0.113.7"), "{format}: {text}");
        assert!(!text.contains("198.51.100.66"), "{format}: {text}");
    }
    let polled = door
        .ask("GET /v1/decisions/stream?startup=true")
        .bouncer()
        .done()
        .await;
    assert!(polled.values("new").contains(&"198.51.100.66".to_owned()));
    door.board.keep_back(hidden, false);
    let said = door.ask("GET /security/blocklist").bouncer().done().await;
    let text = String::from_utf8(said.body).expect("text");
    assert!(text.contains("198.51.100.66"), "{text}");
}

#[tokio::test]
async fn what_somebody_gave_as_a_reason_ends_no_line_and_no_quotation() {
    let door = Door::new();
    let naming = Naming {
        origin: "cscli",
        scenario: "x\"; /system reset\n,$(reboot)`'\r\u{1b}[2J[find]".into(),
    };
    let at = (NOW, NOW + std::time::Duration::from_secs(60));
    door.board
        .post("203.0.113.7".parse().expect("an indicator"), naming, at);
    for (format, lines) in [
        ("plain_text", 1),
        ("mikrotik", 3),
        ("f5", 1),
        ("juniper", 1),
    ] {
        let line = format!("GET /security/blocklist?format={format}");
        let said = door.ask(&line).bouncer().done().await;
        let text = String::from_utf8(said.body).expect("text");
        assert_eq!(text.lines().count(), lines, "{format}: {text}");
        let last = text.lines().last().expect("a line");
        assert!(
            !last.contains(['$', '`', '\'', '\r', '\u{1b}', '(']),
            "{format}: {text}"
        );
        assert!(last.matches('"').count() <= 4, "{format}: {text}");
        assert!(format != "f5" || last.matches(',').count() == 3, "{text}");
    }
}

#[tokio::test]
async fn a_firewall_shows_its_key_as_a_password() {
    let door = Door::new();
    let status = async |name: &str, byte: u8| {
        let shown = STANDARD.encode(format!("{name}:{}", secret(&[byte; 32])));
        let ask = door.ask("GET /security/blocklist");
        ask.header("Authorization", &format!("Basic {shown}"))
            .done()
            .await
            .status
    };
    assert_eq!(status("edge", 1).await, 200);
    assert_eq!(status("edge", 2).await, 401);
    let said = door.ask("GET /security/blocklist").done().await;
    assert_eq!(
        (said.status, said.json()["message"].is_string()),
        (401, true)
    );
    assert!(said.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn trap_14_a_poll_that_waits_is_answered_when_something_changes() {
    let door = Door::new();
    door.ask("GET /v1/decisions/stream?startup=true")
        .bouncer()
        .done()
        .await;
    let mut waiting = pin!(
        door.ask("GET /v1/decisions/stream?wait=30s")
            .bouncer()
            .done()
    );
    let first = std::future::poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_ready())).await;
    assert!(!first, "nothing has changed");
    door.post("203.0.113.7");
    assert_eq!(waiting.await.values("new"), ["203.0.113.7"]);
    // Without a change it is answered in the end, with nothing.
    let said = door
        .ask("GET /v1/decisions/stream?wait=10ms")
        .bouncer()
        .done()
        .await;
    assert_eq!(said.values("new"), [""; 0]);
    let said = door
        .ask("GET /v1/decisions/stream?wait=soon")
        .bouncer()
        .done()
        .await;
    assert_eq!(said.status, 400);
}
