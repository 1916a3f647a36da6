//! Ways to servers and programs that are played here.

#![expect(
    clippy::disallowed_methods,
    reason = "a server that is played ends with the test's runtime"
)]

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use aegis_intel::notify::{ContentType, News, Outbox, OutboxConfig, Outcome, Urgency};
use tokio::net::TcpListener;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_738_809);

#[tokio::test]
async fn a_webhook_gets_exactly_this() {
    let (url, asked) = http(&["HTTP/1.1 204 No Content\r\n\r\n"]).await;
    let way = webhook(&format!("{url}/in?a=b"), Some("Bearer hunter2"));
    let said = send(&way, &Tls::with_ca_file(None), &message(), NOW)
        .await
        .unwrap();
    assert_eq!(said, "status 204");
    let asked = asked.await.unwrap();
    let host = url.strip_prefix("http://").unwrap();
    let body = "{\"host\":\"web-1\",\"urgency\":\"urgent\",\"subject\":\"enforcement\",\
                \"title\":\"x��Bcc: y \\\"z\\\"\",\"text\":\"one\\ntwo\",\
                \"at\":\"2026-11-27T00:20:09Z\",\"count\":1}";
    let expected = format!(
        "POST /in?a=b HTTP/1.1\r\nhost: {host}\r\nuser-agent: aegis\r\n\
         content-type: application/json\r\nauthorization: Bearer hunter2\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(asked, [expected]);
}

#[tokio::test]
async fn ntfy_gets_a_document_at_its_root() {
    let (url, asked) = http(&["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]).await;
    let way = Way::Ntfy {
        url: format!("{url}/"),
        topic: "alarm".to_owned(),
        key: Secret::new("Bearer tk_1"),
    };
    send(&way, &Tls::with_ca_file(None), &message(), NOW)
        .await
        .unwrap();
    let asked = asked.await.unwrap().remove(0);
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST / HTTP/1.1\r\n")
            && head.contains("\r\nauthorization: Bearer tk_1\r\n")
    );
    assert!(!head.contains("Bcc"), "{head}");
    let document: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&document["topic"], &document["priority"]),
        (&"alarm".into(), &5.into())
    );
}

#[tokio::test]
async fn after_503_it_is_tried_again_and_arrives() {
    let answers = ["HTTP/1.1 503 Busy\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"];
    let (url, asked) = http(&answers).await;
    let (way, tls) = (webhook(&url, None), Tls::with_ca_file(None));
    let config = OutboxConfig {
        host: "web-1".to_owned(),
        window: Duration::from_secs(3_600),
        per_hour: 20,
    };
    let (mut outbox, mut now) = (Outbox::new(config, 1), NOW);
    outbox.tell(now, message().news);
    outbox.tell(now, message().news); // the same again: told once
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let parcel = outbox.take_due(now).pop().unwrap();
        let outcome = match send(&way, &tls, &parcel.message, now).await {
            Ok(_) => Outcome::Sent,
            Err(error) => {
                assert_eq!((error.said.as_str(), error.may_retry), ("status 503", true));
                Outcome::Failed
            }
        };
        outbox.handle_outcome(now, parcel.way, outcome);
        outcomes.push(outcome);
        assert_eq!(outbox.take_due(now), []);
        now = outbox.poll_timeout().unwrap_or(now);
    }
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Sent]);
    let asked = asked.await.unwrap();
    assert_eq!(asked[0], asked[1]);
}

#[tokio::test]
async fn what_a_server_will_never_take_is_not_tried_again() {
    for (answer, may_retry) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n", false),
        (
            "HTTP/1.1 301 Moved\r\nlocation: http://192.0.2.1/\r\n\r\n",
            false,
        ),
        ("HTTP/1.1 429 Slowly\r\n\r\n", true),
        ("no HTTP\r\n\r\n", true),
    ] {
        let (url, _asked) = http(&[answer]).await;
        let error = send(
            &webhook(&url, None),
            &Tls::with_ca_file(None),
            &message(),
            NOW,
        )
        .await;
        assert_eq!(error.unwrap_err().may_retry, may_retry, "{answer}");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_the_secrets() {
    let place = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap(); // closed again
    let way = webhook(&format!("http://{place}/secret-path"), Some("hunter2"));
    let error = send(&way, &Tls::with_ca_file(None), &message(), NOW)
        .await
        .unwrap_err();
    assert!(
        error.may_retry && error.said.contains(&place.to_string()),
        "{error:?}"
    );
    assert!(
        !error.said.contains("secret-path") && !error.said.contains("hunter2"),
        "{error:?}"
    );
    assert_eq!(format!("{way:?}"), "Webhook(…)");
}

#[tokio::test]
async fn a_mail_server_gets_the_letter_in_a_dialogue() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut heard = Vec::new();
        let answers = [
            "220 hi\r\n",
            "250-hi\r\n250 SIZE\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "354 go\r\n",
        ];
        for answer in answers {
            stream.write_all(answer.as_bytes()).await.unwrap();
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            heard.push(line);
        }
        while heard.last().is_some_and(|it| it != ".\r\n") {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            heard.push(line);
        }
        stream.write_all(b"250 queued\r\n").await.unwrap();
        heard
    });
    let way = Way::Smtp {
        server,
        from: "aegis".parse().unwrap(),
        to: vec!["root".parse().unwrap()],
    };
    let said = send(&way, &Tls::with_ca_file(None), &message(), NOW)
        .await
        .unwrap();
    assert_eq!(said, format!("taken by {server}"));
    let heard = heard.await.unwrap();
    let expected = [
        "EHLO web-1\r\n",
        "MAIL FROM:<aegis>\r\n",
        "RCPT TO:<root>\r\n",
        "DATA\r\n",
        "From: aegis\r\n",
    ];
    assert_eq!(heard[..5], expected);
    assert!(!heard.iter().any(|it| it.starts_with("Bcc")), "{heard:?}");
}

