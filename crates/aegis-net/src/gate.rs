//! Admission: what becomes of a message from a peer, and what it costs whom.
//!
//! Pure: no socket, no clock, no libp2p. Cheap checks come first, so that a flooder costs little
//! more than reading what it sends:
//!
//! 1. the forwarder's standing and rate,
//! 2. whether the alert is known already,
//! 3. the quota of the author it names (looked at, not used: anybody can write an author's name),
//! 4. size, spelling and fields,
//! 5. its time,
//! 6. the signature, of several messages together where they came together.
//!
//! Gossip relayed by a peer that is over its rate is still looked at: the network layer shows each
//! message once, whoever brings it, so refusing it for its bringer's sake would let a flooder
//! suppress honest alerts. The rate costs the flooder its standing instead, and soon its connection.

use std::sync::Arc;

use aegis_core::{
    Alert, AlertId, Channel, Freshness, MemberRole, NodeId, PeerClass, SKEW_MAX, Timestamp,
};

use crate::wire::{self, Unverified, WireError};

mod author;
mod bans;
mod bucket;
mod hearing;
mod limits;
mod misbehaviour;
mod questioning;
mod sealed;
mod standing;
mod syncing;
mod table;

pub use bans::{BanList, PREFIX_BANS_MIN};
pub use bucket::TokenBucket;
pub use hearing::{Fault, Hearing};
pub use limits::{Limits, Quota};
pub use misbehaviour::Misbehaviour;
use questioning::Questioning;
pub use sealed::SealedAdmission;
pub use standing::{CUT_OFF_POINTS, Conduct, Standings, THROTTLE_POINTS};
pub use table::Table;

/// Nodes with a quota or class of their own at a time, each some 200 bytes.
///
/// Forty times the connections of a default node; who is evicted starts afresh.
pub const NODES_MAX: usize = 4096;

/// Ids of alerts that are remembered as known, each some 100 bytes: half an hour of the accepted
/// rate in a busy network.
pub const KNOWN_MAX: usize = 16_384;

/// One message and how it came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Who handed it over.
    pub forwarder: NodeId,
    /// By what way.
    pub channel: Channel,
    /// The message.
    pub bytes: &'a [u8],
}

/// What becomes of a message.
#[derive(Clone, Debug)]
pub enum Admission {
    /// It is heard and passed on.
    Accept(Arc<Alert>),
    /// It was handed over earlier and is still news: it is passed on, but not heard again.
    Relay,
    /// It is neither heard nor passed on, and its forwarder did nothing wrong by sending it.
    Ignore(Ignored),
    /// It breaks the protocol.
    Reject(Rejected),
}

/// Why a message is left aside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ignored {
    /// Its forwarder has misbehaved so much that nothing of it is looked at.
    Throttled,
    /// Its forwarder hands over more than it may.
    ForwarderQuota,
    /// This node has it already.
    Known,
    /// It is no news any more, or no longer true.
    Late,
    /// Its author states more than it may.
    AuthorQuota,
}

/// Why a message breaks the protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rejected {
    /// It is not a valid message.
    Invalid(WireError),
    /// Its time cannot come about honestly.
    ImpossibleTime,
}

/// Who broke the protocol, how, and how it stands now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Blame {
    /// The forwarder, or the author where the forwarder could not know.
    pub culprit: NodeId,
    /// What it did.
    pub misbehaviour: Misbehaviour,
    /// What follows.
    pub conduct: Conduct,
}

/// What becomes of a message, and who is to blame for it.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What becomes of it.
    pub admission: Admission,
    /// Who is to blame, if anybody. Flooding may come with an accepted message.
    pub blame: Option<Blame>,
}

/// The state that admission depends on: quotas, standings, and what is known already.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    classes: Table<NodeId, PeerClass>,
    ranks: Table<NodeId, MemberRole>,
    forwarders: Table<NodeId, TokenBucket>,
    handovers: Table<NodeId, TokenBucket>,
    authors: Table<NodeId, TokenBucket>,
    askers: Table<NodeId, Questioning>, // of this node
    asked: Table<NodeId, Questioning>,  // by this node
    relays: Table<NodeId, TokenBucket>,
    sync_requests: Table<NodeId, TokenBucket>,
    synced: Table<NodeId, TokenBucket>,
    strangers: TokenBucket,
    publishers: TokenBucket,
    met: TokenBucket,
    met_asked_about: TokenBucket,
    met_sync_requests: TokenBucket,
    all: TokenBucket,
    known: Table<AlertId, Timestamp>, // with the time of the statement
    standings: Standings,
}

