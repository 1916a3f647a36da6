//! Whose claims are followed, and how many.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

fn node(n: u8) -> NodeId {
    NodeId::from_public_key([n; 32])
}

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

fn own(texts: &[&str]) -> BTreeSet<IpAddr> {
    texts.iter().map(|it| it.parse().unwrap()).collect()
}

#[test]
fn what_most_peers_claim_is_checked_first_and_once() {
    let mut observed = Observed::new();
    let (true_one, lie) = (
        at("/ip4/203.0.113.1/tcp/9001"),
        at("/ip4/198.51.100.1/tcp/80"),
    );
    observed.claim(node(1), &lie, &[]);
    for n in 2..5 {
        observed.claim(node(n), &true_one, &[]);
    }
    assert_eq!(observed.next_to_check(NOW), Some(true_one));
    assert_eq!(observed.next_to_check(NOW), Some(lie));
    assert_eq!(observed.next_to_check(NOW), None);
}

#[test]
fn one_peer_has_few_claims_at_a_time() {
    let mut observed = Observed::new();
    for n in 1..100 {
        observed.claim(node(1), &at(&format!("/ip4/203.0.113.{n}/tcp/9001")), &[]);
    }
    let checked = std::iter::from_fn(|| observed.next_to_check(NOW)).count();
    assert_eq!(checked, CLAIMS_MAX);
}

#[test]
fn few_addresses_are_followed_whoever_claims_them() {
    let mut observed = Observed::new();
    for n in 1..200 {
        observed.claim(node(n), &at(&format!("/ip4/203.0.113.{n}/tcp/9001")), &[]);
    }
    assert_eq!(
        std::iter::from_fn(|| observed.next_to_check(NOW)).count(),
        16
    );
    let later = NOW + Duration::from_secs(u64::from(FOLLOWED_TOKENS));
    assert_eq!(
        std::iter::from_fn(|| observed.next_to_check(later)).count(),
        1
    );
}

#[test]
fn only_public_addresses_are_claimed() {
    let mut observed = Observed::new();
    for text in [
        "/ip4/127.0.0.1/tcp/9001",
        "/ip4/10.0.0.1/tcp/9001",
        "/ip4/100.64.0.1/tcp/9001",
        "/dns4/victim.example/tcp/80",
        "/ip4/203.0.113.1/tcp/9001/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X/p2p-circuit",
    ] {
        observed.claim(node(1), &at(text), &[]);
        observed.reached(node(1), Some([203, 0, 113, 9].into()), &at(text));
    }
    assert_eq!(observed.next_to_check(NOW), None);
    assert_eq!(observed.proven(&own(&["203.0.113.1"])), []);
    assert!(!observed.is_translated(&own(&[])));
}

#[test]
fn a_passing_port_stands_for_the_one_that_is_listened_on_too() {
    let mut observed = Observed::new();
    let listening = [
        at("/ip4/192.168.1.2/tcp/9001"),
        at("/ip4/192.168.1.2/udp/9001/quic-v1"),
    ];
    observed.claim(node(1), &at("/ip4/203.0.113.1/tcp/54321"), &listening);
    let mut checked: Vec<String> = std::iter::from_fn(|| observed.next_to_check(NOW))
        .map(|it| it.to_string())
        .collect();
    checked.sort();
    assert_eq!(
        checked,
        [
            "/ip4/203.0.113.1/tcp/54321",
            "/ip4/203.0.113.1/tcp/9001",
            "/ip4/203.0.113.1/udp/9001/quic-v1"
        ]
    );
}

/// Only the connection that was made first is seen; a router that keeps its port keeps the other.
#[test]
fn who_is_seen_by_one_transport_may_be_got_through_to_by_the_other() {
    let listening = [
        at("/ip4/192.168.1.2/tcp/9001"),
        at("/ip4/127.0.0.1/tcp/9001"),
        at("/ip4/192.168.1.2/udp/9001/quic-v1"),
        at("/ip6/2001:db8::2/udp/9001/quic-v1"),
    ];
    let both = [
        at("/ip4/203.0.113.1/tcp/9001"),
        at("/ip4/203.0.113.1/udp/9001/quic-v1"),
    ];
    for seen in &both {
        let mut observed = Observed::new();
        observed.claim(node(1), seen, &listening);
        assert_eq!(observed.claimed(), both, "{seen}");
    }
}

#[test]
fn what_most_peers_claim_is_offered_first_and_no_longer_than_they_are_there() {
    let (one, other) = (
        at("/ip4/203.0.113.1/tcp/9001"),
        at("/ip4/198.51.100.1/tcp/9001"),
    );
    let mut observed = Observed::new();
    observed.claim(node(1), &one, &[]);
    observed.claim(node(2), &one, &[]);
    observed.claim(node(3), &other, &[]);
    assert_eq!(observed.claimed(), [one, other.clone()]);
    observed.forget(&node(1));
    observed.forget(&node(2));
    assert_eq!(observed.claimed(), [other]);
}

