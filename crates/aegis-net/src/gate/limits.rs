//! The quotas of peers and authors.

use aegis_core::PeerClass;

/// So many at once, and so many a second after that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quota {
    /// How many at once.
    pub burst: u32,
    /// How many a second after that.
    pub per_second: u32,
}

impl Quota {
    const fn new(burst: u32, per_second: u32) -> Self {
        Self { burst, per_second }
    }
}

/// What peers and authors may send.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Alerts by one author of the local network or the configuration.
    pub trusted_author: Quota,
    /// Alerts by one author met through the global network, or never met.
    pub dht_author: Quota,
    /// Alerts by one publisher of a trusted organisation.
    pub publisher: Quota,
    /// Alerts by all publishers together, beside what all others may send.
    pub publishers: Quota,
    /// Alerts by all authors together that are connected through the global network.
    pub met: Quota,
    /// Alerts by all authors together that this node never met, so that ten thousand fresh keys
    /// get no more than one.
    pub strangers: Quota,
    /// Alerts by all authors together: what this node relays at most.
    pub all: Quota,
    /// Gossip by one forwarder. More than `all` and `trusted_author` together, so that no honest
    /// node ever exceeds it.
    pub forwarder: Quota,
    /// Alerts of one author that are passed on at once; the others of a burst, when there is time.
    pub prompt_relays: Quota,
    /// Alerts handed over by one peer of the local network or the configuration.
    pub trusted_handover: Quota,
    /// Alerts handed over by one peer met through the global network.
    pub dht_handover: Quota,
    /// Sync requests of one peer of the local network or the configuration.
    pub trusted_sync_requests: Quota,
    /// Sync requests of one peer met through the global network.
    pub dht_sync_requests: Quota,
    /// Sync requests of all peers together that were met through the global network.
    pub met_sync_requests: Quota,
    /// Alerts that one peer of the local network or the configuration brings by sync.
    pub trusted_synced: Quota,
    /// Alerts that one peer met through the global network brings by sync.
    pub dht_synced: Quota,
    /// Questions of one peer of the local network or the configuration, about whatever.
    pub trusted_questions: Quota,
    /// Questions of one peer met through the global network.
    pub dht_questions: Quota,
    /// Indicators that one peer of the local network or the configuration asks about.
    pub trusted_asked_about: Quota,
    /// Indicators that one peer met through the global network asks about.
    pub dht_asked_about: Quota,
    /// Indicators that all peers met through the global network ask about together, so that ten
    /// thousand fresh keys get no more.
    pub met_asked_about: Quota,
}

impl Limits {
    /// Returns the quota of one author of `class`.
    pub fn author(&self, class: PeerClass) -> Quota {
        match class {
            PeerClass::Dht => self.dht_author,
            PeerClass::Lan | PeerClass::Configured => self.trusted_author,
        }
    }

    /// Returns how much one peer of `class` may hand over.
    pub fn handover(&self, class: PeerClass) -> Quota {
        match class {
            PeerClass::Dht => self.dht_handover,
            PeerClass::Lan | PeerClass::Configured => self.trusted_handover,
        }
    }

    /// Returns how many sync requests one peer of `class` may make.
    pub fn sync_requests(&self, class: PeerClass) -> Quota {
        match class {
            PeerClass::Dht => self.dht_sync_requests,
            PeerClass::Lan | PeerClass::Configured => self.trusted_sync_requests,
        }
    }

    /// Returns how many alerts one peer of `class` may bring by sync.
    pub fn synced(&self, class: PeerClass) -> Quota {
        match class {
            PeerClass::Dht => self.dht_synced,
            PeerClass::Lan | PeerClass::Configured => self.trusted_synced,
        }
    }

    /// Returns how many questions one peer of `class` may ask.
    pub fn questions(&self, class: PeerClass) -> Quota {
        match class {
            PeerClass::Dht => self.dht_questions,
            PeerClass::Lan | PeerClass::Configured => self.trusted_questions,
        }
    }

    /// Returns how many indicators the questions of one peer of `class` may be about.
    pub fn asked_about(&self, class: PeerClass) -> Quota {
        match class {
            PeerClass::Dht => self.dht_asked_about,
            PeerClass::Lan | PeerClass::Configured => self.trusted_asked_about,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            trusted_author: Quota::new(1000, 20),
            dht_author: Quota::new(50, 1),
            publisher: Quota::new(5000, 500),
            publishers: Quota::new(10_000, 1000),
            met: Quota::new(1000, 100),
            strangers: Quota::new(100, 20),
            all: Quota::new(4000, 400),
            forwarder: Quota::new(6000, 600),
            prompt_relays: Quota::new(32, 20),
            trusted_handover: Quota::new(5000, 20),
            dht_handover: Quota::new(50, 1),
            trusted_sync_requests: Quota::new(600, 16),
            dht_sync_requests: Quota::new(150, 1),
            met_sync_requests: Quota::new(600, 8),
            trusted_synced: Quota::new(200_000, 2000),
            dht_synced: Quota::new(100_000, 100),
            trusted_questions: Quota::new(120, 2),
            dht_questions: Quota::new(30, 1),
            trusted_asked_about: Quota::new(2048, 64),
            dht_asked_about: Quota::new(320, 8),
            met_asked_about: Quota::new(1024, 256),
        }
    }
}
