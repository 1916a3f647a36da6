//! The switch between dropping and watching, and the trial that ends by itself.
//!
//! What the operator switched to outlives a restart, until the configuration says something else
//! than it did then. A trial ends in the kernel where a program runs there, and is looked after
//! here besides; whoever confirms one must have come in since it began.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aegis_api::{
    ApiError, Caller, Confirmation, EnforceRequest, ErrorCode, ModeState, NodeMode, ttl_secs,
};
use aegis_core::{Action, Actor, AuditEntry, Protection, Record, Timestamp};
use aegis_enforce::host::{Login, LoginMark};
use serde::{Deserialize, Serialize};

use super::{
    Node,
    dispatch::chain,
    replaced::{self, replace},
};

/// The longest trial: nobody waits longer for a new connection than a day.
const CONFIRM_SECS_MAX: u32 = 86_400;

/// What the operator wants, and where that is kept.
#[derive(Debug)]
pub(super) struct Switch {
    dir: PathBuf,
    /// Whether the configuration says to observe.
    configured: bool,
    stand: Stand,
    /// When somebody put it there; `None` where nobody did.
    since: Option<Timestamp>,
    /// Why what was kept is no use.
    pub(super) problem: Option<String>,
}

/// What the operator wants.
#[derive(Clone, Debug, PartialEq)]
enum Stand {
    Observe,
    Enforce,
    Trial(Trial),
}

/// Dropping until then, unless somebody confirms.
#[derive(Clone, Debug, PartialEq)]
struct Trial {
    until: Timestamp,
    mark: LoginMark,
    is_by_kernel: bool,
}

/// What is kept of it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// What the configuration said when this was written.
    configured_observe: bool,
    observe: bool,
    since_ms: u64,
    trial: Option<KeptTrial>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KeptTrial {
    until_ms: u64,
    began_at_ticks: u64,
    is_remote: bool,
    session: Option<u32>,
    scope: Option<String>,
}

impl Switch {
    /// Reads what the operator switched to; what the configuration says where there is nothing, or
    /// where it says something else by now. A trial that nobody confirmed in time is over.
    pub(super) fn open(dir: &Path, configured: bool, now: Timestamp) -> Self {
        let (kept, problem) = match read(dir) {
            Ok(kept) => (kept, None),
            Err(error) => {
                let path = file(dir);
                let problem = format!(
                    "{} is no use, the configuration says whether packets are dropped: {error}",
                    path.display()
                );
                (None, Some(problem))
            }
        };
        let by_config = if configured {
            Stand::Observe
        } else {
            Stand::Enforce
        };
        let kept = kept.filter(|it| it.configured_observe == configured);
        Self {
            dir: dir.to_owned(),
            configured,
            since: kept.as_ref().map(|it| Timestamp::from_millis(it.since_ms)),
            stand: kept.map_or(by_config, |it| it.stand(now)),
            problem,
        }
    }

    /// Returns whether the node is to drop nothing, as far as it does not have to be on trial.
    pub(super) fn is_observing(&self) -> bool {
        self.stand != Stand::Enforce
    }

    fn trial(&self) -> Option<&Trial> {
        match &self.stand {
            Stand::Trial(it) => Some(it),
            Stand::Observe | Stand::Enforce => None,
        }
    }

    /// Keeps what is wanted from now on.
    fn set(&mut self, now: Timestamp, stand: Stand) -> Result<(), ApiError> {
        let kept = Kept {
            since_ms: now.as_millis(),
            configured_observe: self.configured,
            observe: stand != Stand::Enforce,
            trial: match &stand {
                Stand::Trial(it) => Some(KeptTrial::of(it)),
                Stand::Observe | Stand::Enforce => None,
            },
        };
        write(&self.dir, &kept).map_err(|error| {
            let message = format!("cannot keep the mode: {error}");
            ApiError::new(ErrorCode::Internal, message)
        })?;
        (self.stand, self.since) = (stand, Some(now));
        Ok(())
    }
}

