//! A holder that says that it has all of a file, and serves each chunk with a bit changed.

use std::sync::Arc;

use aegis_api::{Client, NodeId};
use aegis_core::{
    OrganisationWord,
    file::{CHUNK_BYTES, ChunkHash, ChunkSet, FileSize, Manifest},
};
use aegis_net::{
    FileCommand, FileEvent, NetCommand, NetHandle,
    file::{FileQuery, FileReply},
    organisation::membership_from_text,
};
use tokio::io::AsyncReadExt as _;

use super::until;

/// Waits until a node is connected with the liar.
pub(crate) async fn until_met(client: &Client, liar: NodeId) {
    until("the liar is connected", async || {
        let page = client.peers(Default::default()).await.ok()?;
        let met = page.items.iter().any(|it| it.peer == liar && it.connected);
        met.then_some(())
    })
    .await;
}

/// Serves the file at `path` so, as the member that a word says if there is one, until the test ends
/// this.
pub(crate) async fn serve(handle: &mut NetHandle, path: &str, membership: Option<&str>) {
    let membership = membership.map(|it| membership_from_text(it).unwrap());
    let own = membership.map(|it| OrganisationWord::Membership(Arc::new(it)));
    let content = std::fs::read(path).unwrap();
    let chunks: Vec<&[u8]> = content.chunks(CHUNK_BYTES as usize).collect();
    let size = FileSize::new(content.len() as u64).unwrap();
    let hashes = chunks.iter().map(|it| ChunkHash::of(it)).collect();
    let manifest = Arc::new(Manifest::new(size, hashes).unwrap());
    let mut stdin = tokio::io::stdin();
    let mut byte = [0];
    loop {
        let event = tokio::select! {
            event = handle.file_events_rx.recv() => event,
            _ = stdin.read(&mut byte) => return,
        };
        if let (Some(FileEvent::PeerConnected { peer }), Some(own)) = (&event, &own) {
            let (peer, words) = (*peer, vec![own.clone()]);
            let command = NetCommand::Show { peer, words };
            handle.commands_tx.send(command).await.unwrap();
        }
        let Some(FileEvent::Asked { request, query, .. }) = event else {
            assert!(event.is_some(), "the network service ended");
            continue;
        };
        let reply = match query {
            FileQuery::Announce(_) => FileReply::Heard,
            FileQuery::List(_) => FileReply::Announcements(Vec::new(), false),
            FileQuery::Manifest(_) => FileReply::Manifest(Arc::clone(&manifest)),
            FileQuery::Have(_) => FileReply::Have(ChunkSet::all(size.chunks())),
            FileQuery::Chunk(_, chunk) => {
                let mut bytes = chunks[chunk as usize].to_vec();
                bytes[0] ^= 1;
                FileReply::Chunk(bytes)
            }
        };
        let command = NetCommand::File(FileCommand::Reply { request, reply });
        handle.commands_tx.send(command).await.unwrap();
    }
}
