//! Safety: the mode, and whom nobody can have blocked.

use aegis_api::{AllowName, AllowNameList, ModeState, NameDisallowed, ProtectedList};

use super::table::Table;
use crate::text::{shown, span};

/// Tells that packets are dropped now, and for how long that lasts.
pub(crate) fn mode_enforce(state: &ModeState) -> String {
    let Some(it) = &state.confirmation else {
        let already = if state.changed { "" } else { " already" };
        return format!("Enforcing{already}: packets of blocked sources are dropped\n");
    };
    let whoever = if it.by_kernel {
        "The kernel sees to that by itself."
    } else {
        "The daemon sees to that; where it is gone, its next start does."
    };
    format!(
        "Enforcing on trial until {}: {} left\n  \
         Open a NEW connection to this host and run there: aegis confirm\n  \
         Nobody can? Then the node observes again. {whoever}\n",
        it.until,
        span(it.ttl_secs)
    )
}

/// Tells that what was on trial stays.
pub(crate) fn mode_confirmed(_: &ModeState) -> String {
    "Confirmed: packets of blocked sources are dropped from now on\n".to_owned()
}

/// Tells that nothing is dropped now.
pub(crate) fn mode_observe(state: &ModeState) -> String {
    let already = if state.changed { "" } else { " already" };
    format!("Observing{already}: nothing is dropped, the blocklist stays\n")
}

/// Tells whom nobody can have blocked.
pub(crate) fn protected(list: &ProtectedList) -> String {
    let mut table = Table::with_widths(&[15]);
    for it in &list.protected {
        table.row([it.indicator.to_string(), shown(&it.reason)]);
    }
    format!("=== Never blocked, whoever asks ===\n{}", table.render(0))
}

/// Tells what a name stands for that is allowed now.
pub(crate) fn name_allowed(it: &AllowName) -> String {
    let addresses = addresses_of(it);
    format!("Allowed {}, which stands for\n{addresses}", it.name)
}

/// Tells that a name was taken off the allowlist.
pub(crate) fn name_disallowed(it: &NameDisallowed) -> String {
    if it.was_allowed {
        format!("{} is on the allowlist no more\n", it.name)
    } else {
        format!("{} is not on the allowlist\n", it.name)
    }
}

/// Tells which names are allowed, and what they stand for.
pub(crate) fn names(list: &AllowNameList) -> String {
    let mut text = "=== Allowlisted names ===\n".to_owned();
    for it in &list.names {
        let age = match it.age_secs {
            Some(secs) => format!("resolved {} ago", span(secs)),
            None => "not resolved yet".to_owned(),
        };
        let comment = it.comment.as_ref().map(|it| shown(it.as_str()));
        text.push_str(&format!(
            "{}  {age}  {}",
            it.name,
            comment.unwrap_or_default()
        ));
        text.truncate(text.trim_end().len());
        text.push('\n');
        if let Some(problem) = &it.problem {
            text.push_str(&format!("  NOT RESOLVED: {}\n", shown(problem)));
        }
        text.push_str(&addresses_of(it));
    }
    text
}

fn addresses_of(it: &AllowName) -> String {
    let line = |it: &aegis_api::NamedAddress| {
        format!("  {}, as of {} ago\n", it.address, span(it.age_secs))
    };
    it.addresses.iter().map(line).collect()
}
