//! One reconciliation as the node sees it that asks: from the first request to the last answer.
//!
//! Cells first; where the difference is too large for them, ranges of ids, so that whatever ends
//! the session early, what it walked is done. Everything in an answer may be a lie.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use super::{
    CELLS_MAX, CHUNK_ALERTS_MAX, CHUNK_BYTES_MAX, PREFIXES_MAX,
    answer::Chunk,
    live_set::LiveSet,
    message::{Answer, Prefix, Request},
    sketch::{Cell, Difference, Sketch},
    walk::Walk,
};
use crate::{ALERT_BYTES_MAX, Alert, AlertId, sync::Salt};

/// Requests of one session at most: 200,000 alerts of a common size take some 400.
const REQUESTS_MAX: usize = 2_048;

/// Bytes of alerts given in one session at most. Who lacks more asks for it.
const GIVEN_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Times that cells are asked for before ranges are.
const CELLS_TRIES_MAX: usize = 3;

/// Bytes of a cell on the wire, about.
const CELL_BYTES: usize = 26;

/// Bytes of a prefix on the wire.
const PREFIX_BYTES: usize = 8;

/// Ids that the first range names, and one of which much came: naming those behind what fits into
/// a chunk is wasted.
const WIDTH_FIRST: usize = 1_024;
const WIDTH_MIN: usize = 64;

/// So many alerts that a peer says it has, of which it then gives none, are a lie. Fewer may
/// have ended meanwhile.
const PROMISED_MIN: usize = 64;

/// How a session begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opening {
    /// With so many cells, unless the digests are equal.
    Cells(usize),
    /// With so many cells, although the digests may be equal.
    Salted(usize),
    /// With everything: this node has little or nothing.
    Ranges,
}

/// How the node that answered broke the protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Misbehaviour {
    /// It sent what was not asked for.
    Unasked,
    /// Its cells hold ids that cannot be in them.
    Forged,
    /// It sent little, and said that there was more.
    Dribbled,
    /// It said that it had many alerts, and gave none of them.
    BrokenPromise,
    /// It asked on and on after it was told that it asks too much.
    Flooded,
}

impl Misbehaviour {
    /// Returns the word that logs and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unasked => "unasked",
            Self::Forged => "forged",
            Self::Dribbled => "dribbled",
            Self::BrokenPromise => "broken_promise",
            Self::Flooded => "flooded",
        }
    }
}

/// What a session came to so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Requests made.
    pub requests: usize,
    /// Cells that came in.
    pub cells: usize,
    /// Alerts that came in.
    pub heard: usize,
    /// Alerts that were given.
    pub given: usize,
    /// Whether ranges were walked.
    pub by_ranges: bool,
    /// Whether it ended before all was compared.
    pub is_cut: bool,
}

/// What is to be done after an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Ask this.
    Ask(Request<Arc<Alert>>),
    /// Nothing: the session is over.
    Done,
    /// Nothing: the peer has no time.
    Busy,
    /// Nothing, and hold this against the peer.
    Misbehaved(Misbehaviour),
}

/// An answer taken in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Heard {
    /// Alerts that came with it, to go through the same door as every other.
    pub alerts: Vec<Arc<Alert>>,
    /// How it goes on.
    pub next: Next,
}

/// What was asked last, for holding the answer against.
#[derive(Clone, Debug)]
enum Asked {
    Cells {
        has_digest: bool,
        count: usize,
    },
    Exchange {
        wanted: Vec<Prefix>,
        offered: Vec<AlertId>,
    },
    Range {
        first: Prefix,
        last: Prefix,
        held: Vec<AlertId>,
    },
    Give,
}

/// A reconciliation that this node began.
#[derive(Clone, Debug)]
pub struct Session {
    asked: Asked,
    cells_tries: usize,
    lacking: VecDeque<Prefix>,
    surplus: VecDeque<AlertId>,
    giving: VecDeque<AlertId>,
    origin: Prefix,     // where a walk begins
    walk: Option<Walk>, // by ranges, once there is one
    width: usize,       // how many ids of this node's own a range names
    promised: usize,
    kept: usize, // of what was promised
    given_bytes: usize,
    tally: Tally,
}

