//! Feeds in the Engine: what of one is blocked, and how that ends.
//!
//! A feed has up to half a million entries, so that none of them is told or audited by itself: whoever
//! applies one says so once.

use std::time::Duration;

use crate::{
    Action, Actor, Change, Decision, Evidence, Feed, FeedId, Indicator, Operator, Origin, Record,
    Refusal, Severity, ThreatType, Timestamp, Unblock, blocklist::Standing, engine::Engine,
};

/// How bad a listed indicator is taken to be: nobody said what it did.
const LISTED_SEVERITY: Severity = Severity::MEDIUM;

/// How long after the end of what a feed lists it may be had again, and is still what the operator undid: a
/// publisher that cannot be reached for a week is the same afterwards.
pub(super) const LISTED_AGAIN_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What can be said of a feed.
#[derive(Clone, Debug)]
pub enum FeedInput {
    /// A user applies one; the words are for the audit log. Its entries follow.
    Applied {
        /// Who.
        user: Operator,
        /// Which, in words.
        detail: String,
    },
    /// Somebody subscribes to one or does so no more, or what is blocked of one changed; the words are
    /// for the audit log.
    Told {
        /// Who.
        actor: Actor,
        /// What comes of it.
        action: Action,
        /// Which, in words.
        detail: String,
    },
    /// Some entries are to be blocked.
    Entries(FeedPart),
    /// It is taken back, or over: some of what [`Engine::listed`] says is to be freed.
    Left(FeedId, Vec<Indicator>),
    /// It is over, after all of it was freed; so many entries were.
    Ended(FeedId, usize),
}

/// Some entries of a feed, to be blocked.
#[derive(Clone, Debug)]
pub struct FeedPart {
    /// Of which.
    pub feed: FeedId,
    /// Which, each with its end.
    pub entries: Vec<(Indicator, Timestamp)>,
}

/// What would become of a feed's entries.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FeedWeight {
    /// How many there are.
    pub entries: usize,
    /// Blocked.
    pub blocked: usize,
    /// Those of them that nothing blocks yet: they need room.
    pub new: usize,
    /// Left out: the host stands on them, or they are no hosts.
    pub protected: usize,
    /// Left out: the operator allowed them.
    pub allowlisted: usize,
    /// Left out: wider than anybody may block.
    pub too_wide: usize,
    /// Left out: they mean another network on every host.
    pub private: usize,
    /// Left out: configured peers are there.
    pub configured_peers: usize,
    /// Left out: the operator unblocked them, and that holds still.
    pub unblocked: usize,
    /// How many more indicators can be blocked.
    pub room: usize,
}

impl FeedWeight {
    /// Returns whether all that is to be blocked can be.
    pub const fn fits(&self) -> bool {
        self.new <= self.room
    }
}

impl Engine {
    /// Returns what would become of a feed now; changes nothing.
    pub fn weigh_feed(&self, feed: &Feed) -> FeedWeight {
        self.weigh_entries(feed.entries().iter())
    }

