//! Quotas of reconciling: how often a peer may ask, and how many alerts it may bring.

use aegis_core::{NodeId, PeerClass, Timestamp};

use super::{Blame, Gate, Misbehaviour, TokenBucket, take};

impl Gate {
    /// Counts a sync request of `peer` that nobody has read yet; returns whether to read it, and
    /// who is to blame. One above its own quota costs it something; one above the quota that it
    /// shares with others does not.
    pub fn admit_sync(&mut self, now: Timestamp, peer: NodeId) -> (bool, Option<Blame>) {
        let class = self.class(&peer).unwrap_or(PeerClass::Dht);
        if !take(
            &mut self.sync_requests,
            peer,
            self.limits.sync_requests(class),
            now,
        ) {
            let flooding = self.charge(now, peer, Misbehaviour::Flooding);
            return (false, Some(flooding));
        }
        let within = match class {
            PeerClass::Dht => {
                let quota = self.limits.met_sync_requests;
                self.met_sync_requests.take_one(now, quota)
            }
            PeerClass::Lan | PeerClass::Configured => true,
        };
        (within, None)
    }

    /// Returns whether so many alerts that `peer` brings by sync are heard, and counts them.
    pub fn admit_synced(&mut self, now: Timestamp, peer: NodeId, alerts: usize) -> bool {
        let alerts = u32::try_from(alerts).unwrap_or(u32::MAX);
        let class = self.class(&peer).unwrap_or(PeerClass::Dht);
        let quota = self.limits.synced(class);
        let bucket = self.synced.entry(peer, TokenBucket::default);
        bucket.take(alerts, now, quota)
    }
}
