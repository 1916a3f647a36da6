//! Who comes through over TCP, and how often: rates, places, and so many requests at once.
//!
//! A key that opens is never held up by what others do from the same address: strangers have a rate
//! of their own, and whoever shows a key has the key's.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aegis_core::{KeyName, Timestamp, TokenBucket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests that one key may make, as a burst and then in a second.
pub const KEYED_RATE: (u32, u32) = (400, 200);

/// Requests without a key that opens, from one address or /64, as a burst and then in a second: far
/// more than a person or a health check needs, and nothing for whoever guesses 256 random bits.
pub const STRANGER_RATE: (u32, u32) = (100, 20);

/// Requests that are being answered at once over TCP; whoever comes next is asked to come again.
pub const REQUESTS_MAX: usize = 64;

/// Connections from one address or /64 at once, so that one cannot take every place.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 64;

/// Addresses whose rate is known at once; the rest share one rate.
const STRANGERS_MAX: usize = 4096;

/// What is counted of callers.
#[derive(Debug)]
pub(super) struct Gate {
    counts: Mutex<Counts>, // never held over an await
    requests: Arc<Semaphore>,
}

#[derive(Debug)]
struct Counts {
    keys: BTreeMap<KeyName, TokenBucket>,
    strangers: BTreeMap<IpAddr, TokenBucket>,
    others: TokenBucket, // of strangers for whom there is no room
    connections: BTreeMap<IpAddr, usize>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            counts: Mutex::new(Counts {
                keys: BTreeMap::new(),
                strangers: BTreeMap::new(),
                others: bucket(STRANGER_RATE),
                connections: BTreeMap::new(),
            }),
            requests: Arc::new(Semaphore::new(REQUESTS_MAX)),
        }
    }

    /// Takes a request's turn from the key's; returns whether there was one.
    pub(super) fn admit_key(&self, now: Timestamp, name: KeyName) -> bool {
        let mut counts = self.counts();
        counts
            .keys
            .retain(|it, bucket| *it == name || !bucket.is_full(now));
        let of_key = counts.keys.entry(name);
        of_key.or_insert_with(|| bucket(KEYED_RATE)).take(now)
    }

    /// Takes a request's turn from those of an address that shows no key; returns whether there was
    /// one.
    pub(super) fn admit_stranger(&self, now: Timestamp, address: IpAddr) -> bool {
        let address = of_one(address);
        let mut counts = self.counts();
        if let Some(known) = counts.strangers.get_mut(&address) {
            return known.take(now);
        }
        if counts.strangers.len() >= STRANGERS_MAX {
            counts.strangers.retain(|_, bucket| !bucket.is_full(now));
        }
        if counts.strangers.len() >= STRANGERS_MAX {
            return counts.others.take(now);
        }
        let mut fresh = bucket(STRANGER_RATE);
        let is_admitted = fresh.take(now);
        counts.strangers.insert(address, fresh);
        is_admitted
    }

    /// Takes one of the places for requests under way, if one is free.
    pub(super) fn begin(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.requests).try_acquire_owned().ok()
    }

    /// Takes one of the places for connections of an address, if one is free.
    pub(super) fn connect(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = of_one(address);
        let mut counts = self.counts();
        let taken = counts.connections.entry(address).or_default();
        if *taken >= CONNECTIONS_PER_ADDRESS_MAX {
            return None;
        }
        *taken += 1;
        drop(counts);
        Some(Place {
            gate: Arc::clone(self),
            address,
        })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counts stay counts whatever became of whoever held them.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place of a connection; dropping it frees it.
#[derive(Debug)]
pub(super) struct Place {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        if let Some(taken) = counts.connections.get_mut(&self.address) {
            *taken -= 1;
            if *taken == 0 {
                counts.connections.remove(&self.address);
            }
        }
    }
}

fn bucket((burst, rate): (u32, u32)) -> TokenBucket {
    TokenBucket::new(burst, rate)
}

/// Returns what stands for all addresses that one caller has: of IPv6, the /64.
fn of_one(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() & !u128::from(u64::MAX)).into(),
        it @ IpAddr::V4(_) => it,
    }
}

#[cfg(test)]
mod tests;
