//! Tickets: what they do, whom they let in, and how far joining has come.

use std::time::Duration;

use aegis_api::{
    Admission, Invitation, InvitationList, InvitationTakenBack, Joining, TicketPrinted,
};

use crate::text::{count, shown, span};

/// Tells what a ticket does; the word itself is for another place.
pub(crate) fn ticket_printed(it: &TicketPrinted) -> String {
    let nodes = count(it.uses.into(), "node");
    let mut text = format!(
        "Ticket {} lets {nodes} in until {}\n",
        it.invitation, it.expires_at
    );
    for address in &it.addresses {
        text.push_str(&format!("  at {}\n", shown(address)));
    }
    if let (Some(organisation), Some(role)) = (it.organisation, it.role) {
        text.push_str(&format!("  and makes it a {role} of\n  {organisation}\n"));
    }
    if it.became_publisher {
        text.push_str("  of which this node is a publisher from now on\n");
    }
    if it.began_to_trust {
        text.push_str("  whose members this node trusts from now on\n");
    }
    if it.has_secret {
        text.push_str("  The network's secret is in it.\n");
    }
    text.push_str("  Whoever has it can use it. On the other node: aegis join <ticket>\n");
    text
}

/// Lists whom tickets let in.
pub(crate) fn invitations(list: &InvitationList) -> String {
    let mut text = String::from("=== Tickets ===\n");
    if list.invitations.is_empty() {
        text.push_str("No ticket of this node lets anybody in.\n");
    }
    for it in &list.invitations {
        text.push_str(&invitation(it));
    }
    text
}

fn invitation(it: &Invitation) -> String {
    let mut text = format!(
        "{}  until {}, {} of {} let in\n",
        it.invitation,
        it.expires_at,
        it.admitted.len(),
        count(it.uses.into(), "node")
    );
    if let (Some(organisation), Some(role)) = (it.organisation, it.role) {
        text.push_str(&format!("  as {role} of {organisation}\n"));
    }
    for peer in &it.admitted {
        text.push_str(&format!("  {}\n", shown(peer)));
    }
    text
}

/// Tells that a ticket lets nobody in any more.
pub(crate) fn ticket_taken_back(it: &InvitationTakenBack) -> String {
    if !it.was_there {
        return format!("There is no ticket {}\n", it.invitation);
    }
    let mut text = format!("Took ticket {} back\n", it.invitation);
    for peer in &it.admitted {
        text.push_str(&format!("  {} counts as any other now\n", shown(peer)));
    }
    if !it.admitted.is_empty() {
        text.push_str("  who became a member by it is one still: see aegis org revoke\n");
    }
    text
}

/// Returns how far joining has come, on one line.
pub(crate) fn joining(it: &Joining) -> String {
    let held = match it.peer_alerts {
        Some(peer_alerts) => format!("{} of {peer_alerts} alerts", it.alerts),
        None => count(it.alerts, "alert"),
    };
    let state = match (it.connected, it.admission) {
        (false, _) => "looking for the node",
        (true, Admission::Waiting) => "asking to be let in",
        (true, Admission::Refused) => "not let in",
        (true, Admission::Admitted) => "let in",
    };
    format!("{state}, {held}, {} blocked", it.blocks)
}

/// Tells that both nodes hold the same.
pub(crate) fn joined(it: &Joining) -> String {
    let mut text = format!("Joined {}\n", it.peer);
    if let (Some(organisation), Some(role)) = (it.organisation, it.role) {
        text.push_str(&format!("  {role} of {organisation}\n"));
    }
    let alerts = count(it.alerts, "alert");
    text.push_str(&format!(
        "  both hold {alerts} ({}), {} blocked here\n",
        shown(&it.set_hash),
        it.blocks
    ));
    text
}

/// Tells how far joining came in the time that was waited.
pub(crate) fn join_late(it: &Joining, waited: Duration) -> String {
    let theirs = it.peer_set_hash.as_deref().map_or("unknown", |it| it);
    format!(
        "not whole after {}: {} (digest {}, the other's {}); the node goes on by itself",
        span(waited.as_secs()),
        joining(it),
        shown(&it.set_hash),
        shown(theirs)
    )
}
