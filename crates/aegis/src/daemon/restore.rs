//! What a store gives back at start, made into what the Engine and the others begin with.

use std::sync::Arc;

use aegis_core::{Alert, Restore, Snapshot, Timestamp, file::Announcement};
use aegis_net::{
    PeerAddress, file,
    wire::{self, Unverified, WireError},
};
use aegis_store::Store;
use anyhow::Context as _;

use super::organisation;
use crate::config::Config;

/// Stored alerts whose signatures are checked together.
const VERIFIED_TOGETHER: usize = 256;

pub(super) fn open_store(
    config: &Config,
    now: Timestamp,
) -> anyhow::Result<(Store, Snapshot, Vec<Arc<Announcement>>)> {
    let store = Store::open(&config.state_dir.join("aegis.db"))?;
    let mut snapshot = store.load(now).context("load the store")?;
    let announcements = announcements(std::mem::take(&mut snapshot.file_announcements));
    Ok((store, snapshot, announcements))
}

/// Verifies every stored alert again: what lies on a disk is no more trusted than what a peer says.
pub(super) fn restore(snapshot: Snapshot) -> Restore {
    Restore {
        alerts: snapshot
            .alerts
            .chunks(VERIFIED_TOGETHER)
            .flat_map(verified)
            .collect(),
        decisions: snapshot.decisions,
        reports: snapshot.reports,
        allowlist: snapshot.allowlist,
        unblocks: snapshot.unblocks,
        peers: snapshot.peers,
        trust: snapshot.trust,
        shared_trust: snapshot.shared_trust,
        pretrust: snapshot.pretrust,
        organisations: organisation::restored(snapshot.organisations),
    }
}

/// Returns the stored alerts that are valid, with when they came in.
fn verified(stored: &[(Arc<[u8]>, Timestamp)]) -> Vec<(Arc<Alert>, Timestamp)> {
    let warn = |error: &WireError| tracing::warn!(%error, "Stored alert left out");
    let parsed = stored.iter().filter_map(|(bytes, received_at)| {
        let message = Unverified::parse(bytes).inspect_err(warn).ok()?;
        Some((message, *received_at))
    });
    let (messages, received): (Vec<_>, Vec<_>) = parsed.unzip();
    let alerts = wire::verify_all(messages).into_iter().zip(received);
    let valid = alerts.filter_map(|(alert, received_at)| {
        let alert = alert.inspect_err(warn).ok()?;
        Some((Arc::new(alert), received_at))
    });
    valid.collect()
}

pub(super) fn known_peers(snapshot: &Snapshot) -> Vec<PeerAddress> {
    let addresses = snapshot.peers.iter().filter_map(|it| {
        let address = it.address.parse().ok()?;
        Some(PeerAddress::new(it.peer, &address))
    });
    addresses.collect()
}

/// Verifies what the store kept of files again.
fn announcements(kept: Vec<Arc<[u8]>>) -> Vec<Arc<Announcement>> {
    let verified = kept.iter().filter_map(|bytes| {
        let announcement = file::decode(bytes);
        if let Err(error) = &announcement {
            tracing::warn!(%error, "Stored announcement of a file left out");
        }
        announcement.ok().map(Arc::new)
    });
    verified.collect()
}