/// Follows what node 1 claims, all of which is checked in vain but what `reached` says.
fn checked(observed: &mut Observed, addresses: &[Multiaddr], reached: &Multiaddr) {
    for address in addresses {
        observed.claim(node(1), address, &[]);
    }
    while let Some(address) = observed.next_to_check(NOW) {
        if address != *reached {
            observed.failed(NOW, &address);
        }
    }
}

#[test]
fn what_was_checked_in_vain_is_checked_again_less_and_less_often() {
    let address = at("/ip4/203.0.113.1/tcp/9001");
    let mut observed = Observed::new();
    let nothing = at("/ip4/203.0.113.9/tcp/1");
    checked(&mut observed, std::slice::from_ref(&address), &nothing);
    let tick = Duration::from_millis(1);
    let (mut now, mut alone) = (NOW, RECHECK_MIN);
    for _ in 0..6 {
        assert_eq!(observed.due_again(now + alone - tick), []);
        now = now + alone;
        assert_eq!(observed.due_again(now), std::slice::from_ref(&address));
        assert_eq!(observed.due_again(now + RECHECK_MAX), [], "it is under way");
        observed.failed(now, &address);
        alone = (2 * alone).min(RECHECK_MAX);
    }
    assert_eq!(observed.next_to_check(now), None, "it is no new one");
    let before = now - Duration::from_secs(86_400);
    assert_eq!(
        observed.due_again(before),
        [address],
        "the clock was put back"
    );
}

/// Who checks begins anew with everything, so what has no result goes along; what was in vain a
/// moment ago waits.
#[test]
fn what_is_due_takes_along_what_was_not_in_vain() {
    let [due, reached, late] = [1, 2, 3].map(|n| at(&format!("/ip4/203.0.113.{n}/tcp/9001")));
    let mut observed = Observed::new();
    checked(&mut observed, &[due.clone(), reached.clone()], &reached);
    let later = NOW + RECHECK_MIN;
    observed.claim(node(1), &late, &[]);
    assert_eq!(observed.next_to_check(later), Some(late.clone()));
    observed.failed(later, &late);
    assert_eq!(observed.due_again(later), [due, reached]);
}

#[test]
fn what_nobody_claims_any_more_is_not_checked_again() {
    let address = at("/ip4/203.0.113.1/tcp/9001");
    let mut observed = Observed::new();
    checked(
        &mut observed,
        std::slice::from_ref(&address),
        &at("/ip4/203.0.113.9/tcp/1"),
    );
    observed.forget(&node(1));
    assert_eq!(observed.due_again(NOW + RECHECK_MAX), []);
}

#[test]
fn a_host_that_is_connected_anew_has_its_addresses_checked_soon() {
    let address = at("/ip4/203.0.113.1/tcp/9001");
    let mut observed = Observed::new();
    checked(
        &mut observed,
        std::slice::from_ref(&address),
        &at("/ip4/203.0.113.9/tcp/1"),
    );
    let tick = Duration::from_millis(1);
    observed.hurry(NOW + RECHECK_CONNECTED - tick);
    assert_eq!(
        observed.due_again(NOW + RECHECK_CONNECTED),
        [],
        "not by every flicker"
    );
    observed.hurry(NOW + RECHECK_CONNECTED);
    assert_eq!(observed.due_again(NOW + RECHECK_CONNECTED), [address]);
}

#[test]
fn a_node_whose_address_is_not_its_own_is_behind_a_translation() {
    let mut observed = Observed::new();
    observed.claim(node(1), &at("/ip4/203.0.113.1/tcp/9001"), &[]);
    assert!(observed.is_translated(&own(&["192.168.1.2"])));
    assert!(!observed.is_translated(&own(&["192.168.1.2", "203.0.113.1"])));
    observed.forget(&node(1));
    assert!(!observed.is_translated(&own(&["192.168.1.2"])));
}

#[test]
fn an_address_is_proven_by_whoever_came_in_by_it() {
    let address = at("/ip4/203.0.113.1/tcp/9001");
    let from = |n: u8| Some(IpAddr::from([198, 51, n, 1]));
    let mut observed = Observed::new();
    observed.reached(node(1), from(1), &address);
    assert_eq!(observed.proven(&own(&[])), [], "one may lie");
    assert_eq!(
        observed.proven(&own(&["203.0.113.1"])),
        std::slice::from_ref(&address)
    );
    observed.reached(node(2), from(1), &address);
    assert_eq!(observed.proven(&own(&[])), [], "two of one prefix are one");
    observed.reached(node(3), from(2), &address);
    assert_eq!(observed.proven(&own(&[])), std::slice::from_ref(&address));
    let mut local = Observed::new();
    local.reached(node(1), Some([10, 0, 0, 9].into()), &address);
    assert_eq!(local.proven(&own(&["203.0.113.1"])), [], "from within");
}