impl Session {
    /// Begins a session; returns it with its first request.
    pub fn begin(live: &LiveSet, opening: Opening) -> (Self, Request<Arc<Alert>>) {
        Self::begin_at(live, opening, Prefix::MIN)
    }

    /// Begins a session that walks ranges from `origin` on and round, if it walks any: several at a
    /// time, each from elsewhere, are given each a part of what this node lacks.
    pub fn begin_at(
        live: &LiveSet,
        opening: Opening,
        origin: Prefix,
    ) -> (Self, Request<Arc<Alert>>) {
        let mut session = Self {
            asked: Asked::Give,
            cells_tries: 0,
            lacking: VecDeque::new(),
            surplus: VecDeque::new(),
            giving: VecDeque::new(),
            origin,
            walk: None,
            width: WIDTH_FIRST,
            promised: 0,
            kept: 0,
            given_bytes: 0,
            tally: Tally::default(),
        };
        let request = match opening {
            Opening::Cells(count) => session.ask_cells(live, count, true),
            Opening::Salted(count) => session.ask_cells(live, count, false),
            Opening::Ranges => session.ask_first_range(live),
        };
        (session, request)
    }

    /// Returns what it came to so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Returns where it walks, if it does.
    pub fn walks_at(&self) -> Option<Prefix> {
        let (first, _) = self.walk?.left()?;
        Some(first)
    }

    /// Takes the answer to the last request. `find` finds the alerts of `live`.
    ///
    /// No answer makes this do more than bounded work, or go on for ever.
    pub fn handle_answer(
        &mut self,
        live: &LiveSet,
        find: impl Fn(&AlertId) -> Option<Arc<Alert>>,
        answer: Answer<Arc<Alert>>,
    ) -> Heard {
        let asked = std::mem::replace(&mut self.asked, Asked::Give);
        let mut alerts = Vec::new();
        let taken = match (asked, answer) {
            (_, Answer::Busy) => {
                return Heard {
                    alerts,
                    next: Next::Busy,
                };
            }
            (
                Asked::Cells {
                    has_digest: true, ..
                },
                Answer::Same,
            ) => Ok(None),
            (Asked::Cells { count, .. }, Answer::Cells { salt, size, cells })
                if cells.len() <= count =>
            {
                self.take_cells(live, (salt, size, cells), count)
            }
            (
                Asked::Exchange { wanted, offered },
                Answer::Exchange {
                    considered,
                    alerts: heard,
                    wanted: theirs,
                },
            ) if theirs.len() == offered.len() && considered <= wanted.len() => {
                let taken = self.take_exchange(&wanted, considered, &heard);
                self.take_wishes(&offered, &theirs);
                alerts = heard;
                taken
            }
            (
                Asked::Range { first, last, held },
                Answer::Range {
                    reached,
                    alerts: heard,
                    wanted: theirs,
                },
            ) => {
                let taken = self.take_range((first, reached, last), &held, &heard);
                let within = held.iter().filter(|it| Prefix::of(it) <= reached).count();
                self.take_wishes(&held[..within], &theirs);
                alerts = heard;
                taken.and_then(|it| {
                    (theirs.len() == within)
                        .then_some(it)
                        .ok_or(Misbehaviour::Unasked)
                })
            }
            (Asked::Give, Answer::Taken) => Ok(None),
            _ => Err(Misbehaviour::Unasked),
        };
        let next = match taken {
            Err(misbehaviour) => {
                alerts.clear();
                Next::Misbehaved(misbehaviour)
            }
            Ok(Some(request)) => Next::Ask(request),
            Ok(None) => self.next(live, find),
        };
        self.tally.heard += alerts.len();
        Heard { alerts, next }
    }

