//! Events as a stream of server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse, Response, sse},
};
use futures::{StreamExt, stream};
use serde::Deserialize;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use super::{App, input::query};
use crate::{ApiError, Control, ErrorCode, Event, EventKind, Subscription, server::stopping};

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
    State(app): State<App<C>>,
    EventsQuery { backlog }: EventsQuery,
) -> Response {
    let Ok(slot) = app.event_slots.try_acquire_owned() else {
        let message = format!("{EVENT_STREAMS_MAX} event streams are open already");
        return ApiError::new(ErrorCode::Busy, message).into_response();
    };
    let stopping_rx = app.stopping_rx;
    let stopping = async move {
        let _slot = slot; // held until the stream ends
        stopping(stopping_rx).await;
    };
    let events = events(app.control.events().subscribe(), backlog)
        .map(to_sse)
        .take_until(Box::pin(stopping));
    let keep_alive = sse::KeepAlive::new().interval(KEEP_ALIVE);
    sse::Sse::new(events).keep_alive(keep_alive).into_response()
}

fn events(
    subscription: Subscription,
    with_backlog: bool,
) -> impl futures::Stream<Item = Arc<Event>> + Send {
    let Subscription { backlog, events_rx } = subscription;
    let recent = if with_backlog { backlog } else { Vec::new() };
    let mut missed = 0;
    let coming = BroadcastStream::new(events_rx).flat_map(move |received| {
        let told = match received {
            Ok(event) => [lagged(std::mem::take(&mut missed), &event), Some(event)],
            Err(BroadcastStreamRecvError::Lagged(count)) => {
                missed = count;
                [None, None]
            }
        };
        stream::iter(told.into_iter().flatten())
    });
    stream::iter(recent).chain(coming)
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
