//! The node that is asked: it keeps nothing of a session, and what it does for one request is
//! bounded by what fits into the request and into a chunk.

use std::sync::Arc;

use super::{
    CHUNK_ALERTS_MAX, CHUNK_BYTES_MAX,
    live_set::LiveSet,
    message::{Answer, Prefix, Request},
};
use crate::{Alert, AlertId};

/// Alerts that fit into one message.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    alerts: Vec<Arc<Alert>>,
    bytes: usize,
}

impl Chunk {
    /// Adds an alert if there is room; returns whether there was. The first always fits.
    pub(super) fn push(&mut self, alert: Arc<Alert>) -> bool {
        let bytes = self.bytes + alert.wire().len();
        let fits = bytes <= CHUNK_BYTES_MAX && self.alerts.len() < CHUNK_ALERTS_MAX;
        if fits {
            self.bytes = bytes;
            self.alerts.push(alert);
        }
        fits
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn into_alerts(self) -> Vec<Arc<Alert>> {
        self.alerts
    }
}

/// Answers a request from `live`, whose alerts `find` finds. What was given is for the caller to
/// hear.
pub fn answer(
    live: &LiveSet,
    find: impl Fn(&AlertId) -> Option<Arc<Alert>>,
    request: &Request<Arc<Alert>>,
) -> Answer<Arc<Alert>> {
    match request {
        Request::Cells { digest, .. } if *digest == Some(live.digest()) => Answer::Same,
        Request::Cells { count, .. } => {
            let (salt, cells) = live.cells(*count);
            Answer::Cells {
                salt,
                size: live.len(),
                cells: cells.to_vec(),
            }
        }
        Request::Exchange { wanted, offered } => {
            let mut chunk = Chunk::default();
            let mut has_room = |prefix: &Prefix| {
                let mut ids = live.between(*prefix, *prefix);
                ids.all(|id| find(id).is_none_or(|alert| chunk.push(alert)))
            };
            let considered = wanted.iter().take_while(|it| has_room(it)).count();
            Answer::Exchange {
                considered,
                alerts: chunk.into_alerts(),
                wanted: offered.iter().map(|it| !live.knows(*it)).collect(),
            }
        }
        Request::Range { first, last, held } => answer_range(live, find, (*first, *last), held),
        Request::Give(_) => Answer::Taken,
    }
}

fn answer_range(
    live: &LiveSet,
    find: impl Fn(&AlertId) -> Option<Arc<Alert>>,
    (first, last): (Prefix, Prefix),
    held: &[Prefix],
) -> Answer<Arc<Alert>> {
    let mut chunk = Chunk::default();
    let mut reached = last;
    let mut held_left = held.iter().copied().peekable();
    for id in live.between(first, last) {
        let prefix = Prefix::of(id);
        while held_left.next_if(|it| *it < prefix).is_some() {}
        if held_left.peek() == Some(&prefix) {
            continue;
        }
        if find(id).is_some_and(|alert| !chunk.push(alert)) {
            reached = Prefix::new(prefix.value().saturating_sub(1)).max(first);
            break;
        }
    }
    let within = held.iter().take_while(|it| **it <= reached);
    Answer::Range {
        reached,
        alerts: chunk.into_alerts(),
        wanted: within.map(|it| !live.knows(*it)).collect(),
    }
}
