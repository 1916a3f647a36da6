//! The mirror of the blocklist: told of changes as the kernel is, and of everything where it asks.

use std::{future::pending, ops::Bound, time::Duration};

use aegis_bridge::{MirrorCommand, MirrorHandle, PART_BLOCKS_MAX};
use aegis_core::{Change, Indicator};
use tokio::sync::{mpsc::OwnedPermit, watch};

use super::Node;

/// How long the server is given to take the list away when the node ends.
const CLEAR_TIMEOUT: Duration = Duration::from_secs(3);

/// The whole list on its way to the mirror.
#[derive(Clone, Copy, Debug)]
struct Asked {
    request: u64,
    /// Everything up to this one is on its way.
    after: Option<Indicator>,
}

/// The mirror as the daemon sees it, or nothing.
#[derive(Default)]
pub(super) struct Mirror {
    handle: Option<MirrorHandle>,
    asked: Option<Asked>,
}

/// What the mirror wants next.
pub(super) enum MirrorEvent {
    /// The whole list.
    Asked(u64),
    /// There is room for a part of it.
    Room(OwnedPermit<MirrorCommand>),
    /// The mirror has ended.
    Ended,
}

impl Mirror {
    pub(super) fn new(handle: Option<MirrorHandle>) -> Self {
        Self {
            handle,
            asked: None,
        }
    }

    /// Returns the requests of a mirror, for `next`.
    pub(super) fn requests(&self) -> Option<watch::Receiver<u64>> {
        self.handle.as_ref().map(MirrorHandle::requests)
    }

    /// Tells of changes that the kernel is told of, too.
    pub(super) fn tell(&self, changes: &[Change]) {
        let Some(handle) = &self.handle else { return };
        for change in changes {
            match *change {
                Change::Block {
                    indicator,
                    expires_at,
                } => handle.tell(MirrorCommand::Block {
                    indicator,
                    expires_at,
                }),
                Change::Unblock(indicator) => handle.tell(MirrorCommand::Unblock(indicator)),
                Change::Exempt { .. } | Change::Unexempt(_) => {}
            }
        }
    }

    /// Waits until the mirror wants something; for ever where there is none.
    pub(super) fn next<'a>(
        &self,
        requests_rx: &'a mut Option<watch::Receiver<u64>>,
    ) -> impl Future<Output = MirrorEvent> + use<'a> {
        let sender = self
            .asked
            .and(self.handle.as_ref())
            .map(MirrorHandle::sender);
        async move {
            let Some(requests_rx) = requests_rx else {
                return pending().await;
            };
            let room = async {
                match sender {
                    Some(sender) => sender.reserve_owned().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                changed = requests_rx.changed() => match changed {
                    Ok(()) => MirrorEvent::Asked(*requests_rx.borrow_and_update()),
                    Err(_) => MirrorEvent::Ended,
                },
                permit = room => permit.map_or(MirrorEvent::Ended, MirrorEvent::Room),
            }
        }
    }

    /// Ends the mirror, and takes away what it shows where `clears` says so, for which it waits.
    async fn stop(&mut self, clears: bool) {
        if let Some(handle) = self.handle.take().filter(|_| clears)
            && !handle.stop(clears, CLEAR_TIMEOUT).await
        {
            tracing::warn!("The mirror was not taken away in time");
        }
    }
}

impl Node {
    /// Does what the mirror wants; returns whether there is one still.
    pub(super) fn handle_mirror(&mut self, event: MirrorEvent) -> bool {
        match event {
            MirrorEvent::Asked(request) => {
                self.mirror.asked = Some(Asked {
                    request,
                    after: None,
                });
            }
            MirrorEvent::Room(permit) => self.hand_over(permit),
            MirrorEvent::Ended => {
                self.degraded("the mirror of the blocklist ended".to_owned());
                return false;
            }
        }
        true
    }

    /// Hands the next part of the list over.
    fn hand_over(&mut self, permit: OwnedPermit<MirrorCommand>) {
        let Some(Asked { request, after }) = self.mirror.asked else {
            return;
        };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let left = self
            .engine
            .ruleset()
            .blocks()
            .range((start, Bound::Unbounded));
        let blocks: Vec<_> = left
            .take(PART_BLOCKS_MAX)
            .map(|(it, end)| (*it, *end))
            .collect();
        let is_last = blocks.len() < PART_BLOCKS_MAX;
        let after = blocks.last().map(|(indicator, _)| *indicator);
        self.mirror.asked = (!is_last).then_some(Asked { request, after });
        permit.send(MirrorCommand::Part {
            request,
            blocks,
            is_last,
        });
    }

    /// Ends the mirror.
    pub(super) async fn stop_mirror(&mut self, clears: bool) {
        self.mirror.stop(clears).await;
    }

    /// Returns how the mirror stands; `None` where there is none.
    pub(super) fn mirror_state(&self) -> Option<aegis_api::Mirror> {
        let state = self.mirror.handle.as_ref()?.state();
        Some(aegis_api::Mirror {
            current: state.is_current,
            entries: state.entries,
            problem: state.problem,
        })
    }
}