    /// Takes the cells of a set: either they give the difference, or others are asked for.
    fn take_cells(
        &mut self,
        live: &LiveSet,
        (salt, size, cells): (Salt, usize, Vec<Cell>),
        count: usize,
    ) -> Result<Option<Request<Arc<Alert>>>, Misbehaviour> {
        let got = cells.len();
        self.tally.cells += got;
        match Sketch::from_cells(salt, cells).difference(live.ids()) {
            Ok(Difference { theirs, ours }) => {
                let is_possible = theirs.iter().all(|it| !live.contains(it))
                    && ours.iter().all(|it| live.contains(it));
                if !is_possible {
                    return Err(Misbehaviour::Forged);
                }
                let lacking = theirs.iter().map(Prefix::of);
                self.lacking = lacking.filter(|it| !live.knows(*it)).collect();
                self.promised = self.lacking.len();
                self.surplus = ours.into();
                Ok(None)
            }
            Err(undecoded) => {
                if live.len() > size.saturating_add(CELLS_MAX) {
                    return Ok(None); // it lacks so much that it asks for itself
                }
                let wanted = undecoded.estimate.saturating_mul(13) / 8 + 64;
                let wanted = wanted.max(2 * got);
                let is_dear = wanted * CELL_BYTES > live.len() * PREFIX_BYTES;
                let is_hopeless = got < count || wanted > CELLS_MAX || is_dear;
                Ok(Some(
                    if is_hopeless || self.cells_tries >= CELLS_TRIES_MAX {
                        self.ask_first_range(live)
                    } else {
                        self.ask_cells(live, wanted, false)
                    },
                ))
            }
        }
    }

    fn take_exchange(
        &mut self,
        wanted: &[Prefix],
        considered: usize,
        heard: &[Arc<Alert>],
    ) -> Result<Option<Request<Arc<Alert>>>, Misbehaviour> {
        let asked: BTreeSet<_> = wanted.iter().take(considered).collect();
        if heard
            .iter()
            .any(|it| !asked.contains(&Prefix::of(&it.id())))
        {
            return Err(Misbehaviour::Unasked);
        }
        if considered < wanted.len() && !is_full(heard) {
            return Err(Misbehaviour::Dribbled);
        }
        for prefix in wanted[considered..].iter().rev() {
            self.lacking.push_front(*prefix);
        }
        self.kept += heard.len();
        if self.lacking.is_empty() && self.promised >= PROMISED_MIN && self.kept == 0 {
            return Err(Misbehaviour::BrokenPromise);
        }
        Ok(None)
    }

    fn take_range(
        &mut self,
        (first, reached, last): (Prefix, Prefix, Prefix),
        held: &[AlertId],
        heard: &[Arc<Alert>],
    ) -> Result<Option<Request<Arc<Alert>>>, Misbehaviour> {
        let held: BTreeSet<_> = held.iter().map(Prefix::of).collect();
        let is_asked = |alert: &Arc<Alert>| {
            let prefix = Prefix::of(&alert.id());
            (first..=reached).contains(&prefix) && !held.contains(&prefix)
        };
        if !(first..=last).contains(&reached) || !heard.iter().all(is_asked) {
            return Err(Misbehaviour::Unasked);
        }
        if reached < last && !is_full(heard) {
            return Err(Misbehaviour::Dribbled);
        }
        if reached < last {
            let covered = held.iter().filter(|it| **it <= reached).count();
            self.width = covered.max(WIDTH_MIN);
        } else if !is_full(heard) {
            self.width = (2 * self.width).min(PREFIXES_MAX);
        }
        if let Some(walk) = &mut self.walk {
            walk.reach(reached);
        }
        Ok(None)
    }

    /// Notes which of `ours` the other wants.
    fn take_wishes(&mut self, ours: &[AlertId], wishes: &[bool]) {
        let wanted = ours.iter().zip(wishes).filter(|(_, is_wanted)| **is_wanted);
        self.giving.extend(wanted.map(|(id, _)| *id));
    }

