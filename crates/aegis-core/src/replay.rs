//! Replay: what a node would have decided of the same past with another policy.
//!
//! An Engine of its own takes what happened, in order and at the times at which it did, and nothing
//! that it wants done is done. Two of them with one past and two policies show what a change does.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Alert, Change, Channel, Decision, Detection, Engine, EngineConfig, HostFacts, Indicator, Input,
    NodeId, Operator, Order, Origin, Output, PeerClass, Record, Severity, Statement, Timestamp,
    engine::Command,
};

#[cfg(test)]
mod tests;

/// One thing that happened, as far as it decides over blocks.
#[derive(Clone, Debug)]
pub enum Past {
    /// A detector of this host saw an attack.
    Detected(Detection),
    /// A peer said so. Nobody's signature is asked for: it was checked when it came in.
    Heard {
        author: NodeId,
        statement: Statement,
    },
    /// The operator wanted something.
    Ordered { user: Operator, command: Command },
}

/// What stood at the beginning.
#[derive(Clone, Debug, Default)]
pub struct Beginning {
    /// What the host stands on.
    pub host: HostFacts,
    /// The peers that spoke, with how they were met.
    pub peers: Vec<(NodeId, PeerClass)>,
}

/// How one indicator was blocked in all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fate {
    /// How many decisions were made.
    pub decisions: u32,
    /// For how many milliseconds it was blocked, the rest of the last block included.
    pub blocked_ms: u64,
    /// Who caused the last decision.
    pub origin: Origin,
    /// How bad the worst was.
    pub severity: Severity,
}

/// What two policies make of one indicator; they differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Difference {
    /// Which.
    pub indicator: Indicator,
    /// With the policy as it is; `None` for never blocked.
    pub before: Option<Fate>,
    /// With the other.
    pub after: Option<Fate>,
}

/// What became of each indicator that was ever blocked.
pub type Fates = BTreeMap<Indicator, Fate>;

/// Plays a past, oldest first, and returns what became of each indicator.
pub fn replay<'a>(
    config: EngineConfig,
    beginning: &Beginning,
    past: impl IntoIterator<Item = &'a (Timestamp, Past)>,
) -> Fates {
    let mut stage = Stage::new(config);
    let mut is_begun = false;
    for (at, it) in past {
        if !std::mem::replace(&mut is_begun, true) {
            stage.begin(*at, beginning);
        }
        stage.pass(*at);
        stage.play(*at, it.clone());
    }
    stage.end()
}

/// Returns where two outcomes differ, in order of the indicators. Times that differ by less than a
/// second are the same.
pub fn differences(before: &Fates, after: &Fates) -> Vec<Difference> {
    let mut indicators: Vec<&Indicator> = before.keys().chain(after.keys()).collect();
    indicators.sort();
    indicators.dedup();
    let all = indicators.into_iter().map(|indicator| Difference {
        indicator: *indicator,
        before: before.get(indicator).copied(),
        after: after.get(indicator).copied(),
    });
    all.filter(Difference::is_one).collect()
}

impl Difference {
    fn is_one(&self) -> bool {
        match (self.before, self.after) {
            (Some(before), Some(after)) => before.blocked_ms.abs_diff(after.blocked_ms) >= 1_000,
            (Some(_), None) | (None, Some(_)) => true,
            (None, None) => false,
        }
    }
}

/// An Engine and what was seen of its effects.
struct Stage {
    engine: Engine,
    fates: Fates,
    /// What is blocked now: since when, and until when.
    open: BTreeMap<Indicator, (Timestamp, Timestamp)>,
    played: u64,
}

impl Stage {
    fn new(config: EngineConfig) -> Self {
        Self {
            engine: Engine::new(config),
            fates: Fates::new(),
            open: BTreeMap::new(),
            played: 0,
        }
    }

    fn begin(&mut self, at: Timestamp, beginning: &Beginning) {
        self.input(at, Input::HostChanged(beginning.host.clone()));
        for (peer, class) in &beginning.peers {
            let input = Input::PeerConnected {
                peer: *peer,
                class: *class,
                address: (String::new(), None),
            };
            self.input(at, input);
        }
    }

    /// Lets time pass until `at`.
    fn pass(&mut self, at: Timestamp) {
        while let Some(due) = self.engine.poll_timeout().filter(|it| *it <= at) {
            self.engine.handle_timeout(due);
            self.watch(due);
        }
    }

    fn play(&mut self, at: Timestamp, past: Past) {
        self.played += 1;
        let input = match past {
            Past::Detected(it) => Input::Detected(it),
            Past::Heard { author, statement } => {
                // Unique, as signed bytes would be.
                let wire = format!("{} {author} {statement:?}", self.played).into_bytes();
                Input::AlertReceived {
                    alert: Arc::new(Alert::from_verified(author, statement, wire.into())),
                    forwarder: author,
                    channel: Channel::Sync,
                }
            }
            Past::Ordered { user, command } => Input::Ordered(Order {
                ticket: self.played,
                user,
                command,
            }),
        };
        self.input(at, input);
    }

    fn input(&mut self, at: Timestamp, input: Input) {
        self.engine.handle_input(at, input);
        self.watch(at);
    }

    /// Takes note of what the Engine wants done, and does nothing of it.
    fn watch(&mut self, at: Timestamp) {
        while let Some(output) = self.engine.poll_output() {
            if let Output::Persist(Record::DecisionMade(it)) = &output {
                self.decided(it);
            }
            if let Output::Enforce(change) = output {
                self.enforced(at, change);
            }
        }
    }

    fn enforced(&mut self, at: Timestamp, change: Change) {
        match change {
            Change::Block {
                indicator,
                expires_at,
            } => {
                let open = self.open.entry(indicator).or_insert((at, expires_at));
                open.1 = expires_at;
            }
            Change::Unblock(indicator) => self.close(indicator, at),
            Change::Exempt { .. } | Change::Unexempt(_) => {}
        }
    }

    fn decided(&mut self, decision: &Decision) {
        let fate = self.fates.entry(decision.indicator).or_insert(Fate {
            decisions: 0,
            blocked_ms: 0,
            origin: decision.origin,
            severity: decision.severity,
        });
        fate.decisions += 1;
        fate.origin = decision.origin;
        fate.severity = fate.severity.max(decision.severity);
    }

    fn close(&mut self, indicator: Indicator, at: Timestamp) {
        if let Some((since, until)) = self.open.remove(&indicator)
            && let Some(fate) = self.fates.get_mut(&indicator)
        {
            fate.blocked_ms += at.min(until).since(since).as_millis() as u64;
        }
    }

    /// Returns what became of all; what is blocked still counts to its end.
    fn end(mut self) -> Fates {
        for (indicator, (_, until)) in self.open.clone() {
            self.close(indicator, until);
        }
        self.fates
    }
}
