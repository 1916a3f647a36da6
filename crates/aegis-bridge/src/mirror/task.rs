//! The mirror's work: connect, ask for the whole list, follow the changes; again after a failure.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aegis_core::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use super::{
    MirrorCommand, MirrorConfig, MirrorState,
    link::{Link, LinkError, Place},
};

/// Changes carried out at once.
const COMMANDS_AT_ONCE: usize = 64;

/// How long to wait after a failure: doubled each time, up to the most.
const BACK_OFF_MIN: Duration = Duration::from_millis(500);
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

/// How often what is over goes, and a server that is gone is noticed where nothing changes.
const TIDY_INTERVAL: Duration = Duration::from_secs(5);

/// How often the whole list is written anew, whatever somebody did to it: in tidy intervals.
const RENEW_INTERVALS: u32 = 120;

/// How far a list that was asked for has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Nothing of it is here.
    Wanted,
    /// Its first parts are.
    Building,
    /// All of it is, and changes since.
    Whole,
}

/// Why following ended.
enum End {
    /// Nobody tells anything any more.
    Stopped,
    Failed(LinkError),
}

/// What the thread holds.
pub(super) struct Task {
    config: MirrorConfig,
    clock: Box<dyn Fn() -> Timestamp + Send>,
    commands_rx: mpsc::Receiver<MirrorCommand>,
    requests_tx: watch::Sender<u64>,
    state_tx: watch::Sender<MirrorState>,
    has_lost: Arc<AtomicBool>,
    clears: Arc<AtomicBool>,
    request: u64,
    back_off: Duration,
}

type Queues = (
    mpsc::Receiver<MirrorCommand>,
    watch::Sender<u64>,
    watch::Sender<MirrorState>,
);

impl Task {
    pub(super) fn new(
        config: MirrorConfig,
        clock: Box<dyn Fn() -> Timestamp + Send>,
        (commands_rx, requests_tx, state_tx): Queues,
        (has_lost, clears): (Arc<AtomicBool>, Arc<AtomicBool>),
    ) -> Self {
        Self {
            config,
            clock,
            commands_rx,
            requests_tx,
            state_tx,
            has_lost,
            clears,
            request: 0,
            back_off: BACK_OFF_MIN,
        }
    }

    /// Mirrors until nobody tells anything any more.
    pub(super) async fn run(mut self) {
        loop {
            let failure = match Link::open(&self.config).await {
                Ok(mut link) => match self.follow(&mut link).await {
                    End::Stopped => return self.end(Some(link)).await,
                    End::Failed(error) => error,
                },
                Err(error) => error,
            };
            let problem = failure.to_string();
            tracing::warn!(problem, "The blocklist is not mirrored");
            self.state_tx.send_modify(|it| {
                it.is_current = false;
                it.problem = Some(problem);
            });
            if !self.pause().await {
                return self.end(None).await;
            }
        }
    }

    /// Takes away what is shown, where that was asked for.
    async fn end(&self, link: Option<Link>) {
        if !self.clears.load(Ordering::Acquire) {
            return;
        }
        let link = match link {
            Some(link) => Ok(link),
            None => Link::open(&self.config).await,
        };
        let cleared = match link {
            Ok(mut link) => link.clear().await,
            Err(error) => Err(error),
        };
        if let Err(error) = cleared {
            tracing::warn!(%error, "The mirror still shows the blocklist");
        }
    }

    /// Waits before the next attempt; what is told meanwhile is part of the list asked for then.
    /// Returns whether anybody tells anything still.
    async fn pause(&mut self) -> bool {
        let until = sleep_until(now() + self.back_off);
        self.back_off = (self.back_off * 2).min(BACK_OFF_MAX);
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => return true,
                command = self.commands_rx.recv() => if command.is_none() { return false },
            }
        }
    }

    async fn follow(&mut self, link: &mut Link) -> End {
        let mut tidy = interval(TIDY_INTERVAL);
        tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tidy.reset();
        let mut commands = Vec::with_capacity(COMMANDS_AT_ONCE);
        let (mut stage, mut tidied) = (Stage::Wanted, 0);
        self.ask();
        loop {
            tokio::select! {
                biased; // changes first
                count = self.commands_rx.recv_many(&mut commands, COMMANDS_AT_ONCE) => {
                    if count == 0 {
                        return End::Stopped;
                    }
                }
                _ = tidy.tick() => {
                    tidied += 1;
                    if let Err(error) = self.tidy(link).await {
                        return End::Failed(error);
                    }
                }
            }
            if self.has_lost.swap(false, Ordering::AcqRel) || tidied >= RENEW_INTERVALS {
                (stage, tidied) = (Stage::Wanted, 0);
                commands.clear();
                self.ask();
                continue;
            }
            match self.take(link, &mut commands, stage).await {
                Ok(next) => stage = next,
                Err(error) => return End::Failed(error),
            }
            commands.clear();
        }
    }

    /// Asks for the whole list, without which what is shown may be out of date.
    fn ask(&mut self) {
        self.state_tx.send_modify(|it| it.is_current = false);
        self.request += 1;
        self.requests_tx.send_replace(self.request);
    }

    /// Carries out what came, as far as the list has come; returns how far it has come then.
    async fn take(
        &mut self,
        link: &mut Link,
        commands: &mut Vec<MirrorCommand>,
        mut stage: Stage,
    ) -> Result<Stage, LinkError> {
        let wanted = self.request;
        // Parts of a list that was asked for earlier are of no use any more.
        commands.retain(|it| match it {
            MirrorCommand::Part { request, .. } => *request == wanted,
            MirrorCommand::Block { .. } | MirrorCommand::Unblock(_) => true,
        });
        if stage == Stage::Wanted {
            let is_part = |it: &MirrorCommand| matches!(it, MirrorCommand::Part { .. });
            let Some(first) = commands.iter().position(is_part) else {
                return Ok(stage); // what came before the list is in it
            };
            commands.drain(..first);
            link.begin().await?;
            stage = Stage::Building;
        }
        let place = match stage {
            Stage::Whole => Place::Live,
            Stage::Wanted | Stage::Building => Place::Both,
        };
        link.apply(commands, place).await?;
        let is_last = |it: &MirrorCommand| matches!(it, MirrorCommand::Part { is_last: true, .. });
        if stage == Stage::Building && commands.iter().any(is_last) {
            link.publish().await?;
            self.back_off = BACK_OFF_MIN;
            self.tidy(link).await?;
            self.state_tx.send_modify(|it| {
                it.is_current = true;
                it.problem = None;
            });
            stage = Stage::Whole;
        }
        Ok(stage)
    }

    async fn tidy(&self, link: &mut Link) -> Result<(), LinkError> {
        let entries = link.tidy((self.clock)()).await?;
        self.state_tx.send_modify(|it| it.entries = entries);
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a pause is measured by the runtime's own clock"
)]
fn now() -> Instant {
    Instant::now()
}
