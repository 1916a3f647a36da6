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

/// What it serves.
pub(crate) struct Corrupter {
    content: Vec<u8>,
    manifest: Arc<Manifest>,
}

impl Corrupter {
    /// Takes the file at `path`. It takes a while to hash: whoever is asked is to be ready.
    pub(crate) fn of(path: &str) -> Self {
        let content = std::fs::read(path).unwrap();
        let size = FileSize::new(content.len() as u64).unwrap();
        let hashes = content.chunks(CHUNK_BYTES as usize).map(ChunkHash::of);
        let manifest = Manifest::new(size, hashes.collect()).unwrap().into();
        Self { content, manifest }
    }

    /// Serves it so, as the member that a word says if there is one, until the test ends this.
    pub(crate) async fn serve(&self, handle: &mut NetHandle, membership: Option<&str>) {
        let membership = membership.map(|it| membership_from_text(it).unwrap());
        let own = membership.map(|it| OrganisationWord::Membership(Arc::new(it)));
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
            let reply = self.reply(&query);
            let command = NetCommand::File(FileCommand::Reply { request, reply });
            handle.commands_tx.send(command).await.unwrap();
        }
    }

    fn reply(&self, query: &FileQuery) -> FileReply {
        match query {
            FileQuery::Announce(_) => FileReply::Heard,
            FileQuery::List(_) => FileReply::Announcements(Vec::new(), false),
            FileQuery::Manifest(_) => FileReply::Manifest(Arc::clone(&self.manifest)),
            FileQuery::Have(_) => FileReply::Have(ChunkSet::all(self.manifest.size().chunks())),
            FileQuery::Chunk(_, chunk) => {
                let mut chunks = self.content.chunks(CHUNK_BYTES as usize);
                let mut bytes = chunks.nth(*chunk as usize).unwrap().to_vec();
                bytes[0] ^= 1;
                FileReply::Chunk(bytes)
            }
        }
    }
}
