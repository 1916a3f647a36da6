//! Making the Engine that the configuration asks for.

use std::io::Read as _;

use aegis_core::{
    Engine, EngineConfig,
    trust::{
        aegis::AegisModel,
        dovecot::DovecotModel,
        fides::FidesModel,
        model::{ModelKind, TrustModel},
    },
};
use aegis_net::Identity;
use anyhow::Context as _;

use crate::config::{Config, configured_addresses};

/// Returns a trust model that knows nobody yet.
pub(crate) fn model(kind: ModelKind) -> Box<dyn TrustModel> {
    match kind {
        ModelKind::Aegis => Box::new(AegisModel::default()),
        ModelKind::Fides => Box::new(FidesModel::default()),
        ModelKind::Dovecot => Box::new(DovecotModel::default()),
    }
}

/// Returns a number that nobody can guess: whom the node asks must not be foreseen.
pub(super) fn seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut it| it.read_exact(&mut bytes))
        .context("read /dev/urandom")?;
    Ok(u64::from_le_bytes(bytes))
}

/// Returns an Engine that remembers nothing yet.
pub(super) fn engine(config: &Config, identity: &Identity, seed: u64) -> Engine {
    Engine::new(EngineConfig {
        node: identity.node_id(),
        policy: config.policy.clone(),
        ask: config.ask.clone(),
        model: model(config.trust.model),
        preset: config.trust.preset,
        pretrust: config.trust.pretrust.clone(),
        seed,
        configured_addresses: config
            .p2p
            .as_ref()
            .map(configured_addresses)
            .unwrap_or_default(),
        blocks_max: config.blocks_max,
    })
}
