//! How the node is placed in the network, and what the network service is told of peers' worth.

use std::time::Duration;

use aegis_api::Place;
use aegis_core::{NodeId, Timestamp};
use aegis_net::{NetCommand, Reachability, Surroundings, crowd::Worth};

/// How often the service is told what peers are worth, while it may have to part from some.
const WEIGH_EVERY: Duration = Duration::from_secs(10);

/// What is known of it.
#[derive(Default)]
pub(super) struct Placed {
    surroundings: Option<Box<Surroundings>>,
    weighed_at: Option<Timestamp>,
}

impl super::Node {
    /// Takes what the network service reports of it.
    pub(super) fn handle_placed(&mut self, surroundings: Box<Surroundings>) {
        let before = self.placed.surroundings.as_ref();
        let reachability = surroundings.reachability;
        if before.is_none_or(|it| it.reachability != reachability) {
            let reachability = reachability.as_str();
            tracing::info!(reachability, "Found out whether others can reach this node");
        }
        self.placed.surroundings = Some(surroundings);
    }

    /// Tells the service what peers are worth, where there may be more than are kept.
    pub(super) fn weigh_peers(&mut self) {
        let now = self.now();
        let is_many = |it: &Surroundings| it.routes.len() >= it.marks.target();
        let is_due = |at: Timestamp| now.since(at) >= WEIGH_EVERY;
        if !self.placed.surroundings.as_deref().is_some_and(is_many)
            || !self.placed.weighed_at.is_none_or(is_due)
        {
            return;
        }
        self.placed.weighed_at = Some(now);
        let connected = self.engine.peers().filter(|it| it.is_connected);
        let worths = connected.map(|it| {
            let worth = Worth {
                weight_percent: self.engine.trust_in(now, &it.peer).service_trust.percent(),
                alerts: it.alerts_accepted,
            };
            (it.peer, worth)
        });
        let worths = worths.collect();
        self.send(NetCommand::Weigh(worths));
    }

    /// Returns how the node is placed, `None` where it has no network or nothing is known yet.
    pub(super) fn place(&self) -> Option<Place> {
        let it = self.placed.surroundings.as_deref()?;
        let routes = || it.routes.values();
        let count = |number: usize| number as u64;
        Some(Place {
            reachability: match it.reachability {
                Reachability::Unknown => aegis_api::Reachability::Unknown,
                Reachability::Public => aegis_api::Reachability::Public,
                Reachability::Private => aegis_api::Reachability::Private,
            },
            external: it.external.iter().map(ToString::to_string).collect(),
            relays: it.relays.iter().map(ToString::to_string).collect(),
            seen_at: it.seen_at.iter().map(ToString::to_string).collect(),
            in_vain: it.in_vain.iter().map(ToString::to_string).collect(),
            reservations: count(it.reservations),
            circuits: count(it.circuits),
            relayed: count(routes().filter(|it| it.is_relayed).count()),
            outbound: count(routes().filter(|it| it.is_dialled).count()),
            low: count(it.marks.low()),
            target: count(it.marks.target()),
            high: count(it.marks.high()),
            trimmed: it.trimmed,
        })
    }

    /// Returns where others can reach this node from outside its own network: by itself, or else
    /// over relays.
    pub(super) fn reached_at(&self) -> &[aegis_net::Address] {
        let Some(it) = self.placed.surroundings.as_deref() else {
            return &[];
        };
        if it.external.is_empty() {
            &it.relayed_at
        } else {
            &it.external
        }
    }

    /// Returns how a peer is reached now and where, `None` for one that is not connected.
    pub(super) fn route_to(&self, peer: &NodeId) -> Option<(aegis_api::Route, String)> {
        let route = self.placed.surroundings.as_deref()?.routes.get(peer)?;
        let kind = if route.is_relayed {
            aegis_api::Route::Relayed
        } else {
            aegis_api::Route::Direct
        };
        Some((kind, route.address.to_string()))
    }
}
