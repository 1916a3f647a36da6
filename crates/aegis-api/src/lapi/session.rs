//! What the listener remembers of those who use it: tokens, cursors, and how much they asked for.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    net::IpAddr,
    time::Duration,
};

use aegis_core::{Timestamp, TokenBucket};

use crate::{KeyGrant, access::secret_hash};

/// How long a token opens anything; agents log in again by themselves.
const TOKEN_FOR: Duration = Duration::from_secs(3600);

/// Tokens at once: `cscli` logs in for every command, and leaves one behind for an hour.
const TOKENS_MAX: usize = 4096;

/// Readers whose place in the journal is kept: keys times the addresses they are used from.
const CURSORS_MAX: usize = 4096;

/// Requests that a machine may send at once, and then each second.
const REQUESTS_BURST: u32 = 200;
const REQUESTS_RATE: u32 = 20;

/// What a machine may ask for within this time is bounded.
const ALLOWANCE_FOR: Duration = Duration::from_secs(3600);

/// Who logged in. A token is kept as its hash.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    tokens: BTreeMap<[u8; 32], (KeyGrant, Timestamp)>,
}

/// How far each reader has read: one key used from two addresses is two readers.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    seqs: BTreeMap<(Box<str>, IpAddr), (u64, Timestamp)>,
}

/// How much each machine asked for.
#[derive(Debug, Default)]
pub(super) struct Allowances {
    machines: BTreeMap<Box<str>, Allowance>, // one for each key at most
}

#[derive(Debug)]
struct Allowance {
    requests: TokenBucket,
    since: Timestamp,
    decisions: u32,
}

impl Sessions {
    /// Gives out a token; says until when it is good.
    pub(super) fn open(
        &mut self,
        now: Timestamp,
        grant: KeyGrant,
    ) -> io::Result<(String, Timestamp)> {
        let token = token()?;
        self.tokens.retain(|_, (_, expires_at)| now < *expires_at);
        if self.tokens.len() >= TOKENS_MAX {
            let first = self
                .tokens
                .iter()
                .min_by_key(|(_, (_, expires_at))| *expires_at);
            if let Some(first) = first.map(|(hash, _)| *hash) {
                self.tokens.remove(&first);
            }
        }
        let expires_at = now + TOKEN_FOR;
        self.tokens.insert(secret_hash(&token), (grant, expires_at));
        Ok((token, expires_at))
    }

    /// Returns the key that a token stands for.
    pub(super) fn find(&self, now: Timestamp, token: &str) -> Option<KeyGrant> {
        let (grant, expires_at) = self.tokens.get(&secret_hash(token))?;
        (now < *expires_at).then_some(*grant)
    }

    /// Ends every session of a key.
    pub(super) fn close(&mut self, grant: &KeyGrant) {
        self.tokens.retain(|_, (it, _)| it.name != grant.name);
    }
}

impl Cursors {
    /// Returns how far a reader has read; `None` for one that was not seen since the node started.
    pub(super) fn find(&self, key: &str, from: IpAddr) -> Option<u64> {
        self.seqs.get(&(key.into(), from)).map(|(seq, _)| *seq)
    }

    /// Notes how far a reader has read by `now`. Whoever was not seen for longest is forgotten first.
    pub(super) fn set(&mut self, now: Timestamp, (key, from): (&str, IpAddr), seq: u64) {
        let reader = (key.into(), from);
        if self.seqs.len() >= CURSORS_MAX && !self.seqs.contains_key(&reader) {
            let idle = self.seqs.iter().min_by_key(|(_, (_, seen_at))| *seen_at);
            if let Some(idle) = idle.map(|(it, _)| it.clone()) {
                self.seqs.remove(&idle);
            }
        }
        self.seqs.insert(reader, (seq, now));
    }
}

impl Allowances {
    /// Returns whether a machine may send another request.
    pub(super) fn take_request(&mut self, now: Timestamp, machine: &str) -> bool {
        self.of(now, machine).requests.take(now)
    }

    /// Returns how many of `wanted` decisions a machine may have, of `most` in an hour.
    pub(super) fn take_decisions(
        &mut self,
        now: Timestamp,
        machine: &str,
        (wanted, most): (usize, u32),
    ) -> usize {
        let allowance = self.of(now, machine);
        if now.since(allowance.since) >= ALLOWANCE_FOR {
            (allowance.since, allowance.decisions) = (now, 0);
        }
        let left = most.saturating_sub(allowance.decisions);
        let taken = left.min(u32::try_from(wanted).unwrap_or(u32::MAX));
        allowance.decisions += taken;
        taken as usize
    }

    fn of(&mut self, now: Timestamp, machine: &str) -> &mut Allowance {
        self.machines
            .entry(machine.into())
            .or_insert_with(|| Allowance {
                requests: TokenBucket::new(REQUESTS_BURST, REQUESTS_RATE),
                since: now,
                decisions: 0,
            })
    }
}

/// Returns a text that nobody can guess.
fn token() -> io::Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|it| format!("{it:02x}")).collect())
}

#[cfg(test)]
mod tests;
