//! The allowlist, as one of CrowdSec's allowlists.

use aegis_core::{Description, Indicator};
use axum::{
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};

use super::{Head, Lapi};
use crate::{
    AllowEntry, Control, KeyGrant, PageQuery, Reply, Request,
    lapi::reply::{Failure, empty, json},
};

/// What the one list is called.
const NAME: &str = "aegis";

/// Entries that are shown; a node keeps no more.
const ENTRIES_MAX: usize = 100_000;

/// Addresses checked at once.
const TARGETS_MAX: usize = 10_000;

/// The end of what has none, as Go shows the beginning of time.
const NEVER: &str = "0001-01-01T00:00:00.000Z";

#[derive(Serialize)]
struct Allowlist {
    name: &'static str,
    description: &'static str,
    allowlist_id: &'static str,
    console_managed: bool,
    created_at: String,
    updated_at: String,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    value: String,
    description: String,
    created_at: String,
    expiration: String,
}

#[derive(Serialize)]
struct Checked {
    allowlisted: bool,
    reason: String,
}

#[derive(Deserialize)]
struct Targets {
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Serialize)]
struct CheckedMany {
    results: Vec<Hit>,
}

#[derive(Serialize)]
struct Hit {
    target: String,
    allowlists: Vec<String>,
}

impl<C: Control> Lapi<C> {
    pub(super) async fn allowlists(&self, head: &Head) -> Result<Response, Failure> {
        let list = self.the_list(head).await?;
        Ok(json(StatusCode::OK, &[list]))
    }

    pub(super) async fn allowlist(&self, head: &Head, name: &str) -> Result<Response, Failure> {
        let list = self.the_list(head).await?;
        if name != NAME {
            let message = format!("there is no allowlist {name}");
            return Err(Failure::new(StatusCode::NOT_FOUND, message));
        }
        Ok(json(StatusCode::OK, &list))
    }

    /// Says whether an address or prefix is on the list.
    pub(super) async fn check(&self, head: &Head, value: &str) -> Result<Response, Failure> {
        let entries = self.entries(self.anybody(head)?).await?;
        let value = value.replace("%2F", "/").replace("%2f", "/");
        let asked = value.parse::<Indicator>();
        let asked = asked.map_err(|it| Failure::invalid(format!("{value}: {it}")))?;
        let reason = on_list(&entries, &asked);
        if head.method == Method::HEAD {
            let status = match reason {
                Some(_) => StatusCode::OK,
                None => StatusCode::NO_CONTENT,
            };
            return Ok(empty(status));
        }
        let checked = Checked {
            allowlisted: reason.is_some(),
            reason: reason.unwrap_or_default(),
        };
        Ok(json(StatusCode::OK, &checked))
    }

    /// Says which of several addresses and prefixes are on the list.
    pub(super) async fn check_many(&self, head: &Head, body: Body) -> Result<Response, Failure> {
        let entries = self.entries(self.anybody(head)?).await?;
        let Targets { targets } = self.read_json(head, body).await?;
        if !(1..=TARGETS_MAX).contains(&targets.len()) {
            let message = format!("there must be 1 to {TARGETS_MAX} targets");
            return Err(Failure::invalid(message));
        }
        let results = targets.into_iter().filter_map(|target| {
            let allowlists = vec![on_list(&entries, &target.parse().ok()?)?];
            Some(Hit { target, allowlists })
        });
        let results = results.collect();
        Ok(json(StatusCode::OK, &CheckedMany { results }))
    }

    async fn the_list(&self, head: &Head) -> Result<Allowlist, Failure> {
        let entries = self.entries(self.anybody(head)?).await?;
        let shows_items = head.pairs.says("with_content", "true");
        let updated_at = entries.iter().map(|it| it.added_at).max();
        let updated_at = updated_at.unwrap_or_default().to_string();
        let items = entries.iter().filter(|_| shows_items).map(Item::of);
        Ok(Allowlist {
            name: NAME,
            description: "what this node never blocks",
            allowlist_id: NAME,
            console_managed: false,
            created_at: updated_at.clone(),
            updated_at,
            items: items.collect(),
        })
    }

    async fn entries(&self, grant: KeyGrant) -> Result<Vec<AllowEntry>, Failure> {
        let mut entries = Vec::new();
        let mut query = PageQuery::default();
        loop {
            let reply = self.call(grant, Request::AllowEntries(query)).await?;
            let Reply::AllowEntries(page) = reply else {
                break;
            };
            entries.extend(page.items);
            let next = page.next.and_then(|it| it.parse().ok());
            let Some(next) = next.filter(|_| entries.len() < ENTRIES_MAX) else {
                break;
            };
            query = query.after(next);
        }
        Ok(entries)
    }
}

impl Item {
    fn of(entry: &AllowEntry) -> Self {
        let comment = entry.comment.as_ref().map_or("", Description::as_str);
        Self {
            value: entry.indicator.to_string(),
            description: comment.to_owned(),
            created_at: entry.added_at.to_string(),
            expiration: entry
                .expires_at
                .map_or_else(|| NEVER.to_owned(), |it| it.to_string()),
        }
    }
}

/// Returns what puts an indicator on the list, in words.
fn on_list(entries: &[AllowEntry], asked: &Indicator) -> Option<String> {
    let entry = entries.iter().find(|it| it.indicator.contains(asked))?;
    Some(format!("{} from {NAME}", entry.indicator))
}
