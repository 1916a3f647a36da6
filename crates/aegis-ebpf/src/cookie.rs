//! Proof of a source by SYN cookie: requests are answered here, and only who answers the answer
//! costs the host anything.
//!
//! While the mode is on for a destination, a connection request to a listener there is turned
//! round in place and sent back with a cookie that the kernel itself made. The acknowledgement
//! that bears the cookie proves its source and goes on to the stack, which makes the connection of
//! it. Nothing is ever dropped for a failed check: most acknowledgements belong to connections
//! that stand, and one that does not is answered by the stack as ever.
//!
//! This needs to send from where a packet arrives, which only XDP can: traffic control passes
//! [`Silent`]. Some of the kernel's functions for it came with 5.18, so the programs that hold
//! this code are loaded beside ones without.

mod answer;
mod budget;
mod ends;
mod listener;
mod segment;
mod table;

use aegis_abi::{
    AddressV6, Counter, Family, Frame, Ipv4, Ipv6, config_flag,
    cookie::{CookieConfig, cookie_flag},
    parse_destination_v4, parse_destination_v6,
    table::Hash,
};
use aya_ebpf::{bindings::xdp_md, programs::XdpContext};

use self::{
    answer::Sent,
    budget::Budget,
    ends::{Ends, EndsV4, EndsV6, PROTOCOL_TCP},
    segment::{Kind, Segment},
    table::{COOKIE, COOKIE_OWN, VERIFIED_V4, VERIFIED_V6},
};
use crate::{
    detect::{
        self,
        under_attack::{count_request, is_under_attack},
    },
    filter::{Moment, Verdict},
    frame::{Packet as _, XdpFrame},
};

/// Where a header lies, the header, and the hash of its source in the lists.
pub(crate) type Header<'a, T> = (usize, &'a T, Hash);

/// What a hook does about connection requests and acknowledgements before the detectors look.
pub(crate) trait Challenge {
    /// Whether it does anything at all.
    const ANSWERS: bool;

    /// Returns what becomes of an IPv4 packet.
    fn look_v4(&self, frame: &impl Frame, moment: &Moment, header: Header<'_, Ipv4>) -> Verdict;
    /// The same for IPv6.
    fn look_v6(&self, frame: &impl Frame, moment: &Moment, header: Header<'_, Ipv6>) -> Verdict;
}

/// A hook that answers nothing.
pub(crate) struct Silent;

impl Challenge for Silent {
    const ANSWERS: bool = false;

    #[inline(always)]
    fn look_v4(
        &self,
        frame: &impl Frame,
        moment: &Moment,
        (_, header, hash): Header<'_, Ipv4>,
    ) -> Verdict {
        detect::look_v4(frame, moment, (header, hash))
    }

    #[inline(always)]
    fn look_v6(
        &self,
        frame: &impl Frame,
        moment: &Moment,
        (_, header, hash): Header<'_, Ipv6>,
    ) -> Verdict {
        detect::look_v6(frame, moment, (header, hash))
    }
}

/// The hook that may change the packet and send it back.
pub(crate) struct Responder<'a>(pub(crate) &'a XdpContext);

impl Responder<'_> {
    /// Looks for the detectors, where there are any. Where the packet lies is asked again: it may
    /// have been elsewhere when it was looked at for an answer.
    #[inline(always)]
    fn frame(&self, moment: &Moment) -> Option<XdpFrame<'_>> {
        moment
            .has(config_flag::DETECT)
            .then(|| XdpFrame::new(self.0).anew())
    }
}

