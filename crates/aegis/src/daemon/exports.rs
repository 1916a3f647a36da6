//! What other programs read over HTTP: a task beside the loop that keeps what was shown, and renews it by the
//! page when somebody asks and something happened.
//!
//! The loop is asked for a page at a time, as by everybody who reads the list. Whoever is answered holds a list that
//! changes no more, however long the reading takes.

mod answer;
mod kept;

use std::{collections::HashSet, path::Path, sync::Arc, time::Duration};

use aegis_api::{
    ApiError, Block, Caller, Control as _, ErrorCode, ExportRequest, Exported, Indicator,
    PageQuery, Reply, Request,
};
use aegis_intel::export::{Entry, Publication};
use anyhow::Context as _;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use self::kept::Kept;
use super::{Clock, ControlHandle};

/// Questions that wait; who comes next waits at the door. One answer serves all that wait.
const QUESTIONS_MAX: usize = 64;

/// Between two renewals this rests for so many times what the first took, so that who asks all the time
/// costs a quarter of the time at most.
const RESTS: u32 = 3;

/// The longest of these rests.
const REST_MAX: Duration = Duration::from_secs(2);

/// How long a list is the newest although nothing is known to have happened.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// A renewal that takes this long is a slow one: the list is then the newest for ten times what that took,
/// whatever happens, or nobody who waits would ever be answered in time.
const SLOW: Duration = Duration::from_secs(1);
const SLOW_IS_FRESH: u32 = 10;

/// Somebody asks for what is shown.
pub(super) struct ListQuestion {
    /// Whether he will ask for what is new, also after a restart.
    is_followed: bool,
    reply_tx: oneshot::Sender<Result<Arc<Publication>, ApiError>>,
}

/// Where questions go.
pub(super) type QuestionSender = mpsc::Sender<ListQuestion>;

/// The task's own, until it runs.
pub(super) struct Exports {
    questions_rx: mpsc::Receiver<ListQuestion>,
    publication: Arc<Publication>,
    kept: Kept,
    is_recalled: bool,            // what was shown before the start was looked for
    is_followed: bool,            // somebody asks for what is new, so that what is shown is kept
    is_failing: bool,             // which does not work, and was told
    seen: Option<(u64, Instant)>, // the last event before the list was read, and when that was
    rests_until: Instant,
    fresh_until: Instant, // whatever happens
}

impl Exports {
    /// Makes one that has shown nothing yet; returns where questions go.
    pub(super) fn open(state_dir: &Path) -> anyhow::Result<(Self, QuestionSender)> {
        let (questions_tx, questions_rx) = mpsc::channel(QUESTIONS_MAX);
        let path = state_dir.join("node.key");
        let secret = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let exports = Self {
            questions_rx,
            publication: Arc::new(Publication::new(Clock.now(), &secret)),
            kept: Kept::new(state_dir),
            is_recalled: false,
            is_followed: false,
            is_failing: false,
            seen: None,
            rests_until: Clock.instant(),
            fresh_until: Clock.instant(),
        };
        Ok((exports, questions_tx))
    }

    async fn answer(&mut self, first: ListQuestion, control: &ControlHandle) {
        self.recall().await;
        let mut waiting = vec![first];
        if !self.is_fresh(control) {
            tokio::time::sleep_until(self.rests_until).await;
        }
        while let Ok(next) = self.questions_rx.try_recv() {
            waiting.push(next);
        }
        let answer = match self.is_fresh(control) {
            true => Ok(()),
            false => self.renew(control).await,
        };
        self.is_followed |= waiting.iter().any(|it| it.is_followed);
        self.keep().await;
        let answer = answer.map(|()| Arc::clone(&self.publication));
        for it in waiting {
            // Who is gone needs no answer.
            let _ = it.reply_tx.send(answer.clone());
        }
    }

    /// Goes on from what was shown before the start.
    async fn recall(&mut self) {
        if std::mem::replace(&mut self.is_recalled, true) {
            return;
        }
        let (kept, event) = (self.kept.clone(), self.publication.event());
        let read = tokio::task::spawn_blocking(move || kept.read(event)).await;
        match read.unwrap_or_else(|it| Err(it.into())) {
            Ok(Some(before)) => {
                self.publication = Arc::new(before);
                self.is_followed = true;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "What was shown before the start is not known"),
        }
    }

