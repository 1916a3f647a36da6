//! What netlink tells about the host: its own addresses, and the gateways of its default routes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "netlink attributes are open foreign enums"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;

use rtnetlink::MulticastGroup;
use rtnetlink::packet_core::{NetlinkDeserializable, NetlinkHeader};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteType, RouteVia,
};
use rtnetlink::sys::protocols::NETLINK_ROUTE;

use super::netlink::{Request, dump_now};

#[cfg(test)]
mod tests;

/// Own addresses kept; a host with more is a router whose operator uses the allowlist.
const OWN_MAX: usize = 4096;

/// Gateways kept; multipath over more is beyond what Linux is used for.
const GATEWAYS_MAX: usize = 1024;

/// Links kept; a host with more has them for its guests.
const LINKS_MAX: usize = 4096;

/// Interfaces that may carry a default route, for the automatic choice.
const INTERFACES_MAX: usize = 64;

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;
const AF_INET6: u8 = 10;

/// Flags of a link that is up and has a carrier (`IFF_UP`, `IFF_LOWER_UP`).
const CARRIES: u32 = 1 | 1 << 16;

/// Every interface (`struct ifinfomsg`).
pub(crate) const LINKS: Request<'static> = Request {
    kind: RTM_GETLINK,
    body: &[0; 16],
};

/// Every address of every family (`struct ifaddrmsg`).
pub(crate) const ADDRESSES: Request<'static> = Request {
    kind: RTM_GETADDR,
    body: &[0; 8],
};

/// Every route of every family and table (`struct rtmsg`).
pub(crate) const ROUTES: Request<'static> = Request {
    kind: RTM_GETROUTE,
    body: &[0; 12],
};

/// The groups that announce what changes these facts. Links are among them because the kernel
/// drops the routes of an interface that goes down without a word about each.
pub(crate) const GROUPS: [MulticastGroup; 5] = [
    MulticastGroup::Link,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv6Route,
];

/// What was found so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Network {
    pub(crate) own: BTreeSet<IpAddr>,
    pub(crate) gateways: BTreeSet<IpAddr>,
    pub(crate) links: BTreeSet<u32>,
}

impl Network {
    /// Takes one message of a dump.
    pub(crate) fn take(&mut self, kind: u16, payload: &[u8]) {
        if !may_matter(kind, payload) {
            return; // a full routing table is a million of these: not worth decoding
        }
        if kind == RTM_NEWLINK {
            let room = LINKS_MAX.saturating_sub(self.links.len());
            return self
                .links
                .extend(carrying_link(payload).into_iter().take(room));
        }
        let message = decode(kind, payload);
        if let Some(RouteNetlinkMessage::NewAddress(message)) = &message {
            insert_bounded(&mut self.own, own_address(message), OWN_MAX);
        } else if let Some(RouteNetlinkMessage::NewRoute(route)) = &message
            && route.header.kind == RouteType::Unicast
        {
            insert_bounded(
                &mut self.gateways,
                gateways(&route.attributes),
                GATEWAYS_MAX,
            );
        }
    }
}

/// Returns the number of a link that is up and has a carrier (`struct ifinfomsg`).
fn carrying_link(payload: &[u8]) -> Option<u32> {
    let word = |at: usize| {
        let bytes = payload.get(at..at + 4)?;
        bytes.try_into().ok().map(u32::from_ne_bytes)
    };
    let (index, flags) = (word(4)?, word(8)?);
    (flags & CARRIES == CARRIES).then_some(index)
}

/// Returns whether a message can change the facts: routes do so only where they are default.
pub(crate) fn may_matter(kind: u16, payload: &[u8]) -> bool {
    match (kind, payload) {
        (RTM_NEWROUTE | RTM_DELROUTE, [family, length, ..]) => is_default(*family, *length),
        _ => true,
    }
}

/// Returns whether a prefix of `length` catches everything, alone or as one part of a split:
/// VPNs route 0.0.0.0/1 and 128.0.0.0/1, old IPv6 set-ups 2000::/3.
fn is_default(family: u8, length: u8) -> bool {
    length <= if family == AF_INET6 { 3 } else { 1 }
}

