//! Tests that whoever was here is known again, within bounds.

use super::*;

const T0: Timestamp = Timestamp::from_millis(1_795_176_000_250);
const SECOND: Duration = Duration::from_secs(1);

fn ip(number: u32) -> IpAddr {
    IpAddr::from((0x0b00_0000 + number).to_be_bytes())
}

#[track_caller]
fn check(witness: &Witness, indicator: &str, since: Timestamp, expected: Option<ContactKind>) {
    let indicator = indicator.parse().expect("an indicator");
    let found = witness.contact(&indicator, since).map(|it| it.kind);
    assert_eq!(found, expected, "{indicator}");
}

#[test]
fn whoever_was_here_is_known_again_alone_and_in_a_range() {
    let mut witness = Witness::new(T0);
    witness.note(
        T0,
        "::ffff:203.0.113.7".parse().unwrap(),
        ContactKind::Connection,
    );
    witness.note(
        T0 + SECOND,
        "203.0.113.9".parse().unwrap(),
        ContactKind::Login,
    );
    check(&witness, "203.0.113.7", T0, Some(ContactKind::Connection));
    check(&witness, "203.0.113.0/24", T0, Some(ContactKind::Login));
    check(&witness, "203.0.113.8", T0, None);
    check(&witness, "203.0.113.7", T0 + SECOND, None);
    // Once logged in, later connections do not make less of it.
    witness.note(
        T0 + SECOND * 2,
        "203.0.113.9".parse().unwrap(),
        ContactKind::Connection,
    );
    check(
        &witness,
        "203.0.113.9",
        T0 + SECOND * 2,
        Some(ContactKind::Login),
    );
}

#[test]
fn there_is_an_end_to_what_is_remembered_and_a_login_comes_before_connections() {
    let mut witness = Witness::new(T0);
    for number in 0..=CONTACTS_MAX as u32 {
        witness.note(T0, ip(number), ContactKind::Connection);
    }
    assert_eq!(witness.contacts.len(), CONTACTS_MAX);
    check(&witness, &ip(CONTACTS_MAX as u32).to_string(), T0, None);
    witness.note(T0, "203.0.113.9".parse().unwrap(), ContactKind::Login);
    check(&witness, "203.0.113.9", T0, Some(ContactKind::Login));
    assert_eq!(witness.contacts.len(), CONTACTS_MAX);
    // A day later there is room again.
    let later = T0 + CONTACT_FOR;
    witness.note(later, ip(CONTACTS_MAX as u32), ContactKind::Connection);
    assert_eq!(witness.contacts.len(), 1);
}
