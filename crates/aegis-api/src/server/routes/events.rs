//! Events as a stream of server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response, sse},
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use tokio::sync::{broadcast, watch};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use super::{Asked, EVENT_SEQ_HEADER, input::query};
use crate::{
    ApiError, Caller, Control, ErrorCode, Event, EventKind, KeyRing, Subscription,
    server::connection::stopping,
};

/// Event streams open at once; more would take every connection from those who ask.
pub const EVENT_STREAMS_MAX: usize = 16;

/// How often a stream without events says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The query of the stream: whether recent events come first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    #[serde(default)]
    backlog: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for EventsQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        query(parts)
    }
}

/// Streams events until the reader or the node goes.
pub(super) async fn stream<C: Control>(
    Asked(app): Asked<C>,
    EventsQuery { backlog }: EventsQuery,
) -> Response {
    let Ok(slot) = app.event_slots.try_acquire_owned() else {
        let message = format!("{EVENT_STREAMS_MAX} event streams are open already");
        return ApiError::new(ErrorCode::Busy, message).into_response();
    };
    let stopping = ends(app.stopping_rx, app.keys, app.caller);
    let stopping = async move {
        let _slot = slot; // held until the stream ends
        stopping.await;
    };
    let Subscription {
        backlog: recent,
        events_rx,
    } = app.control.events().subscribe();
    let (first_seq, last_seq) = match (recent.first(), recent.last()) {
        (Some(first), Some(last)) => (first.seq, last.seq),
        (None, _) | (_, None) => (1, 0),
    };
    let (recent, seq) = if backlog {
        (recent, first_seq - 1)
    } else {
        (Vec::new(), last_seq)
    };
    let events = stream::iter(recent).chain(coming(events_rx)).map(to_sse);
    let events = all_before(stopping, events);
    let keep_alive = sse::KeepAlive::new().interval(KEEP_ALIVE);
    let seq = [(EVENT_SEQ_HEADER, seq.to_string())];
    (seq, sse::Sse::new(events).keep_alive(keep_alive)).into_response()
}

/// Waits until the server stops, or the key that opened the stream is taken back.
async fn ends(stopping_rx: watch::Receiver<bool>, keys: Option<KeyRing>, caller: Caller) {
    let revoked = async {
        match (keys, caller) {
            (Some(keys), Caller::Key(grant)) => keys.revoked(grant).await,
            (_, Caller::Local { .. }) | (None, Caller::Key(_)) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stopping(stopping_rx) => {}
        () = revoked => {}
    }
}

fn coming(events_rx: broadcast::Receiver<Arc<Event>>) -> impl Stream<Item = Arc<Event>> + Send {
    let mut missed = 0;
    BroadcastStream::new(events_rx).flat_map(move |received| {
        let told = match received {
            Ok(event) => [lagged(std::mem::take(&mut missed), &event), Some(event)],
            Err(BroadcastStreamRecvError::Lagged(count)) => {
                missed = count;
                [None, None]
            }
        };
        stream::iter(told.into_iter().flatten())
    })
}

/// Ends `events` at `stopping`, behind everything that was told by then.
fn all_before<T>(
    stopping: impl Future<Output = ()> + Send,
    events: impl Stream<Item = T> + Send,
) -> impl Stream<Item = T> + Send {
    let parts = (Box::pin(events), Box::pin(stopping));
    stream::unfold(parts, async |(mut events, mut stopping)| {
        tokio::select! {
            biased;
            event = events.next() => event.map(|it| (it, (events, stopping))),
            () = &mut stopping => None,
        }
    })
}

/// Says that `missed` events before `next` were lost, if any were.
fn lagged(missed: u64, next: &Event) -> Option<Arc<Event>> {
    let gap = || Event {
        seq: next.seq - 1,
        at: next.at,
        kind: EventKind::Lagged { missed },
    };
    (missed > 0).then(|| Arc::new(gap()))
}

fn to_sse(event: Arc<Event>) -> Result<sse::Event, Infallible> {
    let shown = sse::Event::default().json_data(&*event);
    // Cannot happen: every field of an event has a JSON form. A comment keeps the stream whole.
    Ok(shown.unwrap_or_else(|_| sse::Event::default().comment("unshowable")))
}
