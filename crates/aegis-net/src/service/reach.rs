//! Being reached behind a router: relays, hole punching, and finding out whether it is needed.
//!
//! What libp2p offers for it does whatever a peer asks for. Here it is bounded: nobody has this
//! node dial what is not public, dial often, or check addresses that only one peer made up.

use std::num::NonZeroU32;

use libp2p::{
    PeerId, StreamProtocol, autonat, relay,
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
};

use super::{checkers::Checkers, guarded::Guarded, punch::Punch};
use crate::{Clock, RelayConfig};

/// What a node speaks that relays for others.
pub(super) const RELAYS: StreamProtocol = StreamProtocol::new("/libp2p/circuit/relay/0.2.0/hop");

/// How long a relay keeps a place; it is asked for anew before that.
const RESERVED_FOR: std::time::Duration = std::time::Duration::from_secs(1800);

/// Circuits that one node may have over this one at a time.
const CIRCUITS_PER_NODE_MAX: usize = 4;

/// How often a node may ask for a place or a circuit: so often at once, and once a minute later on,
/// so that one circuit after another carries no more than 2 MiB a minute. From one address, such as that of a provider's translation, twice as often.
const ASKS_PER_NODE: NonZeroU32 = NonZeroU32::MIN.saturating_add(15);
const ASKS_PER_HOST: NonZeroU32 = NonZeroU32::MIN.saturating_add(31);
const ASKED_EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// The protocols for it.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p::swarm::derive_prelude")]
pub(super) struct Reach {
    /// Being reached over a relay; without it its transport would end the process.
    pub(super) relay: relay::client::Behaviour,
    /// Relaying for others.
    pub(super) serve: Toggle<relay::Behaviour>,
    /// Making relayed connections direct.
    pub(super) punch: Toggle<Punch>,
    /// Asking others to dial this node.
    pub(super) probe: Guarded<autonat::v2::client::Behaviour>,
    /// Who can be asked that, told of again when it is asked anew.
    pub(super) checkers: Checkers,
    /// Dialling others who ask for it.
    pub(super) probed: Guarded<autonat::v2::server::Behaviour>,
}

/// Returns the protocols as the configuration wants them.
pub(super) fn reach(
    config: &RelayConfig,
    own: PeerId,
    clock: &Clock,
    relay: relay::client::Behaviour,
) -> Reach {
    let serve = config.serve.then(|| {
        let mut serve = relay::Behaviour::new(own, limits(config));
        // Until it is known that others can reach this node.
        serve.set_status(Some(relay::Status::Disable));
        serve
    });
    let punch = config.enabled.then(|| Punch::new(own, clock.clone()));
    Reach {
        relay,
        serve: serve.into(),
        punch: punch.into(),
        probe: Guarded::new(autonat::v2::client::Behaviour::default(), clock.clone()),
        checkers: Checkers::default(),
        probed: Guarded::new(autonat::v2::server::Behaviour::default(), clock.clone()),
    }
}

impl Reach {
    /// Forgets which addresses were checked, and with what result.
    pub(super) fn forget_checks(&mut self) {
        let client = autonat::v2::client::Behaviour::default();
        self.probe.begin_anew(client);
        self.checkers.tell_again();
    }
}

fn limits(config: &RelayConfig) -> relay::Config {
    let unlimited = relay::Config {
        max_reservations: config.reservations_max as usize,
        max_reservations_per_peer: 1,
        reservation_duration: RESERVED_FOR,
        reservation_rate_limiters: Vec::new(),
        max_circuits: config.circuits_max as usize,
        // libp2p-relay 0.22.0 lets one more in than it is told.
        max_circuits_per_peer: CIRCUITS_PER_NODE_MAX - 1,
        max_circuit_duration: config.circuit_for_max,
        max_circuit_bytes: config.circuit_bytes_max,
        circuit_src_rate_limiters: Vec::new(),
    };
    unlimited
        .reservation_rate_per_peer(ASKS_PER_NODE, ASKED_EVERY)
        .reservation_rate_per_ip(ASKS_PER_HOST, ASKED_EVERY)
        .circuit_src_per_peer(ASKS_PER_NODE, ASKED_EVERY)
        .circuit_src_per_ip(ASKS_PER_HOST, ASKED_EVERY)
}

#[cfg(test)]
mod tests;