    /// Keeps what is shown before anybody is told of it.
    async fn keep(&mut self) {
        if !self.is_followed {
            return;
        }
        let (mut kept, shown) = (self.kept.clone(), Arc::clone(&self.publication));
        let write = move || {
            let wrote = kept.write(&shown);
            (kept, wrote)
        };
        let wrote = match tokio::task::spawn_blocking(write).await {
            Ok((kept, wrote)) => {
                self.kept = kept;
                wrote
            }
            Err(error) => Err(error.into()),
        };
        let was_failing = std::mem::replace(&mut self.is_failing, wrote.is_err());
        if let Err(error) = wrote
            && !was_failing
        {
            tracing::warn!(%error, "What is shown cannot be kept over a restart");
        }
    }

    fn is_fresh(&self, control: &ControlHandle) -> bool {
        let (seq, now) = (control.events().seq(), Clock.instant());
        let nothing_happened = |(seen, at)| seen == seq && now - at < FRESH_FOR;
        now < self.fresh_until || self.seen.is_some_and(nothing_happened)
    }

    /// Reads the list anew.
    async fn renew(&mut self, control: &ControlHandle) -> Result<(), ApiError> {
        let (seq, began) = (control.events().seq(), Clock.instant());
        let (entries, hidden) = read(control).await?;
        let before = Arc::clone(&self.publication);
        let renewed = move || before.renewed(Clock.now(), entries, &hidden);
        let renewed = tokio::task::spawn_blocking(renewed).await;
        let broken = |_| ApiError::new(ErrorCode::Internal, "the list cannot be made");
        if let Some(renewed) = renewed.map_err(broken)? {
            self.publication = Arc::new(renewed);
        }
        self.seen = Some((seq, began));
        let now = Clock.instant();
        let took = now - began;
        self.rests_until = now + (RESTS * took).min(REST_MAX);
        if took >= SLOW {
            self.fresh_until = now + SLOW_IS_FRESH * took;
        }
        Ok(())
    }
}

/// Answers until the node is told to stop.
pub(super) async fn run_exports(
    mut exports: Exports,
    control: ControlHandle,
    mut stop_rx: watch::Receiver<bool>,
) {
    loop {
        let asked = tokio::select! {
            _ = stop_rx.wait_for(|it| *it) => return,
            asked = exports.questions_rx.recv() => asked,
        };
        let Some(question) = asked else { return };
        tokio::select! {
            _ = stop_rx.wait_for(|it| *it) => return,
            () = exports.answer(question, &control) => {}
        }
    }
}

/// Reads all that is blocked, page by page: what is for everybody, and what is for members of an organisation
/// alone.
async fn read(control: &ControlHandle) -> Result<(Vec<Entry>, HashSet<Indicator>), ApiError> {
    let (mut entries, mut hidden) = (Vec::new(), HashSet::new());
    let mut query = PageQuery::<Indicator>::default();
    loop {
        let node = Caller::Local { uid: 0, pid: None };
        let Reply::Blocks(page) = control.ask(node, Request::Blocks(query)).await? else {
            return Err(ApiError::new(ErrorCode::Internal, "that is no list"));
        };
        let last = page.items.last().map(|it| it.indicator);
        for block in &page.items {
            if block.members_only {
                hidden.insert(block.indicator);
            } else {
                entries.push(entry(block));
            }
        }
        let Some(last) = last.filter(|_| page.next.is_some()) else {
            return Ok((entries, hidden));
        };
        query = PageQuery::default().after(last);
    }
}

/// Returns what others are told of a block.
pub(crate) fn entry(block: &Block) -> Entry {
    Entry {
        indicator: block.indicator,
        threat_type: block.threat_type.clone(),
        severity: block.severity,
        origin: block.origin.as_str(),
        decided_at: block.decided_at,
        expires_at: block.expires_at,
    }
}

/// Answers a request from what is shown now.
pub(super) async fn export(
    questions_tx: &QuestionSender,
    request: ExportRequest,
) -> Result<Exported, ApiError> {
    let request = match answer::without_list(request) {
        Ok(answered) => return Ok(answered),
        Err(request) => request,
    };
    let stopping = || ApiError::new(ErrorCode::Busy, "the node is stopping");
    let (reply_tx, reply_rx) = oneshot::channel();
    let question = ListQuestion {
        is_followed: matches!(request, ExportRequest::Taxii(_)),
        reply_tx,
    };
    questions_tx.send(question).await.map_err(|_| stopping())?;
    let publication = reply_rx.await.map_err(|_| stopping())??;
    // To look through a long list takes a while, in which others have their turn.
    let answer = move || answer::with_list(request, publication, Clock.now());
    let answered = tokio::task::spawn_blocking(answer).await;
    answered.map_err(|_| ApiError::new(ErrorCode::Internal, "the list cannot be written"))?
}
