//! Starting: finding the program, taking over what stands, hooking to the interfaces.

use std::io::{self, ErrorKind};

use aegis_core::Timestamp;

use super::{
    Clock, Family, Lock, NftEnforcer, SMALL, Shape, Tool, Wanted, listing::Held, look::entries_max,
    remove::tables, script::TABLE_PREFIX,
};
use crate::{EnforceConfig, EnforceError, InstanceName, InterfaceState, Mode, ModeRequest};

/// How often a long list is read again at most.
const LOOKS_MAX: usize = 5;

/// Where a table hangs and what it can, the best first.
const CANDIDATES: [(Family, bool); 4] = [
    (Family::Netdev, true),
    (Family::Netdev, false), // kernels before 5.10 count nothing for each element
    (Family::Inet, true),
    (Family::Inet, false),
];

impl NftEnforcer {
    /// Takes over the table of the instance or makes it, and hooks it to the interfaces; `why`
    /// tells why there is no kernel program.
    pub(crate) fn start(
        config: &EnforceConfig,
        now: Timestamp,
        why: &str,
    ) -> Result<Self, EnforceError> {
        let tool = Tool::find().map_err(EnforceError::kernel("use nftables"))?;
        let lock = Lock::take(&config.instance)?;
        let mut enforcer = Self {
            tool,
            shape: Shape {
                family: Family::Netdev,
                name: table_name(&config.instance),
                hooks: Vec::new(),
                is_observing: config.observe,
                has_tallies: true,
            },
            wanted: Wanted::default(),
            standing: Default::default(),
            interfaces: interfaces(config)?,
            capacity: config.capacity,
            gone: Vec::new(),
            why: why.to_owned(),
            seen: Default::default(),
            is_in_doubt: false,
            clock: Clock::new(now),
            lag: Default::default(),
            cursor: None,
            _lock: lock,
        };
        enforcer.take_over()?;
        enforcer.hook(config.mode)?;
        Ok(enforcer)
    }

    /// Learns what stands of an earlier run, so that writing the table anew leaves no gap.
    fn take_over(&mut self) -> Result<(), EnforceError> {
        let failed = || EnforceError::kernel("read the nftables table");
        let standing = tables(&self.tool).map_err(failed())?;
        for (family, _) in standing.into_keys().filter(|it| it.1 == self.shape.name) {
            let held = self.look_well(family).map_err(failed())?;
            let present = self.clock.present();
            for (indicator, exemption) in &held.exemptions {
                let _ = self.wanted.exempt(*indicator, *exemption);
            }
            for (indicator, element) in &held.blocks {
                // Without an end it is none of ours. What is told is rounded down to seconds.
                let Some(secs) = element.expires_secs else {
                    continue;
                };
                let end = present + std::time::Duration::from_secs(secs.saturating_add(1));
                // A smaller table than before: the rest is as the ruleset says.
                let _ = self.wanted.block(*indicator, end, self.capacity);
            }
            self.gone.push(family);
        }
        Ok(())
    }

    /// Reads a table of which nothing is known: a long list again until no element is new, since
    /// a listing can leave some out while the kernel resizes a hash table.
    fn look_well(&self, family: Family) -> io::Result<Held> {
        let mut held = self.look_at(family, entries_max(self.capacity))?;
        for _ in 0..LOOKS_MAX {
            let count = held.len();
            if count <= SMALL {
                break;
            }
            let again = self.look_at(family, count)?;
            held.blocks.extend(again.blocks);
            held.exemptions.extend(again.exemptions);
            if held.len() == count {
                break;
            }
        }
        Ok(held)
    }

    /// Writes the table in the best way that the kernel takes.
    fn hook(&mut self, request: ModeRequest) -> Result<(), EnforceError> {
        let standing = self.gone.clone();
        let mut refusals: Vec<String> = Vec::new();
        let candidates = CANDIDATES
            .into_iter()
            .filter(|it| request != ModeRequest::NftPrerouting || it.0 == Family::Inet);
        for (family, has_tallies) in candidates {
            self.shape.family = family;
            self.shape.has_tallies = has_tallies;
            self.gone = standing
                .iter()
                .copied()
                .filter(|it| *it != family)
                .collect();
            let before = standing.first();
            let before = before.and_then(|it| self.look_at(*it, self.wanted.len()).ok());
            let result = match self.write(before.as_ref()) {
                Err(EnforceError::Mismatch { .. }) => self.rewrite(),
                other => other,
            };
            let Err(error) = result else {
                self.describe(request, &refusals);
                return Ok(());
            };
            let is_final = is_final(&error);
            if is_final {
                return Err(error);
            }
            refusals.push(format!("{}: {}", family.as_str(), chain(&error)));
        }
        Err(EnforceError::Attach {
            interface: self.names().join(", "),
            reasons: refusals.join("; "),
        })
    }

    fn names(&self) -> Vec<String> {
        self.interfaces.iter().map(|it| it.name.clone()).collect()
    }

    /// Notes on each interface which way was taken and why.
    fn describe(&mut self, request: ModeRequest, refusals: &[String]) {
        let is_fallen = self.shape.family == Family::Inet && request != ModeRequest::NftPrerouting;
        let mut reason = format!("{}; no detectors run without a kernel program", self.why);
        if is_fallen {
            let refusal = refusals.first().map_or("", String::as_str);
            reason.push_str("; at prerouting, the ingress hook is refused: ");
            reason.push_str(refusal);
        }
        let mode = match self.shape.family {
            Family::Netdev => Mode::Nft,
            Family::Inet => Mode::NftPrerouting,
        };
        for state in &mut self.interfaces {
            state.mode = mode;
            state.reason.clone_from(&reason);
        }
    }
}

/// Returns the name of an instance's table.
pub(super) fn table_name(instance: &InstanceName) -> String {
    format!("{TABLE_PREFIX}{instance}")
}

fn interfaces(config: &EnforceConfig) -> Result<Vec<InterfaceState>, EnforceError> {
    let state = |name: &String| {
        let failed = |reasons: String| EnforceError::Attach {
            interface: name.clone(),
            reasons,
        };
        if !is_plain(name) {
            let reasons = "nftables: its name has other characters than letters, digits, . _ -";
            return Err(failed(reasons.to_owned()));
        }
        let index = crate::kernel::interface_index(name)
            .map_err(|it| failed(format!("there is none of this name: {it}")))?;
        Ok(InterfaceState {
            name: name.clone(),
            index,
            mode: Mode::Nft,
            reason: String::new(),
        })
    };
    config.interfaces.iter().map(state).collect()
}

/// Returns whether a name can stand in a script as it is: it ends no text and is no pattern.
fn is_plain(name: &str) -> bool {
    let is_allowed = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-');
    !name.is_empty() && name.bytes().all(is_allowed)
}

/// Returns whether another way of hooking would fail just the same.
fn is_final(error: &EnforceError) -> bool {
    let EnforceError::Kernel { source, .. } = error else {
        return true; // it was taken, and something else is wrong
    };
    matches!(
        source.kind(),
        ErrorKind::PermissionDenied | ErrorKind::TimedOut
    )
}

fn chain(error: &dyn std::error::Error) -> String {
    error
        .source()
        .map_or_else(|| error.to_string(), |source| source.to_string())
}