impl Challenge for Responder<'_> {
    const ANSWERS: bool = true;

    #[inline(always)]
    fn look_v4(
        &self,
        frame: &impl Frame,
        moment: &Moment,
        (at, header, hash): Header<'_, Ipv4>,
    ) -> Verdict {
        // Read before: the answer has it elsewhere.
        let destination = parse_destination_v4(frame, header);
        if let (PROTOCOL_TCP, Some(_), Ok(destination)) =
            (header.protocol, config(moment), destination)
        {
            let flags = u64::from(moment.flags);
            let end = aegis_challenge_v4(self.0.ctx, at as u64, moment.bytes, flags);
            if end != GOES_ON {
                let destination = AddressV6 {
                    net: u64::from(u32::from_ne_bytes(destination)),
                    host: 0,
                };
                // The detectors do not meet it any more, and the attack goes on with it.
                count_request(
                    moment,
                    Family::V4,
                    u64::from(u32::from_ne_bytes(header.source)),
                    destination,
                );
                return verdict(end);
            }
        }
        match self.frame(moment) {
            Some(frame) => detect::look_v4(&frame, moment, (header, hash)),
            None => Verdict::Clean,
        }
    }

    #[inline(always)]
    fn look_v6(
        &self,
        frame: &impl Frame,
        moment: &Moment,
        (at, header, hash): Header<'_, Ipv6>,
    ) -> Verdict {
        // Read before: the answer has it elsewhere.
        let destination = parse_destination_v6(frame, header);
        if let (PROTOCOL_TCP, Some(_), Ok(destination)) =
            (header.next_header, config(moment), destination)
        {
            let flags = u64::from(moment.flags);
            let end = aegis_challenge_v6(self.0.ctx, at as u64, moment.bytes, flags);
            if end != GOES_ON {
                // The detectors do not meet it any more, and the attack goes on with it.
                count_request(moment, Family::V6, header.source.net, destination);
                return verdict(end);
            }
        }
        match self.frame(moment) {
            Some(frame) => detect::look_v6(&frame, moment, (header, hash)),
            None => Verdict::Clean,
        }
    }
}

/// What the functions below return: the packet is not ours, or is what a verdict says.
const GOES_ON: u32 = 0;
const ANSWERED: u32 = 1;
const UNANSWERED: u32 = 2;
const CLEAN: u32 = 3;

#[inline(always)]
const fn verdict(end: u32) -> Verdict {
    match end {
        ANSWERED => Verdict::Answered,
        UNANSWERED => Verdict::Unanswered,
        _ => Verdict::Clean,
    }
}

#[inline(always)]
const fn number(verdict: Option<Verdict>) -> u32 {
    match verdict {
        None => GOES_ON,
        Some(Verdict::Answered) => ANSWERED,
        Some(Verdict::Unanswered) => UNANSWERED,
        Some(_) => CLEAN,
    }
}

/// IP headers begin before this: a frame's own header and five tags are shorter.
const OFFSET_MASK: u64 = 63;

/// Meets a TCP packet; global functions so that the verifier takes them once each, and not for
/// every way that leads through the parser.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_challenge_v4(ctx: *mut xdp_md, offset: u64, bytes: u64, flags: u64) -> u32 {
    let moment = Moment::here(flags as u32, bytes);
    number(meet_v4(
        &XdpContext::new(ctx),
        &moment,
        (offset & OFFSET_MASK) as usize,
    ))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_challenge_v6(ctx: *mut xdp_md, offset: u64, bytes: u64, flags: u64) -> u32 {
    let moment = Moment::here(flags as u32, bytes);
    number(meet_v6(
        &XdpContext::new(ctx),
        &moment,
        (offset & OFFSET_MASK) as usize,
    ))
}

#[inline(always)]
fn meet_v4(ctx: &XdpContext, moment: &Moment, offset: usize) -> Option<Verdict> {
    let config = config(moment)?;
    let (ends, segment) = EndsV4::read(ctx, offset)?;
    meet(ctx, (moment, config), &ends, &segment)
}

#[inline(always)]
fn meet_v6(ctx: &XdpContext, moment: &Moment, offset: usize) -> Option<Verdict> {
    let config = config(moment)?;
    let (ends, segment) = EndsV6::read(ctx, offset)?;
    meet(ctx, (moment, config), &ends, &segment)
}

