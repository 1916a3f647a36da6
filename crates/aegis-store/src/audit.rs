//! The audit log: append-only, each row bound to all before it by a hash.

use std::fmt;

use aegis_core::{Action, Actor, AuditEntry, NodeId};
use rusqlite::{Connection, Row};

use crate::read::{self, CorruptRow};

mod archive;
mod chain;
mod cut;
mod verify;

pub(crate) use cut::{CUT_RULE, cut};
pub(crate) use verify::verify;
pub use verify::{AuditFault, AuditReport};

use chain::{CUT, Link, Mark, RawRow};

/// The longest detail that is kept; the rest of a longer one is cut off.
const DETAIL_BYTES_MAX: usize = 1024;

/// The hash that stands for a row of the audit log and all before it.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct AuditHash([u8; 32]);

impl AuditHash {
    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|it| write!(f, "{it:02x}"))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditHash({self})")
    }
}

/// One line of the audit log with its place in the chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditLine {
    /// Its number, counted from 1 without a gap.
    pub seq: u64,
    /// What was done.
    pub event: AuditEvent,
    /// The hash over this line and all before it.
    pub hash: AuditHash,
}

/// What a line of the audit log tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AuditEvent {
    /// Something that the node or its operator did.
    Entry(AuditEntry),
    /// The store moved the rows up to this number out of itself to stay within its bound.
    Cut { through: u64 },
}

/// Adds the entries to the end of the chain.
pub(crate) fn append(connection: &Connection, entries: &[&AuditEntry]) -> rusqlite::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let head = Link::read(connection, Mark::Head)?;
    let mut seq = last_seq(connection, head)?;
    let mut end = head;
    let mut texts = ActorTexts::default();
    for entry in entries {
        seq = seq.saturating_add(1);
        let actor = texts.of(&entry.actor).to_owned();
        end = end.append(connection, &RawRow::of(seq, entry, actor))?;
    }
    end.write(connection, Mark::Head)
}

/// Returns the number after which to go on.
///
/// Where somebody took away rows or the mark, the log goes on after whichever is further: the
/// node keeps working, and the gap stays for `verify` to find.
fn last_seq(connection: &Connection, head: Link) -> rusqlite::Result<i64> {
    let found: i64 = connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM audit")?
        .query_row([], |row| row.get(0))?;
    if found != head.seq {
        tracing::warn!(last_written = head.seq, found, "Audit log has a wrong end");
    }
    Ok(found.max(head.seq))
}

/// Reads the last `limit` lines, oldest first, and counts those that could not be read.
pub(crate) fn tail(
    connection: &Connection,
    limit: usize,
) -> rusqlite::Result<(Vec<AuditLine>, u64)> {
    let sql = format!(
        "SELECT seq, at, actor, action, indicator, detail, hash FROM audit
         ORDER BY seq DESC LIMIT {}",
        i64::try_from(limit).unwrap_or(i64::MAX)
    );
    let mut readout = read::read(connection, &sql, line)?;
    readout.items.reverse();
    Ok((readout.items, readout.corrupt_rows))
}

fn line(row: &Row<'_>) -> Result<AuditLine, CorruptRow> {
    let seq: i64 = read::column(row, "seq")?;
    let action: String = read::column(row, "action")?;
    let event = if action == CUT {
        AuditEvent::Cut {
            through: cut_through(row).ok_or(CorruptRow("detail"))?,
        }
    } else {
        AuditEvent::Entry(entry(row, &action)?)
    };
    Ok(AuditLine {
        seq: u64::try_from(seq).map_err(|_| CorruptRow("seq"))?,
        event,
        hash: AuditHash(read::column(row, "hash")?),
    })
}

fn cut_through(row: &Row<'_>) -> Option<u64> {
    let detail: String = read::column(row, "detail").ok()?;
    detail.split_once(' ')?.0.parse().ok()
}

fn entry(row: &Row<'_>, action_text: &str) -> Result<AuditEntry, CorruptRow> {
    let indicator: Option<String> = read::column(row, "indicator")?;
    Ok(AuditEntry {
        at: read::time(row, "at")?,
        actor: actor(&read::column::<String>(row, "actor")?).ok_or(CorruptRow("actor"))?,
        action: action(action_text).ok_or(CorruptRow("action"))?,
        indicator: indicator
            .map(|it| it.parse().map_err(|_| CorruptRow("indicator")))
            .transpose()?,
        detail: read::column(row, "detail")?,
    })
}

/// Texts of actors, one of them remembered: a peer's is dear, and many rows at once are mostly of one.
#[derive(Default)]
pub(crate) struct ActorTexts(Option<(Actor, String)>);

impl ActorTexts {
    pub(crate) fn of(&mut self, actor: &Actor) -> &str {
        let last = self.0.take().filter(|(it, _)| it == actor);
        let (_, text) = self
            .0
            .insert(last.unwrap_or_else(|| (actor.clone(), actor_text(actor))));
        text
    }
}

pub(crate) fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::Detector => "detector".to_owned(),
        Actor::Node => "node".to_owned(),
        Actor::User(uid) => format!("user:{uid}"),
        Actor::Key(name) => format!("key:{name}"),
        Actor::Peer(peer) => format!("peer:{peer}"),
    }
}

pub(crate) fn actor(text: &str) -> Option<Actor> {
    match text.split_once(':') {
        None if text == "detector" => Some(Actor::Detector),
        None if text == "node" => Some(Actor::Node),
        Some(("user", uid)) => uid.parse().ok().map(Actor::User),
        Some(("key", name)) => name.parse().ok().map(Actor::Key),
        Some(("peer", peer)) => peer.parse::<NodeId>().ok().map(Actor::Peer),
        None | Some(_) => None,
    }
}

fn action(text: &str) -> Option<Action> {
    Action::ALL.into_iter().find(|it| it.as_str() == text)
}

/// Returns what is kept of a detail.
fn shortened(detail: &str) -> &str {
    &detail[..detail.floor_char_boundary(DETAIL_BYTES_MAX)]
}

#[cfg(test)]
mod tests;
