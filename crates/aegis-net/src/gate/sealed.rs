//! Admission of sealed messages: what can be decided without reading them.

use aegis_core::{Alert, AlertId, Channel, Freshness, LATE_MAX, SKEW_MAX, Timestamp};

use super::{Admission, Arrival, Conduct, Gate, Ignored, Judgement, Misbehaviour, Rejected};
use crate::{organisation::Sealed, wire::WireError};

/// What becomes of a sealed message.
#[derive(Clone, Debug)]
pub enum SealedAdmission<'a> {
    /// It is passed on, and read by whoever can.
    Pass(Sealed<'a>),
    /// It is neither.
    Stop(Judgement),
}

impl Gate {
    /// Decides about a sealed message, and charges whoever is to blame.
    ///
    /// The relay key stands in for the author: its quota pays. What a message says is not known
    /// here, so its forwarder is only to blame for what it could see.
    pub fn admit_sealed<'a>(
        &mut self,
        now: Timestamp,
        arrival: Arrival<'a>,
    ) -> (SealedAdmission<'a>, Option<super::Blame>) {
        let stop = |admission| {
            SealedAdmission::Stop(Judgement {
                admission,
                blame: None,
            })
        };
        let ignore = |ignored| (stop(Admission::Ignore(ignored)), None);
        if self.standings.conduct(now, arrival.forwarder) != Conduct::Good {
            return ignore(Ignored::Throttled);
        }
        let flooding = match self.count_forwarder(now, arrival) {
            Ok(flooding) => flooding,
            Err(ignored) => return ignore(ignored),
        };
        let reject = |gate: &mut Self, misbehaviour, error| {
            let blame = gate.charge(now, arrival.forwarder, misbehaviour);
            let rejected = Rejected::Invalid(error);
            (stop(Admission::Reject(rejected)), Some(blame))
        };
        let id = AlertId::of(arrival.bytes);
        if self.known.touch(&id).is_some() {
            return (stop(Admission::Ignore(Ignored::Known)), flooding);
        }
        let Some(sealed) = Sealed::parse(arrival.bytes) else {
            return reject(self, Misbehaviour::Malformed, WireError::NotJson);
        };
        match freshness(sealed.sealed_at(), now, arrival.channel) {
            Freshness::Fresh => {}
            Freshness::Late => return (stop(Admission::Ignore(Ignored::Late)), flooding),
            Freshness::Impossible => {
                let blame = self.charge(now, arrival.forwarder, Misbehaviour::ImpossibleTime);
                return (
                    stop(Admission::Reject(Rejected::ImpossibleTime)),
                    Some(blame),
                );
            }
        }
        if !self.author_has_quota(now, sealed.relay()) {
            return (stop(Admission::Ignore(Ignored::AuthorQuota)), flooding);
        }
        if !sealed.is_signed() {
            return reject(self, Misbehaviour::Forged, WireError::Signature);
        }
        self.take_from_author(now, sealed.relay());
        self.known.insert(id, sealed.sealed_at());
        (SealedAdmission::Pass(sealed), flooding)
    }

    /// Returns whether an alert that was sealed is to be heard: it is news, and within its author's
    /// quota.
    pub fn admit_inside(&mut self, now: Timestamp, alert: &Alert) -> bool {
        let fresh = Freshness::of(alert.statement(), now, Channel::Gossip) == Freshness::Fresh;
        let author = alert.author();
        let is_heard =
            fresh && self.known.touch(&alert.id()).is_none() && self.author_has_quota(now, author);
        if is_heard {
            self.take_from_author(now, author);
            self.remember(alert);
        }
        is_heard
    }
}

/// Judges the time of a sealed message. One that is ahead is left aside and nobody's fault: who
/// sealed it is not known, and the forwarder's clock may be as wrong.
fn freshness(sealed_at: Timestamp, now: Timestamp, channel: Channel) -> Freshness {
    let (age, ahead) = (now.since(sealed_at), sealed_at.since(now));
    match channel {
        Channel::Sync => Freshness::Late, // never handed over: a member gets the alert itself
        Channel::Gossip if ahead > SKEW_MAX => Freshness::Late,
        Channel::Gossip if age <= SKEW_MAX => Freshness::Fresh,
        Channel::Gossip if age <= LATE_MAX => Freshness::Late,
        Channel::Gossip => Freshness::Impossible,
    }
}
