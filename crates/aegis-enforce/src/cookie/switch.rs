//! The responder and the host's setting, on and off together.

use std::path::PathBuf;

use super::{
    CookieMode, CookieState, SynCookies,
    sysctl::{RAISED, Sysctl, raise, restore},
};
use crate::{EnforceError, Enforcer};

/// Turns the responder on when the host takes its cookies, and off when it does not.
#[derive(Debug)]
pub struct CookieSwitch<S> {
    wanted: SynCookies,
    sysctl: S,
    memory: PathBuf,
    state: CookieState,
}

impl<S: Sysctl> CookieSwitch<S> {
    /// Turns the responder on as `wanted`; what the setting was is remembered in the file `memory`.
    ///
    /// Where that cannot be, the mode stays off and the state says why. Where it is not wanted, a
    /// setting that an earlier run left raised is put back.
    pub fn start(
        enforcer: &mut Enforcer,
        wanted: SynCookies,
        (sysctl, memory): (S, PathBuf),
    ) -> Self {
        let mut switch = Self {
            wanted,
            sysctl,
            memory,
            state: CookieState {
                wanted: wanted.mode,
                ..CookieState::default()
            },
        };
        switch.state.reason = switch.turn_on(enforcer).err();
        if switch.state.mode() == CookieMode::Off {
            switch.turn_off(enforcer);
        }
        switch.state.sysctl = switch.sysctl.read().ok();
        switch
    }

    /// Returns what holds.
    pub const fn state(&self) -> &CookieState {
        &self.state
    }

    /// Looks whether the setting is still raised; where it is not, cookies would be refused, and
    /// the responder goes off. Returns whether the state changed. To be called every second or so.
    pub fn look(&mut self, enforcer: &mut Enforcer) -> bool {
        if self.state.mode() == CookieMode::Off {
            return false;
        }
        let value = self.sysctl.read().ok();
        if value == Some(RAISED) {
            return false;
        }
        self.state.sysctl = value;
        self.state.reason = Some("net.ipv4.tcp_syncookies was changed by somebody else".to_owned());
        self.turn_off(enforcer);
        true
    }

    /// Turns the responder off, then puts the setting back.
    pub fn stop(&mut self, enforcer: &mut Enforcer) {
        self.turn_off(enforcer);
    }

    fn turn_on(&mut self, enforcer: &mut Enforcer) -> Result<(), String> {
        if self.wanted.mode == CookieMode::Off {
            return Ok(());
        }
        if let Some(reason) = enforcer.missing_cookies() {
            return Err(reason);
        }
        raise(&mut self.sysctl, &self.memory)
            .map_err(|it| format!("net.ipv4.tcp_syncookies cannot be set to {RAISED}: {it}"))?;
        // The setting first: an answer before would not be honoured.
        enforcer
            .set_syn_cookies(self.wanted)
            .map_err(|it| words(&it))
    }

    /// The responder first: an answer after would not be honoured.
    fn turn_off(&mut self, enforcer: &mut Enforcer) {
        let off = SynCookies {
            mode: CookieMode::Off,
            ..self.wanted
        };
        if let Err(error) = enforcer.set_syn_cookies(off) {
            tracing::warn!(error = %words(&error), "The responder cannot be turned off");
            return;
        }
        match restore(&mut self.sysctl, &self.memory) {
            Ok(true) => tracing::info!("Put net.ipv4.tcp_syncookies back"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "net.ipv4.tcp_syncookies cannot be put back");
            }
        }
    }
}

fn words(error: &EnforceError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
