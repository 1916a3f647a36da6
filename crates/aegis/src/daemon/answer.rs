//! Answering calls: questions at once, orders when the Engine has answered them.

use aegis_api::{
    ApiError, Caller, Disallowed, ErrorCode, ImportRequest, OrganisationReply, OrganisationRequest,
    Reply, Request, SafetyRequest, TrustForgotten,
};
use aegis_core::{
    Command, Evidence, Import, ImportEntry, Input, Order, Refusal, Subject,
    trust::model::Introduction,
};

use tokio::sync::{mpsc, oneshot};

use super::{Node, Waiting, control::Call, history, report, reports};

/// Where an answer goes.
type ReplyTx = oneshot::Sender<Result<Reply, ApiError>>;

/// Calls taken in one go: nobody else waits longer than some milliseconds.
const CALLS_AT_ONCE: usize = 64;

impl Node {
    /// Takes a call and those that wait behind it: one write to the store covers the orders among
    /// them.
    pub(super) fn handle_calls(&mut self, first: Call, calls_rx: &mut mpsc::Receiver<Call>) {
        self.handle_call(first);
        for _ in 1..CALLS_AT_ONCE {
            let Ok(call) = calls_rx.try_recv() else { break };
            self.handle_call(call);
        }
        self.drain();
    }

    /// Takes one call. A caller that went away meanwhile is nobody's loss.
    ///
    /// What comes of an order is carried out before the next question, or with that of others.
    fn handle_call(&mut self, call: Call) {
        let Call {
            caller,
            request,
            reply_tx,
        } = call;
        if !matches!(request, Request::Block(_) | Request::Unblock(_)) {
            self.drain();
        }
        if let Some(question) =
            history::question(&request, || self.places.places(), || self.all_members())
        {
            return self.history.ask(self.now(), question, reply_tx);
        }
        if let Request::Safety(it) = request {
            return self.handle_safety(caller, it, reply_tx);
        }
        if let Request::Network(it) = &request {
            let reply = self.network(caller.operator(), it);
            let _ = reply_tx.send(reply);
            return;
        }
        if let Request::Key(it) = &request {
            let reply = self.about_keys(caller, it);
            let _ = reply_tx.send(reply);
            return;
        }
        if let Request::Import(it) = &request {
            self.expect_import(it);
        }
        let command = if let Request::Organisation(it) = &request {
            let command = self.organisation_command(it);
            command.map(|it| it.map(Command::Organisation))
        } else {
            Ok(command(&request))
        };
        match command {
            Err(error) => {
                let _ = reply_tx.send(Err(error));
            }
            Ok(Some(command)) => {
                self.ticket += 1;
                let order = Order {
                    ticket: self.ticket,
                    user: caller.operator(),
                    command,
                };
                self.orders
                    .insert(self.ticket, Waiting { request, reply_tx });
                self.engine
                    .handle_input(self.clock.now(), Input::Ordered(order));
            }
            Ok(None) => {
                let reply = self.question(&request);
                let _ = reply_tx.send(reply);
            }
        }
    }

    fn handle_safety(&mut self, caller: Caller, request: SafetyRequest, reply_tx: ReplyTx) {
        match request {
            SafetyRequest::Summary(it) => match self.known_for(it) {
                Ok(known) => {
                    let question = history::Question::Summary(Box::new(known));
                    self.history.ask(self.now(), question, reply_tx);
                }
                Err(error) => {
                    let _ = reply_tx.send(Err(error));
                }
            },
            SafetyRequest::AllowName(it) => self.allow_name(caller, it, reply_tx),
            SafetyRequest::BlockRegion(it) => self.block_region(caller, it, reply_tx),
            SafetyRequest::Enforce(_)
            | SafetyRequest::Confirm
            | SafetyRequest::Observe
            | SafetyRequest::Protected
            | SafetyRequest::DisallowName(_)
            | SafetyRequest::AllowNames
            | SafetyRequest::UnblockRegion(_)
            | SafetyRequest::Regions => {
                let reply = self.safety(caller, &request);
                let _ = reply_tx.send(reply.map(|it| Reply::Safety(Box::new(it))));
            }
        }
    }