    /// Decides how it goes on.
    fn next(&mut self, live: &LiveSet, find: impl Fn(&AlertId) -> Option<Arc<Alert>>) -> Next {
        if self.tally.requests >= REQUESTS_MAX {
            self.tally.is_cut = true;
            return Next::Done;
        }
        let range = self.walk.and_then(|it| it.left());
        let has_more = range.is_some() || !self.lacking.is_empty() || !self.surplus.is_empty();
        // Gives when there is a chunk of it, or nothing else to do.
        if self.giving.len() >= CHUNK_ALERTS_MAX || !has_more {
            let alerts = self.give(find);
            if !alerts.is_empty() {
                self.tally.requests += 1;
                self.asked = Asked::Give;
                return Next::Ask(Request::Give(alerts));
            }
        }
        if let Some(range) = range {
            return Next::Ask(self.ask_range(live, range));
        }
        if has_more {
            return Next::Ask(self.ask_exchange(live));
        }
        Next::Done
    }

    fn ask_cells(&mut self, live: &LiveSet, count: usize, has_digest: bool) -> Request<Arc<Alert>> {
        let count = count.clamp(1, CELLS_MAX);
        self.cells_tries += 1;
        self.tally.requests += 1;
        self.asked = Asked::Cells { has_digest, count };
        Request::Cells {
            digest: has_digest.then(|| live.digest()),
            count,
        }
    }

    fn ask_first_range(&mut self, live: &LiveSet) -> Request<Arc<Alert>> {
        self.tally.by_ranges = true;
        let walk = Walk::from(self.origin);
        self.walk = Some(walk);
        self.ask_range(live, walk.left().unwrap_or((Prefix::MIN, Prefix::MAX)))
    }

    /// Asks for as many ids from `first` to `end` as this node's own in them can be named.
    fn ask_range(&mut self, live: &LiveSet, (first, end): (Prefix, Prefix)) -> Request<Arc<Alert>> {
        self.tally.requests += 1;
        let ids = live.known_from(first);
        let mut ids = ids.take_while(|it| Prefix::of(it) <= end);
        let held: Vec<_> = ids.by_ref().take(self.width).collect();
        let last = match (ids.next(), held.last()) {
            (Some(_), Some(last)) => Prefix::of(last),
            _ => end,
        };
        let prefixes = held.iter().map(Prefix::of).collect();
        self.asked = Asked::Range { first, last, held };
        Request::Range {
            first,
            last,
            held: prefixes,
        }
    }

    fn ask_exchange(&mut self, live: &LiveSet) -> Request<Arc<Alert>> {
        self.tally.requests += 1;
        let half = PREFIXES_MAX / 2;
        let lacking = self.lacking.drain(..self.lacking.len().min(half));
        // What came by gossip meanwhile is not asked for.
        let wanted: Vec<_> = lacking.filter(|it| !live.knows(*it)).collect();
        let surplus = self.surplus.drain(..self.surplus.len().min(half));
        let offered: Vec<_> = surplus.filter(|it| live.contains(it)).collect();
        let prefixes = offered.iter().map(Prefix::of).collect();
        self.asked = Asked::Exchange {
            wanted: wanted.clone(),
            offered,
        };
        Request::Exchange {
            wanted,
            offered: prefixes,
        }
    }

    /// Takes a chunk of what is to be given.
    fn give(&mut self, find: impl Fn(&AlertId) -> Option<Arc<Alert>>) -> Vec<Arc<Alert>> {
        let mut chunk = Chunk::default();
        while let Some(id) = self.giving.front().copied() {
            if self.given_bytes + chunk.bytes() > GIVEN_BYTES_MAX {
                self.tally.is_cut = true;
                self.giving.clear();
                break;
            }
            if find(&id).is_some_and(|alert| !chunk.push(alert)) {
                break;
            }
            self.giving.pop_front();
        }
        self.given_bytes += chunk.bytes();
        let alerts = chunk.into_alerts();
        self.tally.given += alerts.len();
        alerts
    }
}

/// Returns whether no further alert needed to fit into the chunk.
fn is_full(alerts: &[Arc<Alert>]) -> bool {
    let bytes: usize = alerts.iter().map(|it| it.wire().len()).sum();
    bytes > CHUNK_BYTES_MAX - ALERT_BYTES_MAX || alerts.len() >= CHUNK_ALERTS_MAX
}
