//! The detectors: who sends too much, who tries too many ports, which destination is under attack.
//!
//! Everything is counted in sketches of fixed size (`aegis_abi::sketch` says how), so a flood from
//! millions of forged sources costs what any traffic costs, evicts nobody and fills nothing. A
//! source that crosses is blocked, its packet dropped, and user space told once. Its address may be
//! forged, so every finding is spoofable evidence. Who is exempt is counted as everybody is, and
//! nothing is done about it.

mod attack;
mod near;
mod offender;
mod quick;
mod scan;
mod sketch;
pub(crate) mod under_attack;

use aegis_abi::{
    AddressV6, Counter, CpuDetect, DetectConfig, Detector, Family, Frame, Ipv4, Ipv6, Limit,
    PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_UDP, SharedDetect, Sketch, Skip, Transport,
    config_flag, parse_destination_v4, parse_destination_v6, parse_icmp, parse_plain_request_v4,
    parse_plain_request_v6, parse_tcp, parse_transport_v4, parse_transport_v6, parse_udp,
    sketch::{Heat, Heats},
    table::Hash,
};
use aya_ebpf::helpers::bpf_jiffies64;

use self::{near::Destination, quick::Request, sketch::Cells};
use crate::{
    filter::{Moment, Verdict},
    lists,
    tables::SETTINGS,
};

/// Ports below this are those of services: nobody's answers arrive there.
const SERVICE_PORTS: u16 = 1024;

/// ICMPv6 of neighbours among themselves, 133 to 137: without it they lose each other.
const NEIGHBOUR_DISCOVERY: core::ops::RangeInclusive<u8> = 133..=137;

/// What a packet is to the detectors.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    /// Nothing that any of them counts.
    Other,
    /// A TCP connection request.
    Request,
    /// A TCP packet that only a working connection brings forth.
    Ack,
    /// A UDP packet to a port where no scan shows.
    Udp,
    /// A UDP packet to a port that may be tried out.
    UdpTry,
    /// An ICMP packet.
    Icmp,
}

/// A packet as it crosses into [`aegis_inspect`], in as many numbers as a function may take.
#[derive(Clone, Copy)]
struct Packet {
    /// Port: 16 bits, [`Kind`]: 8 bits, family: 8 bits, observing: 8 bits, detector: 8 bits.
    facts: u64,
    /// The source: an IPv4 address or the first half of an IPv6 address, in network byte order.
    source: u64,
    /// The destination likewise, both halves.
    destination: AddressV6,
    bytes: u64,
}

/// What the detectors know of a packet.
#[derive(Clone, Copy)]
struct Look {
    packet: Packet,
    config: &'static DetectConfig,
    cpu: *mut CpuDetect,
    shared: *mut SharedDetect,
    now: u64,
    /// The hash of the source.
    hash: u64,
}

/// A source that crossed.
#[derive(Clone, Copy)]
struct Finding {
    detector: Detector,
    /// Whether what was to be done about it was tried in this window.
    is_told: bool,
}

/// What this CPU counts in, where it can count at this moment without more ado.
#[derive(Clone, Copy)]
pub(crate) struct Ready(*mut CpuDetect);

impl Ready {
    #[inline(always)]
    pub(crate) fn under(flags: u32) -> Option<Self> {
        sketch::cpu_current(flags).map(Self)
    }
}

/// Returns whether this is a connection request in an IPv4 packet without tags and options, as
/// nearly all are, and was counted; `hash` is that of its source in the lists.
#[inline(always)]
pub(crate) fn is_counted_v4(ready: Ready, frame: &impl Frame, hash: Hash) -> bool {
    let Some((destination, port)) = parse_plain_request_v4(frame) else {
        return false;
    };
    let request = Request {
        source: hash,
        destination: Destination::V4(u32::from_ne_bytes(destination)),
        port: u16::from_ne_bytes(port),
    };
    quick::is_counted(ready.0, &request)
}

