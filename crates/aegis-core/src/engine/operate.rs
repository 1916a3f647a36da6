//! What the operator orders. What is protected is protected from the operator too.

use std::time::Duration;

use crate::{
    Action, Actor, AllowEntry, Change, Decision, Description, FeedId, HistoryKind, Indicator,
    Operator, OrganisationId, OrganisationRefusal, Origin, Record, Refusal, Statement, Timestamp,
    Unblock,
    engine::{
        Cause, Command, Engine, Order, Output, Purpose, Reply, Subject, feed::LISTED_AGAIN_MAX,
    },
    guard::{ALLOWLIST_MAX, Guards},
    policy::PEER_TTL_MAX,
};

impl Engine {
    pub(super) fn handle_order(&mut self, now: Timestamp, order: Order) {
        let Order {
            ticket,
            user,
            command,
        } = order;
        let done = match command {
            Command::Block {
                subject,
                publish,
                force,
            } => self.order_block(now, (ticket, user), subject, (publish, force)),
            Command::Publish { subject, force } => {
                self.order_publish(now, (ticket, user), subject, force)
            }
            Command::Unblock {
                indicator,
                withdraw,
            } => Ok(Some(self.order_unblock(now, user, indicator, withdraw))),
            Command::Allow {
                indicator,
                allow_for,
                comment,
            } => self
                .order_allow(now, user, (indicator, allow_for), comment)
                .map(Some),
            Command::Disallow(indicator) => Ok(Some(self.order_disallow(now, user, indicator))),
            Command::Ask(indicator) => self.order_ask(now, ticket, indicator),
            Command::Trust { peer, introduction } => {
                self.order_trust(now, user, peer, introduction).map(Some)
            }
            Command::Forget(peer) => Ok(Some(self.order_forget(now, user, peer))),
            Command::Report(reports) => Ok(Some(Reply::Reported(self.take_reports(now, reports)))),
            Command::WithdrawReport { indicator, source } => {
                Ok(Some(self.withdraw_report(now, user, indicator, source)))
            }
            Command::Import(it) => Ok(Some(self.order_import(now, user, it))),
            Command::Organisation(it) => self.order_organisation(now, user, it).map(Some),
        };
        match done {
            Ok(Some(reply)) => self.push(Output::Answer {
                ticket,
                reply: Ok(reply),
            }),
            Ok(None) => {} // answered when the alert is signed
            Err(refusal) => {
                self.count_refusal(&refusal);
                self.push(Output::Answer {
                    ticket,
                    reply: Err(refusal),
                });
            }
        }
    }

    fn order_block(
        &mut self,
        now: Timestamp,
        (ticket, user): (u64, Operator),
        subject: Subject,
        (publish, force): (bool, bool),
    ) -> Result<Option<Reply>, Refusal> {
        let indicator = subject.indicator;
        let audience = subject.audience;
        self.may_address(now, audience)?;
        self.guards.untouchable(&indicator)?;
        if !force {
            self.guards.configured_peer(&indicator)?;
        }
        let block_for: Duration = subject.block_for.into();
        let decision = Decision {
            indicator,
            origin: Origin::Operator,
            author: self.node,
            alert: None,
            threat_type: subject.threat_type.clone(),
            severity: subject.severity,
            evidence: subject.evidence,
            decided_at: now,
            expires_at: now + block_for,
        };
        // The operator's newest word replaces the last one, also where that would last longer.
        let replaced = self
            .blocklist
            .remove(&indicator, Origin::Operator, self.node);
        if replaced.is_some() {
            self.budgets.remove_active(self.node);
        }
        self.block(now, user.into(), decision.clone())?;
        self.forget_unblock(&indicator);
        self.learn_from_decision(now, &decision, publish);
        if !publish {
            return Ok(Some(Reply::Blocked {
                indicator,
                block_for,
                alert: None,
            }));
        }
        let statement = self.statement(now, subject);
        let purpose = Purpose::Order {
            ticket,
            user,
            blocks: true,
        };
        self.push(Output::Sign {
            statement,
            audience,
            purpose,
        });
        Ok(None)
    }

    fn order_publish(
        &mut self,
        now: Timestamp,
        (ticket, user): (u64, Operator),
        subject: Subject,
        force: bool,
    ) -> Result<Option<Reply>, Refusal> {
        let audience = subject.audience;
        self.may_address(now, audience)?;
        self.guards.untouchable(&subject.indicator)?;
        if !force {
            self.guards.configured_peer(&subject.indicator)?;
        }
        let statement = self.statement(now, subject);
        let purpose = Purpose::Order {
            ticket,
            user,
            blocks: false,
        };
        self.push(Output::Sign {
            statement,
            audience,
            purpose,
        });
        Ok(None)
    }

    /// Returns whether this node may share something with the members of an organisation alone.
    fn may_address(&self, now: Timestamp, audience: Option<OrganisationId>) -> Result<(), Refusal> {
        let Some(organisation) = audience else {
            return Ok(());
        };
        let is_member = self.member_role(now, &self.node, &organisation).is_some();
        let refusal = Refusal::Organisation(OrganisationRefusal::NotMember);
        is_member.then_some(()).ok_or(refusal)
    }

    fn statement(&self, now: Timestamp, subject: Subject) -> Statement {
        Statement {
            indicator: subject.indicator,
            threat_type: subject.threat_type,
            severity: subject.severity,
            stated_at: now.floor_to_secs(),
            block_for: subject.block_for,
            evidence: subject.evidence,
            description: subject.description,
            withdraws: None,
        }
    }