    /// Answers what changes nothing.
    fn question(&mut self, request: &Request) -> Result<Reply, ApiError> {
        match request {
            Request::Status => Ok(Reply::Status(Box::new(self.status()?))),
            Request::Stats => Ok(Reply::Stats(Box::new(self.stats()?))),
            Request::Metrics => Ok(Reply::Metrics(Box::new(self.metrics()?))),
            Request::ReloadConfig => self.reload().map(Reply::Reloaded),
            Request::Blocks(query) => Ok(Reply::Blocks(self.blocks(query)?)),
            Request::Check(indicator) => Ok(Reply::Check(self.check(indicator))),
            Request::Why(indicator) => Ok(Reply::Why(Box::new(self.why(indicator)?))),
            Request::Peers(query) => Ok(Reply::Peers(self.peers(query))),
            Request::View(it) => self.view(it).map(Reply::View),
            Request::Logins => Ok(self.logins()),
            Request::Preview(it) => self.preview(it),
            Request::AllowEntries(query) => Ok(Reply::AllowEntries(self.allow_entries(query))),
            Request::Trust(peer) => Ok(Reply::PeerTrust(Box::new(self.trust(*peer)))),
            Request::Organisation(OrganisationRequest::List) => Ok(Reply::Organisation(Box::new(
                OrganisationReply::List(self.organisations()),
            ))),
            Request::Organisation(OrganisationRequest::Members(id)) => {
                let members = self.organisation_members(*id);
                let reply = OrganisationReply::Members(members);
                Ok(Reply::Organisation(Box::new(reply)))
            }
            Request::Feed(_) => Err(ApiError::new(
                ErrorCode::Unavailable,
                "this node fetches no feeds",
            )),
            Request::Block(_)
            | Request::Publish(_)
            | Request::Import(_)
            | Request::Unblock(_)
            | Request::Allow(_)
            | Request::Disallow(_)
            | Request::Ask(_)
            | Request::SetTrust(_)
            | Request::ForgetTrust(_)
            | Request::History(_)
            | Request::HistoryGroups(_)
            | Request::VerifyAudit
            | Request::Report(_)
            | Request::WithdrawReport(_)
            | Request::File(_)
            | Request::Network(_)
            | Request::Key(_)
            | Request::Safety(_)
            | Request::Organisation(_) => Err(ApiError::new(
                ErrorCode::Internal,
                "it was asked of the wrong task",
            )),
        }
    }

    /// Gives the answer to whoever waits for it.
    pub(super) fn answer_order(&mut self, ticket: u64, reply: Result<aegis_core::Reply, Refusal>) {
        let Some(Waiting { request, reply_tx }) = self.orders.remove(&ticket) else {
            return;
        };
        let reply = match reply {
            Ok(reply) => self.told(&request, &reply),
            Err(refusal) => Err(refusal.into()),
        };
        if matches!(request, Request::Import(ImportRequest { follow: 0, .. })) {
            self.end_import();
        }
        let _ = reply_tx.send(reply);
    }

    /// Has the kernel's tables grow while the first part of an import is still being taken in.
    fn expect_import(&mut self, request: &ImportRequest) {
        let sample: Vec<_> = request.entries.iter().map(|it| it.indicator).collect();
        let follow = usize::try_from(request.follow).unwrap_or(usize::MAX);
        let count = sample.len().saturating_add(follow);
        self.enforcer.expect(&sample, count);
        self.begin_list();
    }

    /// Returns the contract's words for what became of an order.
    fn told(&self, request: &Request, reply: &aegis_core::Reply) -> Result<Reply, ApiError> {
        let now = self.now();
        match (request, reply) {
            (
                Request::Block(_),
                aegis_core::Reply::Blocked {
                    indicator,
                    block_for,
                    alert,
                },
            ) => Ok(Reply::Blocked(report::blocked(
                now, *indicator, *block_for, *alert,
            ))),
            (Request::Publish(asked), aegis_core::Reply::Published(alert_id)) => {
                let expires_at = now.floor_to_secs() + asked.duration_secs.into();
                let (indicator, alert_id) = (asked.indicator, *alert_id);
                Ok(Reply::Published(aegis_api::Published {
                    indicator,
                    alert_id,
                    expires_at,
                }))
            }
            (Request::Unblock(asked), reply) => {
                Ok(Reply::Unblocked(report::unblocked(asked.indicator, reply)))
            }
            (Request::Allow(asked), aegis_core::Reply::Allowed { .. }) => {
                let entry = self
                    .engine
                    .allowlist()
                    .find(|it| it.indicator == asked.indicator);
                let gone = || ApiError::new(ErrorCode::Internal, "the entry is gone already");
                entry
                    .map(|it| Reply::Allowed(report::allow_entry(now, it)))
                    .ok_or_else(gone)
            }
            (Request::Disallow(indicator), reply) => {
                let was_allowed = matches!(reply, aegis_core::Reply::Disallowed);
                Ok(Reply::Disallowed(Disallowed {
                    indicator: *indicator,
                    was_allowed,
                }))
            }
            (Request::Ask(_), aegis_core::Reply::Opinion(opinion)) => {
                Ok(Reply::Opinion(Box::new(report::network_opinion(opinion))))
            }
            (Request::SetTrust(_), aegis_core::Reply::Trusted(standing)) => {
                let trust = self.peer_trust((**standing).clone());
                Ok(Reply::PeerTrust(Box::new(trust)))
            }
            (Request::ForgetTrust(peer), aegis_core::Reply::Forgotten { was_known }) => {
                Ok(Reply::TrustForgotten(TrustForgotten {
                    peer: *peer,
                    was_known: *was_known,
                }))
            }
            (Request::Report(_) | Request::WithdrawReport(_), reply) => {
                reports::told(now, request, reply)
            }
            (Request::Import(_), aegis_core::Reply::Imported { blocked, refused }) => {
                Ok(Reply::Imported(report::imported(*blocked, refused)))
            }
            (Request::Organisation(asked), aegis_core::Reply::Organisation(reply)) => {
                self.organisation_told(asked, *reply)
            }
            _ => Err(ApiError::new(
                ErrorCode::Internal,
                "the answer does not fit the order",
            )),
        }
    }
}

