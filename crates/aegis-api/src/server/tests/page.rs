//! Charts over the contract.

use aegis_core::NodeId;

use super::node::{NOW, Node, node_id};
use crate::{
    ChartReply, ChartRequest, ClientError, ErrorCode, Page, PageQuery, TrafficChart, TrafficPoint,
    TrendPoint, TrustChart,
};

#[tokio::test]
async fn charts_are_answered_as_they_are() {
    let node = Node::start();
    let traffic = node.client.traffic_chart().await.expect("a chart");
    assert_eq!(traffic, self::traffic());
    let trust = node.client.trust_chart(PageQuery::default()).await;
    assert_eq!(trust.expect("a chart").items, [self::trust(node_id())]);
    node.stop().await;
}

#[tokio::test]
async fn a_node_without_a_page_says_so() {
    let node = Node::start();
    let refused = node.client.page_link().await.expect_err("no page");
    let is_unavailable =
        matches!(&refused, ClientError::Refused(it) if it.code == ErrorCode::Unavailable);
    assert!(is_unavailable, "{refused:?}");
    node.stop().await;
}

pub(super) fn script(request: &ChartRequest) -> ChartReply {
    match request {
        ChartRequest::Traffic => ChartReply::Traffic(traffic()),
        ChartRequest::Trust(_) => ChartReply::Trust(Page {
            items: vec![trust(node_id())],
            next: None,
        }),
    }
}

fn traffic() -> TrafficChart {
    let point = TrafficPoint {
        at: NOW,
        packets: 9,
        dropped_packets: 4,
        dropped_bytes: 240,
        spared_packets: 1,
    };
    TrafficChart {
        interval_secs: 300,
        points: vec![point],
    }
}

fn trust(peer: NodeId) -> TrustChart {
    let point = TrendPoint {
        at: NOW,
        percent: 80,
    };
    TrustChart {
        peer,
        points: vec![point],
    }
}
