//! Address and route messages, byte by byte as `linux/rtnetlink.h` lays them out.

use super::*;

const RTM_NEWADDR: u16 = 20;
const AF_INET: u8 = 2;
const UNICAST: u8 = 1;
const UNREACHABLE: u8 = 7;

const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_MULTIPATH: u16 = 9;
const RTA_VIA: u16 = 18;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

#[test]
fn finds_gateways_of_both_families() {
    let v4 = route(
        [AF_INET, 0, UNICAST],
        &[attribute(RTA_GATEWAY, &[192, 0, 2, 1])],
    );
    check_gateways(&v4, &["192.0.2.1"]);
    let gateway = "2001:db8::1"
        .parse::<std::net::Ipv6Addr>()
        .unwrap()
        .octets();
    let v6 = route([AF_INET6, 0, UNICAST], &[attribute(RTA_GATEWAY, &gateway)]);
    check_gateways(&v6, &["2001:db8::1"]);
}

#[test]
fn finds_every_hop_of_a_multipath_route() {
    let hops = [hop(3, &[192, 0, 2, 1]), hop(4, &[192, 0, 2, 2])].concat();
    let route = route([AF_INET, 0, UNICAST], &[attribute(RTA_MULTIPATH, &hops)]);
    check_gateways(&route, &["192.0.2.1", "192.0.2.2"]);
}

#[test]
fn finds_an_ipv6_gateway_of_an_ipv4_route() {
    let gateway = "fe80::1".parse::<std::net::Ipv6Addr>().unwrap().octets();
    let via = [10_u16.to_ne_bytes().as_slice(), &gateway].concat();
    check_gateways(
        &route([AF_INET, 0, UNICAST], &[attribute(RTA_VIA, &via)]),
        &["fe80::1"],
    );
}

#[test]
fn finds_links_that_are_up_and_have_a_carrier() {
    let link = |index: u32, flags: u32| {
        let mut message = vec![0; 4];
        message.extend(index.to_ne_bytes());
        message.extend(flags.to_ne_bytes());
        message.extend([0; 4]);
        message
    };
    let mut network = Network::default();
    let (up, carrier) = (1, 1 << 16);
    for (index, flags) in [
        (1, up | carrier),
        (2, up),
        (3, carrier),
        (4, up | carrier | 0x1000),
    ] {
        network.take(RTM_NEWLINK, &link(index, flags));
    }
    network.take(RTM_NEWLINK, &[0; 7]);
    assert_eq!(network.links, [1, 4].into());
    assert!(network.own.is_empty() && network.gateways.is_empty());
}

#[test]
fn takes_split_default_routes_and_no_others() {
    let to = |family, length, kind| {
        let gateway: &[u8] = if family == AF_INET {
            &[192, 0, 2, 1]
        } else {
            &[0x20; 16]
        };
        route([family, length, kind], &[attribute(RTA_GATEWAY, gateway)])
    };
    check_gateways(&to(AF_INET, 1, UNICAST), &["192.0.2.1"]);
    check_gateways(&to(AF_INET, 2, UNICAST), &[]);
    check_gateways(&to(AF_INET, 24, UNICAST), &[]);
    check_gateways(
        &to(AF_INET6, 3, UNICAST),
        &["2020:2020:2020:2020:2020:2020:2020:2020"],
    );
    check_gateways(&to(AF_INET6, 4, UNICAST), &[]);
    check_gateways(&to(AF_INET, 0, UNREACHABLE), &[]);
    check_gateways(&route([AF_INET, 0, UNICAST], &[]), &[]);
}

#[test]
fn own_address_is_the_near_end() {
    let near = attribute(IFA_LOCAL, &[192, 0, 2, 1]);
    let far = attribute(IFA_ADDRESS, &[192, 0, 2, 2]);
    check_own(&address(AF_INET, &[far.clone(), near]), &["192.0.2.1"]);
    check_own(&address(AF_INET, &[far]), &["192.0.2.2"]);
    check_own(&address(AF_INET, &[]), &[]);
    let v6 = "2001:db8::5"
        .parse::<std::net::Ipv6Addr>()
        .unwrap()
        .octets();
    check_own(
        &address(AF_INET6, &[attribute(IFA_ADDRESS, &v6)]),
        &["2001:db8::5"],
    );
}

