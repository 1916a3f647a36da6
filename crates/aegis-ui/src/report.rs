//! Reports: replies as aligned plain text, at most 80 columns where their words allow it.

mod audit;
mod feed;
mod file;
mod history;
mod import;
mod key;
mod list;
mod network;
mod opinion;
mod organisation;
mod region;
mod reported;
mod safety;
mod status;
mod summary;
mod table;
mod trend;
mod trust;
mod why;

use aegis_api::{AllowEntry, Blocked, Check, Disallowed, Published, Unblocked};

pub use self::summary::summary_text;
pub(crate) use self::{
    audit::audit,
    feed::{feed, feed_added, feed_refreshed, feed_removed, feeds},
    file::{FILES, file_applied, file_forgotten, file_kept, file_progress, file_shared},
    history::{GROUPS_CSV, HISTORY, HISTORY_CSV, csv_group, csv_line, history_groups},
    import::{IMPORT_LINES_MAX, ImportSum, imported},
    key::{key_created, key_lines, key_revoked, keys},
    list::{ALLOW_ENTRIES, BLOCKS, List, PEERS},
    network::{invitations, join_late, joined, joining, ticket_printed, ticket_taken_back},
    opinion::opinion,
    organisation::{
        membership_revoked, membership_signed, organisation_created, organisation_distrusted,
        organisation_joined, organisation_left, organisation_members, organisation_trusted,
        organisations,
    },
    region::{region_blocked, region_unblocked, regions},
    reported::{preview, report_withdrawn, reported},
    safety::{
        mode_confirmed, mode_enforce, mode_observe, name_allowed, name_disallowed, names, protected,
    },
    status::{stats, status},
    summary::{summary, summary_by},
    trust::{trust_forgotten, trust_set},
};
pub use self::{trust::trust, why::why};

use crate::text::{count, shown, span};

/// Tells that a block was made.
pub fn blocked(reply: &Blocked) -> String {
    let told = match reply.alert_id {
        Some(alert_id) => format!("published as {alert_id}"),
        None => "not published".to_owned(),
    };
    format!(
        "Blocked {} for {}s, {told}\n",
        reply.indicator, reply.ttl_secs
    )
}

/// Tells that an alert was published.
pub(crate) fn published(reply: &Published) -> String {
    let Published {
        indicator,
        alert_id,
        expires_at,
    } = reply;
    format!("Published {indicator} until {expires_at} as {alert_id}, not blocked here\n")
}

/// Tells whether a block was ended, and what still holds.
pub fn unblocked(reply: &Unblocked) -> String {
    let Unblocked {
        indicator,
        was_blocked,
        covered_by,
        withdrawn,
        ref feeds,
    } = *reply;
    let mut text = if was_blocked {
        format!("Unblocked {indicator}")
    } else {
        format!("{indicator} was not blocked")
    };
    if covered_by.is_some() && !was_blocked {
        text.push_str(" by itself");
    }
    if withdrawn > 0 {
        text.push_str(&format!(", {} taken back", count(withdrawn, "own alert")));
    }
    text.push('\n');
    if let Some(wider) = covered_by {
        text.push_str(&format!(
            "  still blocked by {wider}: unblock {wider}, or allow {indicator}\n"
        ));
    }
    if !feeds.is_empty() {
        let feeds: Vec<String> = feeds.iter().map(|it| shown(it)).collect();
        let (noun, verb) = match feeds.len() {
            1 => ("feed", "lists"),
            _ => ("feeds", "list"),
        };
        text.push_str(&format!(
            "  the {noun} {} {verb} it and will not block it again; a detector of this host may\n",
            feeds.join(", ")
        ));
    }
    text
}

/// Tells whether an indicator is blocked.
pub(crate) fn check(reply: &Check) -> String {
    let indicator = reply.indicator;
    if !reply.blocked {
        return format!("{indicator} is not blocklisted\n");
    }
    let by = reply.covered_by.filter(|it| *it != indicator);
    let by = by.map(|it| format!("covered by {it}"));
    let left = reply.ttl_secs.map(|it| format!("{} left", span(it)));
    let notes: Vec<_> = by.into_iter().chain(left).collect();
    if notes.is_empty() {
        return format!("{indicator} is BLOCKLISTED\n");
    }
    format!("{indicator} is BLOCKLISTED\n  {}\n", notes.join(", "))
}

/// Tells that an entry was added to the allowlist.
pub fn allowed(reply: &AllowEntry) -> String {
    let until = match reply.ttl_secs {
        Some(ttl_secs) => format!("for {}", span(ttl_secs)),
        None => "for ever".to_owned(),
    };
    format!("Allowed {} {until}\n", reply.indicator)
}

/// Tells that an entry was taken off the allowlist.
pub(crate) fn disallowed(reply: &Disallowed) -> String {
    if reply.was_allowed {
        format!("{} is on the allowlist no more\n", reply.indicator)
    } else {
        format!("{} is not on the allowlist\n", reply.indicator)
    }
}

#[cfg(test)]
mod tests;