    /// Returns what would become of a feed that lists these now; changes nothing.
    pub fn weigh_entries<'a>(
        &self,
        entries: impl ExactSizeIterator<Item = &'a Indicator>,
    ) -> FeedWeight {
        let mut weight = FeedWeight {
            entries: entries.len(),
            room: self.blocks_max.saturating_sub(self.blocklist.len()),
            ..FeedWeight::default()
        };
        for indicator in entries {
            let count = match self.may_list(indicator) {
                Ok(()) => {
                    let is_new = self.blocklist.decisions(indicator).is_empty();
                    weight.new += usize::from(is_new);
                    &mut weight.blocked
                }
                Err(Refusal::Allowlisted { .. }) => &mut weight.allowlisted,
                Err(Refusal::TooWide { .. }) => &mut weight.too_wide,
                Err(Refusal::PrivateRange) => &mut weight.private,
                Err(Refusal::ConfiguredPeer { .. }) => &mut weight.configured_peers,
                Err(Refusal::Unblocked) => &mut weight.unblocked,
                Err(_) => &mut weight.protected,
            };
            *count += 1;
        }
        weight
    }

    pub(super) fn handle_feed_input(&mut self, now: Timestamp, input: FeedInput) {
        match input {
            FeedInput::Applied { user, detail } => {
                self.audit_feed(now, user.into(), (Action::Block, detail));
            }
            FeedInput::Told {
                actor,
                action,
                detail,
            } => self.audit_feed(now, actor, (action, detail)),
            FeedInput::Entries(part) => self.block_listed(now, part),
            FeedInput::Left(feed, entries) => self.free_listed(feed, &entries),
            FeedInput::Ended(feed, count) => {
                let which = match feed.name() {
                    Some(name) => name.to_owned(),
                    None => feed.file().to_string(),
                };
                let detail = format!("feed {which}: {count} entries");
                self.audit_feed(now, Actor::Node, (Action::Unblock, detail));
            }
        }
    }

    /// Blocks what may be blocked of some entries.
    fn block_listed(&mut self, now: Timestamp, part: FeedPart) {
        let FeedPart { feed, entries } = part;
        for (indicator, expires_at) in entries {
            let decisions = self.blocklist.decisions(&indicator);
            let has_room = self.blocklist.len() < self.blocks_max || !decisions.is_empty();
            // A list that comes again mostly lists what it did: nothing is written of that.
            let stands = decisions.iter().any(|it| {
                let is_its = it.origin == Origin::Feed && it.author == feed.as_author();
                is_its && it.expires_at >= expires_at
            });
            if stands || expires_at <= now {
                continue;
            }
            match self.may_list(&indicator) {
                Ok(()) if has_room => self.list(Decision {
                    indicator,
                    origin: Origin::Feed,
                    author: feed.as_author(),
                    alert: None,
                    threat_type: ThreatType::listed(),
                    severity: LISTED_SEVERITY,
                    evidence: Evidence::Spoofable,
                    decided_at: now,
                    expires_at,
                }),
                Err(Refusal::Unblocked) => self.hold_while_listed(&indicator, expires_at),
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Holds the operator's unblocks over what a feed lists until `listed_until` for as long as it does:
    /// who undid a feed's block does not want to do so again each day.
    fn hold_while_listed(&mut self, listed: &Indicator, listed_until: Timestamp) {
        let expires_at = listed_until + LISTED_AGAIN_MAX;
        let covering = self.unblocks.covering(listed);
        let shorter: Vec<Unblock> = covering
            .map(|(_, it)| *it)
            .filter(|it| it.expires_at < expires_at)
            .collect();
        for it in shorter {
            self.unblocks_due.remove(&(it.expires_at, it.indicator));
            self.hold(Unblock { expires_at, ..it });
        }
    }

    /// Returns what a feed blocks of the `looked_max` blocked indicators behind `after`, each with its end,
    /// and behind which one to look next: `None` after the last of all.
    pub fn listed(
        &self,
        feed: FeedId,
        after: Option<Indicator>,
        looked_max: usize,
    ) -> (Vec<(Indicator, Timestamp)>, Option<Indicator>) {
        let author = feed.as_author();
        if !self.budgets.is_active(&author) {
            return (Vec::new(), None);
        }
        let (mut listed, mut last) = (Vec::new(), None);
        for (indicator, decisions) in self.blocklist.after(after.as_ref()).take(looked_max) {
            last = Some(*indicator);
            let is_its = |it: &&Decision| it.origin == Origin::Feed && it.author == author;
            if let Some(it) = decisions.iter().find(is_its) {
                listed.push((*indicator, it.expires_at));
            }
        }
        (listed, last)
    }

    /// Ends a feed's blocks of some entries.
    fn free_listed(&mut self, feed: FeedId, entries: &[Indicator]) {
        for indicator in entries {
            let ended = self
                .blocklist
                .remove(indicator, Origin::Feed, feed.as_author());
            if let Some(ended) = ended {
                self.unlist(&ended);
            }
        }
    }

    /// Returns how many entries of a feed are blocked.
    pub fn listed_count(&self, feed: FeedId) -> usize {
        self.budgets.active(&feed.as_author())
    }

    /// Returns the feeds of which anything is blocked.
    pub fn feeds(&self) -> std::collections::BTreeSet<FeedId> {
        let decisions = self.blocklist.iter().flat_map(|(_, decisions)| decisions);
        let listed = decisions.filter(|it| it.origin == Origin::Feed);
        listed.map(|it| FeedId::of_author(it.author)).collect()
    }

    /// Returns whether an entry of a feed may be blocked, or which guard forbids it. A list that the
    /// operator applies may be as wide as the operator may block; but it cannot know this host's networks.
    pub(super) fn may_list(&self, indicator: &Indicator) -> Result<(), Refusal> {
        self.guards.untouchable(indicator)?;
        self.guards.public(indicator)?;
        self.guards.configured_peer(indicator)?;
        match self.unblocks.covering(indicator).next() {
            Some(_) => Err(Refusal::Unblocked),
            None => Ok(()),
        }
    }

    /// Makes a decision that is neither told nor audited.
    pub(super) fn list(&mut self, decision: Decision) {
        let (indicator, author) = (decision.indicator, decision.author);
        let kept = self.blocklist.decisions(&indicator).len();
        let gave_way = self.blocklist.insert(decision.clone());
        if gave_way.is_none() && self.blocklist.decisions(&indicator).len() == kept {
            return; // an earlier one of the same author lasts longer
        }
        self.budgets.add_active(author);
        if let Some(it) = gave_way {
            self.forget_decision(&it);
        }
        self.persist(Record::DecisionMade(decision));
        self.agree_on(indicator);
    }

    /// Ends a decision of a feed, after the blocklist let go of it.
    pub(super) fn unlist(&mut self, ended: &Decision) {
        self.forget_decision(ended);
        self.agree_on(ended.indicator);
    }

    /// Makes the kernel agree with what holds an indicator.
    fn agree_on(&mut self, indicator: Indicator) {
        self.enforce(match self.blocklist.standing(&indicator) {
            Standing::Blocked(expires_at) => Change::Block {
                indicator,
                expires_at,
            },
            Standing::Free => Change::Unblock(indicator),
        });
    }

    fn audit_feed(&mut self, at: Timestamp, actor: Actor, (action, detail): (Action, String)) {
        self.persist(Record::Audit(crate::AuditEntry {
            at,
            actor,
            action,
            indicator: None,
            detail,
        }));
    }
}
