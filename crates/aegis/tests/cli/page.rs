//! The page of the real program: on by default, told by `status`, let in by `aegis page`, and what is
//! done there is done.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::{browser::Browser, sandbox::Sandbox};

#[test]
fn a_link_of_the_control_socket_lets_in_once_and_what_is_done_there_is_done() {
    let sandbox = with_page("");
    let daemon = sandbox.start(&[]);
    let status = sandbox.json("status");
    let url = status["page"].as_str().expect("it is shown").to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let printed = sandbox.run("page");
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let link = printed.out.trim().to_owned();
    let path = link.strip_prefix(&url).expect("it is of the page");
    // Without a key everything may be read, and nothing is done.
    let mut stranger = browser(&url);
    let read = stranger.get("/");
    assert!(read.contains("Observing") && !read.contains("name=\"proof\""));
    let refused = stranger.post("/block", "ip=192.0.2.77&secs=300");
    assert!(refused.contains("location: /sign-in\r\n"), "{refused}");
    assert_eq!(sandbox.run("check 192.0.2.77").code, Some(1));
    let mut operator = browser(&url);
    let answer = operator.get(path);
    assert!(answer.contains("set-cookie: "), "{answer}");
    assert!(
        stranger.get(path).starts_with("HTTP/1.1 403 "),
        "it was used"
    );

    let typed = "ip=192.0.2.77&secs=300&threat=brute_force&severity=7";
    let done = operator.submit("/decisions", ("/block", ""), typed);
    assert!(
        done.contains("location: /decisions?done=blocked&about=192.0.2.77"),
        "{done}"
    );
    assert_eq!(sandbox.run("check 192.0.2.77").code, Some(0));
    let uid = sandbox.json("history 192.0.2.77")[0]["actor"].clone();
    assert!(
        uid.as_str().is_some_and(|it| it.starts_with("user:")),
        "{uid}"
    );
    for page in [
        "/decisions",
        "/why?ip=192.0.2.77",
        "/attacks",
        "/peers",
        "/allowed",
        "/feeds",
    ] {
        let answer = operator.get(page);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{page}: {answer}");
    }
    let done = operator.submit("/decisions", ("/unblock", "192.0.2.77"), "");
    assert!(done.contains("done=unblocked"), "{done}");
    assert!(operator.follow(&done).contains("is blocked no more"));
    assert_eq!(sandbox.run("check 192.0.2.77").code, Some(1));
    sandbox.stop(daemon);
}

#[test]
fn a_node_that_shows_none_says_so() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    assert_eq!(sandbox.json("status").get("page"), None);
    let answer = sandbox.run("page");
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.talk.contains("page.enabled"), "{answer:?}");
    sandbox.stop(daemon);
}

#[test]
fn the_page_is_where_the_api_is_as_well_and_takes_nothing_from_it() {
    let sandbox = with_page("[api]\nenabled = true\nlisten = \"127.0.0.1:0\"\n");
    let daemon = sandbox.start(&[]);
    let api = sandbox.json("status")["api"]
        .as_str()
        .expect("it is served")
        .to_owned();
    let mut stranger = browser(&api);
    let answer = stranger.get("/");
    assert!(answer.contains("<h1>Sign in</h1>") && answer.contains("frame-ancestors 'none'"));
    assert!(stranger.get("/v1/status").starts_with("HTTP/1.1 401 "));
    assert!(stranger.get("/health").ends_with(r#"{"status":"up"}"#));
    sandbox.stop(daemon);
}

#[test]
fn two_nodes_of_one_host_each_have_a_page() {
    let taken = std::net::TcpListener::bind("127.0.0.1:9004"); // where it is free, it is taken now
    let sandbox = Sandbox::new();
    fs::write(
        sandbox.path().join("aegis.toml"),
        "bpffs = \"/proc/none\"\n",
    )
    .expect("set up");
    let daemon = sandbox.start(&[]);
    let url = sandbox.json("status")["page"]
        .as_str()
        .expect("it is shown")
        .to_owned();
    assert_ne!(url, "http://127.0.0.1:9004");
    assert!(browser(&url).get("/").contains("Observing"));
    sandbox.stop(daemon);
    drop(taken);
}

#[test]
fn where_a_key_is_wanted_to_read_nothing_is_seen_without_one() {
    let sandbox = with_page("read_without_key = false\n");
    let daemon = sandbox.start(&[]);
    let url = sandbox.json("status")["page"]
        .as_str()
        .expect("it is shown")
        .to_owned();
    for page in ["/", "/decisions", "/peers", "/feeds"] {
        let answer = browser(&url).get(page);
        assert!(answer.contains("<h1>Sign in</h1>"), "{page}: {answer}");
        assert!(!answer.contains("Observing"), "{page}: {answer}");
    }
    sandbox.stop(daemon);
}

#[test]
fn a_chart_outlives_a_restart() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    sandbox.stop(daemon);
    let kept = fs::read_to_string(sandbox.path().join("state/chart.json"));
    assert!(kept.is_ok_and(|it| it.starts_with("{\"traffic\":[[")));
    let daemon = sandbox.start(&[]);
    assert!(!sandbox.run("status").out.contains("no use"));
    sandbox.stop(daemon);
}

fn with_page(more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let config = format!("bpffs = \"/proc/none\"\n[page]\nlisten = \"127.0.0.1:0\"\n{more}");
    fs::write(sandbox.path().join("aegis.toml"), config).expect("set up");
    sandbox
}

/// Opens a browser for the page at `url`.
fn browser(url: &str) -> Browser<'static> {
    let address = url.strip_prefix("http://").expect("a URL").to_owned();
    Browser::new(url, move |request| {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    })
}
