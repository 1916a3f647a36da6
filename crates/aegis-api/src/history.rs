//! History: what was seen and done, entry by entry and counted.

use std::{
    fmt::{self, Display},
    num::NonZeroU16,
    str::FromStr,
    time::Duration,
};

use aegis_core::{HistoryId, HistoryKind, Indicator, ThreatType, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Location, PAGE_ITEMS_MAX, PageQuery,
    encoding::{rfc3339, text, text_option, time, time_option},
};

/// The groups of an answer for which nobody chose a number.
pub const HISTORY_GROUPS_DEFAULT: NonZeroU16 = NonZeroU16::new(100).unwrap();

/// A point in time as people ask for one: so long ago, or a time and date.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Moment {
    /// So many seconds before now.
    Ago(u64),
    /// Then.
    At(Timestamp),
}

/// A text that is no point in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "must be like 90s, 15m, 2h, 7d or 4w ago, or a time such as 2026-11-20T12:00:00Z or 2026-11-20"
)]
pub struct InvalidMoment;

impl Moment {
    /// Returns the point in time that is meant at `now`.
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(secs) => now - Duration::from_secs(secs),
            Self::At(at) => at,
        }
    }
}

impl Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ago(secs) => write!(f, "{secs}s"),
            Self::At(at) => rfc3339::Millis(*at).fmt(f),
        }
    }
}

impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        let with_midnight = || rfc3339::parse(&format!("{text}T00:00:00Z"));
        if let Some(at) = rfc3339::parse(text).or_else(with_midnight) {
            return Ok(Self::At(at));
        }
        let unit = text.chars().last().ok_or(InvalidMoment)?;
        let secs: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return Err(InvalidMoment),
        };
        let digits = &text[..text.len() - 1];
        let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        let number: Option<u64> = is_number.then(|| digits.parse().ok()).flatten();
        let ago = number.and_then(|it| it.checked_mul(secs));
        ago.map(Self::Ago).ok_or(InvalidMoment)
    }
}

/// Which entries are meant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HistoryScope {
    /// About this, what lies in it, and what it lies in.
    pub indicator: Option<Indicator>,
    /// Not older than this.
    pub since: Option<Moment>,
    /// Older than this.
    pub until: Option<Moment>,
}

/// A page of entries, newest first: the cursor is the entry that they are older than.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HistoryQuery {
    /// Which.
    pub scope: HistoryScope,
    /// How many, and behind which.
    pub page: PageQuery<HistoryId>,
}

/// By what entries are counted together.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryBy {
    /// By threat type; entries without one are left out.
    Type,
    /// By who saw or did it.
    Source,
    /// By day, in UTC.
    Day,
    /// By the organisation that a peer belongs to now; what other nodes and this one did is left out.
    Organisation,
}

impl HistoryBy {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Type, Self::Source, Self::Day, Self::Organisation];

    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Source => "source",
            Self::Day => "day",
            Self::Organisation => "organisation",
        }
    }
}

/// Entries counted together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HistoryGroupsQuery {
    /// Which.
    pub scope: HistoryScope,
    /// By what.
    pub by: HistoryBy,
    /// How many groups at most; 5,000 whatever this says.
    pub limit: NonZeroU16,
}

