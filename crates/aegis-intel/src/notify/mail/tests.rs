//! Letters as they go over the wire.

use super::*;
use crate::notify::{News, Urgency};

#[test]
fn an_address_is_nothing_but_an_address() {
    for text in [
        "root",
        "ops@example.com",
        "a.b+c@x-y.example",
        "o'neil@example.com",
    ] {
        assert_eq!(text.parse::<MailAddress>().unwrap().as_str(), text);
    }
    for text in [
        "",
        "a b",
        "a@",
        "@b",
        "a@b@c",
        "-oQ/tmp",
        "|/bin/sh",
        "/etc/passwd",
        "a@-b",
        "a@.b",
        "a>\r\nRCPT TO:<b",
        "a\nb",
        "a,b",
        "a;b",
        "<a>",
        "a@b_c",
        "\u{e9}@b",
        "\"a b\"@c",
    ] {
        assert_eq!(
            text.parse::<MailAddress>(),
            Err(InvalidMailAddress),
            "{text}"
        );
    }
    assert!("a".repeat(255).parse::<MailAddress>().is_err());
}

#[test]
fn a_letter_is_this_to_the_byte() {
    let letter = render("Protection is off", "eth0 has no program.\n.\nBcc: x");
    let id = &letter[letter.find("<1795738869000.").unwrap()..];
    let id = &id[..id.find('>').unwrap() + 1];
    assert_eq!(id.len(), "<1795738869000.0123456789abcdef@web-1>".len());
    let expected = format!(
        "From: aegis@example.com\r\nTo: root,\r\n ops@example.com\r\n\
         Subject: [web-1] Protection is off\r\nDate: Fri, 27 Nov 2026 00:21:09 +0000\r\n\
         Message-ID: {id}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n\
         ZXRoMCBoYXMgbm8gcHJvZ3JhbS4NCi4NCkJjYzogeA0K\r\n"
    );
    assert_eq!(letter, expected);
}

#[test]
fn no_word_of_others_makes_a_header_or_ends_the_letter() {
    let evil = "x\r\nBcc: everybody@example.com\r\n\r\n.\r\nMAIL FROM:<y>";
    let letter = render(evil, evil);
    let (head, body) = letter.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head
        .split("\r\n")
        .filter(|it| !it.starts_with(' '))
        .map(|it| it.split(':').next().unwrap())
        .collect();
    let expected = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Auto-Submitted",
    ];
    assert_eq!(names, expected);
    assert!(
        letter.is_ascii() && letter.lines().all(|it| it.len() <= 78),
        "{letter}"
    );
    assert!(!letter.replace("\r\n", "").contains(['\r', '\n']));
    assert!(body.lines().all(|it| !it.starts_with('.')), "{body}");
}

#[test]
fn long_and_foreign_titles_are_encoded_words() {
    let letter = render(&"é".repeat(60), "");
    let subject = &letter[letter.find("Subject: ").unwrap() + 9..letter.find("\r\nDate").unwrap()];
    let words: Vec<&str> = subject.split("\r\n ").collect();
    assert!(
        words.len() > 1 && words.iter().all(|it| it.len() <= 75),
        "{words:?}"
    );
    assert!(
        words
            .iter()
            .all(|it| it.starts_with("=?utf-8?B?") && it.ends_with("?="))
    );
    assert_eq!(
        encoded_words("a =?utf-8?B?eA==?= b"),
        "=?utf-8?B?YSA9P3V0Zi04P0I/ZUE9PT89IGI=?="
    );
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(bytes.as_bytes()), text); // RFC 4648, 10
    }
    assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
}

#[test]
fn dates_are_those_of_the_calendar() {
    for (secs, expected) in [
        (0, "Thu, 01 Jan 1970 00:00:00 +0000"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (1_795_738_809, "Fri, 27 Nov 2026 00:20:09 +0000"),
    ] {
        assert_eq!(date(Timestamp::from_secs(secs)), expected);
    }
}

fn render(title: &str, text: &str) -> String {
    let from = "aegis@example.com".parse().unwrap();
    let to = ["root".parse().unwrap(), "ops@example.com".parse().unwrap()];
    let message = Message {
        news: News::new(Urgency::Urgent, "s", title, text),
        host: "web-1".to_owned(),
        at: Timestamp::from_secs(1_795_738_809),
        count: 1,
    };
    let letter = Letter {
        from: &from,
        to: &to,
        message: &message,
        sent_at: Timestamp::from_secs(1_795_738_869),
    };
    letter.render()
}