/// Returns what is imported by a request.
fn import(request: &ImportRequest) -> Import {
    let entries = request.entries.iter().map(|it| ImportEntry {
        indicator: it.indicator,
        block_for: std::time::Duration::from_secs(it.duration_secs.get().into()),
        threat_type: it.threat_type.clone(),
    });
    let source = request
        .source
        .as_ref()
        .map_or("elsewhere", |it| it.as_str());
    Import {
        source: source.to_owned(),
        entries: entries.collect(),
    }
}

/// Returns the order that a request is, `None` for a question.
#[expect(clippy::too_many_lines, reason = "a table reads better whole")]
fn command(request: &Request) -> Option<Command> {
    Some(match request {
        Request::Block(it) => Command::Block {
            subject: Subject {
                indicator: it.indicator,
                block_for: it.duration_secs,
                threat_type: it.threat_type.clone(),
                severity: it.severity,
                // An operator's word counts as proven unless said otherwise.
                evidence: it.evidence.map_or(Evidence::Verified, Into::into),
                description: it.description.clone(),
                audience: it.to,
            },
            publish: it.publish,
            force: it.force,
        },
        Request::Publish(it) => Command::Publish {
            subject: Subject {
                indicator: it.indicator,
                block_for: it.duration_secs,
                threat_type: it.threat_type.clone(),
                severity: it.severity,
                evidence: it.evidence.map_or(Evidence::Verified, Into::into),
                description: it.description.clone(),
                audience: it.to,
            },
            force: it.force,
        },
        Request::Import(it) => Command::Import(import(it)),
        Request::Unblock(it) => Command::Unblock {
            indicator: it.indicator,
            withdraw: it.withdraw,
        },
        Request::Allow(it) => Command::Allow {
            indicator: it.indicator,
            allow_for: it
                .duration_secs
                .map(|secs| std::time::Duration::from_secs(secs.get().into())),
            comment: it.comment.clone(),
        },
        Request::Disallow(indicator) => Command::Disallow(*indicator),
        Request::Ask(indicator) => Command::Ask(*indicator),
        Request::SetTrust(it) => Command::Trust {
            peer: it.peer,
            introduction: Introduction {
                pretrust: it.trust,
                is_fixed: it.fixed,
            },
        },
        Request::ForgetTrust(peer) => Command::Forget(*peer),
        Request::Report(it) => reports::command(it),
        Request::WithdrawReport(it) => Command::WithdrawReport {
            indicator: it.indicator,
            source: it.source.clone(),
        },
        Request::Organisation(_) // made by whoever holds the keys
        | Request::Status
        | Request::Stats
        | Request::Metrics
        | Request::ReloadConfig
        | Request::Blocks(_)
        | Request::Check(_)
        | Request::Why(_)
        | Request::Peers(_)
        | Request::View(_)
        | Request::Trust(_)
        | Request::History(_)
        | Request::HistoryGroups(_)
        | Request::VerifyAudit
        | Request::AllowEntries(_)
        | Request::Logins
        | Request::Preview(_)
        | Request::Network(_)
        | Request::Key(_)
        | Request::Safety(_)
        | Request::Feed(_)
        | Request::File(_) => return None,
    })
}
