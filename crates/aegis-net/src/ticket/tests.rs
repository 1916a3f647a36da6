//! Tickets there and back, and everything that is none.

use proptest::{collection, option, prelude::*, sample};

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_795_176_000);

fn parts() -> TicketParts {
    TicketParts {
        peer: NodeId::from_public_key([7; 32]),
        token: Token::from_bytes([9; 16]),
        expires_at: T0,
        addresses: vec![
            "/ip4/192.0.2.1/tcp/9001".parse().unwrap(),
            "/ip6/2001:db8::1/udp/9001/quic-v1".parse().unwrap(),
            "/dns4/node.example/tcp/9001".parse().unwrap(),
        ],
        secret: Some(NetworkSecret::from_bytes([3; 32])),
        organisation: Some((OrganisationId::from_public_key([8; 32]), MemberRole::Member)),
    }
}

fn any_address() -> impl Strategy<Value = Address> {
    let ip4 = any::<([u8; 4], u16)>().prop_map(|(ip, port)| Address::tcp(ip.into(), port));
    let ip6 = any::<([u16; 8], u16)>().prop_map(|(ip, port)| Address::quic(ip.into(), port));
    let named = "[a-z]{1,60}\\.example".prop_map(|it| format!("/dns/{it}/tcp/1").parse().unwrap());
    prop_oneof![ip4, ip6, named]
}

fn any_parts() -> impl Strategy<Value = TicketParts> {
    let organisation = (any::<[u8; 32]>(), any::<bool>()).prop_map(|(key, is_publisher)| {
        let role = match is_publisher {
            true => MemberRole::Publisher,
            false => MemberRole::Member,
        };
        (OrganisationId::from_public_key(key), role)
    });
    (
        any::<([u8; 32], [u8; 16], u32)>(),
        collection::vec(any_address(), 1..=8),
        option::of(any::<[u8; 32]>()),
        option::of(organisation),
    )
        .prop_map(
            |((peer, token, secs), addresses, secret, organisation)| TicketParts {
                peer: NodeId::from_public_key(peer),
                token: Token::from_bytes(token),
                expires_at: Timestamp::from_secs(secs.into()),
                addresses,
                secret: secret.map(NetworkSecret::from_bytes),
                organisation,
            },
        )
}

proptest! {
    #[test]
    fn whatever_a_ticket_says_is_read_as_it_was_written(parts in any_parts()) {
        let ticket = Ticket::new(parts.clone()).unwrap();
        let text = ticket.to_text();
        prop_assert!(text.len() <= TICKET_CHARS_MAX, "{text}");
        prop_assert!(text.starts_with("aegis1"), "{text}");
        let read: Ticket = text.parse().unwrap();
        prop_assert_eq!(&read, &ticket);
        prop_assert_eq!(read.to_text(), text);
        prop_assert_eq!(read.parts().peer, parts.peer);
        prop_assert!(parts.addresses.starts_with(&read.parts().addresses[..1]));
    }

    #[test]
    fn nothing_that_anybody_writes_makes_it_panic(text in "(aegis1)?\\PC{0,400}") {
        let _ = text.parse::<Ticket>();
    }

    #[test]
    fn bytes_with_a_right_checksum_are_one_ticket_or_none(
        bytes in collection::vec(any::<u8>(), 0..400),
        version in sample::select(vec![0, 1, 2]),
    ) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = version;
        }
        let text = text::encode(&bytes);
        if let Ok(ticket) = text.parse::<Ticket>() {
            prop_assert_eq!(ticket.to_text(), text);
        }
    }

    #[test]
    fn a_changed_byte_makes_another_ticket_or_none(at in 0_usize..140, with in 1_u8..) {
        let ticket = Ticket::new(parts()).unwrap();
        let mut bytes = ticket.to_bytes();
        let at = at % bytes.len();
        bytes[at] ^= with;
        if let Ok(other) = text::encode(&bytes).parse::<Ticket>() {
            prop_assert_ne!(&other, &ticket);
            prop_assert_eq!(other.to_bytes(), bytes);
        }
    }
}

