//! Whom a ticket lets in, how many, and until when.

use std::time::Duration;

use aegis_core::Timestamp;

use super::*;
use crate::tickets::Invitation;

const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);
const TOKEN: Token = Token::from_bytes([1; 16]);
const OTHER: Token = Token::from_bytes([2; 16]);

#[test]
fn a_ticket_lets_in_as_many_as_it_does_and_each_of_them_again() {
    let mut tickets = Tickets::default();
    check(&tickets, 1, TOKEN, NOW, Err(Unwelcome::Unknown));
    tickets.invitations.push(Invitation {
        token_hash: TOKEN.hash(),
        user: Operator::User(7),
        expires_at: NOW + Duration::from_secs(60),
        uses: 2,
        offer: None,
        admitted: Vec::new(),
    });
    check(&tickets, 1, OTHER, NOW, Err(Unwelcome::Unknown));
    check(&tickets, 1, TOKEN, NOW, Ok(true));
    let last = NOW + Duration::from_millis(59_999);
    let over = NOW + Duration::from_secs(60);
    check(&tickets, 1, TOKEN, last, Ok(true));
    check(&tickets, 1, TOKEN, over, Err(Unwelcome::Over));
    tickets.invitations[0].admitted = vec![node(1), node(2)];
    check(&tickets, 1, TOKEN, over, Ok(false));
    check(&tickets, 3, TOKEN, NOW, Err(Unwelcome::UsedUp));
    tickets.invitations.clear();
    check(&tickets, 1, TOKEN, NOW, Err(Unwelcome::Unknown));
}

#[track_caller]
fn check(
    tickets: &Tickets,
    from: u8,
    token: Token,
    now: Timestamp,
    is_new: Result<bool, Unwelcome>,
) {
    let found = look_up(tickets, node(from), &token, now);
    assert_eq!(found.map(|it| it.is_new), is_new);
}

fn node(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}
