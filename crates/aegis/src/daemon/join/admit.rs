//! Letting in whoever brings a ticket of this node.

use std::sync::Arc;

use aegis_core::{Action, AuditEntry, Membership, NodeId, Operator, PeerClass, Record};
use aegis_net::{
    NetCommand, Token,
    join::{JoinQuery, JoinReply, Unwelcome},
};

use super::{Node, chain, print::wanted};
use crate::tickets::{ADMITTED_MAX, Offer, Tickets};

/// What becomes of somebody who brings a token.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Admitted {
    offer: Option<Offer>,
    user: Operator,
    is_new: bool,
}

impl Node {
    /// Returns what is replied to a peer; `None` to say nothing.
    pub(super) fn reply_to_join(&mut self, from: NodeId, query: JoinQuery) -> Option<JoinReply> {
        match query {
            JoinQuery::Admit(token) => self.admit_by_ticket(from, &token),
            JoinQuery::HowFar => {
                let is_in = self.joins.tickets.admitted().any(|it| it == from);
                is_in.then(|| self.tell_how_far())
            }
        }
    }

    fn tell_how_far(&self) -> JoinReply {
        let mut digest = [0; 32];
        let lanes = self.engine.live_digest();
        for (bytes, lane) in digest.as_chunks_mut::<8>().0.iter_mut().zip(lanes.lanes()) {
            *bytes = lane.to_be_bytes();
        }
        JoinReply::HowFar {
            alerts: self.engine.live_len() as u64,
            digest,
        }
    }

    fn admit_by_ticket(&mut self, from: NodeId, token: &Token) -> Option<JoinReply> {
        let now = self.now();
        let admitted = match look_up(&self.joins.tickets, from, token, now) {
            Ok(admitted) => admitted,
            Err(why) => {
                tracing::info!(peer = %from, ?why, "Peer brought a ticket that lets it not in");
                return Some(JoinReply::Refused(why));
            }
        };
        if admitted.is_new {
            // On the disk before anything is said: a ticket lets in no more than it may.
            let kept = self.joins.change(|tickets| {
                let mut invitations = tickets.invitations.iter_mut();
                let of_token = invitations.find(|it| it.is_of(token));
                of_token.map(|it| it.admitted.push(from)).is_some()
            });
            match kept {
                Ok(true) => self.note_admitted(from, admitted.user),
                Ok(false) => return Some(JoinReply::Refused(Unwelcome::Unknown)),
                Err(error) => {
                    self.degraded(error.message);
                    return None;
                }
            }
        }
        let membership = match admitted.offer {
            Some(offer) => Some(self.membership_of(from, &offer, admitted.user)?),
            None => None,
        };
        self.welcome(from);
        Some(JoinReply::Admitted(membership))
    }

    /// Deals with a node as if the configuration named it.
    pub(super) fn welcome(&mut self, peer: NodeId) {
        let class = PeerClass::Configured;
        self.send(NetCommand::SetClass { peer, class });
    }

    /// Returns the membership that an offer leads to: the one there is, or a new one.
    fn membership_of(
        &mut self,
        peer: NodeId,
        offer: &Offer,
        user: Operator,
    ) -> Option<Arc<Membership>> {
        if let Some(membership) = self.standing_membership(peer, offer) {
            return Some(membership);
        }
        match self.admit(&wanted(offer, peer)) {
            Ok(command) => self.order(user, command),
            Err(error) => {
                let organisation = offer.organisation;
                let message = error.message;
                self.degraded(format!(
                    "no member of {organisation} can be made: {message}"
                ));
            }
        }
        self.standing_membership(peer, offer)
    }

    fn standing_membership(&self, peer: NodeId, offer: &Offer) -> Option<Arc<Membership>> {
        let register = self.engine.organisations();
        let membership = register.membership(self.now(), &peer, &offer.organisation)?;
        (membership.grant().role() >= offer.role).then(|| Arc::clone(membership))
    }

    fn note_admitted(&mut self, peer: NodeId, user: Operator) {
        tracing::info!(%peer, "Let a node in by a ticket");
        let entry = AuditEntry {
            at: self.now(),
            actor: user.into(),
            action: Action::Trust,
            indicator: None,
            detail: format!("a ticket lets in {peer}"),
        };
        if let Err(error) = self.store.apply(&[Record::Audit(entry)]) {
            let error = chain(&error);
            self.degraded(format!("the store does not take changes: {error}"));
        }
    }
}

fn look_up(
    tickets: &Tickets,
    from: NodeId,
    token: &Token,
    now: aegis_core::Timestamp,
) -> Result<Admitted, Unwelcome> {
    let mut invitations = tickets.invitations.iter();
    let invitation = invitations.find(|it| it.is_of(token));
    let invitation = invitation.ok_or(Unwelcome::Unknown)?;
    let is_new = !invitation.admitted.contains(&from);
    if is_new && now >= invitation.expires_at {
        return Err(Unwelcome::Over);
    }
    let is_full = invitation.admitted.len() >= invitation.uses as usize;
    if is_new && (is_full || tickets.admitted().count() >= ADMITTED_MAX) {
        return Err(Unwelcome::UsedUp);
    }
    Ok(Admitted {
        offer: invitation.offer,
        user: invitation.user,
        is_new,
    })
}

#[cfg(test)]
mod tests;
