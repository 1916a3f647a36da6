//! What the kernel's detectors tell, as it happens.

#![expect(
    unsafe_code,
    reason = "reads events as plain bytes, and waits on their descriptor"
)]

use std::{io, time::Duration};

use aegis_abi::{
    EVENT_ICMP_FLOOD, EVENT_OWN_TABLE_FULL, EVENT_PORT_SCAN, EVENT_SYN_FLOOD,
    EVENT_SYN_FLOOD_DESTINATION, EVENT_SYN_IMBALANCE, EVENT_UDP_FLOOD, Event, Family,
};
use aegis_core::{Detection, Evidence, Indicator, ThreatType, Timestamp};
use aya::maps::{MapData, RingBuf};
use tokio::io::{Interest, unix::AsyncFd};

use crate::{EnforceError, kernel::TickClock};

/// A shorter burst is not taken for a rate: 100 packets within one tick are not 25,000 a second.
const RATE_WINDOW_MIN: Duration = Duration::from_millis(10);

/// What was seen longer ago than this, while nobody listened, is no news any more: as old as an
/// alert may be.
const AGE_MAX: Duration = Duration::from_secs(300);

/// What a detector of the kernel found.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Finding {
    /// Too many TCP connection requests of one source.
    SynFlood,
    /// TCP connection requests of one source that completes next to none.
    SynImbalance,
    /// Too many UDP packets of one source.
    UdpFlood,
    /// Too many ICMP packets of one source.
    IcmpFlood,
    /// Too many different ports of one source.
    PortScan,
    /// Too many TCP connection requests from many sources towards one destination, which is what
    /// the event is about: this host or one behind it, never to be blocked. Told again in each
    /// window while it lasts.
    SynFloodDestination,
    /// Blocks of the kernel's own were refused, for want of room or for being too many at once. The
    /// event is about the one refused last, its count says how many since this was last told.
    OwnTableFull,
}

impl Finding {
    const fn from_kind(kind: u32) -> Option<Self> {
        Some(match kind {
            EVENT_SYN_FLOOD => Self::SynFlood,
            EVENT_SYN_IMBALANCE => Self::SynImbalance,
            EVENT_UDP_FLOOD => Self::UdpFlood,
            EVENT_ICMP_FLOOD => Self::IcmpFlood,
            EVENT_PORT_SCAN => Self::PortScan,
            EVENT_SYN_FLOOD_DESTINATION => Self::SynFloodDestination,
            EVENT_OWN_TABLE_FULL => Self::OwnTableFull,
            _ => return None, // of a newer build
        })
    }

    /// Returns what kind of attack it is, `None` where it says nothing of a source.
    fn threat_type(self) -> Option<ThreatType> {
        match self {
            Self::SynFlood | Self::SynImbalance => Some(ThreatType::syn_flood()),
            Self::UdpFlood => Some(ThreatType::udp_flood()),
            Self::IcmpFlood => Some(ThreatType::icmp_flood()),
            Self::PortScan => Some(ThreatType::port_scan()),
            Self::SynFloodDestination | Self::OwnTableFull => None,
        }
    }
}

/// Something crossed a threshold in the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KernelEvent {
    /// What was found.
    pub finding: Finding,
    /// The source: an IPv4 address or an IPv6 /64. [`Finding`] says where it is something else.
    pub indicator: Indicator,
    /// What was counted, from the start of the window to the crossing.
    pub count: u32,
    /// The same a second.
    pub rate: u32,
    /// How much longer the kernel blocks the source by itself; `None` where that was refused or is
    /// over. For a destination how much longer it counts as under attack.
    pub blocked_for: Option<Duration>,
    /// How often the kernel caught this source while its entry lived, this time included.
    pub violations: u32,
    /// Whether nothing is dropped, because the program observes only.
    pub is_observed: bool,
}

impl KernelEvent {
    /// Returns the detection that the Engine takes, `None` where no source is accused. Packets
    /// prove nothing about their source, which may be forged: the evidence is spoofable.
    pub fn to_detection(&self, now: Timestamp) -> Option<Detection> {
        Some(Detection {
            indicator: self.indicator,
            threat_type: self.finding.threat_type()?,
            rate: self.rate,
            evidence: Evidence::Spoofable,
            blocked_until: self.blocked_for.map(|it| now + it),
        })
    }

