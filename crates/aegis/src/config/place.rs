//! How many peers a node wants, whom it tells of them, and how it is reached.

use std::time::Duration;

use aegis_net::{PeerExchange, RelayConfig, crowd::Marks};
use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    resolve::{within, wrong},
};

/// Who is told of other peers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RawPeerExchange {
    Off,
    Known,
    #[default]
    All,
}

/// Relays.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawRelay {
    pub enabled: bool,
    pub serve: bool,
    pub reservations_max: u32,
    pub circuits_max: u32,
    pub circuit_kib_max: u32,
    pub circuit_secs_max: u32,
}

impl Default for RawRelay {
    fn default() -> Self {
        let RelayConfig {
            enabled,
            serve,
            reservations_max,
            circuits_max,
            circuit_bytes_max,
            circuit_for_max,
        } = RelayConfig::default();
        Self {
            enabled,
            serve,
            reservations_max,
            circuits_max,
            circuit_kib_max: (circuit_bytes_max / 1024) as u32,
            circuit_secs_max: circuit_for_max.as_secs() as u32,
        }
    }
}

impl From<RawPeerExchange> for PeerExchange {
    fn from(raw: RawPeerExchange) -> Self {
        match raw {
            RawPeerExchange::Off => Self::Off,
            RawPeerExchange::Known => Self::Known,
            RawPeerExchange::All => Self::All,
        }
    }
}

/// Returns the marks: those that are set, and what follows from the most connections for the rest.
pub(super) fn marks(
    most: u32,
    (low, target, high): (Option<u32>, Option<u32>, Option<u32>),
) -> Result<Marks, ConfigError> {
    let usual = Marks::within(most as usize);
    let high = match high {
        Some(high) => within("p2p.connections_high", high, 1, most)? as usize,
        None => usual.high(),
    };
    let target = match target {
        Some(target) => target as usize,
        None => usual.target().min(high),
    };
    let low = match low {
        Some(low) => low as usize,
        None => usual.low().min(target),
    };
    Marks::new(low, target, high).ok_or_else(|| {
        let problem = format!(
            "must be at least 1 and at most connections_target ({target}), and that at most \
             connections_high ({high})"
        );
        wrong("p2p.connections_low", problem)
    })
}

/// Returns how peers behind routers are reached.
pub(super) fn relay(raw: RawRelay) -> Result<RelayConfig, ConfigError> {
    let number = |name: &str, value, max| within(&format!("p2p.relay.{name}"), value, 1, max);
    Ok(RelayConfig {
        enabled: raw.enabled,
        serve: raw.serve,
        reservations_max: number("reservations_max", raw.reservations_max, 1024)?,
        circuits_max: number("circuits_max", raw.circuits_max, 1024)?,
        circuit_bytes_max: u64::from(number("circuit_kib_max", raw.circuit_kib_max, 1 << 20)?)
            * 1024,
        circuit_for_max: Duration::from_secs(u64::from(number(
            "circuit_secs_max",
            raw.circuit_secs_max,
            86_400,
        )?)),
    })
}
