//! Both ends of a segment, by family: what to look up, and what to send back.

use core::mem::MaybeUninit;

use aegis_abi::{
    AddressV6, Counter, Event, Family, Frame as _, cookie::EVENT_VERIFIED, parse_ipv4, parse_ipv6,
};
use aya_ebpf::programs::XdpContext;

use super::{
    answer::{Request, Sent, TCP_BYTES, Words, checksum, tcp_words, turn},
    is_verified_v4, is_verified_v6,
    listener::Listener,
    segment::Segment,
    table::{VERIFIED_EVENTS, VERIFIED_V4, VERIFIED_V6},
};
use crate::{
    detect::under_attack::{destination_hash_v4, destination_hash_v6},
    filter::Moment,
    frame::XdpFrame,
    lists,
};

pub(super) const PROTOCOL_TCP: u8 = 6;
const HOPS: u8 = 64;

/// Segments of a frame of 1500 bytes; a cookie holds this or one of three smaller sizes.
const MSS_MAX_V4: u16 = 1460;
const MSS_MAX_V6: u16 = 1440;

/// Both headers of the answer, and two bytes of nothing: the shortest Ethernet frame is 60 bytes.
const ANSWER_V4_BYTES: u32 = 20 + TCP_BYTES as u32 + 2;
const ANSWER_V6_BYTES: u32 = 40 + TCP_BYTES as u32;

/// Who sends a segment to whom.
pub(super) trait Ends {
    /// Returns the destination as [`super::COOKIE_OWN`] has it.
    fn own(&self) -> [u64; 2];
    /// Returns the hash of the destination, as the detectors know it.
    fn destination_hash(&self) -> u64;
    /// Returns whether the source is allowlisted or protected.
    fn is_exempt(&self) -> bool;
    /// Returns whether the source is proven.
    fn is_verified(&self, moment: &Moment) -> bool;
    /// Returns whether the segment goes to a listener and acknowledges a cookie of this host.
    fn bears_cookie(&self, ctx: &XdpContext, segment: &Segment) -> bool;
    /// Turns the request in a frame of `frame_bytes` bytes into the answer.
    fn answer(&self, ctx: &XdpContext, segment: &Segment, frame_bytes: u64) -> Sent;
    /// Notes that the source is proven until jiffy `until`.
    fn verify(&self, until: u64);
    /// Tells user space so.
    fn report(&self, moment: &Moment, until: u64);
}

/// An IPv4 pair, with the bytes of the wire.
pub(super) struct EndsV4 {
    offset: usize,
    source: u32,
    destination: u32,
}

impl EndsV4 {
    /// Reads a whole TCP segment; `None` for fragments, for other protocols, and for a source that
    /// no answer may go to.
    #[inline(always)]
    pub(super) fn read(ctx: &XdpContext, offset: usize) -> Option<(Self, Segment)> {
        let frame = XdpFrame::at(ctx, offset);
        let header = parse_ipv4(&frame, 0).ok()?;
        let [flags, low]: [u8; 2] = frame.load(6)?;
        let is_whole = flags & 0x3f == 0 && low == 0;
        if header.protocol != PROTOCOL_TCP || !is_whole {
            return None;
        }
        if matches!(header.source[0], 0 | 127 | 224..) {
            return None;
        }
        let ends = Self {
            offset,
            source: u32::from_ne_bytes(header.source),
            destination: u32::from_ne_bytes(frame.load(16)?),
        };
        let segment = Segment::read(ctx, offset + header.next_offset)?;
        Some((ends, segment))
    }

    /// Returns an IP header with nothing but what a cookie depends on.
    #[inline(always)]
    const fn header(&self) -> [u32; 5] {
        [0x45, 0, 0, self.source, self.destination]
    }

    #[inline(always)]
    const fn tuple(&self, segment: &Segment) -> [u32; 3] {
        [self.source, self.destination, segment.ports]
    }
}

impl Ends for EndsV4 {
    #[inline(always)]
    fn own(&self) -> [u64; 2] {
        [0, 0xffff_0000 | u64::from(self.destination) << 32]
    }

