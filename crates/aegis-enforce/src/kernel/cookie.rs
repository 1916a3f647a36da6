//! SYN cookies: the responder's maps, and why there may be none.

use std::{io, net::IpAddr};

use aegis_abi::cookie::{PINNED, VERIFIED_EVENTS};

use super::{KernelEnforcer, pins::Pins, program::Programs};
use crate::{
    CookieMode, EnforceConfig, EnforceError, SynCookies, VerifiedStream,
    cookie::{CookieTables, shapes},
    sys::{KernelMap, open_pin},
};

/// Removes the pins of the responder's maps where it is off, or where another build left maps of
/// another shape. A program that still uses them keeps them until another takes its place.
pub(super) fn forget_cookies(pins: &Pins, config: &EnforceConfig) -> Result<(), EnforceError> {
    let fits = |(name, shape): &(&str, [u32; 4])| {
        let map = open_pin(&pins.path(name)).and_then(KernelMap::new);
        map.is_ok_and(|it| it.shape() == *shape)
    };
    if config.syn_cookies.mode != CookieMode::Off && shapes().iter().all(fits) {
        return Ok(());
    }
    PINNED.iter().try_for_each(|it| pins.remove(it))
}

impl KernelEnforcer {
    /// Opens the maps of the responder where a program was loaded that answers.
    pub(super) fn open_cookies(&mut self, programs: &Programs) -> Result<(), EnforceError> {
        if programs.missing_cookies().is_none() {
            let tables = CookieTables::open(|name| programs.map(name));
            self.cookies = Some(tables.map_err(EnforceError::kernel("open the cookie tables"))?);
        }
        Ok(())
    }

    /// Returns why no request can be answered; `None` where at least one interface can.
    pub(crate) fn missing_cookies(&self) -> Option<String> {
        let programs = self.programs.as_ref()?;
        if let Some(reason) = programs.missing_cookies() {
            return Some(reason.to_owned());
        }
        let interfaces = &self.interfaces;
        let is_answering = interfaces.is_empty() || interfaces.iter().any(|it| it.mode.is_xdp());
        (!is_answering).then(|| "traffic control cannot answer, only XDP can".to_owned())
    }

    pub(crate) fn set_syn_cookies(&self, cookies: SynCookies) -> Result<(), EnforceError> {
        let Some(tables) = &self.cookies else {
            return Ok(());
        };
        tables
            .set(cookies, self.clock.hz())
            .map_err(EnforceError::kernel("set the SYN cookies"))
    }

    pub(crate) fn set_own_addresses(&mut self, addresses: &[IpAddr]) -> Result<(), EnforceError> {
        let Some(tables) = &mut self.cookies else {
            return Ok(());
        };
        tables
            .set_own(addresses)
            .map_err(EnforceError::kernel("set the own addresses"))
    }

    pub(crate) fn is_verified(&self, address: IpAddr) -> Result<bool, EnforceError> {
        let Some(tables) = &self.cookies else {
            return Ok(false);
        };
        let found = self
            .clock
            .jiffies()
            .and_then(|now| tables.is_verified(address, now));
        found.map_err(EnforceError::kernel("read the proven sources"))
    }

    pub(crate) fn verified(&self) -> Result<VerifiedStream, EnforceError> {
        let Some(programs) = self.programs.as_ref().filter(|_| self.cookies.is_some()) else {
            return Ok(VerifiedStream::silent());
        };
        let ring: io::Result<_> = programs.map(VERIFIED_EVENTS);
        VerifiedStream::kernel(ring.map_err(EnforceError::kernel("open the proven sources"))?)
    }
}
