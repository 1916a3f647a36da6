//! What is kept of tickets, there and back, and by several at once.

use std::os::unix::fs::PermissionsExt as _;

use aegis_net::TicketParts;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_795_176_000);

fn ticket(peer: u8, secret: Option<u8>) -> Ticket {
    let parts = TicketParts {
        peer: NodeId::from_public_key([peer; 32]),
        token: Token::from_bytes([peer; 16]),
        expires_at: T0,
        addresses: vec!["/ip4/192.0.2.1/tcp/9001".parse().unwrap()],
        secret: secret.map(|it| NetworkSecret::from_bytes([it; 32])),
        organisation: None,
    };
    Ticket::new(parts).unwrap()
}

fn invitation(number: u8) -> Invitation {
    Invitation {
        token_hash: [number; 32],
        user: Operator::User(1000),
        expires_at: T0,
        uses: 3,
        offer: Some(Offer {
            organisation: OrganisationId::from_public_key([8; 32]),
            role: MemberRole::Publisher,
            membership_secs: 60,
        }),
        admitted: vec![NodeId::from_public_key([5; 32])],
    }
}

#[test]
fn what_was_kept_is_read_again_and_is_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Tickets::load(dir.path()).unwrap(), Tickets::default());
    let (kept, ()) = Tickets::change(dir.path(), |it| {
        it.invitations.push(invitation(1));
        it.join(&ticket(1, Some(2))).unwrap();
        it.joined[0].is_admitted = true;
    })
    .unwrap();
    assert_eq!(Tickets::load(dir.path()).unwrap(), kept);
    assert_eq!(kept.secret(), Some(NetworkSecret::from_bytes([2; 32])));
    let mode = fs::metadata(file(dir.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn changes_of_many_at_once_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let dir = dir.path();
            scope.spawn(move || {
                Tickets::change(dir, |it| it.invitations.push(invitation(number))).unwrap();
            });
        }
    });
    let mut numbers: Vec<u8> = Tickets::load(dir.path())
        .unwrap()
        .invitations
        .iter()
        .map(|it| it.token_hash[0])
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_node_is_joined_once_in_one_network_and_not_for_ever_more() {
    let mut tickets = Tickets::default();
    tickets.join(&ticket(1, None)).unwrap();
    tickets.joined[0].is_admitted = true;
    tickets.join(&ticket(1, None)).unwrap();
    assert!(
        tickets.joined[0].is_admitted,
        "the same ticket again changes nothing"
    );
    tickets.join(&ticket(1, Some(1))).unwrap();
    assert_eq!(tickets.joined.len(), 1);
    assert!(
        !tickets.joined[0].is_admitted,
        "another one is asked with anew"
    );
    let other = tickets.join(&ticket(2, Some(2)));
    assert!(
        matches!(other, Err(TicketsError::OtherNetwork)),
        "{other:?}"
    );
    for peer in 2..=JOINED_MAX as u8 {
        tickets.join(&ticket(peer, None)).unwrap();
    }
    let more = tickets.join(&ticket(200, None));
    assert!(matches!(more, Err(TicketsError::Full)), "{more:?}");
}

#[test]
fn a_file_that_holds_something_else_is_told_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    for (text, says) in [
        ("", "EOF"),
        (
            r#"{"version":2,"invitations":[],"joined":[]}"#,
            "version 2 is unknown",
        ),
        (
            r#"{"version":1,"invitations":[],"joined":[{"ticket":"aegis1x","admitted":true}]}"#,
            "ticket: ",
        ),
    ] {
        fs::write(file(dir.path()), text).unwrap();
        let error = Tickets::change(dir.path(), |it| it.joined.clear()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(fs::read_to_string(file(dir.path())).unwrap(), text);
    }
}