#[test]
fn only_default_routes_can_matter() {
    assert!(may_matter(RTM_NEWROUTE, &[AF_INET, 0]));
    assert!(may_matter(RTM_DELROUTE, &[AF_INET, 1]));
    assert!(!may_matter(RTM_NEWROUTE, &[AF_INET, 24]));
    assert!(!may_matter(RTM_DELROUTE, &[AF_INET6, 64]));
    assert!(may_matter(RTM_NEWADDR, &[AF_INET, 24]));
    assert!(may_matter(RTM_NEWROUTE, &[])); // what cannot be judged is looked into
}

#[test]
fn keeps_a_bounded_number() {
    let mut network = Network::default();
    for number in 0..=u16::try_from(OWN_MAX).unwrap() {
        let [a, b] = number.to_be_bytes();
        let message = address(AF_INET, &[attribute(IFA_LOCAL, &[10, 0, a, b])]);
        network.take(RTM_NEWADDR, &message);
    }
    assert_eq!(network.own.len(), OWN_MAX);
}

#[test]
fn survives_what_is_cut_short_or_garbled() {
    let hops = [hop(3, &[192, 0, 2, 1]), hop(4, &[192, 0, 2, 2])].concat();
    let whole = route([AF_INET, 0, UNICAST], &[attribute(RTA_MULTIPATH, &hops)]);
    let mut network = Network::default();
    for at in 0..whole.len() {
        network.take(RTM_NEWROUTE, &whole[..at]);
        for value in [0, 1, 0x7f, 0xff] {
            let mut garbled = whole.clone();
            garbled[at] = value;
            network.take(RTM_NEWROUTE, &garbled);
        }
    }
    network.take(RTM_NEWROUTE, &whole);
    let expected = ["192.0.2.1", "192.0.2.2"].map(|it| it.parse().unwrap());
    assert!(expected.iter().all(|it| network.gateways.contains(it)));
}

#[test]
fn notes_the_best_metric_of_each_interface() {
    let metric = |value: u32| attribute(RTA_PRIORITY, &value.to_ne_bytes());
    let leaving = |index: u32| attribute(RTA_OIF, &index.to_ne_bytes());
    let hops = [hop(3, &[192, 0, 2, 1]), hop(4, &[192, 0, 2, 2])].concat();
    let mut metrics = BTreeMap::new();
    for attributes in [
        vec![leaving(2), metric(600)],
        vec![leaving(2), metric(100)],
        vec![attribute(RTA_MULTIPATH, &hops), metric(50)],
        vec![leaving(5)],
    ] {
        let message = decode(RTM_NEWROUTE, &route([AF_INET, 0, UNICAST], &attributes));
        let Some(RouteNetlinkMessage::NewRoute(route)) = message else {
            panic!("no route")
        };
        note_interfaces(&mut metrics, &route);
    }
    assert_eq!(
        metrics,
        BTreeMap::from([(2, 100), (3, 50), (4, 50), (5, 0)])
    );
}

#[track_caller]
fn check_gateways(message: &[u8], expected: &[&str]) {
    let mut network = Network::default();
    network.take(RTM_NEWROUTE, message);
    assert_eq!(network.gateways, parse(expected));
    assert!(network.own.is_empty());
}

#[track_caller]
fn check_own(message: &[u8], expected: &[&str]) {
    let mut network = Network::default();
    network.take(RTM_NEWADDR, message);
    assert_eq!(network.own, parse(expected));
    assert!(network.gateways.is_empty());
}

fn parse(addresses: &[&str]) -> BTreeSet<IpAddr> {
    addresses.iter().map(|it| it.parse().unwrap()).collect()
}

/// A `struct rtmsg` of a family, prefix length and type, with attributes.
fn route([family, length, kind]: [u8; 3], attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![family, length, 0, 0, 254, 3, 0, kind, 0, 0, 0, 0];
    bytes.extend(attributes.concat());
    bytes
}

/// A `struct ifaddrmsg` with attributes.
fn address(family: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![family, 24, 0, 0, 2, 0, 0, 0];
    bytes.extend(attributes.concat());
    bytes
}

/// A `struct rtnexthop` by a gateway.
fn hop(interface: u32, gateway: &[u8]) -> Vec<u8> {
    let gateway = attribute(RTA_GATEWAY, gateway);
    let length = u16::try_from(8 + gateway.len()).unwrap();
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(interface.to_ne_bytes());
    bytes.extend(gateway);
    bytes
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
