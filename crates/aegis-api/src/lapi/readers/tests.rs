//! Who polled is known, within bounds.

use std::net::Ipv4Addr;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_795_176_000);

fn ip(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(number).into()
}

#[test]
fn a_bouncer_is_known_by_its_key_and_address_and_what_it_says_it_is() {
    let readers = Readers::default();
    readers.note(T0, ("edge", ip(1)), "crowdsec-firewall-bouncer/v0.0.25");
    readers.note(T0, ("edge", ip(2)), "crowdsec-nginx-bouncer/v1.0");
    readers.note(T0, ("edge", ip(1)), "crowdsec-firewall-bouncer/v0.0.26");
    let [first, second] = &readers.all()[..] else {
        panic!("two bouncers");
    };
    assert_eq!((first.address, first.cuts_prefixes), (ip(1), true));
    assert_eq!(first.program, "crowdsec-firewall-bouncer/v0.0.26");
    assert_eq!((second.address, second.cuts_prefixes), (ip(2), false));
}

#[test]
fn who_was_not_seen_for_longest_makes_room() {
    let readers = Readers::default();
    for number in 0..=READERS_MAX as u32 {
        let at = T0 + std::time::Duration::from_secs(number.into());
        readers.note(at, ("edge", ip(number)), &"x".repeat(1_000));
    }
    let seen = readers.all();
    assert_eq!(seen.len(), READERS_MAX);
    assert!(seen.iter().all(|it| it.address != ip(0)));
    assert!(seen.iter().all(|it| it.program.len() == PROGRAM_CHARS_MAX));
}
