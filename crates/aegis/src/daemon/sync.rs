//! Reconciling with peers, as the daemon sees it: messages in and out, what came of it last, and
//! many changes at once.

use std::{collections::VecDeque, sync::Arc};

use aegis_core::{
    Alert, Input, NodeId, Output, Timestamp,
    sync::{self, Misbehaviour as BadSync},
};
use aegis_net::{NetCommand, QuestionId, RequestId, gate::Misbehaviour};

use super::Node;

/// From so many changes of one event on the kernel is told of all of them first, in one go, and
/// whoever watches afterwards. Fewer are told of one by one, as they happen.
const MANY: usize = 64;

/// When something came of reconciling with whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct LastSync {
    pub(super) at: Timestamp,
    pub(super) peer: NodeId,
}

impl Node {
    pub(super) fn sync_asked(
        &mut self,
        request: RequestId,
        from: NodeId,
        asked: sync::Request<Arc<Alert>>,
    ) {
        self.synced_with(from);
        let request = request.0;
        self.handle(Input::SyncAsked {
            request,
            from,
            asked,
        });
    }

    pub(super) fn sync_answered(
        &mut self,
        id: QuestionId,
        from: NodeId,
        answer: sync::Answer<Arc<Alert>>,
    ) {
        self.synced_with(from);
        let id = id.0;
        self.handle(Input::SyncAnswered { id, from, answer });
    }

    fn synced_with(&mut self, peer: NodeId) {
        let at = self.now();
        self.last_sync = Some(LastSync { at, peer });
    }

    /// Lets a peer's standing feel what it did while it reconciled.
    pub(super) fn blame_for_sync(&mut self, peer: NodeId, misbehaviour: BadSync) {
        tracing::debug!(%peer, misbehaviour = misbehaviour.as_str(), "Peer reconciles badly");
        let misbehaviour = match misbehaviour {
            BadSync::Unasked => Misbehaviour::Unasked,
            BadSync::Flooded => Misbehaviour::Flooding,
            BadSync::Forged | BadSync::Dribbled | BadSync::BrokenPromise => Misbehaviour::BadSync,
        };
        self.send(NetCommand::Blame { peer, misbehaviour });
    }

    /// Makes the kernel agree in one go where much changes at once, as when a thousand alerts come
    /// together.
    pub(super) fn enforce_many(&mut self, outputs: &mut VecDeque<Output>) {
        let is_change = |it: &Output| matches!(it, Output::Enforce(_));
        if outputs.iter().filter(|it| is_change(it)).count() < MANY {
            return;
        }
        outputs.retain(|output| {
            if let Output::Enforce(change) = output {
                self.changes.push(*change);
            }
            !is_change(output)
        });
        self.flush_changes();
    }
}
