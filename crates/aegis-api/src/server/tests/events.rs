//! Events reach every reader in order, late readers catch up, slow ones learn what they missed.

use aegis_core::Timestamp;

use super::node::{NOW, Node, ip, next_event};
use crate::{
    BACKLOG_EVENTS_MAX, ClientError, EVENT_STREAMS_MAX, ErrorCode, EventHub, EventKind,
    QUEUED_EVENTS_MAX,
};

#[tokio::test]
async fn an_event_reaches_every_reader_as_it_was_told() {
    let node = Node::start();
    let mut first = node.client.events(false).await.expect("a stream");
    let mut second = node.client.events(false).await.expect("a stream");
    let kind = EventKind::Allowed {
        indicator: ip("192.0.2.1"),
    };
    node.hub.publish(NOW, kind.clone());
    for events in [&mut first, &mut second] {
        let event = next_event(events).await;
        assert_eq!((event.seq, event.at, event.kind), (1, NOW, kind.clone()));
    }
}

#[tokio::test]
async fn a_late_reader_catches_up_where_it_asks_to() {
    let node = Node::start();
    for number in 0..3 {
        node.hub.publish(NOW, degraded(number));
    }
    let mut all = node.client.events(true).await.expect("a stream");
    let mut new = node.client.events(false).await.expect("a stream");
    assert_eq!((all.seq(), new.seq()), (0, 3), "each knows where it starts");
    node.hub.publish(NOW, degraded(3));
    for number in 0..4 {
        assert_eq!(next_event(&mut all).await.kind, degraded(number));
    }
    assert_eq!(next_event(&mut new).await.kind, degraded(3));
}

#[tokio::test]
async fn a_reply_tells_which_events_came_before_it() {
    let node = Node::start();
    let mut events = node.client.events(false).await.expect("a stream");
    let request = super::contract::block_request("192.0.2.7");
    node.client.block(&request).await.expect("answers");
    assert_eq!(node.client.event_seq(), 1);
    assert_eq!(next_event(&mut events).await.seq, 1);
}

#[tokio::test]
async fn a_slow_reader_learns_how_much_it_missed() {
    let node = Node::start();
    let mut events = node.client.events(false).await.expect("a stream");
    // Far more than the queue and the socket's buffers hold.
    let count = 20 * QUEUED_EVENTS_MAX as u64;
    for number in 1..=count {
        node.hub.publish(NOW, degraded(number));
        if number % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let (mut seen, mut missed, mut last_seq) = (0, 0, 0);
    while last_seq < count {
        let event = next_event(&mut events).await;
        if let EventKind::Lagged { missed: gap } = event.kind {
            missed += gap;
            assert_eq!(
                event.seq,
                last_seq + gap,
                "the gap is where it is said to be"
            );
        } else {
            seen += 1;
            assert_eq!(event.kind, degraded(event.seq));
        }
        last_seq = event.seq;
    }
    assert_eq!(seen + missed, count);
    assert!(missed > 0, "the test did not make the reader lag");
}

#[tokio::test]
async fn one_stream_too_many_is_told_so_and_a_closed_one_makes_room() {
    let node = Node::start();
    let mut streams = Vec::new();
    for _ in 0..EVENT_STREAMS_MAX {
        streams.push(node.client.events(false).await.expect("a stream"));
    }
    let Err(ClientError::Refused(error)) = node.client.events(false).await else {
        panic!("one too many is served");
    };
    assert_eq!(error.code, ErrorCode::Busy);
    assert!(node.client.status().await.is_ok(), "calls are still served");
    streams.pop();
    let again = async {
        while node.client.events(false).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(super::node::DEADLINE, again)
        .await
        .expect("a closed stream makes room");
}

#[tokio::test]
async fn the_stream_ends_with_the_node() {
    let node = Node::start();
    let mut events = node.client.events(false).await.expect("a stream");
    node.hub.publish(NOW, EventKind::ServiceStopping);
    node.stop().await;
    let last = events.next().await.expect("no error");
    assert_eq!(last.map(|it| it.kind), Some(EventKind::ServiceStopping));
    assert!(events.next().await.expect("no error").is_none());
}

#[test]
fn the_backlog_keeps_the_most_recent() {
    let hub = EventHub::new();
    let count = BACKLOG_EVENTS_MAX as u64 + 10;
    for number in 1..=count {
        hub.publish(Timestamp::EPOCH, degraded(number));
    }
    let backlog = hub.subscribe().backlog;
    let seqs: Vec<_> = backlog.iter().map(|it| it.seq).collect();
    assert_eq!(seqs, (11..=count).collect::<Vec<_>>());
    assert_eq!(hub.seq(), count);
}

/// An event of a few hundred bytes that carries a number.
fn degraded(number: u64) -> EventKind {
    EventKind::Degraded {
        message: format!("{number:0256}"),
    }
}
