//! How the node enforces: the best that this host allows, a rung lower for each that it does not.
//!
//! A kernel program (native, generic, traffic control: `aegis-enforce` chooses for each
//! interface), then sets of nftables, then, only where the operator said so, observing. Each rung
//! that does not hold leaves its reason.

use aegis_core::{Ruleset, Timestamp};
use aegis_enforce::{EnforceConfig, EnforceError, Enforcer, ModeRequest, host::default_interfaces};
use anyhow::Context as _;

use super::dispatch::chain;
use crate::config::{Config, Interfaces};

/// What a node that cannot enforce says beside the reasons.
const HELP: &str = "needs root or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, and for nftables the \
                    program nft; --observe needs none, and `aegis doctor` says what is missing";

/// Returns the enforcer of the highest rung that holds.
pub(super) fn enforcer(
    config: &Config,
    now: Timestamp,
    ruleset: &Ruleset,
) -> anyhow::Result<Enforcer> {
    let enforce = enforce_config(config)?;
    let error = match Enforcer::start_with(&enforce, now, ruleset) {
        Ok(enforcer) => return Ok(enforcer),
        Err(error) => error,
    };
    let reason = chain(&error);
    let mut others = String::new();
    if may_fall(config, &error) {
        let why = format!("no kernel program ({reason})");
        match Enforcer::start_nft(&enforce, now, &why) {
            Ok(enforcer) => {
                tracing::warn!(reason, "No kernel program, nftables drops instead");
                return Ok(enforcer);
            }
            Err(error) => others = format!("; nftables: {}", chain(&error)),
        }
    }
    if config.observe {
        return Ok(Enforcer::observe_only(reason + &others));
    }
    // The first error is the one whose cause an exit code tells. It comes last: it may end with the
    // command that mends it.
    Err(error).with_context(|| format!("cannot enforce ({HELP}{others})"))
}

/// Returns whether nftables may stand in: nobody asked for a mode, the kernel program cannot be
/// had, and something is to be dropped. Who only observes changes no firewall for it.
fn may_fall(config: &Config, error: &EnforceError) -> bool {
    let is_missing = match error {
        EnforceError::Load { .. }
        | EnforceError::Bpffs { .. }
        | EnforceError::Attach { .. }
        | EnforceError::Kernel { .. }
        | EnforceError::Privileges { .. } => true,
        EnforceError::AlreadyRunning { .. }
        | EnforceError::TableFull { .. }
        | EnforceError::TooWide { .. }
        | EnforceError::Mismatch { .. }
        | EnforceError::Mended { .. } => false,
    };
    config.mode == ModeRequest::Auto && !config.observe && is_missing
}

fn enforce_config(config: &Config) -> anyhow::Result<EnforceConfig> {
    let interfaces = match &config.interfaces {
        Interfaces::Named(names) => names.clone(),
        Interfaces::Auto => default_interfaces().context("find the interface to defend")?,
    };
    if interfaces.is_empty() && !config.observe {
        anyhow::bail!("no interface carries a default route: name one with --interface");
    }
    Ok(EnforceConfig {
        instance: config.instance.clone(),
        interfaces,
        mode: config.mode,
        observe: config.observe,
        object: config.object.clone(),
        bpffs: config.bpffs.clone(),
        capacity: config.capacity,
        detectors: config.detectors,
        syn_cookies: config.syn_cookies,
    })
}
