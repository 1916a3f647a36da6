//! Who polls: the bouncers that were seen since the node started, for `status` and `doctor`.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use aegis_core::Timestamp;

use crate::around::Bouncer;

/// Bouncers that are remembered; who was not seen for longest makes room.
const READERS_MAX: usize = 256;

/// Characters of what a bouncer says it is that are kept.
const PROGRAM_CHARS_MAX: usize = 128;

/// The bouncer that cuts the length off every prefix where it works with nftables, and so blocks
/// one address of it.
const CUTS_PREFIXES: &str = "crowdsec-firewall-bouncer";

/// The bouncers. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Readers {
    seen: Arc<Mutex<BTreeMap<(String, IpAddr), Bouncer>>>, // never held over an await
}

impl Readers {
    /// Notes that the bouncer of this key polled from an address, and what it says it is.
    pub(super) fn note(&self, now: Timestamp, (name, address): (&str, IpAddr), program: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = (name.to_owned(), address);
        if seen.len() >= READERS_MAX && !seen.contains_key(&reader) {
            let idle = seen.iter().min_by_key(|(_, it)| it.last_at);
            if let Some(idle) = idle.map(|(it, _)| it.clone()) {
                seen.remove(&idle);
            }
        }
        let bouncer = Bouncer {
            name: name.to_owned(),
            address,
            program: program.chars().take(PROGRAM_CHARS_MAX).collect(),
            last_at: now,
            cuts_prefixes: cuts_prefixes(program),
        };
        seen.insert(reader, bouncer);
    }

    /// Returns them in the order of their names.
    pub(super) fn all(&self) -> Vec<Bouncer> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.values().cloned().collect()
    }
}

/// Returns whether a program is the one that cannot block prefixes.
pub(super) fn cuts_prefixes(program: &str) -> bool {
    program.starts_with(CUTS_PREFIXES)
}

#[cfg(test)]
mod tests;
