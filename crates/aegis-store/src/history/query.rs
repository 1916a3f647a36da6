//! What can be asked of the history, as SQL.

use aegis_core::{Actor, HistoryId, Indicator, NodeId, OrganisationId, Timestamp};
use rusqlite::{Connection, Row, ToSql};

use super::net;
use crate::{
    audit::actor_text,
    read::{CorruptRow, column, time},
    write::millis,
};

/// Groups at most: more than anybody reads.
const GROUPS_MAX: usize = 10_000;

/// Memberships that entries are counted by at most: as many as SQLite takes values, two for each.
const MEMBERS_MAX: usize = 16_000;

/// Which entries are meant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HistoryFilter {
    /// About this, what lies in it, and what it lies in.
    pub indicator: Option<Indicator>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Older than this.
    pub until: Option<Timestamp>,
}

/// By what entries are counted together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GroupBy {
    /// By threat type; entries without one are left out.
    Type,
    /// By who saw or did it.
    Source,
    /// By day, in UTC.
    Day,
    /// By what organisation a peer that did it belongs to: of each node, which; entries of others are
    /// left out, and those of a node that belongs to several count for each. No more than
    /// 16,000 are looked at.
    Organisation(Vec<(NodeId, OrganisationId)>),
}

/// Entries that are counted together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HistoryGroup {
    /// What they have in common: a threat type, an actor as the audit log writes it, a day, or the ID of
    /// an organisation.
    pub key: String,
    /// How many there are.
    pub entries: u64,
    /// Detections among them.
    pub detections: u64,
    /// Alerts of peers among them.
    pub alerts: u64,
    /// Blocks among them.
    pub blocks: u64,
    /// About how many different indicators they are.
    pub indicators: u64,
    /// The first of them.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
}

/// A condition with its values, in their order.
pub(super) struct Condition {
    terms: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Condition {
    pub(super) fn of(filter: &HistoryFilter) -> Self {
        let mut condition = Self {
            terms: Vec::new(),
            values: Vec::new(),
        };
        if let Some(indicator) = &filter.indicator {
            condition.about(indicator);
        }
        if let Some(since) = filter.since {
            condition.add("at >= ?", millis(since));
        }
        if let Some(until) = filter.until {
            condition.add("at < ?", millis(until));
        }
        condition
    }

    /// Narrows it to what comes before an entry.
    pub(super) fn before(&mut self, id: HistoryId) {
        let seq = i64::try_from(id.seq).unwrap_or(i64::MAX);
        self.add("at <= ?", millis(id.at)); // what an index is good for
        self.terms.push("(at < ? OR seq < ?)".to_owned());
        self.values.push(Box::new(millis(id.at)));
        self.values.push(Box::new(seq));
    }

    fn about(&mut self, indicator: &Indicator) {
        let (first, last) = net::within(indicator);
        let around = net::around(indicator);
        let marks = vec!["?"; around.len()].join(", ");
        let term = if indicator.is_host() {
            // Exact keys only, so that the index gives them in the order of time.
            self.values.push(Box::new(first));
            format!("net IN (?, {marks})")
        } else {
            self.values.push(Box::new(first));
            self.values.push(Box::new(last));
            format!("(net BETWEEN ? AND ? OR net IN ({marks}))")
        };
        self.terms.push(term);
        self.values
            .extend(around.into_iter().map(|it| Box::new(it) as Box<dyn ToSql>));
    }

    fn add(&mut self, term: &str, value: i64) {
        self.terms.push(term.to_owned());
        self.values.push(Box::new(value));
    }

    fn require(&mut self, term: &str) {
        self.terms.push(term.to_owned());
    }

    /// Returns it behind `WHERE`, or nothing where everything is meant.
    pub(super) fn sql(&self) -> String {
        if self.terms.is_empty() {
            return String::new();
        }
        format!("WHERE {}", self.terms.join(" AND "))
    }

    pub(super) fn values(&self) -> Vec<&dyn ToSql> {
        self.values.iter().map(AsRef::as_ref).collect()
    }
}

/// Counts what the filter leaves, the largest groups first; days the latest first.
pub(super) fn groups(
    connection: &Connection,
    filter: &HistoryFilter,
    by: &GroupBy,
    limit: usize,
) -> rusqlite::Result<Vec<Result<HistoryGroup, CorruptRow>>> {
    let mut condition = Condition::of(filter);
    let mut members = Members::default();
    let (key, order) = match by {
        GroupBy::Type => {
            condition.require("threat_type IS NOT NULL");
            ("threat_type", "entries DESC, key")
        }
        GroupBy::Source => ("actor", "entries DESC, key"),
        GroupBy::Day => ("date(at / 1000, 'unixepoch')", "key DESC"),
        GroupBy::Organisation(of) if of.is_empty() => return Ok(Vec::new()),
        GroupBy::Organisation(of) => {
            members = Members::of(of);
            ("organisation", "entries DESC, key")
        }
    };
    let sql = format!(
        "{}SELECT {key} AS key, count(*) AS entries,
            count(*) FILTER (WHERE kind = 'detected') AS detections,
            count(*) FILTER (WHERE kind = 'alert') AS alerts,
            count(*) FILTER (WHERE kind = 'blocked') AS blocks,
            count(DISTINCT net) AS indicators, min(at) AS first_at, max(at) AS last_at
         FROM history {} {} GROUP BY 1 ORDER BY {order} LIMIT {}",
        members.table(),
        members.join(),
        condition.sql(),
        limit.min(GROUPS_MAX)
    );
    let mut values: Vec<&dyn ToSql> = members.values.iter().map(|it| it as &dyn ToSql).collect();
    values.extend(condition.values());
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map(&values[..], |row| Ok(group(row)))?;
    rows.collect()
}

/// Who belongs to which organisation, as a table of one query.
#[derive(Default)]
struct Members {
    values: Vec<String>, // an actor and an organisation in turn
}

impl Members {
    fn of(members: &[(NodeId, OrganisationId)]) -> Self {
        let of_member = |(node, organisation): &(NodeId, OrganisationId)| {
            [actor_text(&Actor::Peer(*node)), organisation.to_string()]
        };
        let values = members.iter().take(MEMBERS_MAX).flat_map(of_member);
        Self {
            values: values.collect(),
        }
    }

    fn table(&self) -> String {
        if self.values.is_empty() {
            return String::new();
        }
        let rows = vec!["(?, ?)"; self.values.len() / 2].join(", ");
        format!("WITH member (member, organisation) AS (VALUES {rows}) ")
    }

    fn join(&self) -> &'static str {
        if self.values.is_empty() {
            return "";
        }
        "JOIN member ON actor = member"
    }
}

fn group(row: &Row<'_>) -> Result<HistoryGroup, CorruptRow> {
    let number = |name| column::<i64>(row, name).map(i64::unsigned_abs);
    Ok(HistoryGroup {
        key: column(row, "key")?,
        entries: number("entries")?,
        detections: number("detections")?,
        alerts: number("alerts")?,
        blocks: number("blocks")?,
        indicators: number("indicators")?,
        first_at: time(row, "first_at")?,
        last_at: time(row, "last_at")?,
    })
}
