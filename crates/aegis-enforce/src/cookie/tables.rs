//! The responder's maps from user space: what it is to do, for whom, and who is proven.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv6Addr},
};

use aegis_abi::cookie::{
    COOKIE, COOKIE_BUDGET, COOKIE_OWN, COOKIE_OWN_MAX, CookieBudget, CookieConfig, VERIFIED_EVENTS,
    VERIFIED_EVENTS_BYTES, VERIFIED_MAX, VERIFIED_V4, VERIFIED_V6, cookie_flag,
};

use super::{CookieMode, SynCookies};
use crate::sys::KernelMap;

/// Acknowledgements that one CPU checks in a second: a forged one bears a valid cookie once in
/// half a billion, so guessing takes hours, and nobody handshakes as often.
const CHECKS_PER_SECOND: u64 = 50_000;

/// Proven sources that one CPU tells in a second: the rest are proven all the same.
const REPORTS_PER_SECOND: u32 = 32;

/// How long after an attack acknowledgements are checked: as long as a client repeats one.
const LINGER_SECONDS: u64 = 30;

const MAP_HASH: u32 = 1;
const MAP_ARRAY: u32 = 2;
const MAP_PERCPU_ARRAY: u32 = 6;
const MAP_LRU_HASH: u32 = 9;
const MAP_RINGBUF: u32 = 27;

/// The maps, which stay through restarts and generations.
#[derive(Debug)]
pub(crate) struct CookieTables {
    config: KernelMap,
    own: KernelMap,
    verified_v4: KernelMap,
    verified_v6: KernelMap,
    addresses: BTreeSet<IpAddr>,
}

impl CookieTables {
    /// Opens the maps that `open` finds by their names.
    pub(crate) fn open(
        open: impl Fn(&str) -> io::Result<std::os::fd::OwnedFd>,
    ) -> io::Result<Self> {
        let map = |name| open(name).and_then(KernelMap::new);
        let own = map(COOKIE_OWN)?;
        let addresses = own.entries::<[u8; 16], u32>()?;
        let addresses = addresses.into_iter().map(|(it, _)| Ipv6Addr::from(it));
        Ok(Self {
            config: map(COOKIE)?,
            addresses: addresses.map(|it| it.to_canonical()).collect(),
            own,
            verified_v4: map(VERIFIED_V4)?,
            verified_v6: map(VERIFIED_V6)?,
        })
    }

    /// Tells the program what to do, in ticks of which `hz` make a second.
    pub(crate) fn set(&self, cookies: SynCookies, hz: u64) -> io::Result<()> {
        let per_tick = |per_second: u64| u32::try_from(per_second.div_ceil(hz)).unwrap_or(u32::MAX);
        let config = CookieConfig {
            flags: match cookies.mode {
                CookieMode::Off => 0,
                CookieMode::Auto => cookie_flag::AUTO,
                CookieMode::Always => cookie_flag::ALWAYS,
            },
            answers_max: per_tick(cookies.answers_per_second.into()),
            checks_max: per_tick(CHECKS_PER_SECOND),
            reports_max: REPORTS_PER_SECOND,
            verified_for: cookies.verified_for.as_secs().saturating_mul(hz),
            linger: LINGER_SECONDS * hz,
            second: hz,
        };
        self.config.set(&0_u32, &config)
    }

    /// Makes `addresses` those that requests are answered for; more than fit are left out.
    pub(crate) fn set_own(&mut self, addresses: &[IpAddr]) -> io::Result<()> {
        let wanted = addresses.iter().map(IpAddr::to_canonical);
        let wanted: BTreeSet<IpAddr> = wanted.take(COOKIE_OWN_MAX as usize).collect();
        for gone in self.addresses.difference(&wanted) {
            self.own.remove(&own_key(*gone))?;
        }
        for come in wanted.difference(&self.addresses) {
            self.own.set(&own_key(*come), &1_u32)?;
        }
        self.addresses = wanted;
        Ok(())
    }

    /// Returns whether `address` is proven at jiffy `now`.
    pub(crate) fn is_verified(&self, address: IpAddr, now: u64) -> io::Result<bool> {
        let until = match address.to_canonical() {
            IpAddr::V4(it) => self.verified_v4.get::<_, u64>(&it.octets())?,
            IpAddr::V6(it) => self.verified_v6.get::<_, u64>(&it.octets())?,
        };
        Ok(until.is_some_and(|it| now < it))
    }
}

/// Returns the key of an address: IPv4 in the clothes of IPv6.
fn own_key(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(it) => it.to_ipv6_mapped().octets(),
        IpAddr::V6(it) => it.octets(),
    }
}

/// Returns type, key size, value size and capacity that each map is to have.
pub(crate) fn shapes() -> [(&'static str, [u32; 4]); 6] {
    let bytes = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    let config = bytes(size_of::<CookieConfig>());
    let budget = bytes(size_of::<CookieBudget>());
    [
        (COOKIE, [MAP_ARRAY, 4, config, 1]),
        (COOKIE_BUDGET, [MAP_PERCPU_ARRAY, 4, budget, 1]),
        (COOKIE_OWN, [MAP_HASH, 16, 4, COOKIE_OWN_MAX]),
        (VERIFIED_V4, [MAP_LRU_HASH, 4, 8, VERIFIED_MAX]),
        (VERIFIED_V6, [MAP_LRU_HASH, 16, 8, VERIFIED_MAX]),
        (VERIFIED_EVENTS, [MAP_RINGBUF, 0, 0, VERIFIED_EVENTS_BYTES]),
    ]
}