/// The same for an IPv6 packet without tags and extension headers.
#[inline(always)]
pub(crate) fn is_counted_v6(ready: Ready, frame: &impl Frame, hash: Hash) -> bool {
    let Some((destination, port)) = parse_plain_request_v6(frame) else {
        return false;
    };
    let request = Request {
        source: hash,
        destination: Destination::V6(destination),
        port: u16::from_ne_bytes(port),
    };
    quick::is_counted(ready.0, &request)
}

/// Returns whether a connection request was counted and no more was to do about it.
#[inline(always)]
fn is_counted(moment: &Moment, kind: Kind, request: &Request) -> bool {
    matches!(kind, Kind::Request)
        && Ready::under(moment.flags).is_some_and(|it| quick::is_counted(it.0, request))
}

/// Looks at a packet of an IPv4 source that is neither exempt nor blocked.
#[inline(always)]
pub(crate) fn look_v4(
    frame: &impl Frame,
    moment: &Moment,
    (header, hash): (&Ipv4, Hash),
) -> Verdict {
    // First: behind a check of what lies farther the compiler would leave this one out, and the
    // verifier would not understand why.
    let Ok(destination) = parse_destination_v4(frame, header) else {
        return Verdict::Skipped(Skip::Truncated); // cannot be: the header was read
    };
    let (kind, port) = match read(frame, moment, parse_transport_v4(header)) {
        Ok((Kind::Other, _)) => return Verdict::Clean,
        Ok(read) => read,
        Err(skip) => return Verdict::Skipped(skip),
    };
    let request = Request {
        source: hash,
        destination: Destination::V4(u32::from_ne_bytes(destination)),
        port: port.to_be(),
    };
    if is_counted(moment, kind, &request) {
        return Verdict::Clean;
    }
    let packet = Packet {
        facts: facts(moment, (kind, port), Family::V4),
        source: u64::from(u32::from_ne_bytes(header.source)),
        destination: AddressV6 {
            net: u64::from(u32::from_ne_bytes(destination)),
            host: 0,
        },
        bytes: moment.bytes,
    };
    let found = inspect(&packet);
    if found == 0 {
        return Verdict::Clean;
    }
    match lists::exempt_v4(u32::from_be_bytes(header.source)) {
        Some(exempt) => exempt,
        None => catch(&packet, found),
    }
}

/// Looks at a packet of an IPv6 source that is neither exempt nor blocked.
#[inline(always)]
pub(crate) fn look_v6(
    frame: &impl Frame,
    moment: &Moment,
    (header, hash): (&Ipv6, Hash),
) -> Verdict {
    let Ok(destination) = parse_destination_v6(frame, header) else {
        return Verdict::Skipped(Skip::Truncated); // as above, and as early
    };
    let transport = match parse_transport_v6(frame, header) {
        Ok(transport) => transport,
        Err(skip) => return Verdict::Skipped(skip),
    };
    let (kind, port) = match read(frame, moment, transport) {
        Ok((Kind::Other, _)) => return Verdict::Clean,
        Ok(read) => read,
        Err(skip) => return Verdict::Skipped(skip),
    };
    let request = Request {
        source: hash,
        destination: Destination::V6(destination),
        port: port.to_be(),
    };
    if is_counted(moment, kind, &request) {
        return Verdict::Clean;
    }
    let packet = Packet {
        facts: facts(moment, (kind, port), Family::V6),
        source: header.source.net,
        destination,
        bytes: moment.bytes,
    };
    let found = inspect(&packet);
    if found == 0 {
        return Verdict::Clean;
    }
    match lists::exempt_v6(header.source) {
        Some(exempt) => exempt,
        None => catch(&packet, found),
    }
}

#[inline(always)]
fn facts(moment: &Moment, (kind, port): (Kind, u16), family: Family) -> u64 {
    let is_observing = u64::from(moment.is_observing());
    u64::from(port) | (kind as u64) << 16 | (family as u64) << 24 | is_observing << 32
}

#[inline(always)]
fn inspect(packet: &Packet) -> u32 {
    let Packet {
        facts,
        source,
        destination,
        bytes: _,
    } = *packet;
    aegis_inspect(facts, source, destination.net, destination.host)
}

