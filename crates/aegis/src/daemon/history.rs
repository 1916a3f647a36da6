//! Answering questions about the past in a thread of its own: a search may take a second, for
//! which the node does not wait.

use std::{
    sync::Arc,
    sync::mpsc::{SyncSender, TrySendError, sync_channel},
    thread,
};

use aegis_api::{
    ApiError, AuditReport, ErrorCode, HistoryBy, HistoryGroup, HistoryGroupsQuery, HistoryLine,
    HistoryQuery, HistoryScope, Page, Reply, Request, SafetyReply,
};
use aegis_core::{Actor, HistoryEntry, HistoryId, NodeId, OrganisationId, Timestamp};
use aegis_intel::place::Places;
use aegis_store::{GroupBy, HistoryFilter, HistoryReader, StoreError};
use tokio::sync::oneshot;

use super::{
    places::located,
    summary::{Known, summary},
};

/// Questions that wait: whoever comes then is told so instead of waiting behind them.
const QUESTIONS_MAX: usize = 16;

/// A question about the past with whoever waits for the answer.
struct Asked {
    now: Timestamp,
    question: Question,
    reply_tx: oneshot::Sender<Result<Reply, ApiError>>,
}

/// What is asked about the past.
pub(super) enum Question {
    Entries(HistoryQuery, Arc<Places>),
    /// With each node's organisations, where that is what is counted by.
    Groups(HistoryGroupsQuery, Vec<(NodeId, OrganisationId)>),
    Audit,
    Summary(Box<Known>),
}

/// Where questions about the past are left.
pub(super) struct HistoryDesk {
    asked_tx: SyncSender<Asked>,
}

/// Returns the question about the past that a request is, if it is one.
pub(super) fn question(
    request: &Request,
    places: impl FnOnce() -> Arc<Places>,
    members: impl FnOnce() -> Vec<(NodeId, OrganisationId)>,
) -> Option<Question> {
    if let Request::History(query) = request {
        return Some(Question::Entries(*query, places()));
    }
    if let Request::HistoryGroups(query) = request {
        let is_by_members = query.by == HistoryBy::Organisation;
        let members = is_by_members.then(members).unwrap_or_default();
        return Some(Question::Groups(*query, members));
    }
    matches!(request, Request::VerifyAudit).then_some(Question::Audit)
}

impl HistoryDesk {
    /// Starts the thread, which ends with the desk.
    pub(super) fn start(reader: Option<HistoryReader>) -> std::io::Result<Self> {
        let (asked_tx, asked_rx) = sync_channel::<Asked>(QUESTIONS_MAX);
        let answer_all = move || {
            while let Ok(asked) = asked_rx.recv() {
                if asked.reply_tx.is_closed() {
                    continue; // the caller gave up
                }
                let reply = answer(reader.as_ref(), asked.now, asked.question);
                let _ = asked.reply_tx.send(reply); // nobody's loss where the caller gave up
            }
        };
        thread::Builder::new()
            .name("history".into())
            .spawn(answer_all)?;
        Ok(Self { asked_tx })
    }

    /// Leaves a question; the thread answers it.
    pub(super) fn ask(
        &self,
        now: Timestamp,
        question: Question,
        reply_tx: oneshot::Sender<Result<Reply, ApiError>>,
    ) {
        let asked = Asked {
            now,
            question,
            reply_tx,
        };
        if let Err(refused) = self.asked_tx.try_send(asked) {
            let asked = match refused {
                TrySendError::Full(asked) | TrySendError::Disconnected(asked) => asked,
            };
            let message = "too many questions about the past at a time";
            let _ = asked
                .reply_tx
                .send(Err(ApiError::new(ErrorCode::Busy, message)));
        }
    }
}

fn answer(
    reader: Option<&HistoryReader>,
    now: Timestamp,
    question: Question,
) -> Result<Reply, ApiError> {
    let internal = |message: String| ApiError::new(ErrorCode::Internal, message);
    let reader = reader.ok_or_else(|| internal("nothing is kept on disk".into()))?;
    let reply = match question {
        Question::Entries(query, places) => {
            entries(reader, now, (&query, &places)).map(Reply::History)
        }
        Question::Groups(query, members) => {
            groups(reader, now, (&query, &members)).map(Reply::HistoryGroups)
        }
        Question::Audit => audit(reader).map(Reply::AuditReport),
        Question::Summary(known) => {
            summary(reader, *known).map(|it| Reply::Safety(Box::new(SafetyReply::Summary(it))))
        }
    };
    reply.map_err(|error| internal(super::dispatch::chain(&error)))
}

fn entries(
    reader: &HistoryReader,
    now: Timestamp,
    (query, places): (&HistoryQuery, &Places),
) -> Result<Page<HistoryLine>, StoreError> {
    let before = query.page.cursor().copied();
    // One more than fits, so that the page knows whether it is the last.
    let wanted = query.page.limit() + 1;
    let found = reader.entries(&filter(now, &query.scope), before, wanted)?;
    let lines = found.into_iter().map(|(id, it)| (id, line(id, it, places)));
    Ok(query.page.collect(lines))
}

fn line(id: HistoryId, entry: HistoryEntry, places: &Places) -> HistoryLine {
    let actor = match entry.actor {
        Actor::Detector => "detector".to_owned(),
        Actor::Node => "node".to_owned(),
        Actor::User(uid) => format!("user:{uid}"),
        Actor::Key(name) => format!("key:{name}"),
        Actor::Peer(peer) => format!("peer:{peer}"),
    };
    HistoryLine {
        id,
        at: entry.at,
        kind: entry.kind,
        actor,
        indicator: entry.indicator,
        threat_type: entry.threat_type,
        severity: entry.severity.map(aegis_core::Severity::value),
        until: entry.until,
        detail: entry.detail,
        location: entry.indicator.and_then(|it| located(places, &it)),
    }
}

fn groups(
    reader: &HistoryReader,
    now: Timestamp,
    (query, members): (&HistoryGroupsQuery, &[(NodeId, OrganisationId)]),
) -> Result<Vec<HistoryGroup>, StoreError> {
    let by = match query.by {
        HistoryBy::Type => GroupBy::Type,
        HistoryBy::Source => GroupBy::Source,
        HistoryBy::Day => GroupBy::Day,
        HistoryBy::Organisation => GroupBy::Organisation(members.to_vec()),
    };
    let limit = query.limit.min(aegis_api::PAGE_ITEMS_MAX).get().into();
    let found = reader.groups(&filter(now, &query.scope), &by, limit)?;
    let groups = found.into_iter().map(|it| HistoryGroup {
        key: it.key,
        entries: it.entries,
        detections: it.detections,
        alerts: it.alerts,
        blocks: it.blocks,
        indicators: it.indicators,
        first_at: it.first_at,
        last_at: it.last_at,
    });
    Ok(groups.collect())
}

fn audit(reader: &HistoryReader) -> Result<AuditReport, StoreError> {
    let found = reader.audit_verify()?;
    Ok(AuditReport {
        whole: found.fault.is_none(),
        rows: found.rows,
        cut_through: found.cut_through,
        last_seq: found.last_seq,
        head: found.head.to_string(),
        fault: found.fault.map(|it| it.to_string()),
    })
}

fn filter(now: Timestamp, scope: &HistoryScope) -> HistoryFilter {
    HistoryFilter {
        indicator: scope.indicator,
        since: scope.since.map(|it| it.at(now)),
        until: scope.until.map(|it| it.at(now)),
    }
}