#[tokio::test]
async fn a_mail_server_that_says_no_smtp_or_too_much_holds_nothing_up() {
    for said in [
        "HTTP/1.1 400\r\n".to_owned(),
        "2".repeat(5_000),
        String::new(),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(said.as_bytes()).await;
        });
        let way = Way::Smtp {
            server,
            from: "aegis".parse().unwrap(),
            to: vec!["root".parse().unwrap()],
        };
        let error = send(&way, &Tls::with_ca_file(None), &message(), NOW)
            .await
            .unwrap_err();
        assert!(error.may_retry, "{error:?}");
    }
}

#[tokio::test]
async fn a_program_gets_the_letter_and_its_exit_code_counts() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("sendmail");
    let letter = directory.path().join("letter");
    let shown = letter.display();
    script(&program, &format!("echo \"$@\" > {shown}; cat >> {shown}"));
    let said = send(
        &sendmail(&program),
        &Tls::with_ca_file(None),
        &message(),
        NOW,
    )
    .await;
    assert_eq!(said.unwrap(), format!("taken by {}", program.display()));
    let text = std::fs::read_to_string(&letter).unwrap();
    assert!(
        text.starts_with("-i -f aegis -- root\nFrom: aegis\nTo: root\nSubject: =?utf-8?B?"),
        "{text}"
    );
    for (code, may_retry) in [(75, true), (67, false)] {
        script(
            &program,
            &format!("cat > /dev/null; echo no such user >&2; exit {code}"),
        );
        let error = send(
            &sendmail(&program),
            &Tls::with_ca_file(None),
            &message(),
            NOW,
        )
        .await;
        let error = error.unwrap_err();
        assert_eq!(error.may_retry, may_retry);
        assert!(error.said.ends_with(": no such user"), "{error:?}");
    }
    let missing = sendmail(&directory.path().join("missing"));
    let error = send(&missing, &Tls::with_ca_file(None), &message(), NOW)
        .await
        .unwrap_err();
    assert!(
        error.may_retry && error.said.contains("cannot be run"),
        "{error:?}"
    );
}

fn message() -> Message {
    Message {
        news: News::new(
            Urgency::Urgent,
            "enforcement",
            "x\r\nBcc: y \"z\"",
            "one\ntwo",
        ),
        host: "web-1".to_owned(),
        at: NOW,
        count: 1,
    }
}

fn webhook(url: &str, key: Option<&str>) -> Way {
    Way::Webhook {
        url: url.to_owned(),
        template: Template::parse(Template::DEFAULT, ContentType::Json).unwrap(),
        key: key.map(|it| ("Authorization".to_owned(), Secret::new(it).unwrap())),
    }
}

fn sendmail(program: &Path) -> Way {
    Way::Sendmail {
        program: program.to_owned(),
        from: "aegis".parse().unwrap(),
        to: vec!["root".parse().unwrap()],
    }
}

fn script(path: &Path, text: &str) {
    // Whoever runs it while it is being written gets an error: it is put there whole.
    let unfinished = path.with_extension("new");
    std::fs::write(&unfinished, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&unfinished, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::rename(unfinished, path).unwrap();
}

/// Plays a server that gives these answers, each over a connection of its own; returns where it is and
/// what it was asked.
async fn http(answers: &[&'static str]) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = answers.to_vec();
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let (mut text, mut length) = (String::new(), 0);
            while !text.ends_with("\r\n\r\n") {
                let from = text.len();
                stream.read_line(&mut text).await.unwrap();
                if let Some(value) = text[from..].strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            asked.push(text + &String::from_utf8(body).unwrap());
        }
        asked
    });
    (url, asked)
}
