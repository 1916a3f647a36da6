//! Organisations: made, joined, trusted, listed; and which one is meant.

use std::{fs, io::Read as _, path::Path};

use aegis_api::{
    Client, Confidence, JoinRequest, MembershipRequest, Organisation, OrganisationCreateRequest,
    OrganisationId, OrganisationTrustRequest, RevokeRequest,
};

use super::{Failure, trust::find};
use crate::{Format, Outcome, Screen, command::OrgCommand, report};

/// What a membership begins with; anything else that `join` is given is a file.
const MEMBERSHIP_PREFIX: &str = "aegis-membership:";

/// The longest file that is read for a membership; one has some 220 bytes.
const FILE_BYTES_MAX: u64 = 4096;

/// The fewest characters that may stand for a whole ID.
const PART_CHARS_MIN: usize = 4;

/// Does what `org` asks for.
pub(super) async fn org(
    command: OrgCommand,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    match command {
        OrgCommand::Create { name } => {
            let request = OrganisationCreateRequest { name };
            let created = client.create_organisation(&request).await?;
            screen.show(&created, report::organisation_created)?;
            if screen.format == Format::Text {
                let warning = "warning: the key is not encrypted; whoever reads it speaks for the \
                               organisation. Keep a copy in a safe place.";
                writeln!(screen.talk, "{warning}")?;
            }
        }
        OrgCommand::Sign {
            peer,
            organisation,
            role,
            valid,
        } => {
            let organisation = match organisation {
                Some(text) => Some(find_organisation(&text, client).await?),
                None => None,
            };
            let request = MembershipRequest {
                organisation,
                peer: find(peer, client).await?,
                role: role.into(),
                valid_secs: valid,
            };
            let signed = client.sign_membership(&request).await?;
            screen.show(&signed, report::membership_signed)?;
        }
        OrgCommand::Join { membership } => {
            let membership = read_membership(&membership)?;
            let joined = client
                .join_organisation(&JoinRequest { membership })
                .await?;
            screen.show(&joined, report::organisation_joined)?;
        }
        OrgCommand::Trust {
            organisation,
            weight,
            remove,
        } => {
            let weight = (!remove).then_some(weight);
            return trust_organisation((organisation, weight), client, screen).await;
        }
        OrgCommand::Leave { organisation } => return leave(&organisation, client, screen).await,
        OrgCommand::Members { organisation } => members(&organisation, client, screen).await?,
        OrgCommand::List => {
            let organisations = client.organisations().await?;
            screen.show(&organisations, report::organisations)?;
        }
        OrgCommand::Revoke { organisation, peer } => {
            let request = RevokeRequest {
                organisation: find_organisation(&organisation, client).await?,
                peer: find(peer, client).await?,
            };
            let revoked = client.revoke_membership(&request).await?;
            screen.show(&revoked, report::membership_revoked)?;
        }
    }
    Ok(Outcome::Done)
}

/// Has the node be a member no more.
async fn leave(
    organisation: &str,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let organisation = find_organisation(organisation, client).await?;
    let left = client.leave_organisation(organisation).await?;
    screen.show(&left, report::organisation_left)?;
    Ok(Outcome::answer(left.was_member))
}

/// Lists the members that are known here.
async fn members(
    organisation: &str,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let organisation = find_organisation(organisation, client).await?;
    let members = client.organisation_members(organisation).await?;
    Ok(screen.show(&members, report::organisation_members)?)
}

/// Trusts an organisation so far, or no more.
async fn trust_organisation(
    (organisation, weight): (OrganisationId, Option<Confidence>),
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    let Some(weight) = weight else {
        let distrusted = client.distrust_organisation(organisation).await?;
        screen.show(&distrusted, report::organisation_distrusted)?;
        return Ok(Outcome::answer(distrusted.was_trusted));
    };
    let request = OrganisationTrustRequest {
        organisation,
        weight,
    };
    let trusted = client.trust_organisation(&request).await?;
    screen.show(&trusted, report::organisation_trusted)?;
    Ok(Outcome::Done)
}

/// Returns the organisation that is meant: a whole ID as it is, otherwise the one that is known here
/// and has this name, or this part of an ID.
pub(super) async fn find_organisation(
    text: &str,
    client: &Client,
) -> Result<OrganisationId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let known = client.organisations().await?.organisations;
    let is_named = |it: &&Organisation| it.name.as_ref().is_some_and(|it| it.as_str() == text);
    let named: Vec<OrganisationId> = known
        .iter()
        .filter(is_named)
        .map(|it| it.organisation)
        .collect();
    let is_part = |it: &OrganisationId| {
        let id = it.to_string();
        text.len() >= PART_CHARS_MIN && (id.starts_with(text) || id.ends_with(text))
    };
    let mut parts = known.iter().map(|it| it.organisation).filter(is_part);
    match (named.as_slice(), parts.next(), parts.next()) {
        ([only], ..) => Ok(*only),
        ([], Some(only), None) => Ok(only),
        ([], None, _) => Err(Failure::Refused(
            "unknown_organisation",
            format!("no organisation that is known here is called {text}"),
        )),
        ([_, _, ..], ..) | ([], Some(_), Some(_)) => Err(Failure::Refused(
            "ambiguous_organisation",
            format!("{text} may be any of several organisations; give the whole ID"),
        )),
    }
}

/// Returns the organisation that something is for, if one is named.
pub(super) async fn audience(
    named: Option<&str>,
    client: &Client,
) -> Result<Option<OrganisationId>, Failure> {
    match named {
        Some(text) => find_organisation(text, client).await.map(Some),
        None => Ok(None),
    }
}

/// Returns the membership that is meant: the text itself, or what a file holds.
fn read_membership(text: &str) -> Result<String, Failure> {
    let named = ("membership", "unreadable_membership");
    read_word(text, MEMBERSHIP_PREFIX, named)
}

/// Returns the word that is meant: the text itself where it begins with `prefix`, or what a file
/// holds, or standard input.
pub(super) fn read_word(
    text: &str,
    prefix: &str,
    (what, code): (&str, &'static str),
) -> Result<String, Failure> {
    if text.trim().starts_with(prefix) {
        return Ok(text.trim().to_owned());
    }
    let mut read = String::new();
    let done = if text == "-" {
        let stdin = std::io::stdin().lock();
        stdin.take(FILE_BYTES_MAX).read_to_string(&mut read)
    } else {
        let file = fs::File::open(Path::new(text));
        file.and_then(|it| it.take(FILE_BYTES_MAX).read_to_string(&mut read))
    };
    match done {
        Ok(_) => Ok(read.trim().to_owned()),
        Err(error) => Err(Failure::Refused(
            code,
            format!("{text} is neither a {what} nor a file that can be read: {error}"),
        )),
    }
}
