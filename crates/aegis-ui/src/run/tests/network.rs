//! `ticket` and `join` against a scripted node: what is said, and how it ends.

use aegis_api::{Admission, Joining, TicketPrinted};

use super::ask;
use crate::{
    Format, Outcome, report,
    sample::{joining, node::Node},
};

#[tokio::test]
async fn a_ticket_is_data_and_what_it_does_is_talk() {
    let node = Node::start(0);
    let line = "ticket --org ACME --role publisher --valid 1h --uses 3";
    let (ended, out, talk) = ask(&node.client, line, Format::Text).await;
    assert_eq!((ended, out.as_str()), (Outcome::Done, "aegis1whole\n"));
    for said in [
        "lets 3 nodes in until 20",
        "at /ip4/192.0.2.1/tcp/9001",
        "makes it a publisher of",
        "this node trusts from now on",
        "secret is in it",
        "Whoever has it can use it",
    ] {
        assert!(talk.contains(said), "{said}\n{talk}");
    }
    assert!(!talk.contains('\u{1b}'), "{talk}");
    let (_, out, talk) = ask(&node.client, "ticket", Format::Json).await;
    let printed: TicketPrinted = serde_json::from_str(&out).expect("JSON");
    assert_eq!((printed.uses, talk.as_str()), (1, ""));
}

#[tokio::test]
async fn tickets_are_listed_and_taken_back() {
    let node = Node::start(0);
    for (line, outcome, says) in [
        ("ticket --list", Outcome::Done, "00010203  until 20"),
        (
            "ticket --revoke 00010203",
            Outcome::Done,
            "Took ticket 00010203 back",
        ),
        (
            "ticket --revoke 00010204",
            Outcome::Negative,
            "There is no ticket 00010204",
        ),
    ] {
        let (ended, out, _) = ask(&node.client, line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}");
        assert!(out.contains(says), "{line}\n{out}");
    }
}

#[tokio::test]
async fn joining_ends_when_both_hold_the_same_or_says_why_not() {
    let node = Node::start(0);
    for (ticket, outcome, says) in [
        ("aegis1whole", Outcome::Done, ""),
        (
            "aegis1late --wait 0",
            Outcome::Negative,
            "not whole after 0s: asking to be let in",
        ),
        ("aegis1used", Outcome::Negative, "let in as many as it does"),
        (
            "aegis1nonsense",
            Outcome::Usage,
            "ticket: the checksum is wrong",
        ),
        (
            "/no/such/file",
            Outcome::Negative,
            "neither a ticket nor a file",
        ),
    ] {
        let line = format!("join {ticket}");
        let (ended, out, talk) = ask(&node.client, &line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}\n{talk}");
        assert!(talk.contains(says), "{line}\n{talk}");
        assert_eq!(
            out.contains("both hold 2 alerts (0123456789abcdef)"),
            says.is_empty()
        );
    }
}

#[tokio::test]
async fn a_program_that_joins_reads_a_line_for_each_step() {
    let node = Node::start(0);
    let (_, out, _) = ask(&node.client, "join aegis1whole", Format::Json).await;
    let steps = out
        .lines()
        .map(|it| serde_json::from_str(it).expect("JSON"));
    let steps: Vec<Joining> = steps.collect();
    let admissions: Vec<Admission> = steps.iter().map(|it| it.admission).collect();
    assert_eq!(admissions, [Admission::Waiting, Admission::Admitted]);
    assert!(steps[1].equal);
}

#[test]
fn a_line_says_where_joining_stands() {
    let waiting = joining(9, Admission::Waiting);
    assert_eq!(
        report::joining(&waiting),
        "asking to be let in, 2 alerts, 1 blocked"
    );
    let admitted = joining(9, Admission::Admitted);
    assert_eq!(
        report::joining(&admitted),
        "let in, 2 of 2 alerts, 1 blocked"
    );
    let away = Joining {
        connected: false,
        ..waiting
    };
    assert!(report::joining(&away).starts_with("looking for the node"));
}
