//! Bursts get through: a frame limit near the size of a message would break the stream.

use std::{collections::BTreeSet, sync::Arc};

use aegis_core::{Alert, Statement};
use aegis_net::{NetEvent, wire};

use crate::support::{TestNode, Transport, alert, eventually, lonely, pair};

/// libp2p-gossipsub 0.50.1 measures its frame limit against all that one read brought, so that a
/// limit of 8 KiB or less kills the stream at the first burst.
#[tokio::test]
async fn a_burst_of_large_alerts_arrives_whole() {
    let [a, mut b] = pair(lonely(Transport::Tcp)).await;
    let said: Vec<Arc<Alert>> = (0..100).map(|n| large(&a, n)).collect();
    for it in &said {
        a.publish(it).await;
    }
    let wanted: BTreeSet<_> = said.iter().map(|it| it.id()).collect();
    eventually("every alert arrives", || b.alerts() == wanted).await;
    let is_parting = |it: &NetEvent| matches!(it, NetEvent::PeerLeft { .. });
    assert!(!b.events.iter().any(is_parting));
    assert_eq!(b.counters().rejected, 0);
}

fn large(author: &TestNode, n: u32) -> Arc<Alert> {
    let statement = Statement {
        description: Some("d".repeat(512).parse().unwrap()),
        ..alert(&author.identity, n).statement().clone()
    };
    Arc::new(wire::sign(&statement, &author.identity))
}
