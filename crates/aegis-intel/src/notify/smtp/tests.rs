//! Dialogues as servers hold them.

use super::*;
use crate::notify::{Message, News, Urgency};

#[test]
fn a_letter_is_handed_over_step_by_step() {
    let (said, next) = talk(&[
        "220 mail.example ESMTP",
        "250-mail.example\n250-SIZE 1000\n250 HELP",
        "250 ok",
        "250 ok",
        "251 ok",
        "354 go on",
        "250 queued",
    ]);
    assert_eq!(
        said[..5],
        [
            "EHLO web-1\r\n",
            "MAIL FROM:<aegis@example.com>\r\n",
            "RCPT TO:<root>\r\n",
            "RCPT TO:<ops@example.com>\r\n",
            "DATA\r\n"
        ]
    );
    assert!(said[5].starts_with("From: aegis@example.com\r\n") && said[5].ends_with("\r\n.\r\n"));
    assert_eq!(said[5].matches("\r\n.").count(), 1);
    assert_eq!(next, Some(Next::Done("QUIT\r\n".to_owned())));
}

#[test]
fn an_old_server_is_greeted_in_its_way() {
    let (said, _) = talk(&["220 x", "500 what?", "250 hello", "250 ok"]);
    assert_eq!(said[1], "HELO web-1\r\n");
    assert_eq!(said[2], "MAIL FROM:<aegis@example.com>\r\n");
}

#[test]
fn who_is_known_gets_it_though_another_is_not() {
    let (said, _) = talk(&["220 x", "250 x", "250 ok", "550 nobody", "250 ok"]);
    assert_eq!(said.last().unwrap(), "DATA\r\n");
    let (_, next) = talk(&["220 x", "250 x", "250 ok", "551 nobody", "550 nobody"]);
    assert_eq!(next, failed("550 nobody", false));
}

#[test]
fn whom_a_server_may_take_later_is_tried_again_though_another_is_unknown() {
    for receivers in [["450 later", "550 nobody"], ["550 nobody", "450 later"]] {
        let (_, next) = talk(&["220 x", "250 x", "250 ok", receivers[0], receivers[1]]);
        assert_eq!(next, failed("450 later", true), "{receivers:?}");
    }
}

#[test]
fn what_a_server_refuses_for_good_is_told_from_what_it_may_take_later() {
    for (answers, said, may_retry) in [
        (&["421 too busy"][..], "421 too busy", true),
        (&["554 go away"][..], "554 go away", false),
        (
            &[
                "220 x",
                "250 x",
                "530 5.7.0 Must issue a STARTTLS command first",
            ][..],
            "530 5.7.0 Must issue a STARTTLS command first",
            false,
        ),
        (
            &[
                "220 x",
                "250 x",
                "250 x",
                "250 x",
                "250 x",
                "354 x",
                "451 disk full",
            ][..],
            "451 disk full",
            true,
        ),
        (&["220 x", "354 what"][..], "354 what", true),
    ] {
        assert_eq!(talk(answers).1, failed(said, may_retry), "{answers:?}");
    }
}

#[test]
fn what_is_no_answer_is_refused() {
    for line in [
        "",
        "22",
        "2x0 a",
        "+20 a",
        "199 a",
        "600 a",
        "220;a",
        "\u{e9}\u{e9} a",
    ] {
        assert_eq!(Answer::default().take(line), Err(InvalidAnswer), "{line}");
    }
    let mut mixed = Answer::default();
    assert_eq!(
        (mixed.take("250-a"), mixed.take("251 b")),
        (Ok(false), Err(InvalidAnswer))
    );
    let mut endless = Answer::default();
    assert!((0..LINES_MAX).all(|_| endless.take("250-a") == Ok(false)));
    assert_eq!(endless.take("250-a"), Err(InvalidAnswer));
}

fn failed(said: &str, may_retry: bool) -> Option<Next> {
    Some(Next::Failed {
        said: said.to_owned(),
        may_retry,
    })
}

/// Plays a server; returns what was said to it, and what came last if that was no word to it.
fn talk(answers: &[&str]) -> (Vec<String>, Option<Next>) {
    let (from, to) = (
        "aegis@example.com".parse().unwrap(),
        ["root", "ops@example.com"],
    );
    let to = to.map(|it| it.parse().unwrap());
    let message = Message {
        news: News::new(Urgency::Urgent, "s", "title", ".\n..\ntext"),
        host: "web-1".to_owned(),
        at: aegis_core::Timestamp::EPOCH,
        count: 1,
    };
    let mut dialogue = Dialogue::new(Letter {
        from: &from,
        to: &to,
        message: &message,
        sent_at: aegis_core::Timestamp::EPOCH,
    });
    let mut said = Vec::new();
    for text in answers {
        let mut answer = Answer::default();
        let ends: Vec<bool> = text.lines().map(|it| answer.take(it).unwrap()).collect();
        assert_eq!(ends.iter().filter(|it| **it).count(), 1);
        match dialogue.take(answer) {
            Next::Say(text) => said.push(text),
            last @ (Next::Done(_) | Next::Failed { .. }) => return (said, Some(last)),
        }
    }
    (said, None)
}
