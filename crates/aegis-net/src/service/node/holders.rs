//! Being found as a holder of files in the global network, and finding others, where a key of the DHT
//! tells nothing to whom the file is not for.
//!
//! A file for everybody has a key that follows from its id. One for members has a key that follows from
//! its id and the key of the organisation's epoch: who knows only the file or only the organisation
//! cannot find it, nor tell that two nodes hold the same.

use aegis_core::file::{Audience, FileId};
use libp2p::{
    PeerId,
    kad::{self, ProviderRecord, RecordKey, store::RecordStore as _},
    swarm::dial_opts::DialOpts,
};

use super::{Node, node_of};
use crate::{
    NetEvent, Via, file,
    service::holders::{Key, Task},
};

/// What the keys of files in the DHT begin with, so that nothing else is kept.
const KEY_PREFIX: &[u8] = b"aegis-file/1\0";

/// Holders that one search may dial: a fetch asks 32, and most of them have all of it.
const DIALLED_MAX: usize = 8;

impl Node {
    /// Announces a file of this node's, or lets one go, where that is due.
    pub(super) fn tend_holdings(&mut self) {
        let now = self.now();
        let is_alone = self.peers.connected.is_empty();
        let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() else {
            return;
        };
        if is_alone || kad.kbuckets().next().is_none() {
            return; // nobody to keep it yet
        }
        let locks = &self.locks;
        let keys_of = |file: &FileId, audience: &Audience| match audience {
            Audience::Everybody => vec![file::holders_key(file).to_vec()],
            Audience::Organisations(them) => {
                let newest = them.iter().filter_map(|it| locks.newest(it));
                newest.map(|it| it.holders_key(file).to_vec()).collect()
            }
        };
        match self.holdings.poll(now, keys_of) {
            // An error: the store is full of what others announced.
            Some(Task::Announce(key)) => drop(kad.start_providing(record_key(&key))),
            Some(Task::Stop(key)) => kad.stop_providing(&record_key(&key)),
            None => {}
        }
    }

    /// Looks for holders of a file, also under the keys of the epoch before: news of a new one takes its
    /// time.
    pub(super) fn seek_holders(&mut self, file: FileId, audience: &Audience) {
        let keys: Vec<Key> = match audience {
            Audience::Everybody => vec![file::holders_key(&file).to_vec()],
            Audience::Organisations(them) => {
                let known = them.iter().flat_map(|it| self.locks.all(it));
                known.map(|it| it.holders_key(&file).to_vec()).collect()
            }
        };
        let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() else {
            return;
        };
        for key in keys {
            kad.get_providers(record_key(&key));
        }
    }

    /// Connects to holders that a search found.
    pub(super) fn handle_holders_found(&mut self, holders: Vec<PeerId>) {
        for peer in holders.into_iter().take(DIALLED_MAX) {
            let Some(node) = node_of(&peer).filter(|it| *it != self.id) else {
                continue;
            };
            tracing::debug!(peer = %node, "Found a holder of a file");
            let via = Via::Holder;
            self.emit(NetEvent::PeerDiscovered { peer: node, via });
            if self.peers.connected.contains_key(&node) {
                continue;
            }
            // The search that found it knows where it is, as long as it lasts.
            if let Err(error) = self.swarm.dial(DialOpts::peer_id(peer).build()) {
                tracing::debug!(peer = %node, %error, "Cannot dial a holder");
            }
        }
    }

    /// Keeps where a holder of some file is, whichever that is.
    pub(super) fn keep_holder(&mut self, record: ProviderRecord) {
        let Some(node) = node_of(&record.provider) else {
            return;
        };
        let (now, key, mut gone) = (self.now(), record.key.to_vec(), Vec::new());
        let is_kept = self.kept_holders.admit(now, (&key, node), &mut gone);
        let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() else {
            return;
        };
        for (key, node) in gone {
            let provider = super::peer_of(node);
            kad.store_mut()
                .remove_provider(&RecordKey::new(&key), &provider);
        }
        if is_kept {
            let _ = kad.store_mut().add_provider(record); // full: others keep it
        }
    }
}

fn record_key(key: &[u8]) -> RecordKey {
    RecordKey::new(&[KEY_PREFIX, key].concat())
}

/// Returns whether a key of the DHT is one of a file.
pub(super) fn is_files(key: &RecordKey) -> bool {
    let name = key.as_ref();
    name.len() == KEY_PREFIX.len() + 32 && name.starts_with(KEY_PREFIX)
}

/// Returns whom a search for holders found; `None` where it was for something else.
pub(super) fn found(
    result: &Result<kad::GetProvidersOk, kad::GetProvidersError>,
) -> Option<Vec<PeerId>> {
    match result {
        Ok(kad::GetProvidersOk::FoundProviders { key, providers }) => {
            is_files(key).then(|| {
                let mut holders = Vec::new();
                holders.extend(providers);
                holders.sort(); // their order is chance
                holders
            })
        }
        Ok(kad::GetProvidersOk::FinishedWithNoAdditionalRecord { .. }) | Err(_) => None,
    }
}
