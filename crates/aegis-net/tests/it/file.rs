//! Queries about files between real nodes: what is replied comes as it was said, what cannot be meant
//! honestly costs whoever says it, and who asks too much is put off.

use std::sync::Arc;

use aegis_core::{
    NodeId,
    file::{
        CHUNK_BYTES, CHUNKS_MAX, ChunkHash, ChunkSet, FILE_BYTES_MAX, FileId, FileSize, Manifest,
    },
};
use aegis_net::{
    FileAskId, FileCommand, FileEvent, NetCommand, NetEvent,
    file::{FileQuery, FileReply},
    gate::Misbehaviour,
};
use tokio::time::timeout;

use crate::{
    ask::star,
    support::{DEADLINE, TestNode, Transport},
};

async fn ask(node: &TestNode, id: u64, peer: NodeId, query: FileQuery) {
    let id = FileAskId(id);
    let command = FileCommand::Ask { id, peer, query };
    node.command(NetCommand::File(command)).await;
}

/// Returns the next event that is not about a peer that comes or goes.
async fn next(node: &mut TestNode) -> FileEvent {
    loop {
        let event = timeout(DEADLINE, node.handle.file_events_rx.recv()).await;
        let event = event.unwrap().unwrap();
        if !matches!(
            event,
            FileEvent::PeerConnected { .. } | FileEvent::PeerLeft { .. }
        ) {
            return event;
        }
    }
}

/// Lets `a` ask `b`, and `b` reply so; returns what `a` hears.
async fn exchange(
    (a, b): (&mut TestNode, &mut TestNode),
    query: FileQuery,
    reply: FileReply,
) -> Option<FileReply> {
    ask(a, 7, b.id(), query.clone()).await;
    let FileEvent::Asked {
        request,
        from,
        query: asked,
    } = next(b).await
    else {
        panic!("nothing is asked");
    };
    assert_eq!((from, asked), (a.id(), query));
    let command = FileCommand::Reply { request, reply };
    b.command(NetCommand::File(command)).await;
    match next(a).await {
        FileEvent::Replied { id, from, reply } => {
            assert_eq!((id, from), (FileAskId(7), b.id()));
            Some(reply)
        }
        FileEvent::Failed { id, peer } => {
            assert_eq!((id, peer), (FileAskId(7), b.id()));
            None
        }
        other => panic!("{other:?}"),
    }
}

/// Returns the hashes of the largest file that there may be.
fn largest() -> Manifest {
    let hashes = (0..CHUNKS_MAX).map(|it| ChunkHash::of(&it.to_be_bytes()));
    Manifest::new(FileSize::new(FILE_BYTES_MAX).unwrap(), hashes.collect()).unwrap()
}

#[tokio::test]
async fn the_largest_replies_come_as_they_were_said() {
    for transport in [Transport::Tcp, Transport::Quic] {
        let (mut a, [mut b]) = star::<1>(transport).await;
        let manifest = Arc::new(largest());
        let file = manifest.id();
        let chunk = vec![9; CHUNK_BYTES as usize];
        for (query, reply) in [
            (FileQuery::Manifest(file), FileReply::Manifest(manifest)),
            (FileQuery::Chunk(file, 8191), FileReply::Chunk(chunk)),
            (
                FileQuery::Have(file),
                FileReply::Have(ChunkSet::all(CHUNKS_MAX)),
            ),
            (FileQuery::Have(file), FileReply::NotAvailable),
            (
                FileQuery::List(None),
                FileReply::Announcements(Vec::new(), false),
            ),
        ] {
            let heard = exchange((&mut a, &mut b), query, reply.clone()).await;
            assert_eq!(heard, Some(reply));
        }
        a.stop().await;
        b.stop().await;
    }
}

#[tokio::test]
async fn a_reply_to_something_else_costs_whoever_sends_it() {
    let file = FileId::from_bytes([1; 32]);
    for (query, reply) in [
        (FileQuery::Chunk(file, 0), FileReply::Have(ChunkSet::all(1))),
        (FileQuery::Have(file), FileReply::Heard),
        // The hashes of another file.
        (
            FileQuery::Manifest(file),
            FileReply::Manifest(largest().into()),
        ),
    ] {
        let (mut a, [mut b]) = star::<1>(Transport::Tcp).await;
        assert_eq!(exchange((&mut a, &mut b), query, reply).await, None);
        let blamed = a.wait_for("blame", |it| match it {
            NetEvent::Misbehaved { peer, misbehaviour } => Some((*peer, *misbehaviour)),
            _ => None,
        });
        assert_eq!(blamed.await, (b.id(), Misbehaviour::Unasked));
        a.stop().await;
        b.stop().await;
    }
}

#[tokio::test]
async fn whoever_is_not_there_does_not_reply() {
    let (mut a, [b]) = star::<1>(Transport::Tcp).await;
    let (file, gone) = (FileId::from_bytes([1; 32]), b.id());
    // What is under way when a peer leaves ends at once, and so does what is asked afterwards.
    ask(&a, 1, gone, FileQuery::Have(file)).await;
    b.stop().await;
    ask(&a, 2, gone, FileQuery::Have(file)).await;
    ask(
        &a,
        3,
        NodeId::from_public_key([9; 32]),
        FileQuery::Have(file),
    )
    .await;
    let mut failed = Vec::new();
    for _ in 0..3 {
        let FileEvent::Failed { id, .. } = next(&mut a).await else {
            panic!("somebody replied");
        };
        failed.push(id.0);
    }
    failed.sort_unstable();
    assert_eq!(failed, [1, 2, 3]);
    a.stop().await;
}

#[tokio::test]
async fn wrong_bytes_cost_a_holder_its_connection() {
    let (mut a, [b]) = star::<1>(Transport::Tcp).await;
    let peer = b.id();
    for _ in 0..4 {
        a.command(NetCommand::File(FileCommand::Blame { peer }))
            .await;
    }
    let banned = a.wait_for("ban", |it| match it {
        NetEvent::PeerBanned { peer, .. } => Some(*peer),
        _ => None,
    });
    assert_eq!(banned.await, peer);
    a.stop().await;
    b.stop().await;
}
