//! Reading the configuration anew while the node runs: what can change does, the rest is told and left.

use aegis_api::{ApiError, ErrorCode, Reloaded};
use aegis_net::{JoinCommand, NetCommand, P2pConfig, PeerAddress};
use tokio::sync::mpsc;

use super::Node;
use crate::config::{Config, ConfigError, RawConfig, differences};

/// Keys, and sections with a dot behind them, that change while the node runs.
const AT_RUN_TIME: [&str; 8] = [
    "min_severity",
    "auto_publish",
    "trust.min_confidence",
    "policy.",
    "ask.",
    "detect.",
    "log.filter",
    "p2p.peers",
];

/// Exceptions to these.
const AT_START: [&str; 1] = ["detect.syn_cookies."];

/// Reads the configuration as it was read at the start.
pub type ReadConfig = Box<dyn Fn() -> Result<(RawConfig, Config), ConfigError> + Send>;

/// Logs from now on what a filter lets through.
pub type SetFilter = Box<dyn Fn(&str) -> anyhow::Result<()> + Send>;

/// How a node reads its configuration anew.
pub struct Reloader {
    /// What holds.
    pub raw: RawConfig,
    /// Reads it.
    pub read: ReadConfig,
    /// Changes the log.
    pub set_filter: SetFilter,
}

impl Node {
    /// Takes what changed in the configuration, or nothing of one that is wrong.
    pub(super) fn reload(&mut self) -> Result<Reloaded, ApiError> {
        let Some(mut reloader) = self.reloader.take() else {
            let message = "this node was not started from a configuration";
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        };
        let reloaded = match (reloader.read)() {
            Ok((raw, config)) => Ok(self.take_config(&mut reloader, raw, &config)),
            Err(error) => {
                let error = super::dispatch::chain(&error);
                tracing::error!(error, "The configuration is wrong, the old one stays");
                Err(ApiError::new(ErrorCode::InvalidRequest, error))
            }
        };
        self.reloader = Some(reloader);
        reloaded
    }

    fn take_config(
        &mut self,
        reloader: &mut Reloader,
        raw: RawConfig,
        config: &Config,
    ) -> Reloaded {
        let mut reloaded = Reloaded::default();
        for it in differences(&reloader.raw, &raw) {
            if is_at_run_time(&it.key) {
                reloaded.applied.push(it.key);
            } else {
                reloaded.needs_restart.push(it.key);
            }
        }
        let is_changed = |start: &str| reloaded.applied.iter().any(|it| it.starts_with(start));
        if is_changed("detect.")
            && let Err(error) = self.enforcer.set_detectors(&config.detectors)
        {
            let error = super::dispatch::chain(&error);
            self.degraded(format!("the detectors are as they were: {error}"));
        }
        if is_changed("log.filter")
            && let Err(error) = (reloader.set_filter)(&config.log_filter)
        {
            self.degraded(format!("the log is as it was: {error:#}"));
        }
        if is_changed("p2p.peers")
            && let Some(p2p) = &config.p2p
            && self.adopt_peers(p2p, &reloader.raw)
        {
            reloaded
                .needs_restart
                .push("p2p.peers (those taken out)".to_owned());
        }
        self.engine
            .set_policy(config.policy.clone(), config.ask.clone());
        let (applied, left) = (reloaded.applied.join(" "), reloaded.needs_restart.join(" "));
        tracing::info!(applied, left, "Configuration reloaded");
        // What is left until the next start is told at every reload before it.
        reloader.raw = with_what_holds(&reloader.raw, raw);
        reloaded
    }

    /// Deals with the peers that are new as if they had been there from the start; returns whether
    /// some were taken out, with whom the node goes on.
    fn adopt_peers(&mut self, p2p: &P2pConfig, old: &RawConfig) -> bool {
        let was = |it: &PeerAddress| old.p2p.peers.contains(&it.to_string());
        let new: Vec<PeerAddress> = p2p.peers.iter().filter(|it| !was(it)).cloned().collect();
        for ip in new.iter().filter_map(|it| it.address().ip()) {
            self.engine.add_configured_address(ip);
        }
        let kept = p2p.peers.len() - new.len();
        self.send(NetCommand::Join(JoinCommand::Adopt(new)));
        kept < old.p2p.peers.len()
    }
}

/// Returns what holds after `new` was taken: its keys that change at run time, the others of `old`.
fn with_what_holds(old: &RawConfig, new: RawConfig) -> RawConfig {
    let mut holds = old.clone();
    holds.min_severity = new.min_severity;
    holds.auto_publish = new.auto_publish;
    holds.trust.min_confidence = new.trust.min_confidence;
    holds.policy = new.policy;
    holds.ask = new.ask;
    let cookies = std::mem::take(&mut holds.detect.syn_cookies);
    holds.detect = new.detect;
    holds.detect.syn_cookies = cookies;
    holds.log.filter = new.log.filter;
    holds.p2p.peers = new.p2p.peers;
    holds
}

fn is_at_run_time(key: &str) -> bool {
    let is_of = |it: &&str| key == *it || (it.ends_with('.') && key.starts_with(*it));
    AT_RUN_TIME.iter().any(&is_of) && !AT_START.iter().any(&is_of)
}

/// Returns when somebody wants the configuration read anew, never where nobody can.
pub(super) async fn next_reload(reload_rx: &mut mpsc::Receiver<()>) {
    if reload_rx.recv().await.is_none() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests;
