//! Which addresses go first, and how many invitations are kept.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

#[test]
fn the_farther_an_address_reaches_the_better() {
    let sorted = ["192.0.2.1", "10.0.0.1", "fd00::1", "fe80::1", "::1"];
    let reaches: Vec<Reach> = sorted.iter().map(|it| reach(it.parse().unwrap())).collect();
    assert!(reaches.is_sorted(), "{reaches:?}");
    assert_eq!(reach("::ffff:127.0.0.1".parse().unwrap()), Reach::Host);
}

#[test]
fn invitations_are_bounded_and_those_of_no_use_make_room() {
    let mut tickets = Tickets::default();
    let invitation = |number: u32, expires_at| Invitation {
        token_hash: Token::from_bytes([number.to_be_bytes(); 4].concat().try_into().unwrap())
            .hash(),
        user: Operator::User(0),
        expires_at,
        uses: 1,
        offer: None,
        admitted: Vec::new(),
    };
    let later = NOW + Duration::from_secs(1);
    for number in 0..INVITATIONS_MAX as u32 {
        keep(&mut tickets, NOW, invitation(number, later)).unwrap();
    }
    let more = keep(&mut tickets, NOW, invitation(9999, later)).unwrap_err();
    assert!(more.message.contains("256 tickets are kept"), "{more}");
    tickets.invitations[0].admitted = vec![NodeId::from_public_key([1; 32])];
    keep(
        &mut tickets,
        later,
        invitation(9999, later + Duration::from_secs(1)),
    )
    .unwrap();
    assert_eq!(tickets.invitations.len(), 2, "who was let in is remembered");
    let again = keep(&mut tickets, later, invitation(9999, later)).unwrap_err();
    assert!(again.message.contains("same ID"), "{again}");
}
