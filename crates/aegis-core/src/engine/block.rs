//! Making and ending decisions: every block goes in and out through here.

use crate::{
    Action, Actor, Change, Decision, Indicator, Origin, Record, Refusal, Timestamp,
    blocklist::Standing,
    engine::{Cause, Engine, Notice},
};

impl Engine {
    /// Makes `decision`: recorded first, then enforced, then told.
    pub(super) fn block(
        &mut self,
        now: Timestamp,
        actor: Actor,
        decision: Decision,
    ) -> Result<(), Refusal> {
        self.block_noted(now, actor, decision, "")
    }

    /// Makes `decision`, with something more about it for the audit log.
    pub(super) fn block_noted(
        &mut self,
        now: Timestamp,
        actor: Actor,
        decision: Decision,
        more: &str,
    ) -> Result<(), Refusal> {
        self.make_room(now, &decision)?;
        let (indicator, origin, author) = (decision.indicator, decision.origin, decision.author);
        let block_for = decision.expires_at.since(now);
        let before = self.blocklist.standing(&indicator);
        let kept = self.blocklist.decisions(&indicator).len();
        let gave_way = self.blocklist.insert(decision.clone());
        if gave_way.is_none() && self.blocklist.decisions(&indicator).len() == kept {
            return Ok(()); // the same author's earlier decision lasts longer
        }
        self.budgets.add_active(author);
        if let Some(it) = gave_way {
            self.forget_decision(&it);
        }
        let detail = format!(
            "until {} origin {origin} author {author} type {} severity {}{more}",
            decision.expires_at, decision.threat_type, decision.severity
        );
        self.note_blocked(now, actor.clone(), &decision);
        self.persist(Record::DecisionMade(decision));
        self.audit(now, actor, (Action::Block, indicator), detail);
        if origin > Origin::Feed {
            self.observe_peers(now, &indicator);
        }
        let standing = self.blocklist.standing(&indicator);
        if let Standing::Blocked(expires_at) = standing {
            self.enforce(Change::Block {
                indicator,
                expires_at,
            });
        }
        if before != standing {
            self.notify(Notice::Blocked {
                indicator,
                block_for,
                origin,
                author,
            });
        }
        Ok(())
    }

    /// Ends what `ended` stood for, after the blocklist let go of it.
    pub(super) fn end_decisions(&mut self, now: Timestamp, ended: &[Decision], cause: Cause) {
        // What a feed lists, or was imported, is blocked and freed without a word, unless somebody else has a say in it.
        let (listed, told): (Vec<&Decision>, Vec<&Decision>) = ended.iter().partition(|it| {
            let is_ended_by_itself = matches!(cause, Cause::Expired | Cause::Withdrawn);
            matches!(it.origin, Origin::Feed | Origin::Import) && is_ended_by_itself
        });
        for decision in listed {
            self.unlist(decision);
        }
        for decision in &told {
            self.forget_decision(decision);
        }
        let mut indicators: Vec<Indicator> = told.iter().map(|it| it.indicator).collect();
        indicators.sort();
        indicators.dedup();
        for indicator in indicators {
            self.settle(now, indicator, cause);
        }
        let own = told.iter().filter(|it| it.origin > Origin::Feed);
        for indicator in own.map(|it| it.indicator).collect::<Vec<_>>() {
            self.observe_peers(now, &indicator);
        }
    }

    /// Makes the kernel agree with what still holds `indicator` after a decision ended.
    fn settle(&mut self, now: Timestamp, indicator: Indicator, cause: Cause) {
        match self.blocklist.standing(&indicator) {
            Standing::Blocked(expires_at) => self.enforce(Change::Block {
                indicator,
                expires_at,
            }),
            Standing::Free => {
                let action = match cause {
                    Cause::Expired => Action::Expire,
                    Cause::Withdrawn => Action::Withdraw,
                    Cause::Operator | Cause::Exempted | Cause::Displaced => Action::Unblock,
                };
                self.audit(
                    now,
                    Actor::Node,
                    (action, indicator),
                    cause.as_str().to_owned(),
                );
                self.note_ended(now, indicator, cause);
                self.enforce(Change::Unblock(indicator));
                self.notify(Notice::Unblocked { indicator, cause });
            }
        }
    }

    /// Ends every block.
    pub(super) fn clear(&mut self, now: Timestamp) {
        let blocked: Vec<Indicator> = self.blocklist.iter().map(|(it, _)| *it).collect();
        for indicator in blocked {
            let ended = self.blocklist.remove_all(&indicator);
            self.end_decisions(now, &ended, Cause::Operator);
        }
    }

    pub(super) fn forget_decision(&mut self, decision: &Decision) {
        let Decision {
            indicator,
            origin,
            author,
            ..
        } = *decision;
        self.budgets.remove_active(author);
        // The same author's decision may have been replaced by a longer one of the same key.
        let is_replaced = |it: &Decision| it.origin == origin && it.author == author;
        if !self.blocklist.decisions(&indicator).iter().any(is_replaced) {
            self.persist(Record::DecisionEnded {
                indicator,
                origin,
                author,
            });
            if origin == Origin::Detector && self.reports.remove_all(&indicator) {
                self.persist(Record::ReportsEnded(indicator));
            }
        }
    }

    /// Sees to it that there is room for one more indicator: stronger words displace peers'.
    fn make_room(&mut self, now: Timestamp, decision: &Decision) -> Result<(), Refusal> {
        let is_new = self.blocklist.decisions(&decision.indicator).is_empty();
        if !is_new || self.blocklist.len() < self.blocks_max {
            return Ok(());
        }
        let weakest = match decision.origin {
            Origin::Peers | Origin::Import | Origin::Feed => None,
            Origin::Detector | Origin::Operator => self.blocklist.weakest(),
        };
        let Some(weakest) = weakest else {
            let entries_max = u32::try_from(self.blocks_max).unwrap_or(u32::MAX);
            return Err(Refusal::TableFull { entries_max });
        };
        let ended = self.blocklist.remove_all(&weakest);
        self.end_decisions(now, &ended, Cause::Displaced);
        Ok(())
    }
}
