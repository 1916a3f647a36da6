//! Feeds are fetched from a server on loopback, and what it says comes to what it means.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
};

use aegis_intel::feed::Format;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Serves answers in turn, one a connection, and says what was asked.
fn serve(answers: Vec<String>) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/list", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut head = String::new();
            let mut reader = BufReader::new(&stream);
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).expect("a line") > 0 {}
            asked.push(head);
            let _ = stream.write_all(answer.as_bytes()); // whoever went away has heard enough
        }
        asked
    });
    (url, server)
}

fn answer(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn fetch(url: &str, kind: Kind) -> Fetch {
    Fetch {
        definition: Definition {
            name: "mine".parse().expect("a name"),
            kind,
            url: url.to_owned(),
            interval: Duration::from_secs(3_600),
            trust: 75,
            key_header: None,
            key_file: None,
        },
        conditions: Course::default(),
        events: Events::default(),
        number: 1,
        now: T0,
        config: FeedsConfig {
            timeout: Duration::from_secs(10),
            ..FeedsConfig::default()
        },
    }
}

/// Fetches in a thread, as the task has it done.
async fn fetched(fetch: Fetch) -> Result<Found, Fault> {
    let (_cancel_tx, cancel_rx) = oneshot::channel();
    let (fetched_tx, mut fetched_rx) = mpsc::channel(1);
    start(fetch, cancel_rx, fetched_tx).expect("a thread");
    let fetched = fetched_rx.recv().await.expect("it ends");
    assert_eq!((fetched.name.as_str(), fetched.number), ("mine", 1));
    fetched.found
}

fn plain() -> Kind {
    Kind::Document(Format::Plain)
}

fn entries(found: Result<Found, Fault>) -> Vec<String> {
    let Ok(Found::Listed { sifted, .. }) = found else {
        panic!("a list");
    };
    sifted.entries.iter().map(|it| it.0.to_string()).collect()
}

#[tokio::test]
async fn a_list_is_had_with_what_to_say_next_time() {
    let list = answer("200 OK\r\netag: \"7\"", "203.0.113.7\n203.0.113.8\n");
    let (url, server) = serve(vec![list, answer("304 Not Modified", "")]);
    let Ok(Found::Listed { sifted, etag, .. }) = fetched(fetch(&url, plain())).await else {
        panic!("a list");
    };
    assert_eq!((sifted.entries.len(), etag.as_deref()), (2, Some("\"7\"")));
    let again = Fetch {
        conditions: Course {
            etag,
            ..Course::default()
        },
        ..fetch(&url, plain())
    };
    assert!(matches!(fetched(again).await, Ok(Found::Unchanged)));
    let asked = server.join().expect("it ends");
    assert!(asked[1].contains("\"7\""), "{}", asked[1]);
}

#[tokio::test]
async fn what_a_server_says_instead_of_a_list_is_a_fault() {
    let (url, _) = serve(vec![
        answer("401 Unauthorized", "no"),
        answer("429 Too Many Requests\r\nretry-after: 120", "later"),
        answer("500 Internal Server Error", "oh"),
        answer("200 OK", "<html>\n<body>\nLog in\n</body>\n"),
    ]);
    let later = Some(Duration::from_secs(120));
    let busy = |it: &Fault| matches!(it, Fault::Busy { status: 429, retry_after } if *retry_after == later);
    let expected: [&dyn Fn(&Fault) -> bool; 4] = [
        &|it| matches!(it, Fault::Unauthorised(401)),
        &busy,
        &|it| matches!(it, Fault::Status(500)),
        &|it| matches!(it, Fault::NotAFeed(_)),
    ];
    for is_expected in expected {
        let fault = fetched(fetch(&url, plain())).await.err().expect("a fault");
        assert!(is_expected(&fault), "{fault:?}");
    }
    let gone = fetched(fetch("http://127.0.0.1:1/list", plain())).await;
    assert!(matches!(gone, Err(Fault::Unreachable(_))));
}

#[tokio::test]
async fn a_feed_in_pages_is_fetched_whole_and_its_key_goes_along() {
    let object = |address: &str| {
        format!(
            r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{address}","modified":"2026-01-01T00:00:00Z",
            "pattern":"[ipv4-addr:value = '{address}']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}}"#
        )
    };
    let first = format!(
        r#"{{"more":true,"next":"2 &","objects":[{}]}}"#,
        object("203.0.113.7")
    );
    let last = format!(r#"{{"objects":[{}]}}"#, object("203.0.113.8"));
    let (url, server) = serve(vec![
        answer("200 OK", &first),
        answer(
            "200 OK\r\nx-taxii-date-added-last: 2026-11-20T08:00:00.000Z",
            &last,
        ),
    ]);
    let dir = tempfile::tempdir().expect("a directory");
    let key_file = dir.path().join("key");
    fs::write(&key_file, "Basic dXNlcjp3b3Jk\n").expect("written");
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).expect("set");
    let mut order = fetch(&url.replace("/list", "/collections/1/"), Kind::Taxii);
    order.definition.key_file = Some(key_file.display().to_string());
    let Ok(Found::Listed {
        sifted,
        last_modified,
        ..
    }) = fetched(order).await
    else {
        panic!("a list");
    };
    assert_eq!(sifted.entries.len(), 2);
    assert_eq!(last_modified.as_deref(), Some("2026-11-20T08:00:00.000Z"));
    let asked = server.join().expect("it ends");
    assert!(asked[1].contains("&next=2%20%26 "), "{}", asked[1]);
    for head in asked {
        assert!(
            head.contains("authorization: Basic dXNlcjp3b3Jk\r\n"),
            "{head}"
        );
        assert!(
            head.contains("application/taxii+json;version=2.1"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn what_is_on_a_warninglist_is_not_taken_and_one_that_is_no_use_takes_all() {
    let list = answer("200 OK", "203.0.113.7\n198.51.100.0/24\n1.1.1.1\n");
    let (url, _) = serve(vec![list]);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("ours.json");
    let ours =
        r#"{"name":"ours","description":"x","version":1,"type":"cidr","list":["198.51.100.7/32"]}"#;
    fs::write(&path, ours).expect("written");
    let guarded = |paths: Vec<std::path::PathBuf>| {
        let mut order = fetch(&url, plain());
        order.config.warninglists = paths;
        order
    };
    let found = fetched(guarded(vec![path.clone()])).await;
    assert_eq!(entries(found), ["203.0.113.7"]);
    let gone = dir.path().join("gone.json");
    fs::write(&path, "[]").expect("written");
    for path in [gone, path] {
        let fault = fetched(guarded(vec![path])).await.err().expect("a fault");
        assert!(
            matches!(&fault, Fault::NotAFeed(why) if why.contains("no use")),
            "{fault:?}"
        );
    }
}
