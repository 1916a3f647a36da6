//! Who completed a handshake by cookie, as the kernel tells it.

#![expect(
    unsafe_code,
    reason = "reads events as plain bytes, and waits on their descriptor"
)]

use std::{
    io,
    net::{IpAddr, Ipv6Addr},
    os::fd::OwnedFd,
};

use aegis_abi::{Event, Family, cookie::EVENT_VERIFIED};
use aya::maps::{Map, MapData, RingBuf};
use tokio::io::{Interest, unix::AsyncFd};

use crate::EnforceError;

/// Addresses taken in one go.
const BATCH_MAX: usize = 256;

/// Sources that proved themselves. The kernel tells each once for as long as it counts as proven,
/// and at most some a second.
#[derive(Debug)]
pub struct VerifiedStream(Option<Box<Ring>>);

struct Ring(AsyncFd<RingBuf<MapData>>);

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}

impl VerifiedStream {
    /// Returns a stream over the ring behind `fd`; must be called within a tokio runtime.
    pub(crate) fn kernel(fd: OwnedFd) -> Result<Self, EnforceError> {
        let data = MapData::from_fd(fd).map_err(io::Error::other);
        let map = data.and_then(|it| Map::from_map_data(it).map_err(io::Error::other));
        let ring = map.and_then(|it| RingBuf::try_from(it).map_err(io::Error::other));
        let ring = ring.and_then(|it| {
            // SAFETY: the ring owns its descriptor, keeps it open and never changes it.
            unsafe { AsyncFd::register_with_interest(it, Interest::READABLE) }
                .map_err(io::Error::from)
        });
        ring.map(|it| Self(Some(Box::new(Ring(it)))))
            .map_err(EnforceError::kernel("open the ring of proven sources"))
    }

    /// Returns a stream that never has anything.
    pub(crate) fn silent() -> Self {
        Self(None)
    }

    /// Waits for the next proven sources, one or more. Cancelling the wait loses none.
    pub async fn next(&mut self) -> io::Result<Vec<IpAddr>> {
        let Some(ring) = &mut self.0 else {
            return std::future::pending().await;
        };
        let Ring(ring) = &mut **ring;
        loop {
            let found = take(ring.get_mut());
            if !found.is_empty() {
                return Ok(found);
            }
            let mut ready = ring.readable_mut().await?;
            // Looked at again after the flag is cleared, or an event in between would wait.
            ready.clear_ready();
            let found = take(ready.get_inner_mut());
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }

    /// Returns what there is already.
    pub fn try_next(&mut self) -> Vec<IpAddr> {
        match &mut self.0 {
            Some(ring) => take(ring.0.get_mut()),
            None => Vec::new(),
        }
    }
}

fn take(ring: &mut RingBuf<MapData>) -> Vec<IpAddr> {
    let mut found = Vec::new();
    while found.len() < BATCH_MAX {
        let Some(item) = ring.next() else { break };
        found.extend(parse(&item));
    }
    found
}

/// Reads one event; `None` for what this build does not know.
fn parse(bytes: &[u8]) -> Option<IpAddr> {
    if bytes.len() != size_of::<Event>() {
        return None;
    }
    // SAFETY: as many bytes as an `Event` has, and any bytes are one.
    let event = unsafe { bytes.as_ptr().cast::<Event>().read_unaligned() };
    if event.kind != EVENT_VERIFIED {
        return None;
    }
    let [a, b, c, d, ..] = event.address;
    if event.family == Family::V4 as u32 {
        Some(IpAddr::from([a, b, c, d]))
    } else if event.family == Family::V6 as u32 {
        Some(IpAddr::V6(Ipv6Addr::from(event.address)))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
