//! Destinations under attack: told once when it begins and once when it is over.
//!
//! The kernel tells of an attack in each window while it lasts; here that becomes two events.

use std::{collections::BTreeMap, time::Duration};

use aegis_api::EventKind;
use aegis_core::{Indicator, Timestamp};
use aegis_enforce::{Finding, KernelEvent};

use super::Node;

/// Destinations that are followed at once: addresses of one host, or of those behind it.
const ATTACKS_MAX: usize = 1024;

/// The attacks that last.
#[derive(Debug, Default)]
pub(super) struct Attacks(BTreeMap<Indicator, Attack>);

#[derive(Clone, Copy, Debug)]
struct Attack {
    started_at: Timestamp,
    over_at: Timestamp,
}

impl Attacks {
    /// Notes that `destination` counts as under attack until `over_at`; returns whether that is
    /// news.
    fn note(&mut self, now: Timestamp, destination: Indicator, over_at: Timestamp) -> bool {
        if let Some(attack) = self.0.get_mut(&destination) {
            attack.over_at = attack.over_at.max(over_at);
            return false;
        }
        if self.0.len() >= ATTACKS_MAX {
            return false;
        }
        let attack = Attack {
            started_at: now,
            over_at,
        };
        self.0.insert(destination, attack);
        true
    }

    /// Returns the attacks that are over at `now`, each with how long it lasted, and forgets them.
    fn end(&mut self, now: Timestamp) -> Vec<(Indicator, Duration)> {
        self.0
            .extract_if(.., |_, attack| attack.over_at <= now)
            .map(|(destination, it)| (destination, it.over_at.since(it.started_at)))
            .collect()
    }
}

impl Node {
    /// Takes what the kernel tells of others than sources.
    pub(super) fn handle_finding(&mut self, now: Timestamp, event: &KernelEvent) {
        match event.finding {
            Finding::SynFloodDestination => {
                let over_at = now + event.blocked_for.unwrap_or_default();
                if self.attacks.note(now, event.indicator, over_at) {
                    let (destination, rate) = (event.indicator, event.rate);
                    tracing::warn!(%destination, rate, "Under a SYN flood from many sources");
                    self.hub
                        .publish(now, EventKind::AttackStarted { destination, rate });
                }
            }
            Finding::OwnTableFull => {
                tracing::warn!(refused = event.count, last = %event.indicator, "Kernel refused blocks of its own");
                self.degraded(
                    "the kernel refused blocks of its own: they were too many at once".to_owned(),
                );
            }
            // These accuse a source, and go to the Engine.
            Finding::SynFlood
            | Finding::SynImbalance
            | Finding::UdpFlood
            | Finding::IcmpFlood
            | Finding::PortScan => {}
        }
    }

    /// Tells which attacks are over.
    pub(super) fn end_attacks(&mut self) {
        let now = self.now();
        for (destination, lasted) in self.attacks.end(now) {
            let secs = lasted.as_secs();
            tracing::info!(%destination, secs, "SYN flood from many sources is over");
            self.hub
                .publish(now, EventKind::AttackEnded { destination, secs });
        }
    }
}

#[cfg(test)]
mod tests;