    #[inline(always)]
    fn destination_hash(&self) -> u64 {
        destination_hash_v4(self.destination)
    }

    #[inline(always)]
    fn is_exempt(&self) -> bool {
        lists::exempt_v4(u32::from_be(self.source)).is_some()
    }

    #[inline(always)]
    fn is_verified(&self, moment: &Moment) -> bool {
        is_verified_v4(moment, self.source)
    }

    #[inline(always)]
    fn bears_cookie(&self, ctx: &XdpContext, segment: &Segment) -> bool {
        let Some(listener) = Listener::find(ctx, self.tuple(segment)) else {
            return false;
        };
        let is_valid = listener.check(self.header(), segment);
        listener.release();
        is_valid
    }

    #[inline(always)]
    fn answer(&self, ctx: &XdpContext, segment: &Segment, frame_bytes: u64) -> Sent {
        let mut request = Request::EMPTY;
        let Some(bytes) = request.fill(ctx, segment) else {
            return Sent::Untouched;
        };
        let Some(listener) = Listener::find(ctx, self.tuple(segment)) else {
            return Sent::Untouched;
        };
        let cookie = listener.cookie(self.header(), &mut request, bytes);
        listener.release();
        let Some(cookie) = cookie else {
            return Sent::Untouched;
        };
        let cookie = cookie.limit(MSS_MAX_V4);
        let (from, to) = (self.destination, self.source);
        let length = u32::from_ne_bytes([0x45, 0, 0, 20 + TCP_BYTES]);
        let whole = u32::from_ne_bytes([0, 0, 0x40, 0]); // no fragments
        let hops = [HOPS, PROTOCOL_TCP, 0, 0];
        let ends = u64::from(from) + u64::from(to);
        let parts = u64::from(length) + u64::from(whole) + u64::from(u32::from_ne_bytes(hops));
        let [c1, c2] = checksum(parts + ends).to_ne_bytes();
        let hops = u32::from_ne_bytes([HOPS, PROTOCOL_TCP, c1, c2]);
        let pseudo = ends + u64::from(u32::from_ne_bytes([0, PROTOCOL_TCP, 0, TCP_BYTES]));
        let [a, b, c, d, e, f] = tcp_words(segment, cookie, pseudo);
        let mut place = MaybeUninit::uninit();
        let words = [length, whole, hops, from, to, a, b, c, d, e, f, 0];
        let headers = Words::write(&mut place, words);
        turn(ctx, (self.offset, ANSWER_V4_BYTES), frame_bytes, headers)
    }

    #[inline(always)]
    fn verify(&self, until: u64) {
        // The table is never full: the least recent makes room.
        let _ = VERIFIED_V4.insert(self.source, until, 0);
    }

    #[inline(always)]
    fn report(&self, moment: &Moment, until: u64) {
        let [a, b, c, d] = self.source.to_ne_bytes();
        let address = [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        report(moment, (Family::V4, 32), address, until);
    }
}

/// An IPv6 pair.
pub(super) struct EndsV6 {
    offset: usize,
    source: AddressV6,
    destination: AddressV6,
}

impl EndsV6 {
    /// Reads a TCP segment right behind its IPv6 header; one behind extension headers or in
    /// fragments is left to the stack.
    #[inline(always)]
    pub(super) fn read(ctx: &XdpContext, offset: usize) -> Option<(Self, Segment)> {
        let frame = XdpFrame::at(ctx, offset);
        let header = parse_ipv6(&frame, 0).ok()?;
        let source = header.source;
        let is_group = source.net & 0xff == 0xff; // its first byte on the wire
        if header.next_header != PROTOCOL_TCP || source.net == 0 || is_group {
            return None;
        }
        let half = |at: usize| frame.load(at).map(u64::from_ne_bytes);
        let ends = Self {
            offset,
            source,
            destination: AddressV6 {
                net: half(24)?,
                host: half(32)?,
            },
        };
        let segment = Segment::read(ctx, offset + header.next_offset)?;
        Some((ends, segment))
    }

