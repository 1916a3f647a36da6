//! Holders of files are found through nodes that know neither the file nor who seeks it; one for members is
//! found by members alone.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aegis_core::{
    KeyRing, NodeId,
    file::{Audience, ChunkHash, FileId, FileSize, Manifest},
};
use aegis_net::{
    FileCommand, NetCommand, NetEvent, Via,
    organisation::{OrganisationKey, make_keys},
};
use tokio::time::{interval, timeout};

use crate::support::{DEADLINE, TestNode, globe, now};

/// How often a search begins anew: whoever is to keep what is announced may not have been met yet.
const AGAIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_file_for_everybody_is_found_by_whoever_knows_its_id() {
    let (_hub, [holder, mut seeker, mut other]) = globe().await;
    hold(&holder, file(1), Audience::Everybody).await;
    let found = find(&mut seeker, file(1), &Audience::Everybody).await;
    assert_eq!(found, holder.id());
    check_finds_nobody(&mut other, file(2), &Audience::Everybody).await;
}

#[tokio::test]
async fn a_file_for_members_is_found_by_members_alone_and_in_a_new_epoch_too() {
    let (_hub, [holder, mut member, mut stranger]) = globe().await;
    let key = OrganisationKey::generate();
    let to_members = Audience::of(BTreeSet::from([key.id()])).unwrap();
    hold(&holder, file(1), to_members.clone()).await;
    unlock(&holder, &key, 1, &[&holder, &member]).await;
    unlock(&member, &key, 1, &[&holder, &member]).await;
    // The stranger is handed the ring, too, and cannot open it.
    unlock(&stranger, &key, 1, &[&holder, &member]).await;
    assert_eq!(find(&mut member, file(1), &to_members).await, holder.id());
    for audience in [Audience::Everybody, to_members.clone()] {
        check_finds_nobody(&mut stranger, file(1), &audience).await;
    }
    // The member was expelled: it does not get the new keys, and what it knows leads nowhere.
    unlock(&holder, &key, 2, &[&holder, &stranger]).await;
    unlock(&stranger, &key, 2, &[&holder, &stranger]).await;
    assert_eq!(find(&mut stranger, file(1), &to_members).await, holder.id());
}

async fn hold(node: &TestNode, file: FileId, audience: Audience) {
    let command = FileCommand::Hold(vec![(file, audience)]);
    node.command(NetCommand::File(command)).await;
}

async fn seek(node: &TestNode, file: FileId, audience: &Audience) {
    let audience = audience.clone();
    let command = FileCommand::Seek { file, audience };
    node.command(NetCommand::File(command)).await;
}

/// Seeks a holder until there is one.
async fn find(node: &mut TestNode, file: FileId, audience: &Audience) -> NodeId {
    let searches = async {
        let mut again = interval(AGAIN);
        loop {
            again.tick().await;
            seek(node, file, audience).await;
            if let Some(found) = found(node).await {
                return found;
            }
        }
    };
    timeout(DEADLINE, searches).await.unwrap()
}

/// Seeks a holder a few times, for as long as others take to find one.
async fn check_finds_nobody(node: &mut TestNode, file: FileId, audience: &Audience) {
    for _ in 0..3 {
        seek(node, file, audience).await;
        assert_eq!(found(node).await, None);
    }
}

/// Returns whom a search finds within a while.
async fn found(node: &mut TestNode) -> Option<NodeId> {
    let search = async {
        loop {
            let event = node.handle.events_rx.recv().await.unwrap();
            if let NetEvent::PeerDiscovered {
                peer,
                via: Via::Holder,
            } = event
            {
                return peer;
            }
        }
    };
    timeout(AGAIN, search).await.ok()
}

async fn unlock(node: &TestNode, key: &OrganisationKey, epoch: u32, members: &[&TestNode]) {
    let members: Vec<NodeId> = members.iter().map(|it| it.id()).collect();
    let numbers = (epoch, epoch.into(), now().floor_to_secs());
    let ring: Arc<KeyRing> = Arc::new(make_keys(key, numbers, &members).unwrap());
    node.command(NetCommand::Unlock(ring)).await;
}

fn file(number: u8) -> FileId {
    let size = FileSize::new(1).unwrap();
    let manifest = Manifest::new(size, vec![ChunkHash::of(&[number])]);
    manifest.unwrap().id()
}
