//! Who is signed in: sessions that a key or a link opens, each known by a cookie.
//!
//! They live in memory alone: a node that starts anew knows nobody. What a browser keeps is 256
//! random bits, of which the node keeps a hash.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aegis_core::{Timestamp, TokenBucket};

use super::super::gate::KEYED_RATE;
use crate::{Caller, KeyRing, SignedIn};

/// Sessions at once; whoever signs in then ends the one that was used longest ago.
pub const SESSIONS_MAX: usize = 64;

/// How long a session lasts at most: a working day.
pub const SESSION_FOR: Duration = Duration::from_secs(12 * 3600);

/// How long a session lasts that nobody uses.
const SESSION_IDLE: Duration = Duration::from_secs(2 * 3600);

/// How long a link lets somebody in, once.
pub const PAGE_LINK_FOR: Duration = Duration::from_secs(120);

/// Links that wait to be used; the oldest goes.
const LINKS_MAX: usize = 16;

const HASH_CONTEXT: &str = "aegis 2026-11 session of a browser";
const PROOF_CONTEXT: &str = "aegis 2026-11 proof of a form";

/// The sessions of one node. Clones are the same sessions.
#[derive(Clone)]
pub struct Sessions {
    keys: KeyRing,
    clock: fn() -> Timestamp,
    open: Arc<Mutex<Open>>, // never held over an await
}

#[derive(Default)]
struct Open {
    sessions: BTreeMap<[u8; 32], Session>,
    links: Vec<Link>,
}

struct Session {
    caller: Caller,
    began_at: Timestamp,
    used_at: Timestamp,
    rate: TokenBucket,
}

struct Link {
    hash: [u8; 32],
    caller: Caller,
    expires_at: Timestamp,
}

/// What a browser is to remember, or to forget.
#[derive(Clone, Eq, PartialEq)]
pub struct SessionCookie(Option<String>); // hexadecimal digits

/// Who a cookie says that somebody is.
pub(in crate::server) enum Known {
    /// Nobody.
    Nobody,
    /// Somebody who asks too often.
    Hasty,
    /// Somebody.
    Somebody(Caller, SignedIn),
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(…)")
    }
}

impl fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionCookie(…)")
    }
}

impl Sessions {
    /// Returns no sessions yet. Those that a key opens end with the key.
    pub fn new(keys: KeyRing, clock: fn() -> Timestamp) -> Self {
        Self {
            keys,
            clock,
            open: Arc::default(),
        }
    }

    /// Makes a link that lets whoever has it in as `caller`, once and soon.
    pub fn link(&self, caller: Caller) -> io::Result<String> {
        let word = random()?;
        let (now, mut open) = (self.now(), self.open());
        open.links.retain(|it| now < it.expires_at);
        if open.links.len() >= LINKS_MAX {
            open.links.remove(0);
        }
        open.links.push(Link {
            hash: hash(&word),
            caller,
            expires_at: now + PAGE_LINK_FOR,
        });
        Ok(word)
    }

    /// Lets in whoever has a link; nobody where it was used, is too old or none of ours.
    pub fn enter_by_link(&self, word: &str) -> Option<SessionCookie> {
        let (now, hash) = (self.now(), hash(word));
        let caller = {
            let mut open = self.open();
            let at = open.links.iter().position(|it| it.hash == hash)?;
            let link = open.links.remove(at);
            // One that ends later was made before the clock was set back.
            let is_fresh = now < link.expires_at && link.expires_at <= now + PAGE_LINK_FOR;
            is_fresh.then_some(link.caller)?
        };
        self.begin(caller)
    }

    /// Lets in whoever has the secret of a key; nobody where it opens nothing.
    pub fn enter_by_key(&self, secret: &str) -> Option<SessionCookie> {
        self.begin(Caller::Key(self.keys.verify(secret)?))
    }

    /// Ends a session.
    pub fn leave(&self, signed_in: &SignedIn) -> SessionCookie {
        self.open().sessions.remove(&signed_in.session);
        SessionCookie(None)
    }

    /// Returns who shows this cookie, and takes a turn of theirs.
    pub(in crate::server) fn known(&self, word: &str) -> Known {
        let (now, session) = (self.now(), hash(word));
        let mut open = self.open();
        let Some(it) = open.sessions.get_mut(&session) else {
            return Known::Nobody;
        };
        let is_over = now.since(it.began_at) >= SESSION_FOR
            || now.since(it.used_at) >= SESSION_IDLE
            || it.used_at.since(now) >= SESSION_IDLE // before the clock was set back: nobody knows when
            || matches!(&it.caller, Caller::Key(grant) if !self.keys.holds(grant));
        if is_over {
            open.sessions.remove(&session);
            return Known::Nobody;
        }
        it.used_at = now;
        if !it.rate.take(now) {
            return Known::Hasty;
        }
        let proof = hex(&blake3::derive_key(PROOF_CONTEXT, word.as_bytes()));
        Known::Somebody(it.caller, SignedIn { proof, session })
    }

    fn begin(&self, caller: Caller) -> Option<SessionCookie> {
        let word = random()
            .inspect_err(|error| tracing::warn!(%error, "Cannot begin a session"))
            .ok()?;
        let (now, mut open) = (self.now(), self.open());
        if open.sessions.len() >= SESSIONS_MAX {
            let oldest = open.sessions.iter().min_by_key(|(_, it)| it.used_at);
            let oldest = oldest.map(|(it, _)| *it);
            oldest.and_then(|it| open.sessions.remove(&it));
        }
        let session = Session {
            caller,
            began_at: now,
            used_at: now,
            rate: TokenBucket::new(KEYED_RATE.0, KEYED_RATE.1),
        };
        open.sessions.insert(hash(&word), session);
        Some(SessionCookie(Some(word)))
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // What is in it stays what it is whatever became of whoever held it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionCookie {
    /// Returns the header that has a browser remember or forget it. No script sees it, and no other
    /// site can have it sent.
    pub(in crate::server) fn header(&self, name: &str, is_secure: bool) -> String {
        let secure = if is_secure { "; Secure" } else { "" };
        let (value, age) = match &self.0 {
            Some(word) => (word.as_str(), SESSION_FOR.as_secs()),
            None => ("", 0),
        };
        format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
    }
}

fn hash(word: &str) -> [u8; 32] {
    blake3::derive_key(HASH_CONTEXT, word.as_bytes())
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

#[cfg(test)]
mod tests;
