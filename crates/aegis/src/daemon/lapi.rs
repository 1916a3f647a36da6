//! The Local API of CrowdSec: a board that shows what the kernel is told, and the listener that reads it.

use std::sync::Arc;

use aegis_api::{DecisionBoard, KeyRing, LapiConfig, LapiSetup, LapiState, Naming, serve_lapi};
use aegis_core::{Change, Decision, Indicator, KeptReport, Origin};
use anyhow::Context as _;
use tokio::{net::TcpListener, sync::watch};

use super::{Clock, ControlHandle, Node};

/// Sources of reports that are CrowdSec's own programs, with the origin that bouncers know: agents and
/// `cscli`, by the word before the machine's name.
const ORIGINS: [&str; 5] = ["crowdsec", "cscli", "cscli-import", "lists", "console"];

/// A listener that waits to serve.
pub(super) struct Lapi {
    listener: TcpListener,
    config: LapiConfig,
    keys: KeyRing,
    board: DecisionBoard,
}

impl Lapi {
    /// Listens, where that is asked for; nobody is answered yet.
    pub(super) async fn bind(
        config: Option<&LapiConfig>,
        keys: KeyRing,
    ) -> anyhow::Result<Option<Self>> {
        let Some(config) = config.cloned() else {
            return Ok(None);
        };
        let listen = config.listen;
        let listener = TcpListener::bind(listen).await;
        let listener = listener.with_context(|| format!("listen on {listen} (lapi.listen)"))?;
        Ok(Some(Self {
            listener,
            config,
            keys,
            board: DecisionBoard::default(),
        }))
    }

    /// Returns the board that it reads, and where it listens, as the beginning of a URL.
    pub(super) fn board(&self) -> anyhow::Result<(DecisionBoard, String)> {
        let address = self.listener.local_addr();
        let address = address.context("look where the Local API listens")?;
        Ok((self.board.clone(), format!("http://{address}")))
    }
}

/// Serves until the node is told to stop; nobody, where there is no listener.
pub(super) async fn run_lapi(
    lapi: Option<Lapi>,
    control: ControlHandle,
    mut stop_rx: watch::Receiver<bool>,
) {
    let Some(lapi) = lapi else { return };
    let setup = LapiSetup {
        control,
        keys: lapi.keys,
        board: lapi.board,
        config: lapi.config,
        clock: Arc::new(|| Clock.now()),
    };
    let stopping = async move {
        let _ = stop_rx.wait_for(|it| *it).await; // fails where nobody can stop it any more
    };
    serve_lapi(lapi.listener, setup, stopping).await;
}

impl Node {
    /// Shows on the board what is blocked already, and what was unblocked lately.
    pub(super) fn fill_board(&mut self, (board, url): (DecisionBoard, String)) {
        self.lapi = Some(url);
        for unblock in self.engine.unblocked() {
            board.recall(unblock.indicator, unblock.unblocked_at);
        }
        let blocked: Vec<Indicator> = self.engine.blocks().map(|(it, _)| *it).collect();
        self.board = Some(board);
        for indicator in blocked {
            self.show(&indicator);
        }
    }

    /// Shows on the board what the kernel is told.
    pub(super) fn show_changes(&self, changes: &[Change]) {
        let Some(board) = &self.board else { return };
        for change in changes {
            match change {
                Change::Block { indicator, .. } => self.show(indicator),
                Change::Unblock(indicator) => board.end(indicator),
                Change::Exempt { .. } | Change::Unexempt(_) => {}
            }
        }
    }

    /// Returns where CrowdSec's programs ask, and who did; `None` where they are not answered.
    pub(super) fn lapi_state(&self) -> Option<LapiState> {
        let (Some(url), Some(board)) = (&self.lapi, &self.board) else {
            return None;
        };
        Some(LapiState {
            url: url.clone(),
            bouncers: board.bouncers(),
        })
    }

    fn show(&self, indicator: &Indicator) {
        let Some(board) = &self.board else { return };
        match self.engine.holding(indicator) {
            Some((decision, report)) => {
                let at = (decision.decided_at, decision.expires_at);
                board.keep_back(*indicator, self.engine.is_for_members_alone(decision));
                board.post(*indicator, naming(decision, report), at);
            }
            None => board.end(indicator), // it came and went in one go
        }
    }
}

/// Returns who wanted a decision and why, in the words of bouncers.
fn naming(decision: &Decision, report: Option<&KeptReport>) -> Naming {
    let reported = report.and_then(|it| {
        let (program, _) = it.source.as_str().split_once('/')?;
        let origin = ORIGINS.into_iter().find(|it| *it == program)?;
        let reason = it.reason.as_ref().map(|it| Arc::from(it.as_str()));
        Some((origin, reason))
    });
    let (origin, reason) = reported.unwrap_or((
        match decision.origin {
            Origin::Operator => "local",
            Origin::Detector => "detector",
            Origin::Feed => "feed",
            Origin::Peers => "p2p",
            Origin::Import => "import",
        },
        None,
    ));
    let scenario = reason.unwrap_or_else(|| format!("aegis/{}", decision.threat_type).into());
    Naming { origin, scenario }
}

#[cfg(test)]
mod tests;