/// One thing that happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HistoryLine {
    /// Its place: what to ask for older ones `after`.
    #[serde(with = "text")]
    pub id: HistoryId,
    /// When.
    #[serde(with = "time")]
    pub at: Timestamp,
    /// What.
    #[serde(with = "text")]
    pub kind: HistoryKind,
    /// Who saw or did it: `detector`, `node`, `user:<uid>`, `key:<name>` or `peer:<id>`.
    pub actor: String,
    /// To or about what; absent where it concerns a peer or the node as a whole.
    #[serde(with = "text_option", default)]
    pub indicator: Option<Indicator>,
    /// What the indicator did.
    #[serde(with = "text_option", default)]
    pub threat_type: Option<ThreatType>,
    /// How bad that was, 1…10.
    pub severity: Option<u8>,
    /// Until when it holds.
    #[serde(with = "time_option", default)]
    pub until: Option<Timestamp>,
    /// What else is worth knowing.
    pub detail: String,
    /// Where it is, as far as a database knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Entries that are counted together.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HistoryGroup {
    /// What they have in common: a threat type, an actor, a day, or the ID of an organisation.
    pub key: String,
    /// How many there are.
    pub entries: u64,
    /// Detections of this host among them.
    pub detections: u64,
    /// Alerts of peers among them.
    pub alerts: u64,
    /// Blocks among them.
    pub blocks: u64,
    /// How many different indicators they are about.
    pub indicators: u64,
    /// The first of them.
    #[serde(with = "time")]
    pub first_at: Timestamp,
    /// The last.
    #[serde(with = "time")]
    pub last_at: Timestamp,
}

/// The query string of both, before it is parsed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawHistoryQuery {
    ip: Option<String>,
    since: Option<String>,
    until: Option<String>,
    by: Option<HistoryBy>,
    limit: Option<u32>,
    after: Option<String>,
}

impl RawHistoryQuery {
    /// Parses what asks for entries, or names the field that is wrong and how.
    pub(crate) fn entries(self) -> Result<HistoryQuery, (&'static str, String)> {
        if self.by.is_some() {
            return Err(("by", "entries are counted at /v1/history/groups".into()));
        }
        let scope = self.scope()?;
        let mut page = match limit(self.limit)? {
            Some(limit) => PageQuery::first(limit),
            None => PageQuery::default(),
        };
        if let Some(after) = parse("after", self.after)? {
            page = page.after(after);
        }
        Ok(HistoryQuery { scope, page })
    }

    /// Parses what asks for groups.
    pub(crate) fn groups(self) -> Result<HistoryGroupsQuery, (&'static str, String)> {
        if self.after.is_some() {
            return Err(("after", "groups have no pages".into()));
        }
        let scope = self.scope()?;
        Ok(HistoryGroupsQuery {
            scope,
            by: self.by.ok_or_else(|| ("by", "must be given".to_owned()))?,
            limit: limit(self.limit)?.unwrap_or(HISTORY_GROUPS_DEFAULT),
        })
    }

    fn scope(&self) -> Result<HistoryScope, (&'static str, String)> {
        Ok(HistoryScope {
            indicator: parse("ip", self.ip.clone())?,
            since: parse("since", self.since.clone())?,
            until: parse("until", self.until.clone())?,
        })
    }
}

fn parse<T: FromStr<Err: Display>>(
    field: &'static str,
    text: Option<String>,
) -> Result<Option<T>, (&'static str, String)> {
    let parsed = text.map(|it| it.parse().map_err(|why: T::Err| (field, why.to_string())));
    parsed.transpose()
}

/// What is over the most is brought down to it.
fn limit(number: Option<u32>) -> Result<Option<NonZeroU16>, (&'static str, String)> {
    let narrow = |it: u32| {
        let it = u16::try_from(it).unwrap_or(u16::MAX);
        let it = NonZeroU16::new(it).map(|it| it.min(PAGE_ITEMS_MAX));
        it.ok_or_else(|| ("limit", "must be 1 or more".to_owned()))
    };
    number.map(narrow).transpose()
}

/// Returns the scope as part of a query string, with `&` behind each field.
pub(crate) fn scope_query(scope: &HistoryScope) -> String {
    let mut query = String::new();
    if let Some(indicator) = scope.indicator {
        query.push_str(&format!("ip={indicator}&"));
    }
    if let Some(since) = scope.since {
        query.push_str(&format!("since={since}&"));
    }
    if let Some(until) = scope.until {
        query.push_str(&format!("until={until}&"));
    }
    query
}

#[cfg(test)]
mod tests;
