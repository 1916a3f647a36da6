//! What netlink says about an interface: kind, place, MTU, and who holds its XDP hook.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "netlink attributes are open foreign enums"
)]

use std::collections::BTreeMap;
use std::io;

use rtnetlink::packet_core::NlasIterator;
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{
    LinkAttribute, LinkFlags, LinkInfo, LinkLayerType, LinkMessage, LinkXdp, XdpAttached,
};
use rtnetlink::sys::protocols::{NETLINK_GENERIC, NETLINK_ROUTE};

use crate::host::netlink::{Request, dump_now};
use crate::host::network::{LINKS, decode, link_name};

/// An interface, as far as it matters for attaching to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    /// What kind of virtual device it is, in the kernel's word.
    pub(super) kind: Option<String>,
    /// What it is a port of.
    pub(super) port: Option<Port>,
    /// The interface below a VLAN, the other end of a veth pair, where it lies in this namespace.
    pub(super) below: Option<u32>,
    pub(super) layer: Layer,
    pub(super) mtu: u32,
    pub(super) is_up: bool,
    pub(super) xdp: Option<Attached>,
    /// Whether the driver has native XDP; kernels before 6.3 do not tell.
    pub(super) native: Option<Native>,
}

/// Membership in a bond, a team or a bridge.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Port {
    pub(super) kind: String,
    pub(super) of: u32,
}

/// How far a driver supports native XDP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Native {
    /// Not at all: only generic mode is left.
    Absent,
    /// For packets that fit one buffer.
    Linear,
    /// For packets of any size, spread over several buffers.
    Fragments,
}

/// What stands at the head of an interface's frames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Layer {
    Ethernet,
    /// Has an Ethernet header too, all zero.
    Loopback,
    /// None, or another one: the kernel's number for it.
    Other(u16),
}

/// A program on an interface's XDP hook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Attached {
    pub(super) id: Option<u32>,
    pub(super) name: Option<String>,
    pub(super) hook: Hook,
}

/// Which of an interface's XDP hooks a program holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hook {
    Native,
    Generic,
    Offloaded,
    Several,
}

/// Reads every interface of this network namespace.
pub(super) fn links() -> io::Result<Vec<Link>> {
    let native = native_support().unwrap_or_default();
    let mut links = Vec::new();
    dump_now(NETLINK_ROUTE, LINKS, |kind, payload| {
        if let Some(RouteNetlinkMessage::NewLink(message)) = decode(kind, payload) {
            links.extend(link(&message, &native));
        }
    })?;
    Ok(links)
}

fn link(message: &LinkMessage, native: &BTreeMap<u32, Native>) -> Option<Link> {
    let name = link_name(message)?.to_owned();
    let mtu = message.attributes.iter().find_map(|it| match it {
        LinkAttribute::Mtu(mtu) => Some(*mtu),
        _ => None,
    });
    let xdp = message.attributes.iter().find_map(|it| match it {
        LinkAttribute::Xdp(xdp) => attached(xdp),
        _ => None,
    });
    let (kind, port) = kinds(&message.attributes);
    let of = message.attributes.iter().find_map(|it| match it {
        LinkAttribute::Controller(index) => Some(*index),
        _ => None,
    });
    Some(Link {
        index: message.header.index,
        kind,
        port: port.zip(of).map(|(kind, of)| Port { kind, of }),
        below: below(&message.attributes),
        layer: match message.header.link_layer_type {
            LinkLayerType::Ether => Layer::Ethernet,
            LinkLayerType::Loopback => Layer::Loopback,
            other => Layer::Other(other.into()),
        },
        mtu: mtu.unwrap_or(0),
        is_up: message.header.flags.contains(LinkFlags::Up),
        xdp,
        native: native.get(&message.header.index).copied(),
        name,
    })
}

/// Returns what kind of virtual device it is, and of what kind of device it is a port.
fn kinds(attributes: &[LinkAttribute]) -> (Option<String>, Option<String>) {
    let infos = attributes.iter().find_map(|it| match it {
        LinkAttribute::LinkInfo(infos) => Some(infos.as_slice()),
        _ => None,
    });
    let infos = infos.unwrap_or_default();
    let kind = infos.iter().find_map(|it| match it {
        LinkInfo::Kind(kind) => Some(kind.to_string()),
        _ => None,
    });
    let port = infos.iter().find_map(|it| match it {
        LinkInfo::PortKind(kind) => Some(kind.to_string()),
        _ => None,
    });
    (kind, port)
}