/// Does what is to be done about a source that crossed and is not exempt.
#[inline(always)]
fn catch(packet: &Packet, found: u32) -> Verdict {
    if found & FOUND_TOLD == 0 {
        let detector = u64::from(found - FOUND);
        offender::aegis_catch(packet.facts | detector << 40, packet.source, packet.bytes);
    }
    Verdict::Caught
}

/// What [`aegis_inspect`] returns of a crossing: the detector's number and this much.
const FOUND: u32 = 1;
/// And this, where what was to be done about it was tried in this window.
const FOUND_TOLD: u32 = 1 << 8;

/// Counts a packet wherever it counts; returns zero where its source crossed no threshold.
///
/// A global function in the kernel too: the verifier takes it by itself and once, and not again for
/// every way that leads through the parser.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_inspect(
    facts: u64,
    source: u64,
    destination_net: u64,
    destination_host: u64,
) -> u32 {
    let packet = Packet {
        facts,
        source,
        destination: AddressV6 {
            net: destination_net,
            host: destination_host,
        },
        bytes: 0, // does not count here
    };
    let Some(look) = Look::new(packet) else {
        return 0; // cannot be: what it looks up is there
    };
    match look.inspect() {
        Ok(()) => 0,
        Err(Finding { detector, is_told }) => {
            let told = if is_told { FOUND_TOLD } else { 0 };
            (detector as u32 + FOUND) | told
        }
    }
}

impl Packet {
    #[inline(always)]
    const fn port(&self) -> u16 {
        self.facts as u16
    }

    #[inline(always)]
    const fn is_v6(&self) -> bool {
        self.family() == Family::V6 as u32
    }

    #[inline(always)]
    const fn family(&self) -> u32 {
        (self.facts >> 24) as u32 & 0xff
    }

    #[inline(always)]
    const fn is_observed(&self) -> u32 {
        (self.facts >> 32) as u32 & 1
    }

    /// Returns the hash of the destination.
    #[inline(always)]
    fn destination_hash(&self) -> u64 {
        let key = SETTINGS.hash_key();
        let destination = if self.is_v6() {
            Destination::V6(self.destination)
        } else {
            Destination::V4(self.destination.net as u32)
        };
        destination.hash(&key).bits64()
    }

    /// Returns the hash of the source.
    #[inline(always)]
    fn source_hash(&self) -> u64 {
        let key = SETTINGS.hash_key();
        let hash = if self.is_v6() {
            key.hash64(u64::from_be(self.source))
        } else {
            key.hash32(u32::from_be(self.source as u32))
        };
        hash.bits64()
    }
}

/// Reads what kind of packet this is, and the port that it tries. What nobody counts is not read.
#[inline(always)]
fn read(frame: &impl Frame, moment: &Moment, transport: Transport) -> Result<(Kind, u16), Skip> {
    let (protocol, offset) = match transport {
        Transport::Tcp(offset) => return read_tcp(frame, moment, offset),
        Transport::Other { protocol, offset } => (protocol, offset),
        Transport::LaterFragment => {
            moment.counters.count(Counter::Fragments);
            return Ok((Kind::Other, 0));
        }
    };
    match protocol {
        PROTOCOL_UDP if moment.has(config_flag::DETECT_UDP) => {
            let udp = parse_udp(frame, offset)?;
            // What a service answers arrives at ports as they come, and is no scan.
            let is_try = udp.destination_port < SERVICE_PORTS && udp.source_port >= SERVICE_PORTS;
            let kind = if is_try { Kind::UdpTry } else { Kind::Udp };
            Ok((kind, udp.destination_port))
        }
        PROTOCOL_ICMP if moment.has(config_flag::DETECT_ICMP) => Ok((Kind::Icmp, 0)),
        PROTOCOL_ICMPV6 if moment.has(config_flag::DETECT_ICMP) => {
            let kind = parse_icmp(frame, offset)?;
            if NEIGHBOUR_DISCOVERY.contains(&kind) {
                return Ok((Kind::Other, 0));
            }
            Ok((Kind::Icmp, 0))
        }
        _ => Ok((Kind::Other, 0)),
    }
}