impl Gate {
    /// Returns a gate that has heard of nobody.
    pub fn new(limits: Limits) -> Self {
        Self {
            classes: Table::new(NODES_MAX),
            ranks: Table::new(NODES_MAX),
            forwarders: Table::new(NODES_MAX),
            handovers: Table::new(NODES_MAX),
            authors: Table::new(NODES_MAX),
            askers: Table::new(NODES_MAX),
            asked: Table::new(NODES_MAX),
            relays: Table::new(NODES_MAX),
            sync_requests: Table::new(NODES_MAX),
            synced: Table::new(NODES_MAX),
            strangers: TokenBucket::default(),
            publishers: TokenBucket::default(),
            met: TokenBucket::default(),
            met_asked_about: TokenBucket::default(),
            met_sync_requests: TokenBucket::default(),
            all: TokenBucket::default(),
            known: Table::new(KNOWN_MAX),
            standings: Standings::new(NODES_MAX),
            limits,
        }
    }

    /// Gives `node` the quotas of `class`, as author and as forwarder. What it used of the old ones
    /// stays used.
    pub fn set_class(&mut self, node: NodeId, class: PeerClass) {
        self.classes.insert(node, class);
    }

    /// Gives `node` the quotas of a member of a trusted organisation, or takes them away.
    /// What it used stays used.
    pub fn set_rank(&mut self, node: NodeId, role: Option<MemberRole>) {
        match role {
            Some(role) => self.ranks.insert(node, role),
            None => self.ranks.remove(&node),
        };
    }

    /// Returns whether `node` is a member of a trusted organisation.
    pub fn has_rank(&self, node: &NodeId) -> bool {
        self.ranks.peek(node).is_some()
    }

    /// Returns the class of `node`, `None` for one never met.
    pub fn class(&mut self, node: &NodeId) -> Option<PeerClass> {
        self.classes.touch(node).copied()
    }

    /// Decides about one message, and charges whoever is to blame.
    pub fn admit(&mut self, now: Timestamp, arrival: Arrival<'_>) -> Judgement {
        match self.look_at(now, arrival) {
            Ok(Looked { message, flooding }) => {
                let verified = message.verify();
                self.settle(now, arrival, (verified, flooding))
            }
            Err(judgement) => judgement,
        }
    }

