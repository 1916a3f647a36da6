//! The file as it is written: JSON, every value a text or a number.

use aegis_core::{MemberRole, NodeId, Operator, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ADMITTED_MAX, INVITATIONS_MAX, Invitation, JOINED_MAX, Joined, Offer, Tickets};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawTickets {
    version: u32,
    invitations: Vec<RawInvitation>,
    joined: Vec<RawJoined>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawInvitation {
    token_hash: String,
    user: u32, // 0 where a key did it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    expires_at_secs: u64,
    uses: u32,
    offer: Option<RawOffer>,
    admitted: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawOffer {
    organisation: String,
    role: RawRole,
    membership_secs: u64,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum RawRole {
    Member,
    Publisher,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawJoined {
    ticket: String,
    admitted: bool,
}

const VERSION: u32 = 1;

type Read<T> = Result<T, String>;

/// Reads a file's text.
pub(super) fn read(text: &str) -> Read<Tickets> {
    let raw: RawTickets = serde_json::from_str(text).map_err(|it| it.to_string())?;
    if raw.version != VERSION {
        return Err(format!("version {} is unknown", raw.version));
    }
    if raw.invitations.len() > INVITATIONS_MAX || raw.joined.len() > JOINED_MAX {
        return Err("there are too many".to_owned());
    }
    let invitations = raw.invitations.into_iter().map(invitation);
    let joined = raw.joined.into_iter().map(joined);
    let tickets = Tickets {
        invitations: invitations.collect::<Read<_>>()?,
        joined: joined.collect::<Read<_>>()?,
    };
    if tickets.admitted().count() > ADMITTED_MAX {
        return Err("they let in too many".to_owned());
    }
    Ok(tickets)
}

/// Returns a file's text.
pub(super) fn written(tickets: &Tickets) -> String {
    let raw = RawTickets {
        version: VERSION,
        invitations: tickets.invitations.iter().map(raw_invitation).collect(),
        joined: tickets.joined.iter().map(raw_joined).collect(),
    };
    #[expect(
        clippy::expect_used,
        reason = "cannot fail because there are only texts and numbers in it"
    )]
    serde_json::to_string_pretty(&raw).expect("it can be written")
}

fn invitation(raw: RawInvitation) -> Read<Invitation> {
    let admitted = raw.admitted.iter().map(|it| {
        let node: Result<NodeId, _> = it.parse();
        node.map_err(|error| format!("admitted: {error}"))
    });
    Ok(Invitation {
        token_hash: hash(&raw.token_hash).ok_or("token_hash: must be 64 hexadecimal digits")?,
        user: match raw.key {
            Some(name) => Operator::Key(name.parse().map_err(|it| format!("key: {it}"))?),
            None => Operator::User(raw.user),
        },
        expires_at: Timestamp::from_secs(raw.expires_at_secs),
        uses: raw.uses,
        offer: raw.offer.map(offer).transpose()?,
        admitted: admitted.collect::<Read<_>>()?,
    })
}

fn offer(raw: RawOffer) -> Read<Offer> {
    let organisation = raw.organisation.parse();
    Ok(Offer {
        organisation: organisation.map_err(|it| format!("organisation: {it}"))?,
        role: match raw.role {
            RawRole::Member => MemberRole::Member,
            RawRole::Publisher => MemberRole::Publisher,
        },
        membership_secs: raw.membership_secs,
    })
}

fn joined(raw: RawJoined) -> Read<Joined> {
    let ticket = raw.ticket.parse();
    Ok(Joined {
        ticket: ticket.map_err(|it| format!("ticket: {it}"))?,
        is_admitted: raw.admitted,
    })
}

fn raw_invitation(it: &Invitation) -> RawInvitation {
    let (uid, key) = match it.user {
        Operator::User(uid) => (uid, None),
        Operator::Key(name) => (0, Some(name.to_string())),
    };
    RawInvitation {
        token_hash: it.token_hash.iter().map(|it| format!("{it:02x}")).collect(),
        user: uid,
        key,
        expires_at_secs: it.expires_at.as_secs(),
        uses: it.uses,
        offer: it.offer.map(|it| RawOffer {
            organisation: it.organisation.to_string(),
            role: match it.role {
                MemberRole::Member => RawRole::Member,
                MemberRole::Publisher => RawRole::Publisher,
            },
            membership_secs: it.membership_secs,
        }),
        admitted: it.admitted.iter().map(NodeId::to_string).collect(),
    }
}

fn raw_joined(it: &Joined) -> RawJoined {
    RawJoined {
        ticket: it.ticket.to_text(),
        admitted: it.is_admitted,
    }
}

fn hash(digits: &str) -> Option<[u8; 32]> {
    let is_hash = digits.len() == 64 && digits.bytes().all(|it| it.is_ascii_hexdigit());
    if !is_hash {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