impl Kept {
    fn stand(self, now: Timestamp) -> Stand {
        match self.trial.and_then(KeptTrial::trial) {
            Some(it) if now < it.until => Stand::Trial(it),
            Some(_) => Stand::Observe,
            None if self.observe => Stand::Observe,
            None => Stand::Enforce,
        }
    }
}

impl KeptTrial {
    fn of(trial: &Trial) -> Self {
        let LoginMark {
            at,
            is_remote,
            session,
            scope,
        } = trial.mark.clone();
        Self {
            until_ms: trial.until.as_millis(),
            began_at_ticks: at,
            is_remote,
            session,
            scope,
        }
    }

    fn trial(self) -> Option<Trial> {
        Some(Trial {
            until: Timestamp::from_millis(self.until_ms),
            mark: LoginMark {
                at: self.began_at_ticks,
                is_remote: self.is_remote,
                session: self.session,
                scope: self.scope,
            },
            is_by_kernel: false,
        })
    }
}

impl Node {
    /// Has the kernel go on with a trial that was under way when the last daemon ended.
    pub(super) fn resume_mode(&mut self) {
        if let Some(problem) = self.switch.problem.take() {
            self.degraded(problem);
        }
        let Some(trial) = self.switch.trial().cloned() else {
            return;
        };
        let resumed = self.enforcer.enforce_until(self.now(), trial.until);
        match resumed {
            Ok(is_by_kernel) => {
                self.switch.stand = Stand::Trial(Trial {
                    is_by_kernel,
                    ..trial
                });
            }
            Err(error) => self.unprotected(format!("enforcing is not resumed: {}", chain(&error))),
        }
    }

