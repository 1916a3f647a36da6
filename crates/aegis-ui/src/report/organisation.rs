//! Organisations: which there are, and what was done with them.

use aegis_api::{
    Affiliation, MemberLine, MembershipRevoked, MembershipSigned, Organisation,
    OrganisationCreated, OrganisationDistrusted, OrganisationJoined, OrganisationLeft,
    OrganisationList, OrganisationMembers, OrganisationTrusted,
};

use crate::text::{count, shown};

/// Lists the organisations, a few lines each: an ID takes most of a line.
pub(crate) fn organisations(list: &OrganisationList) -> String {
    let mut text = String::from("=== Organisations ===\n");
    if list.organisations.is_empty() {
        text.push_str("No organisations are trusted, founded or joined.\n");
    }
    for it in &list.organisations {
        text.push_str(&block(it));
    }
    text
}

fn block(it: &Organisation) -> String {
    let name = it
        .name
        .as_ref()
        .map(|it| format!("  {}", shown(it.as_str())));
    let mut text = format!("{}{}\n", it.organisation, name.unwrap_or_default());
    let mut facts = Vec::new();
    if it.founded {
        facts.push("founded here".to_owned());
    }
    if let Some(role) = it.role {
        let until = it.expires_at.map(|it| format!(" until {it}"));
        facts.push(format!("joined as {role}{}", until.unwrap_or_default()));
    }
    facts.push(match it.weight_percent {
        Some(percent) => format!("members trusted {percent} % in advance"),
        None => "members not trusted in advance".to_owned(),
    });
    text.push_str(&format!("  {}\n", facts.join(", ")));
    let members = count(it.members, "member");
    text.push_str(&format!("  {members} known, {} revoked\n", it.revoked));
    text
}

/// Tells that there is a new organisation.
pub(crate) fn organisation_created(it: &OrganisationCreated) -> String {
    let name = it
        .name
        .as_ref()
        .map(|it| format!(" {}", shown(it.as_str())));
    let (id, file) = (it.organisation, shown(&it.key_file));
    format!(
        "Created organisation{}\n  {id}\n  its key is {file}\n",
        name.unwrap_or_default()
    )
}

/// Tells that a node is a member, with the word that it joins with on a line of its own.
pub(crate) fn membership_signed(it: &MembershipSigned) -> String {
    format!(
        "Signed {}\n  as {} of {}\n  until {}; the peer joins with `aegis org join` and\n{}\n",
        it.peer,
        it.role,
        it.organisation,
        it.not_after,
        shown(&it.membership)
    )
}

/// Tells that this node is a member.
pub(crate) fn organisation_joined(it: &OrganisationJoined) -> String {
    let OrganisationJoined {
        organisation,
        role,
        not_after,
    } = it;
    format!("Joined {organisation}\n  as {role} until {not_after}\n")
}

/// Tells that this node is no member any more.
pub(crate) fn organisation_left(it: &OrganisationLeft) -> String {
    let id = it.organisation;
    if it.was_member {
        format!("Left {id}\n  others take this node for a member until its membership ends\n")
    } else {
        format!("This node was no member of {id}\n")
    }
}

/// Lists members, a line each.
pub(crate) fn organisation_members(it: &OrganisationMembers) -> String {
    let mut text = format!("=== Members of {} ===\n", it.organisation);
    if it.members.is_empty() {
        text.push_str("No members are known here.\n");
    }
    for member in &it.members {
        let place = match (member.own, member.connected) {
            (true, _) => "this node",
            (false, true) => "connected",
            (false, false) => "away",
        };
        let MemberLine {
            peer,
            role,
            not_after,
            ..
        } = member;
        text.push_str(&format!(
            "{peer}  {role:<9}  {place:<9}  until {not_after}\n"
        ));
    }
    text
}

/// Tells that an organisation is trusted.
pub(crate) fn organisation_trusted(it: &OrganisationTrusted) -> String {
    let members = count(it.members, "member");
    format!(
        "Trusting {}\n  {} % in advance, {members} known now\n",
        it.organisation, it.weight_percent
    )
}

/// Tells that an organisation is trusted no more.
pub(crate) fn organisation_distrusted(it: &OrganisationDistrusted) -> String {
    let id = it.organisation;
    if it.was_trusted {
        format!("Members of {id} are trusted like others now\n")
    } else {
        format!("{id} was not trusted\n")
    }
}

/// Tells that a node is no member any more.
pub(crate) fn membership_revoked(it: &MembershipRevoked) -> String {
    let known = if it.was_member {
        ""
    } else {
        "; it was no member that is known here"
    };
    format!("Revoked {}\n  from {}{known}\n", it.peer, it.organisation)
}

/// Returns what a node is to organisations, a line for each.
pub(super) fn affiliations(all: &[Affiliation], indent: &str) -> String {
    let line = |it: &Affiliation| {
        let name = it.name.as_ref().map(|it| shown(it.as_str()));
        let name = name.unwrap_or_else(|| it.organisation.to_string());
        let trusted = if it.trusted { "" } else { ", not trusted" };
        format!("{indent}{} of {name}{trusted}\n", it.role)
    };
    all.iter().map(line).collect()
}