/// Returns whether `source` completed a handshake by cookie within the time that this counts.
///
/// That proves that the address has an owner who talks to this host. It does not prove that a
/// later packet is the owner's: a flood of forged requests in a proven name looks the same.
#[inline(always)]
pub(crate) fn is_verified_v4(moment: &Moment, source: u32) -> bool {
    // SAFETY: an LRU table may give the slot to another source meanwhile, which is proven as well.
    let until = unsafe { VERIFIED_V4.get(source) };
    until.is_some_and(|it| moment.now < *it)
}

/// Returns the same for IPv6, by the whole address.
#[inline(always)]
pub(crate) fn is_verified_v6(moment: &Moment, source: AddressV6) -> bool {
    // SAFETY: as above.
    let until = unsafe { VERIFIED_V6.get([source.net, source.host]) };
    until.is_some_and(|it| moment.now < *it)
}

/// Returns the configuration, where the mode is not off; observing changes nothing on the wire.
#[inline(always)]
fn config(moment: &Moment) -> Option<&'static CookieConfig> {
    let config = COOKIE.get(0)?;
    let is_on = config.flags != 0 && !moment.is_observing();
    is_on.then_some(config)
}

/// Returns whether requests to the destination are answered at this moment.
#[inline(always)]
fn is_on(config: &CookieConfig, moment: &Moment, ends: &impl Ends) -> bool {
    config.flags & cookie_flag::ALWAYS != 0
        || config.flags & cookie_flag::AUTO != 0 && is_under_attack(moment, ends.destination_hash())
}

#[inline(always)]
fn meet(
    ctx: &XdpContext,
    (moment, config): (&Moment, &CookieConfig),
    ends: &impl Ends,
    segment: &Segment,
) -> Option<Verdict> {
    let kind = segment.kind()?;
    // Acknowledgements come a while after the last answer.
    let since = match kind {
        Kind::Request => 0,
        Kind::Acknowledgement => config.linger,
    };
    let then = Moment {
        now: moment.now.saturating_sub(since),
        ..*moment
    };
    if !is_on(config, &then, ends) {
        return None;
    }
    // SAFETY: the value is not looked at.
    unsafe { COOKIE_OWN.get(ends.own()) }?;
    if ends.is_verified(moment) || ends.is_exempt() {
        return None;
    }
    match kind {
        Kind::Request => challenge(ctx, (moment, config), ends, segment),
        Kind::Acknowledgement => {
            examine(ctx, (moment, config), ends, segment);
            None
        }
    }
}

/// Answers a request of a source that is not proven.
#[inline(always)]
fn challenge(
    ctx: &XdpContext,
    (moment, config): (&Moment, &CookieConfig),
    ends: &impl Ends,
    segment: &Segment,
) -> Option<Verdict> {
    if !Budget::here()?.may_answer(config, moment.now) {
        return Some(Verdict::Unanswered);
    }
    // What nobody listens for is refused by the stack, and a request on a standing connection
    // is between its two ends: both go on.
    match ends.answer(ctx, segment, moment.bytes) {
        Sent::Turned => Some(Verdict::Answered),
        Sent::Untouched => None,
        // The stack answers it. The detectors cannot look at it any more, which matters only to
        // drivers that leave no room behind a packet, and to requests without any option.
        Sent::Unread => Some(Verdict::Clean),
        Sent::Broken => Some(Verdict::Unanswered),
    }
}

/// Looks whether an acknowledgement proves its source.
#[inline(always)]
fn examine(
    ctx: &XdpContext,
    (moment, config): (&Moment, &CookieConfig),
    ends: &impl Ends,
    segment: &Segment,
) {
    let Some(budget) = Budget::here() else { return };
    if !budget.may_check(config, moment.now) {
        return;
    }
    if !ends.bears_cookie(ctx, segment) {
        moment.counters.count(Counter::CookiesOther);
        return;
    }
    moment.counters.count(Counter::CookiesValid);
    let until = moment.now + config.verified_for;
    ends.verify(until);
    if budget.may_report(config, moment.now) {
        ends.report(moment, until);
    }
}