    #[inline(always)]
    const fn header(&self) -> [u32; 10] {
        let ([a, b, c, d], [e, f, g, h]) = (words_of(self.source), words_of(self.destination));
        [0x60, 0, a, b, c, d, e, f, g, h]
    }

    #[inline(always)]
    const fn tuple(&self, segment: &Segment) -> [u32; 9] {
        let ([a, b, c, d], [e, f, g, h]) = (words_of(self.source), words_of(self.destination));
        [a, b, c, d, e, f, g, h, segment.ports]
    }
}

impl Ends for EndsV6 {
    #[inline(always)]
    fn own(&self) -> [u64; 2] {
        [self.destination.net, self.destination.host]
    }

    #[inline(always)]
    fn destination_hash(&self) -> u64 {
        destination_hash_v6(self.destination)
    }

    #[inline(always)]
    fn is_exempt(&self) -> bool {
        lists::exempt_v6(self.source).is_some()
    }

    #[inline(always)]
    fn is_verified(&self, moment: &Moment) -> bool {
        is_verified_v6(moment, self.source)
    }

    #[inline(always)]
    fn bears_cookie(&self, ctx: &XdpContext, segment: &Segment) -> bool {
        let Some(listener) = Listener::find(ctx, self.tuple(segment)) else {
            return false;
        };
        let is_valid = listener.check(self.header(), segment);
        listener.release();
        is_valid
    }

    #[inline(always)]
    fn answer(&self, ctx: &XdpContext, segment: &Segment, frame_bytes: u64) -> Sent {
        let mut request = Request::EMPTY;
        let Some(bytes) = request.fill(ctx, segment) else {
            return Sent::Untouched;
        };
        let Some(listener) = Listener::find(ctx, self.tuple(segment)) else {
            return Sent::Untouched;
        };
        let cookie = listener.cookie(self.header(), &mut request, bytes);
        listener.release();
        let Some(cookie) = cookie else {
            return Sent::Untouched;
        };
        let cookie = cookie.limit(MSS_MAX_V6);
        let version = u32::from_ne_bytes([0x60, 0, 0, 0]);
        let length = u32::from_ne_bytes([0, TCP_BYTES, PROTOCOL_TCP, HOPS]);
        let pseudo = u64::from(u32::from_ne_bytes([0, PROTOCOL_TCP, 0, TCP_BYTES]));
        let ([a, b, c, d], [e, f, g, h]) = (words_of(self.destination), words_of(self.source));
        let ends = [a, b, c, d, e, f, g, h];
        let pseudo = ends.iter().fold(pseudo, |sum, it| sum + u64::from(*it));
        let [i, j, k, l, m, n] = tcp_words(segment, cookie, pseudo);
        let mut place = MaybeUninit::uninit();
        let words = [version, length, a, b, c, d, e, f, g, h, i, j, k, l, m, n];
        let headers = Words::write(&mut place, words);
        turn(ctx, (self.offset, ANSWER_V6_BYTES), frame_bytes, headers)
    }

    #[inline(always)]
    fn verify(&self, until: u64) {
        // As for IPv4.
        let _ = VERIFIED_V6.insert([self.source.net, self.source.host], until, 0);
    }

    #[inline(always)]
    fn report(&self, moment: &Moment, until: u64) {
        report(moment, (Family::V6, 128), self.source.octets(), until);
    }
}

/// Returns the four words of an address, with the bytes of the wire.
#[inline(always)]
const fn words_of(address: AddressV6) -> [u32; 4] {
    // The target is little-endian: what lies first is the low half.
    [
        address.net as u32,
        (address.net >> 32) as u32,
        address.host as u32,
        (address.host >> 32) as u32,
    ]
}

#[inline(always)]
fn report(moment: &Moment, (family, prefix_len): (Family, u32), address: [u8; 16], until: u64) {
    let Some(mut slot) = VERIFIED_EVENTS.reserve::<Event>(0) else {
        moment.counters.count(Counter::EventsLost);
        return;
    };
    slot.write(Event {
        kind: EVENT_VERIFIED,
        family: family as u32,
        address,
        prefix_len,
        count: 1,
        at: moment.now,
        deadline: until,
        ..Event::default()
    });
    slot.submit(0);
}
