//! The page over plain HTTP: what each page answers, and that nothing is done without the right key.

use aegis_api::Scope;

use crate::{hostile::pages, node::Script, server::Server};

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_sees_nothing_of_the_node() {
    let server = Server::start(Script::busy()).await;
    for page in pages() {
        let answer = server.get(&page, "").await;
        let (_, answer) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(answer.contains("<h1>Sign in</h1>"), "{page}");
        for secret in ["23.0.", "default", "12D3Koo", "Enforcing", "0.1.0"] {
            assert!(!answer.contains(secret), "{page}: {secret}");
        }
    }
    let refused = server.post("/sign-in", "", "key=aegis_00").await;
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_is_read_and_no_more() {
    let server = Server::start_open(Script::busy()).await;
    let answer = server.get("/decisions", "").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("class=\"ip\""),
        "{answer}"
    );
    assert!(!answer.contains("method=\"post\""), "nothing can be done");
    let answer = server.post("/unblock", "", "ip=23.0.0.7").await;
    assert!(answer.contains("location: /sign-in"), "{answer}");
    assert!(server.node.is_blocked("23.0.0.7").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scope_says() {
    let server = Server::start(Script::busy()).await;
    for (scope, path, form, done) in [
        (Scope::Read, "/unblock", "ip=23.0.0.7", None),
        (
            Scope::Read,
            "/block",
            "ip=192.0.2.9&secs=60&threat=spam&severity=5",
            None,
        ),
        (Scope::Decide, "/allow", "ip=23.0.0.7", None),
        (Scope::Decide, "/unblock", "ip=23.0.0.7", Some("unblocked")),
        (
            Scope::Decide,
            "/block",
            "ip=192.0.2.9&secs=60&threat=spam&severity=5",
            Some("blocked"),
        ),
        (
            Scope::Admin,
            "/allow",
            "ip=192.0.2.8&comment=x",
            Some("allowed"),
        ),
        (
            Scope::Admin,
            "/disallow",
            "ip=192.0.2.8",
            Some("disallowed"),
        ),
    ] {
        let cookie = server.sign_in(scope).await;
        let form = format!("{form}&proof={}", proof(&server, &cookie).await);
        let answer = server.post(path, &cookie, &form).await;
        match done {
            Some(done) => {
                let place = format!("location: /?done={done}&about=");
                assert!(answer.contains(&place), "{scope} {path} {answer}");
            }
            None => {
                assert!(
                    answer.starts_with("HTTP/1.1 403 "),
                    "{scope} {path} {answer}"
                );
                assert!(answer.contains("this needs a key of the scope"), "{answer}");
            }
        }
    }
    assert!(!server.node.is_blocked("23.0.0.7").await);
    assert!(server.node.is_blocked("192.0.2.9").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_by_looking_or_for_another_site() {
    let server = Server::start(Script::busy()).await;
    let cookie = server.sign_in(Scope::Admin).await;
    let proof = proof(&server, &cookie).await;
    let form = format!("ip=23.0.0.7&proof={proof}");
    let kind = "content-type: application/x-www-form-urlencoded\r\n";
    for (method, head) in [
        ("GET", format!("{cookie}sec-fetch-site: same-origin\r\n")),
        (
            "POST",
            format!("{cookie}{kind}sec-fetch-site: cross-site\r\n"),
        ),
        (
            "POST",
            format!("{cookie}{kind}origin: http://evil.example\r\n"),
        ),
        ("POST", format!("{cookie}{kind}")),
    ] {
        let path = if method == "GET" {
            format!("/unblock?{form}")
        } else {
            "/unblock".to_owned()
        };
        server.ask(method, &path, &head, &form).await;
    }
    server.post("/unblock", &cookie, "ip=23.0.0.7").await; // without the proof
    assert!(server.node.is_blocked("23.0.0.7").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told_and_not_done() {
    let server = Server::start(Script::busy()).await;
    let cookie = server.sign_in(Scope::Admin).await;
    let proof = proof(&server, &cookie).await;
    for (form, why) in [
        ("ip=nonsense&secs=60&threat=spam&severity=5", "ip:"),
        ("ip=192.0.2.9&secs=0&threat=spam&severity=5", "secs:"),
        ("ip=192.0.2.9&secs=60&threat=%3Cb%3E&severity=5", "threat:"),
        ("ip=192.0.2.9&secs=60&threat=spam&severity=11", "severity:"),
        ("secs=60&threat=spam&severity=5", "ip: must be given"),
    ] {
        let answer = server
            .post("/block", &cookie, &format!("{form}&proof={proof}"))
            .await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains(why),
            "{form} {answer}"
        );
    }
    assert!(!server.node.is_blocked("192.0.2.9").await);
    for path in [
        "/decisions?ip=x",
        "/why?ip=x",
        "/peer?id=x",
        "/decisions?threat=%3Cb",
    ] {
        let answer = server.get(path, &cookie).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path} {answer}");
    }
    let answer = server
        .get("/decisions?page=999999999999&order=%00", &cookie)
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_found_by_source_origin_and_threat_type() {
    let server = Server::start(Script::busy()).await;
    let cookie = server.sign_in(Scope::Read).await;
    let found = async |query: &str| {
        let answer = server.get(&format!("/decisions?{query}"), &cookie).await;
        let (_, rest) = answer.split_once("<h1>Decisions</h1><p>").expect("a head");
        let (count, _) = rest.split_once(" of 1,284<").expect("a count");
        count.replace(',', "").parse::<u32>().expect("a number")
    };
    assert_eq!(found("").await, 1_284);
    assert_eq!(found("ip=23.0.0.7").await, 1);
    let (peers, feed) = (found("origin=peers").await, found("origin=feed").await);
    assert!(peers > 100 && feed > 100 && peers + feed < 1_284);
    let spam = found("threat=spam").await;
    assert!(spam > 10 && found("threat=spam&origin=peers").await < spam);
    assert_eq!(found("threat=unheard_of").await, 0);
    let lower = found("ip=23.0.0.0/9").await;
    assert!(lower > 100 && lower < 1_284, "{lower}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lets_in_once() {
    let server = Server::start(Script::busy()).await;
    let link = server.link();
    let path = link.trim_start_matches(&server.url("")).to_owned();
    let answer = server.get(&path, "").await;
    assert!(
        answer.contains("set-cookie: aegis-") && answer.contains("You are in"),
        "{answer}"
    );
    let answer = server.get(&path, "").await;
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && !answer.contains("set-cookie"),
        "{answer}"
    );
}

async fn proof(server: &Server, cookie: &str) -> String {
    let answer = server.get("/", cookie).await;
    let (_, rest) = answer
        .split_once("name=\"proof\" value=\"")
        .expect("a form");
    rest.split('"').next().expect("a value").to_owned()
}
