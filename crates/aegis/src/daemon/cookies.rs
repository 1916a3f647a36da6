//! SYN cookies: on with the daemon and off with it, and what proves itself by them.

use std::{io, net::IpAddr};

use aegis_core::Input;
use aegis_enforce::{
    CookieMode, Enforcer, Mode,
    cookie::{CookieSwitch, ProcSysctl},
};

use super::Node;
use crate::config::Config;

/// What `net.ipv4.tcp_syncookies` was before it was raised, in the state directory.
const MEMORY: &str = "tcp_syncookies";

/// Turns SYN cookies on as configured, or puts back what an earlier run left raised.
pub(super) fn start_cookies(enforcer: &mut Enforcer, config: &Config) -> CookieSwitch<ProcSysctl> {
    let place = (ProcSysctl, config.state_dir.join(MEMORY));
    let switch = CookieSwitch::start(enforcer, config.syn_cookies, place);
    let state = switch.state();
    if let Some(reason) = &state.reason {
        tracing::warn!(reason, "SYN cookies are off");
    } else if state.mode() != CookieMode::Off {
        tracing::info!(mode = state.mode().as_str(), "SYN cookies are on");
    }
    switch
}

impl Node {
    /// Takes in sources that completed a handshake by cookie: their addresses are not forged.
    pub(super) fn handle_verified(&mut self, found: io::Result<Vec<IpAddr>>) {
        match found {
            Ok(addresses) => self.handle(Input::Established(addresses)),
            Err(error) => self.degraded(format!("proven sources cannot be read: {error}")),
        }
    }

    /// Answers connection requests for these addresses and no others.
    pub(super) fn answer_for(&mut self, own: &[IpAddr]) {
        if let Err(error) = self.enforcer.set_own_addresses(own) {
            let error = super::dispatch::chain(&error);
            self.degraded(format!(
                "SYN cookies are not sent for every address: {error}"
            ));
        }
    }

    /// Turns SYN cookies off where the host would not take them any more.
    pub(super) fn look_after_cookies(&mut self) {
        if self.cookies.look(&mut self.enforcer) {
            let reason = self.cookies.state().reason.clone().unwrap_or_default();
            tracing::warn!(reason, "SYN cookies are off");
        }
    }

    /// Returns what of the SYN cookies that were asked for is not to be had, and why.
    pub(super) fn missing_cookies(&self) -> Vec<String> {
        let state = self.cookies.state();
        if let Some(reason) = &state.reason {
            return vec![format!("SYN cookies are off: {reason}")];
        }
        if state.mode() == CookieMode::Off {
            return Vec::new();
        }
        let interfaces = self.enforcer.interfaces().iter();
        let silent = interfaces.filter(|it| matches!(it.mode, Mode::Tcx | Mode::TcFilter));
        silent
            .map(|it| format!("SYN cookies are not sent on {}: only XDP can", it.name))
            .collect()
    }
}