    fn order_unblock(
        &mut self,
        now: Timestamp,
        user: Operator,
        indicator: Indicator,
        withdraw: bool,
    ) -> Reply {
        let ended = self.blocklist.remove_all(&indicator);
        if !ended.is_empty() {
            self.hold_unblocked(now, indicator, &ended);
            self.audit(
                now,
                user.into(),
                (Action::Unblock, indicator),
                String::new(),
            );
            let what = (HistoryKind::Unblocked, indicator);
            self.note_order(now, user.into(), what, (None, ""));
            self.end_decisions(now, &ended, Cause::Operator);
            self.learn_benign(now, indicator);
        } else {
            // The kernel may hold a block of its own whose report was lost.
            self.push(Output::Enforce(Change::Unblock(indicator)));
        }
        let withdrawn = if withdraw {
            self.withdraw_own(now, user, indicator)
        } else {
            0
        };
        let covered_by = self.blocklist.covering(&indicator).into_iter().next();
        if ended.is_empty() {
            return Reply::NotBlocked {
                covered_by,
                withdrawn,
            };
        }
        let listed = ended.iter().filter(|it| it.origin == Origin::Feed);
        Reply::Unblocked {
            covered_by,
            withdrawn,
            listed_by: listed.map(|it| FeedId::of_author(it.author)).collect(),
        }
    }

    /// Holds the operator's unblock against every alert that can be alive now, and until the feeds among
    /// what ended can be had again.
    fn hold_unblocked(&mut self, now: Timestamp, indicator: Indicator, ended: &[Decision]) {
        self.forget_unblock(&indicator);
        let listed = ended.iter().filter(|it| it.origin == Origin::Feed);
        let listed_until = listed.map(|it| it.expires_at + LISTED_AGAIN_MAX).max();
        let alerts_until = now + PEER_TTL_MAX;
        self.hold(Unblock {
            indicator,
            unblocked_at: now,
            expires_at: listed_until.map_or(alerts_until, |it| it.max(alerts_until)),
        });
    }

    /// Keeps an unblock, in place of the one for the same indicator whose end is known no more.
    pub(super) fn hold(&mut self, unblock: Unblock) {
        self.unblocks.insert(unblock.indicator, unblock);
        self.unblocks_due
            .insert((unblock.expires_at, unblock.indicator));
        self.persist(Record::Unblocked(unblock));
    }

    pub(super) fn forget_unblock(&mut self, indicator: &Indicator) {
        if let Some(unblock) = self.unblocks.remove(indicator) {
            self.unblocks_due.remove(&(unblock.expires_at, *indicator));
            self.persist(Record::UnblockEnded(*indicator));
        }
    }

    /// Asks for a withdrawal of each own live alert about exactly `indicator`.
    fn withdraw_own(&mut self, now: Timestamp, user: Operator, indicator: Indicator) -> usize {
        let own = self.ledger.about(&indicator).map(|it| &it.alert);
        let own = own.filter(|it| it.author() == self.node && it.statement().withdraws.is_none());
        let alerts: Vec<_> = own
            .filter(|it| it.statement().indicator == indicator)
            .cloned()
            .collect();
        self.ask_to_withdraw(now, user, &alerts)
    }

    fn order_allow(
        &mut self,
        now: Timestamp,
        user: Operator,
        (indicator, allow_for): (Indicator, Option<Duration>),
        comment: Option<Description>,
    ) -> Result<Reply, Refusal> {
        Guards::width(&indicator)?;
        let expires_at = allow_for.map(|it| now + it);
        let entry = AllowEntry {
            indicator,
            added_at: now,
            expires_at,
            comment,
        };
        let earlier = self
            .guards
            .allowlist()
            .get(&indicator)
            .and_then(|it| it.expires_at);
        if !self.guards.allow(entry.clone()) {
            return Err(Refusal::TableFull {
                entries_max: ALLOWLIST_MAX as u32,
            });
        }
        if let Some(it) = earlier {
            self.allowlist_due.remove(&(it, indicator));
        }
        if let Some(it) = expires_at {
            self.allowlist_due.insert((it, indicator));
        }
        let comment = entry.comment.as_ref().map_or("", Description::as_str);
        let what = (HistoryKind::Allowed, indicator);
        self.note_order(now, user.into(), what, (expires_at, comment));
        self.persist(Record::Allowed(entry));
        let detail = expires_at.map_or_else(String::new, |it| format!("until {it}"));
        self.audit(now, user.into(), (Action::Allow, indicator), detail);
        self.sync_exemptions();
        let unblocked = self.blocklist.within(&indicator);
        for it in &unblocked {
            let ended = self.blocklist.remove_all(it);
            self.end_decisions(now, &ended, Cause::Exempted);
        }
        for it in unblocked.iter().filter(|it| **it != indicator) {
            self.learn_benign(now, *it);
        }
        self.learn_benign(now, indicator);
        Ok(Reply::Allowed { unblocked })
    }

    fn order_disallow(&mut self, now: Timestamp, user: Operator, indicator: Indicator) -> Reply {
        if self.disallow(now, user.into(), indicator) {
            Reply::Disallowed
        } else {
            Reply::NotAllowed
        }
    }

    pub(super) fn disallow(&mut self, now: Timestamp, actor: Actor, indicator: Indicator) -> bool {
        let Some(entry) = self.guards.disallow(&indicator) else {
            return false;
        };
        if let Some(it) = entry.expires_at {
            self.allowlist_due.remove(&(it, indicator));
        }
        self.persist(Record::Disallowed(indicator));
        let what = (HistoryKind::Disallowed, indicator);
        self.note_order(now, actor.clone(), what, (None, ""));
        self.audit(now, actor, (Action::Disallow, indicator), String::new());
        self.sync_exemptions();
        true
    }
}
