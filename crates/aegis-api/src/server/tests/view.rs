//! Rows of lists, over the control socket.

use std::num::NonZeroU16;

use super::{
    contract::{get, refused},
    node::{Node, block, peer},
};
use crate::{BlockSort, PAGE_ITEMS_MAX, PeerSort, Reply, View, ViewQuery, ViewReply, ViewRequest};

/// What a scripted node says: as many rows are above as it was asked for.
pub(super) fn script(request: ViewRequest) -> Reply {
    Reply::View(match request {
        ViewRequest::Blocks(query) => ViewReply::Blocks(View {
            total: 2500,
            matching: query.offset.into(),
            items: (0..query.limit()).map(|_| block(query.offset)).collect(),
        }),
        ViewRequest::Peers(query) => ViewReply::Peers(View {
            total: 1,
            matching: u64::from(query.sort == PeerSort::Trust && query.reversed),
            items: vec![peer()],
        }),
    })
}

#[tokio::test]
async fn rows_come_as_they_were_asked_for() {
    let node = Node::start();
    let query = ViewQuery {
        sort: BlockSort::Ends,
        reversed: false,
        text: "a b".parse().ok(),
        offset: 70,
        limit: NonZeroU16::new(3),
    };
    let view = node.client.block_view(&query).await.expect("answers");
    assert_eq!((view.total, view.matching), (2500, 70));
    assert_eq!(view.items, [block(70), block(70), block(70)]);
    let query = ViewQuery {
        sort: PeerSort::Trust,
        reversed: true,
        ..ViewQuery::default()
    };
    let view = node.client.peer_view(&query).await.expect("answers");
    assert_eq!((view.matching, view.items), (1, vec![peer()]));
    node.stop().await;
}

#[tokio::test]
async fn nobody_gets_more_rows_than_a_page_has() {
    let node = Node::start();
    let query = ViewQuery::<BlockSort> {
        limit: Some(NonZeroU16::MAX),
        ..ViewQuery::default()
    };
    let view = node.client.block_view(&query).await.expect("answers");
    assert_eq!(view.items.len(), usize::from(PAGE_ITEMS_MAX.get()));
    node.stop().await;
}

#[tokio::test]
async fn what_is_no_view_is_refused_with_the_field() {
    let node = Node::start();
    let long = format!("/v1/blocks/view?text={}", "x".repeat(65));
    for (path, says) in [
        ("/v1/blocks/view?sort=colour", "unknown variant `colour`"),
        ("/v1/peers/view?sort=packets", "unknown variant `packets`"),
        ("/v1/blocks/view?limit=0", "limit"),
        ("/v1/blocks/view?offset=-1", "offset"),
        (
            "/v1/blocks/view?text=",
            "text: must have 1 to 64 characters",
        ),
        (long.as_str(), "text: must have 1 to 64 characters"),
        ("/v1/peers/view?after=x", "unknown field `after`"),
    ] {
        refused(&node, &get(path), says).await;
    }
    node.stop().await;
}