#[test]
fn every_single_changed_character_is_refused() {
    let text = Ticket::new(parts()).unwrap().to_text();
    for at in 0..text.len() {
        for other in (0x20..0x7f)
            .map(char::from)
            .filter(|it| !text[at..].starts_with(*it))
        {
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other.to_string());
            // A blank at either end is no change, and leaves a ticket that is too short.
            assert!(changed.parse::<Ticket>().is_err(), "{at} {other:?}");
        }
        let mut shorter = text.clone();
        shorter.remove(at);
        assert!(shorter.parse::<Ticket>().is_err(), "{at} left out");
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let text = Ticket::new(parts()).unwrap().to_text();
    check("", InvalidTicket::NotOne);
    check("aegis-membership:AAAA", InvalidTicket::NotOne);
    check(&text.to_uppercase(), InvalidTicket::NotOne);
    check("aegis1", InvalidTicket::Checksum);
    check(&text[..text.len() - 1], InvalidTicket::Checksum);
    check(
        &text.replace("aegis1q", "aegis1i"),
        InvalidTicket::Character { at: 7 },
    );
    check(
        &format!("aegis1{}", "q".repeat(1018)),
        InvalidTicket::TooLong,
    );
    let ticket = Ticket::new(parts()).unwrap().to_bytes();
    let changed = |at: usize, byte: u8| {
        let mut bytes = ticket.clone();
        bytes[at] = byte;
        text::encode(&bytes)
    };
    check(&changed(0, 2), InvalidTicket::Version { found: 2 });
    check(&changed(1, 7), field("flags", "one has no meaning"));
    check(
        &changed(1, 1),
        field("end", "there is more than a ticket has"),
    );
    check(
        &changed(50, 0xff),
        field("expires_at", "is later than any time"),
    );
    check(&changed(58, 0), field("addresses", "there must be 1 to 8"));
    check(&changed(58, 9), field("addresses", "there must be 1 to 8"));
    check(&changed(59, 0), field("addresses", "one is none"));
    check(
        &changed(ticket.len() - 1, 2),
        field("role", "must be 0 or 1"),
    );
    let short = text::encode(&ticket[..40]);
    check(&short, field("token", "the ticket ends before it"));
}

#[track_caller]
fn check(text: &str, expected: InvalidTicket) {
    assert_eq!(text.parse::<Ticket>(), Err(expected), "{text}");
}

#[test]
fn what_does_not_fit_is_left_out_from_the_end() {
    let long = |number: u32| format!("/dns/{}{number}.example/tcp/1", "a".repeat(150));
    let addresses: Vec<Address> = (0..8).map(|it| long(it).parse().unwrap()).collect();
    let ticket = Ticket::new(TicketParts {
        addresses: addresses.clone(),
        ..parts()
    })
    .unwrap();
    let kept = &ticket.parts().addresses;
    assert!((1..8).contains(&kept.len()), "{kept:?}");
    assert_eq!(kept[..], addresses[..kept.len()]);
    assert_eq!(ticket.to_text().parse(), Ok(ticket));
    let twelve = (0..12)
        .map(|it| Address::tcp([192, 0, 2, it].into(), 1))
        .collect();
    let ticket = Ticket::new(TicketParts {
        addresses: twelve,
        ..parts()
    })
    .unwrap();
    assert_eq!(ticket.parts().addresses.len(), TICKET_ADDRESSES_MAX);
    let none = Ticket::new(TicketParts {
        addresses: Vec::new(),
        ..parts()
    });
    assert!(matches!(
        none,
        Err(InvalidTicket::Field {
            field: "addresses",
            ..
        })
    ));
}

#[test]
fn a_peer_id_in_an_address_is_dropped_for_the_ticket_s_own() {
    let peer = NodeId::from_public_key([1; 32]);
    let address = format!("/ip4/192.0.2.1/tcp/9001/p2p/{peer}")
        .parse()
        .unwrap();
    let ticket = Ticket::new(TicketParts {
        addresses: vec![address],
        ..parts()
    })
    .unwrap();
    let at: Vec<String> = ticket.peer_addresses().map(|it| it.to_string()).collect();
    assert_eq!(
        at,
        [format!("/ip4/192.0.2.1/tcp/9001/p2p/{}", parts().peer)]
    );
}

#[test]
fn a_blank_around_it_is_no_matter_and_nothing_secret_shows() {
    let ticket = Ticket::new(parts()).unwrap();
    assert_eq!(
        format!(" {}\n", ticket.to_text()).parse(),
        Ok(ticket.clone())
    );
    let shown = format!("{ticket:?}");
    assert!(
        shown.contains("NetworkSecret(…)") && shown.contains("Token(…)"),
        "{shown}"
    );
}

/// Made by a script that shares nothing with this code and gives `a1lqfn3a`, a word of BIP 350, too.
#[test]
fn the_checksum_is_that_of_bech32m() {
    assert_eq!(text::encode(&[]), "aegis14p5t86");
    let five = [0, 1, 2, 3, 255];
    assert_eq!(text::encode(&five), "aegis1qqqsyqll9yaasx");
    assert_eq!(text::decode("aegis1qqqsyqll9yaasx"), Ok(five.to_vec()));
}
