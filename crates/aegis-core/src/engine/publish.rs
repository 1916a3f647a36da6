//! Sharing this node's own word: what comes back signed is remembered, then sent.

use std::sync::Arc;

use crate::{
    Action, Actor, Alert, BlockDuration, Operator, Origin, Record, SKEW_MAX, Statement, Timestamp,
    engine::{Engine, Notice, Output, Purpose, Reply},
    ledger::Outcome,
};

impl Engine {
    pub(super) fn handle_signed(&mut self, now: Timestamp, alert: Arc<Alert>, purpose: Purpose) {
        let (id, indicator) = (alert.id(), alert.statement().indicator);
        if self.ledger.contains(&id) {
            // The same words in the same second: shared already.
            return self.answer_shared(&alert, purpose);
        }
        let outcome = match alert.statement().withdraws {
            Some(_) => Outcome::Withdraws,
            None => Outcome::Shared,
        };
        self.remember(now, alert.clone(), outcome);
        let (origin, actor) = match purpose {
            Purpose::Detection => (Origin::Detector, Actor::Detector),
            Purpose::Order { user, .. } | Purpose::Withdrawal { user } => {
                (Origin::Operator, user.into())
            }
        };
        let shared = self.blocklist.set_alert(&indicator, origin, self.node, id);
        if let Some(decision) = shared {
            self.persist(Record::DecisionMade(decision));
        }
        if let Purpose::Detection = purpose {
            let threat_type = &alert.statement().threat_type;
            let told = self.reports.add_alert(&indicator, threat_type, id);
            if let Some(report) = told {
                self.persist(Record::ReportKept(report));
            }
        }
        self.note_published(now, actor.clone(), &alert);
        self.withdraw(now, &alert);
        self.audit(
            now,
            actor,
            (Action::Publish, indicator),
            format!("alert {id}"),
        );
        self.counters.published += 1;
        self.push(Output::Publish(alert.clone()));
        self.notify(Notice::Published(alert.clone()));
        self.answer_shared(&alert, purpose);
    }

    /// Asks for withdrawals of own alerts; returns how many.
    pub(super) fn ask_to_withdraw(
        &mut self,
        now: Timestamp,
        user: Operator,
        alerts: &[Arc<Alert>],
    ) -> usize {
        for alert in alerts {
            let statement = alert.statement().clone();
            let left = statement.expires_at().since(now) + SKEW_MAX;
            let statement = Statement {
                stated_at: now.floor_to_secs(),
                block_for: BlockDuration::clamped(left), // outlives what it withdraws
                description: None,
                withdraws: Some(alert.id()),
                ..statement
            };
            self.push(Output::Sign {
                statement,
                audience: alert.audience(),
                purpose: Purpose::Withdrawal { user },
            });
        }
        alerts.len()
    }

    fn answer_shared(&mut self, alert: &Alert, purpose: Purpose) {
        let Purpose::Order { ticket, blocks, .. } = purpose else {
            return;
        };
        let statement = alert.statement();
        let reply = if blocks {
            let block_for = statement.block_for.into();
            Reply::Blocked {
                indicator: statement.indicator,
                block_for,
                alert: Some(alert.id()),
            }
        } else {
            Reply::Published(alert.id())
        };
        self.push(Output::Answer {
            ticket,
            reply: Ok(reply),
        });
    }
}