    /// Reads what the ring buffer holds at jiffy `now`; `None` for what this build does not know
    /// and for what is too old.
    fn parse(bytes: &[u8], hz: u64, now: Option<u64>) -> Option<Self> {
        if bytes.len() != size_of::<Event>() {
            return None;
        }
        // SAFETY: as many bytes as an `Event` has, and any bytes are one.
        let event = unsafe { bytes.as_ptr().cast::<Event>().read_unaligned() };
        let finding = Finding::from_kind(event.kind)?;
        let prefix_len = u8::try_from(event.prefix_len).ok()?;
        let [a, b, c, d, ..] = event.address;
        let indicator = if event.family == Family::V4 as u32 {
            Indicator::prefix([a, b, c, d].into(), prefix_len)?
        } else {
            Indicator::prefix(event.address.into(), prefix_len)?
        };
        // Without a clock it is taken to have happened just now.
        let now = now.unwrap_or(event.at);
        let ticks = |it: u64| Duration::from_millis(it.saturating_mul(1000).div_ceil(hz));
        if ticks(now.saturating_sub(event.at)) > AGE_MAX {
            return None;
        }
        let elapsed = ticks(event.elapsed).max(RATE_WINDOW_MIN).as_millis() as u64;
        let rate = (u64::from(event.count) * 1000).div_ceil(elapsed);
        Some(Self {
            finding,
            indicator,
            count: event.count,
            rate: u32::try_from(rate).unwrap_or(u32::MAX),
            blocked_for: (event.deadline > now).then(|| ticks(event.deadline - now)),
            violations: event.violations,
            is_observed: event.is_observed != 0,
        })
    }
}

/// The kernel's events in order. Dropping it loses none: they wait in the ring for the next one.
#[derive(Debug)]
pub struct EventStream(Option<KernelRing>);

struct KernelRing {
    ring: AsyncFd<RingBuf<MapData>>,
    clock: TickClock,
}

impl std::fmt::Debug for KernelRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KernelRing")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl EventStream {
    /// Returns a stream over `ring`; must be called within a tokio runtime.
    pub(crate) fn kernel(ring: RingBuf<MapData>, clock: TickClock) -> Result<Self, EnforceError> {
        // SAFETY: the ring owns its descriptor, keeps it open and never changes it.
        let ring = unsafe { AsyncFd::register_with_interest(ring, Interest::READABLE) }
            .map_err(io::Error::from)
            .map_err(EnforceError::kernel("wait for kernel events"))?;
        Ok(Self(Some(KernelRing { ring, clock })))
    }

    /// Returns a stream that never has anything, for where there is no kernel program.
    pub(crate) fn silent() -> Self {
        Self(None)
    }

    /// Waits for the next event. Cancelling the wait loses nothing.
    pub async fn next(&mut self) -> io::Result<KernelEvent> {
        let Some(KernelRing { ring, clock }) = &mut self.0 else {
            return std::future::pending().await;
        };
        loop {
            if let Some(event) = take(ring.get_mut(), clock) {
                return Ok(event);
            }
            let mut ready = ring.readable_mut().await?;
            // Looked at again after the flag is cleared, or an event in between would wait.
            ready.clear_ready();
            if let Some(event) = take(ready.get_inner_mut(), clock) {
                return Ok(event);
            }
        }
    }

    /// Returns the next event where there is one already.
    pub fn try_next(&mut self) -> Option<KernelEvent> {
        let KernelRing { ring, clock } = self.0.as_mut()?;
        take(ring.get_mut(), clock)
    }
}

fn take(ring: &mut RingBuf<MapData>, clock: &TickClock) -> Option<KernelEvent> {
    while let Some(item) = ring.next() {
        let event = KernelEvent::parse(&item, clock.hz(), clock.jiffies().ok());
        drop(item);
        if event.is_some() {
            return event;
        }
    }
    None
}

#[cfg(test)]
mod tests;