/// Returns the interface below, where it lies in this namespace.
fn below(attributes: &[LinkAttribute]) -> Option<u32> {
    let is_elsewhere = |it: &LinkAttribute| matches!(it, LinkAttribute::LinkNetNsId(_));
    if attributes.iter().any(is_elsewhere) {
        return None;
    }
    attributes.iter().find_map(|it| match it {
        LinkAttribute::Link(index) => Some(*index),
        _ => None,
    })
}

fn attached(attributes: &[LinkXdp]) -> Option<Attached> {
    let hook = attributes.iter().find_map(|it| match it {
        LinkXdp::Attached(XdpAttached::None) => None,
        LinkXdp::Attached(XdpAttached::Driver) => Some(Hook::Native),
        LinkXdp::Attached(XdpAttached::SocketBuffer) => Some(Hook::Generic),
        LinkXdp::Attached(XdpAttached::Hardware) => Some(Hook::Offloaded),
        LinkXdp::Attached(_) => Some(Hook::Several),
        _ => None,
    })?;
    let id = attributes.iter().find_map(|it| match it {
        LinkXdp::ProgId(id)
        | LinkXdp::DrvProgId(id)
        | LinkXdp::SkbProgId(id)
        | LinkXdp::HwProgId(id) => Some(*id),
        _ => None,
    });
    Some(Attached {
        id,
        name: id.and_then(program_name),
        hook,
    })
}

/// Programs of the host that are looked through for a name.
const PROGRAMS_MAX: usize = 4096;

/// Returns the name of a loaded program, where this process may know it.
pub(super) fn program_name(id: u32) -> Option<String> {
    let mut programs = aya::programs::loaded_programs()
        .take(PROGRAMS_MAX)
        .flatten();
    let program = programs.find(|program| program.id() == id)?;
    program.name_as_str().map(str::to_owned)
}

const GENL_ID_CTRL: u16 = 16;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const NETDEV_A_DEV_IFINDEX: u16 = 1;
const NETDEV_A_DEV_XDP_FEATURES: u16 = 3;
const NETDEV_XDP_ACT_BASIC: u64 = 1;
const NETDEV_XDP_ACT_RX_SG: u64 = 32;

/// The generic-netlink header of "tell me all families".
const GET_FAMILIES: [u8; 4] = [3, 1, 0, 0];

/// The generic-netlink header of the netdev family's "tell me all devices".
const GET_DEVICES: [u8; 4] = [1, 1, 0, 0];

/// Returns for each interface how far its driver has native XDP (Linux 6.3 and later).
fn native_support() -> io::Result<BTreeMap<u32, Native>> {
    let mut family = None;
    dump_now(
        NETLINK_GENERIC,
        Request {
            kind: GENL_ID_CTRL,
            body: &GET_FAMILIES,
        },
        |_, payload| {
            if attribute(payload, CTRL_ATTR_FAMILY_NAME).as_deref() == Some(b"netdev\0") {
                family = integer(attribute(payload, CTRL_ATTR_FAMILY_ID));
            }
        },
    )?;
    let mut support = BTreeMap::new();
    let Some(kind) = family.and_then(|it| u16::try_from(it).ok()) else {
        return Ok(support);
    };
    dump_now(
        NETLINK_GENERIC,
        Request {
            kind,
            body: &GET_DEVICES,
        },
        |_, payload| {
            let index = integer(attribute(payload, NETDEV_A_DEV_IFINDEX));
            let index = index.and_then(|it| u32::try_from(it).ok());
            let features = integer(attribute(payload, NETDEV_A_DEV_XDP_FEATURES));
            if let (Some(index), Some(features)) = (index, features) {
                support.insert(index, native(features));
            }
        },
    )?;
    Ok(support)
}

fn native(features: u64) -> Native {
    let has = |feature| features & feature != 0;
    match (has(NETDEV_XDP_ACT_BASIC), has(NETDEV_XDP_ACT_RX_SG)) {
        (false, _) => Native::Absent,
        (true, false) => Native::Linear,
        (true, true) => Native::Fragments,
    }
}

/// Returns the value of an attribute behind a generic-netlink header.
fn attribute(payload: &[u8], kind: u16) -> Option<Vec<u8>> {
    let attributes = payload.get(GET_FAMILIES.len()..)?;
    let found = NlasIterator::new(attributes)
        .flatten()
        .find(|it| it.kind() == kind)?;
    Some(found.value().to_vec())
}

/// Reads an unsigned number of two, four or eight bytes.
fn integer(value: Option<Vec<u8>>) -> Option<u64> {
    let value = value?;
    match value.len() {
        2 => Some(u16::from_ne_bytes(*value.first_chunk()?).into()),
        4 => Some(u32::from_ne_bytes(*value.first_chunk()?).into()),
        8 => Some(u64::from_ne_bytes(*value.first_chunk()?)),
        _ => None,
    }
}