/// Reads a route message; one that this build cannot read is left out.
pub(crate) fn decode(kind: u16, payload: &[u8]) -> Option<RouteNetlinkMessage> {
    let mut header = NetlinkHeader::default();
    header.message_type = kind;
    RouteNetlinkMessage::deserialize(&header, payload)
        .inspect_err(|error| tracing::debug!(kind, %error, "Netlink message not understood"))
        .ok()
}

/// Returns the host's end of an address message: on point-to-point links the other field names
/// the far end.
fn own_address(message: &AddressMessage) -> Option<IpAddr> {
    let local = message.attributes.iter().find_map(|it| match it {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    local.or_else(|| {
        message.attributes.iter().find_map(|it| match it {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        })
    })
}

/// Returns the next hops of a route, those of a multipath route too.
fn gateways(attributes: &[RouteAttribute]) -> Vec<IpAddr> {
    let nested = attributes.iter().flat_map(|it| match it {
        RouteAttribute::MultiPath(hops) => hops.as_slice(),
        _ => &[],
    });
    let nested = nested.flat_map(|hop| hop.attributes.iter());
    attributes
        .iter()
        .chain(nested)
        .filter_map(gateway)
        .collect()
}

fn gateway(attribute: &RouteAttribute) -> Option<IpAddr> {
    match attribute {
        RouteAttribute::Gateway(RouteAddress::Inet(address)) => Some(IpAddr::V4(*address)),
        RouteAttribute::Gateway(RouteAddress::Inet6(address)) => Some(IpAddr::V6(*address)),
        RouteAttribute::Via(RouteVia::Inet(address)) => Some(IpAddr::V4(*address)),
        RouteAttribute::Via(RouteVia::Inet6(address)) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}

fn insert_bounded(
    set: &mut BTreeSet<IpAddr>,
    addresses: impl IntoIterator<Item = IpAddr>,
    max: usize,
) {
    for address in addresses {
        if set.len() < max {
            set.insert(address.to_canonical());
        }
    }
}

/// Returns the addresses of this host's own interfaces.
pub(crate) fn own_addresses() -> io::Result<BTreeSet<IpAddr>> {
    let mut found = Network::default();
    dump_now(NETLINK_ROUTE, ADDRESSES, |kind, payload| {
        found.take(kind, payload);
    })?;
    Ok(found.own)
}

/// Returns the names of the interfaces that carry a default route, best metric first.
pub(crate) fn default_interfaces() -> io::Result<Vec<String>> {
    let mut metrics = BTreeMap::new();
    dump_now(NETLINK_ROUTE, ROUTES, |kind, payload| {
        if may_matter(kind, payload)
            && let Some(RouteNetlinkMessage::NewRoute(route)) = decode(kind, payload)
        {
            note_interfaces(&mut metrics, &route);
        }
    })?;
    let mut found = Vec::new();
    dump_now(NETLINK_ROUTE, LINKS, |kind, payload| {
        if let Some(RouteNetlinkMessage::NewLink(link)) = decode(kind, payload)
            && let Some(metric) = metrics.get(&link.header.index)
            && let Some(name) = link_name(&link)
        {
            found.push((*metric, name.to_owned()));
        }
    })?;
    found.sort();
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// Notes the interfaces that a route leaves by, each with its best metric.
fn note_interfaces(metrics: &mut BTreeMap<u32, u32>, route: &RouteMessage) {
    if route.header.kind != RouteType::Unicast {
        return;
    }
    let metric = route.attributes.iter().find_map(|it| match it {
        RouteAttribute::Priority(metric) => Some(*metric),
        _ => None,
    });
    let metric = metric.unwrap_or(0); // absent means 0, the most preferred
    for index in route.attributes.iter().flat_map(interfaces) {
        if metrics.len() < INTERFACES_MAX {
            metrics
                .entry(index)
                .and_modify(|best| *best = metric.min(*best))
                .or_insert(metric);
        }
    }
}

fn interfaces(attribute: &RouteAttribute) -> Vec<u32> {
    match attribute {
        RouteAttribute::Oif(index) => vec![*index],
        RouteAttribute::MultiPath(hops) => hops.iter().map(|hop| hop.interface_index).collect(),
        _ => Vec::new(),
    }
}

/// Returns the name of an interface.
pub(crate) fn link_name(link: &LinkMessage) -> Option<&str> {
    link.attributes.iter().find_map(|it| match it {
        LinkAttribute::IfName(name) => Some(name.as_str()),
        _ => None,
    })
}