    /// Drops from now on, for good or on trial.
    pub(super) fn enforce(
        &mut self,
        caller: Caller,
        request: EnforceRequest,
    ) -> Result<ModeState, ApiError> {
        if let Some(reason) = self.enforcer.missing_kernel() {
            let message = format!("there is nothing to enforce with: {reason}");
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        if self.enforcer.interfaces().is_empty() {
            let message = "no interface is defended: name one with --interface";
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        if self.switch.stand == Stand::Enforce {
            return Ok(self.mode_state(false));
        }
        let now = self.now();
        let before = self.switch.stand.clone();
        let failed = |error| ApiError::new(ErrorCode::Internal, chain(&error));
        let Some(secs) = request.confirm_secs else {
            self.switch.set(now, Stand::Enforce)?; // on the disk before anybody relies on it
            if let Err(error) = self.enforcer.set_observe(false) {
                self.switch.set(now, before)?;
                return Err(failed(error));
            }
            self.note_mode(caller.operator().into(), "enforce");
            return Ok(self.mode_state(true));
        };
        if secs.get() > CONFIRM_SECS_MAX {
            let message = format!("confirm_secs: must be 1 to {CONFIRM_SECS_MAX}");
            return Err(ApiError::new(ErrorCode::InvalidRequest, message));
        }
        let until = now + std::time::Duration::from_secs(secs.get().into());
        let trial = |is_by_kernel| {
            Stand::Trial(Trial {
                until,
                mark: login(caller).mark(self.is_anybody_remote()),
                is_by_kernel,
            })
        };
        let (hasty, sure) = (trial(false), trial(true));
        self.switch.set(now, hasty)?;
        match self.enforcer.enforce_until(now, until) {
            Ok(true) => self.switch.stand = sure,
            Ok(false) => {}
            Err(error) => {
                self.switch.set(now, before)?;
                return Err(failed(error));
            }
        }
        self.note_mode(
            caller.operator().into(),
            &format!("enforce, unless nobody confirms until {until}"),
        );
        Ok(self.mode_state(true))
    }

    /// Makes a trial last, where that is said by a login that came in since.
    pub(super) fn confirm(&mut self, caller: Caller) -> Result<ModeState, ApiError> {
        let Some(trial) = self.switch.trial() else {
            let message = match self.switch.stand {
                Stand::Enforce => "nothing is on trial: the node enforces for good",
                Stand::Observe | Stand::Trial(_) => "nothing is on trial: the node observes",
            };
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        };
        let own = self.protected_addresses(Protection::OwnAddress);
        if let Err(reason) = login(caller).proves(&trial.mark, &own) {
            return Err(ApiError::new(ErrorCode::Denied, reason.to_string()));
        }
        let (now, before) = (self.now(), self.switch.stand.clone());
        self.switch.set(now, Stand::Enforce)?;
        if let Err(error) = self.enforcer.set_observe(false) {
            self.switch.set(now, before)?;
            return Err(ApiError::new(ErrorCode::Internal, chain(&error)));
        }
        self.note_mode(caller.operator().into(), "enforce, confirmed");
        Ok(self.mode_state(true))
    }

    /// Drops nothing from now on.
    pub(super) fn observe(&mut self, caller: Caller) -> Result<ModeState, ApiError> {
        let now = self.now();
        let is_new = self.switch.stand != Stand::Observe;
        let done = self.enforcer.set_observe(true);
        done.map_err(|error| ApiError::new(ErrorCode::Internal, chain(&error)))?;
        if is_new {
            self.switch.set(now, Stand::Observe)?;
            self.note_mode(caller.operator().into(), "observe");
        }
        Ok(self.mode_state(is_new))
    }

    /// Observes again where a trial was not confirmed in time.
    pub(super) fn end_trial(&mut self) {
        let now = self.now();
        if self.switch.trial().is_none_or(|it| now < it.until) {
            return;
        }
        if let Err(error) = self.enforcer.set_observe(true) {
            self.unprotected(format!("the kernel goes on dropping: {}", chain(&error)));
            return; // tried again the next time round
        }
        if let Err(error) = self.switch.set(now, Stand::Observe) {
            self.switch.stand = Stand::Observe; // after a restart the kept end has passed as well
            self.degraded(error.message);
        }
        self.note_mode(Actor::Node, "observe, enforcing was not confirmed");
        self.unprotected("enforcing was not confirmed in time: observing again".to_owned());
    }

    /// Returns what is awaited, where enforcing is on trial.
    pub(super) fn confirmation(&self) -> Option<Confirmation> {
        let trial = self.switch.trial()?;
        Some(Confirmation {
            until: trial.until,
            ttl_secs: ttl_secs(self.now(), trial.until),
            by_kernel: trial.is_by_kernel,
        })
    }

    pub(super) fn node_mode(&self) -> NodeMode {
        if self.enforcer.is_observing() {
            NodeMode::Observe
        } else {
            NodeMode::Enforce
        }
    }

    /// Returns from when on nothing was dropped; the beginning where nobody ever switched.
    pub(super) fn observing_since(&self) -> Option<Timestamp> {
        let is_observing = self.node_mode() == NodeMode::Observe;
        is_observing.then(|| self.switch.since.unwrap_or(Timestamp::EPOCH))
    }

    fn mode_state(&self, changed: bool) -> ModeState {
        ModeState {
            mode: self.node_mode(),
            changed,
            confirmation: self.confirmation(),
        }
    }

    fn is_anybody_remote(&self) -> bool {
        !self
            .protected_addresses(Protection::AdminSession)
            .is_empty()
    }

    fn note_mode(&mut self, actor: Actor, what: &str) {
        let entry = AuditEntry {
            at: self.now(),
            actor,
            action: Action::Mode,
            indicator: None,
            detail: what.to_owned(),
        };
        let record = Record::Audit(entry);
        super::tell::audit(&record);
        if let Err(error) = self.store.apply(&[record]) {
            self.degraded(format!(
                "the store does not take changes: {}",
                chain(&error)
            ));
        }
    }
}

fn login(caller: Caller) -> Login {
    caller.pid().map(Login::of).unwrap_or_default()
}

fn file(dir: &Path) -> PathBuf {
    replaced::path(dir, "mode")
}

fn read(dir: &Path) -> io::Result<Option<Kept>> {
    match fs::read_to_string(file(dir)) {
        Ok(text) => Ok(Some(serde_json::from_str(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the file so that after a crash it is the old or the new one.
fn write(dir: &Path, kept: &Kept) -> io::Result<()> {
    replace(dir, "mode", &serde_json::to_vec(kept)?)
}

#[cfg(test)]
mod tests;