    /// Decides about messages that one peer brought together, in order, as if they came one by one;
    /// their signatures are checked together.
    pub fn admit_all(&mut self, now: Timestamp, arrivals: &[Arrival<'_>]) -> Vec<Judgement> {
        let mut messages = Vec::new();
        let mut looked = Vec::new();
        for arrival in arrivals {
            looked.push(self.look_at(now, *arrival).map(|it| {
                messages.push(it.message);
                it.flooding
            }));
        }
        let mut verified = wire::verify_all(messages).into_iter();
        let arrivals = arrivals.iter().zip(looked);
        let judge = |(arrival, looked): (&Arrival<'_>, Result<_, _>)| match looked {
            Ok(flooding) => {
                let verified = verified.next().unwrap_or(Err(WireError::Signature));
                self.settle(now, *arrival, (verified, flooding))
            }
            Err(judgement) => judgement,
        };
        arrivals.map(judge).collect()
    }

    /// Does all that comes before the signature.
    fn look_at<'a>(
        &mut self,
        now: Timestamp,
        arrival: Arrival<'a>,
    ) -> Result<Looked<'a>, Judgement> {
        if self.standings.conduct(now, arrival.forwarder) != Conduct::Good {
            return Err(Judgement::ignore(Ignored::Throttled));
        }
        let flooding = self.count_forwarder(now, arrival);
        let flooding = flooding.map_err(Judgement::ignore)?;
        match self.examine(now, arrival) {
            Ok(message) => Ok(Looked { message, flooding }),
            Err(refused) => Err(self.refuse(now, refused, flooding)),
        }
    }

    /// Decides about a message whose signature was checked.
    fn settle(
        &mut self,
        now: Timestamp,
        arrival: Arrival<'_>,
        (verified, flooding): (Result<Alert, WireError>, Option<Blame>),
    ) -> Judgement {
        let invalid = |error| Refused::Reject(Rejected::Invalid(error), arrival.forwarder);
        let accepted = verified
            .map_err(invalid)
            .and_then(|alert| self.accept(now, arrival.channel, alert));
        match accepted {
            Ok(alert) => Judgement {
                admission: Admission::Accept(Arc::new(alert)),
                blame: flooding,
            },
            Err(refused) => self.refuse(now, refused, flooding),
        }
    }

    fn refuse(&mut self, now: Timestamp, refused: Refused, flooding: Option<Blame>) -> Judgement {
        match refused {
            Refused::Relay => Judgement {
                admission: Admission::Relay,
                blame: flooding,
            },
            Refused::Ignore(ignored) => Judgement {
                admission: Admission::Ignore(ignored),
                blame: flooding,
            },
            Refused::Reject(rejected, culprit) => {
                let misbehaviour = Misbehaviour::of(rejected);
                Judgement {
                    admission: Admission::Reject(rejected),
                    blame: Some(self.charge(now, culprit, misbehaviour)),
                }
            }
        }
    }

    /// Counts something that `peer` said which is no alert, against the same quota; returns whether
    /// to listen to it, and who is to blame.
    pub fn count_word(&mut self, now: Timestamp, peer: NodeId) -> (bool, Option<Blame>) {
        if self.standings.conduct(now, peer) != Conduct::Good {
            return (false, None);
        }
        (true, self.count_gossip(now, peer))
    }

    /// Charges `culprit` the price of `misbehaviour`.
    pub fn charge(&mut self, now: Timestamp, culprit: NodeId, misbehaviour: Misbehaviour) -> Blame {
        let conduct = self.standings.charge(now, culprit, misbehaviour.price());
        Blame {
            culprit,
            misbehaviour,
            conduct,
        }
    }

    /// Returns how `peer` stands.
    pub fn conduct(&mut self, now: Timestamp, peer: NodeId) -> Conduct {
        self.standings.conduct(now, peer)
    }

    /// Forgets that an alert is known, because it got lost after it was accepted.
    pub fn forget(&mut self, id: &AlertId) {
        self.known.remove(id);
    }

    /// Remembers an alert of this node's own as known.
    pub fn remember(&mut self, alert: &Alert) {
        self.known.insert(alert.id(), alert.statement().stated_at);
    }

    /// Returns whether an alert of `author` that was accepted is to be passed on at once, and counts
    /// it.
    pub fn relays_promptly(&mut self, now: Timestamp, author: NodeId) -> bool {
        take(&mut self.relays, author, self.limits.prompt_relays, now)
    }

    /// Takes one from the forwarder's quota for `channel`.
    fn count_forwarder(
        &mut self,
        now: Timestamp,
        arrival: Arrival<'_>,
    ) -> Result<Option<Blame>, Ignored> {
        let forwarder = arrival.forwarder;
        let class = self.class(&forwarder).unwrap_or(PeerClass::Dht);
        let class = match self.ranks.touch(&forwarder) {
            Some(MemberRole::Member | MemberRole::Publisher) => class.max(PeerClass::Lan),
            None => class,
        };
        match arrival.channel {
            // What a publisher may say is beyond what any forwarder may. Who abuses its name forges,
            // which costs more; who says again what is known is counted like any other.
            Channel::Gossip if self.is_news_of_publisher(arrival.bytes) => Ok(None),
            Channel::Gossip => Ok(self.count_gossip(now, forwarder)),
            Channel::Sync => {
                let quota = self.limits.handover(class);
                let within = take(&mut self.handovers, forwarder, quota, now);
                within.then_some(None).ok_or(Ignored::ForwarderQuota)
            }
        }
    }

    fn count_gossip(&mut self, now: Timestamp, forwarder: NodeId) -> Option<Blame> {
        let within = take(&mut self.forwarders, forwarder, self.limits.forwarder, now);
        (!within).then(|| self.charge(now, forwarder, Misbehaviour::Flooding))
    }

    /// Applies every rule but the signature's.
    fn examine<'a>(
        &mut self,
        now: Timestamp,
        arrival: Arrival<'a>,
    ) -> Result<Unverified<'a>, Refused> {
        let Arrival {
            forwarder,
            channel,
            bytes,
        } = arrival;
        let invalid = |error| Refused::Reject(Rejected::Invalid(error), forwarder);
        self.is_unknown(now, channel, &AlertId::of(bytes))?;
        // A flooder's own quota is used up soon, and the rest of its flood costs no more than this.
        if channel == Channel::Gossip
            && let Some(author) = wire::author_at_a_glance(bytes)
            && !self.author_has_quota(now, author)
        {
            return Err(Refused::Ignore(Ignored::AuthorQuota));
        }
        let message = Unverified::parse(bytes).map_err(invalid)?;
        let freshness = Freshness::of(message.statement(), now, channel);
        let is_ahead = now < message.statement().stated_at;
        match freshness {
            Freshness::Late => return Err(Refused::Ignore(Ignored::Late)),
            // Old gossip is a replay by its forwarder; a time ahead is in the author's hand.
            Freshness::Impossible if !is_ahead => {
                return Err(Refused::Reject(Rejected::ImpossibleTime, forwarder));
            }
            Freshness::Fresh | Freshness::Impossible => {}
        }
        if message.audience().is_some() && channel == Channel::Gossip {
            let rule = "sealed, where it is for the members of an organisation";
            let field = "to";
            return Err(invalid(WireError::Field { field, rule }));
        }
        // The glance may have missed it.
        if channel == Channel::Gossip && !self.author_has_quota(now, message.author()) {
            return Err(Refused::Ignore(Ignored::AuthorQuota));
        }
        Ok(message)
    }

    /// Applies what is left of the rules to a message that is signed by its author. Some may have
    /// changed since it was examined: others came with it.
    fn accept(&mut self, now: Timestamp, channel: Channel, alert: Alert) -> Result<Alert, Refused> {
        let author = alert.author();
        if Freshness::of(alert.statement(), now, channel) == Freshness::Impossible {
            return Err(Refused::Reject(Rejected::ImpossibleTime, author));
        }
        self.is_unknown(now, channel, &alert.id())?;
        if channel == Channel::Gossip {
            if !self.author_has_quota(now, author) {
                return Err(Refused::Ignore(Ignored::AuthorQuota));
            }
            self.take_from_author(now, author);
        }
        self.remember(&alert);
        Ok(alert)
    }

    fn is_unknown(
        &mut self,
        now: Timestamp,
        channel: Channel,
        id: &AlertId,
    ) -> Result<(), Refused> {
        let Some(stated_at) = self.known.touch(id) else {
            return Ok(());
        };
        let is_news = channel == Channel::Gossip && now.since(*stated_at) <= SKEW_MAX;
        let ignore = Refused::Ignore(Ignored::Known);
        Err(if is_news { Refused::Relay } else { ignore })
    }
}

impl Judgement {
    fn ignore(ignored: Ignored) -> Self {
        Self {
            admission: Admission::Ignore(ignored),
            blame: None,
        }
    }
}

/// A message that keeps every rule but, perhaps, the signature's.
struct Looked<'a> {
    message: Unverified<'a>,
    flooding: Option<Blame>, // its forwarder's
}

/// Why a message is not heard, and by whose fault it is rejected.
enum Refused {
    Relay,
    Ignore(Ignored),
    Reject(Rejected, NodeId),
}

/// Takes one from the bucket of `node`, a full one where it has none; returns whether it had one.
fn take(
    buckets: &mut Table<NodeId, TokenBucket>,
    node: NodeId,
    quota: Quota,
    now: Timestamp,
) -> bool {
    buckets
        .entry(node, TokenBucket::default)
        .take_one(now, quota)
}

#[cfg(test)]
mod tests;