#[inline(always)]
fn read_tcp(frame: &impl Frame, moment: &Moment, offset: usize) -> Result<(Kind, u16), Skip> {
    let tcp = parse_tcp(frame, offset)?;
    if tcp.is_connection_request() {
        moment.counters.count(Counter::Syns);
        return Ok((Kind::Request, tcp.destination_port));
    }
    if tcp.is_within_connection() && moment.has(config_flag::DETECT_ACK) {
        return Ok((Kind::Ack, 0));
    }
    Ok((Kind::Other, 0))
}

impl Look {
    #[inline(always)]
    fn new(packet: Packet) -> Option<Self> {
        // SAFETY: the kernel knows no failure of this.
        let now = unsafe { bpf_jiffies64() };
        Some(Self {
            config: sketch::config(),
            cpu: sketch::cpu_now()?,
            shared: sketch::shared(),
            now,
            hash: packet.source_hash(),
            packet,
        })
    }

    /// Counts the packet wherever it counts.
    #[inline(always)]
    fn inspect(&self) -> Result<(), Finding> {
        let kind = (self.packet.facts >> 16) as u8;
        if kind == Kind::Ack as u8 {
            self.count_ack();
            return Ok(());
        }
        if kind == Kind::Icmp as u8 {
            return self.count_alone(Sketch::Icmp, Detector::IcmpFlood);
        }
        if kind == Kind::Request as u8 {
            attack::count(self);
            self.count_requests()?;
            return self.scan();
        }
        self.count_alone(Sketch::Udp, Detector::UdpFlood)?;
        if kind == Kind::UdpTry as u8 {
            return self.scan();
        }
        Ok(())
    }

    #[inline(always)]
    fn count(&self, sketch: Sketch) -> Heats {
        sketch::count(&Cells::of(self.cpu, sketch), sketch, self.hash)
    }

    /// Counts a packet of the source in the sketch of the only detector that counts there.
    #[inline(always)]
    fn count_alone(&self, sketch: Sketch, detector: Detector) -> Result<(), Finding> {
        if self.limit(detector).threshold == 0 {
            return Ok(());
        }
        found(detector, self.count(sketch).of(0))
    }

    /// Counts a connection request, and for what the source completes.
    #[inline(always)]
    fn count_requests(&self) -> Result<(), Finding> {
        let heats = self.count(Sketch::Requests);
        found(Detector::SynFlood, heats.of(0))?;
        match found(Detector::SynImbalance, heats.of(1)) {
            Err(it) if self.acks() < self.limit(Detector::SynImbalance).other => Err(it),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    #[inline(always)]
    fn acks(&self) -> u32 {
        sketch::acks(self.shared, self.hash, self.window(Detector::SynImbalance))
    }

    /// Counts a packet that only a working connection brings forth.
    #[inline(always)]
    fn count_ack(&self) {
        if self.limit(Detector::SynImbalance).threshold == 0 {
            return;
        }
        let window = self.window(Detector::SynImbalance);
        let enough = self.limit(Detector::SynImbalance).other;
        sketch::count_ack(self.shared, self.hash, (window, enough));
    }

    #[inline(always)]
    fn limit(&self, detector: Detector) -> &Limit {
        &self.config.limits[detector as usize]
    }

    /// Returns the window of the detector, as cells bear it.
    #[inline(always)]
    fn window(&self, detector: Detector) -> u32 {
        // SAFETY: the value is this CPU's own, and the index below the length of the array.
        unsafe { (*self.cpu).windows[detector as usize] }
    }
}

#[inline(always)]
const fn found(detector: Detector, heat: Heat) -> Result<(), Finding> {
    let is_told = match heat {
        Heat::Cold => return Ok(()),
        Heat::Hot => false,
        Heat::Told => true,
    };
    Err(Finding { detector, is_told })
}
