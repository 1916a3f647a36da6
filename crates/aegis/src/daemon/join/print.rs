//! Tickets that this node prints, lists and takes back.

use std::{io::Read as _, net::IpAddr, time::Duration};

use aegis_api::{
    ApiError, ErrorCode, Invitation as InvitationLine, InvitationId, InvitationList,
    InvitationTakenBack, MembershipRequest, TicketPrinted, TicketRequest,
};
use aegis_core::{MemberRole, NodeId, Operator, OrganisationId, Timestamp};
use aegis_net::{
    Address, JoinCommand, NetCommand, TICKET_ADDRESSES_MAX, Ticket, TicketParts, Token,
};

use super::{Node, invalid};
use crate::tickets::{INVITATIONS_MAX, Invitation, Offer, Tickets};

/// The longest that a ticket holds.
const VALID_MAX: Duration = Duration::from_secs(366 * 86_400);

/// The most nodes that a ticket lets in.
const USES_MAX: u32 = 1000;

/// For how long this node speaks for an organisation whose tickets it prints.
const OWN_MEMBERSHIP_SECS: u64 = 3650 * 86_400;

impl Node {
    pub(super) fn print_ticket(
        &mut self,
        user: Operator,
        request: &TicketRequest,
    ) -> Result<TicketPrinted, ApiError> {
        let valid = Duration::from_secs(request.valid_secs.get().into());
        if valid > VALID_MAX {
            return Err(invalid("valid_secs: must be 366 days at most"));
        }
        if request.uses.get() > USES_MAX {
            return Err(invalid("uses: must be 1 to 1000"));
        }
        if !(1..=u64::from(u32::MAX)).contains(&request.membership_secs) {
            return Err(invalid("membership_secs: must be 1 to 4294967295"));
        }
        let addresses = self.ticket_addresses(&request.addresses)?;
        let offer = request.organisation.map(|it| self.offer(it, request));
        let offer = offer.transpose()?;
        let now = self.now();
        let expires_at = (now + valid).floor_to_secs();
        let token = random_token()?;
        let ticket = Ticket::new(TicketParts {
            peer: self.node_id(),
            token,
            expires_at,
            addresses,
            secret: self.joins.secret,
            organisation: offer.map(|it| (it.organisation, it.role)),
        });
        let ticket = ticket.map_err(|it| invalid(&it.to_string()))?;
        let invitation = Invitation {
            token_hash: token.hash(),
            user,
            expires_at,
            uses: request.uses.get(),
            offer,
            admitted: Vec::new(),
        };
        let id = invitation.id();
        self.joins.change(|it| keep(it, now, invitation))??;
        let organisation = offer.map(|it| it.organisation);
        let became_publisher = organisation.is_some_and(|it| self.become_publisher(user, it));
        let began_to_trust = organisation.is_some_and(|it| self.trust_members(it));
        let addresses = ticket.parts().addresses.iter();
        Ok(TicketPrinted {
            ticket: ticket.to_text(),
            invitation: id,
            peer: self.node_id(),
            addresses: addresses.map(Address::to_string).collect(),
            expires_at,
            uses: request.uses.get(),
            has_secret: ticket.parts().secret.is_some(),
            organisation,
            role: offer.map(|it| it.role.into()),
            became_publisher,
            began_to_trust,
        })
    }

    pub(super) fn invitations(&self) -> InvitationList {
        let line = |it: &Invitation| InvitationLine {
            invitation: it.id(),
            expires_at: it.expires_at,
            uses: it.uses,
            organisation: it.offer.map(|it| it.organisation),
            role: it.offer.map(|it| it.role.into()),
            admitted: it.admitted.iter().map(NodeId::to_string).collect(),
        };
        InvitationList {
            invitations: self.joins.tickets.invitations.iter().map(line).collect(),
        }
    }

    /// Has a ticket let nobody in any more; whom it let in counts as any other from now on.
    pub(super) fn take_back(&mut self, id: InvitationId) -> Result<InvitationTakenBack, ApiError> {
        let taken = self.joins.change(|tickets| {
            let mut invitations = tickets.invitations.iter();
            let at = invitations.position(|it| it.id() == id)?;
            Some(tickets.invitations.remove(at))
        })?;
        let admitted = taken.as_ref().map(|it| it.admitted.clone());
        let mut admitted = admitted.unwrap_or_default();
        admitted.retain(|it| !self.joins.tickets.admitted().any(|other| other == *it));
        for peer in &admitted {
            self.send(NetCommand::Join(JoinCommand::Disown(*peer)));
        }
        Ok(InvitationTakenBack {
            invitation: id,
            was_there: taken.is_some(),
            admitted: admitted.iter().map(NodeId::to_string).collect(),
        })
    }

    /// Returns where this node can be reached: what the operator names, then where others reach it,
    /// if it must be over relays, then its own addresses, which may do within its own network.
    fn ticket_addresses(&self, named: &[String]) -> Result<Vec<Address>, ApiError> {
        if named.len() > TICKET_ADDRESSES_MAX {
            return Err(invalid("addresses: must be 8 at most"));
        }
        let mut addresses: Vec<Address> = Vec::new();
        for text in named {
            let address = text.parse();
            addresses.push(address.map_err(|it| invalid(&format!("addresses: {text:?}: {it}")))?);
        }
        let own = self.listen.iter().filter_map(|it| it.parse().ok());
        let mut own: Vec<Address> = own.collect();
        own.sort_by_key(|it| it.ip().map(reach));
        let is_far = |it: &Address| it.ip().map(reach) < Some(Reach::Host);
        if own.iter().any(is_far) {
            own.retain(is_far);
        }
        addresses.extend_from_slice(self.reached_at());
        addresses.extend(own);
        if addresses.is_empty() {
            let message = "this node listens nowhere; name an address with --address";
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        Ok(addresses)
    }

    /// Returns what a ticket of an organisation leads to, once it is sure that this node can sign it.
    fn offer(&self, id: OrganisationId, request: &TicketRequest) -> Result<Offer, ApiError> {
        let offer = Offer {
            organisation: self.meant(Some(id))?,
            role: request.role.into(),
            membership_secs: request.membership_secs,
        };
        let somebody = NodeId::from_public_key([0; 32]);
        let membership = self.sign_membership(&wanted(&offer, somebody), &self.key(&id)?);
        membership.map_err(|it| ApiError {
            message: it.message.replace("valid_secs", "membership_secs"),
            ..it
        })?;
        Ok(offer)
    }

    /// Has this node speak for an organisation that it founded, so that its members believe it;
    /// returns whether that is new.
    fn become_publisher(&mut self, user: Operator, organisation: OrganisationId) -> bool {
        let own = self.node_id();
        let role = self.engine.member_role(self.now(), &own, &organisation);
        if role == Some(MemberRole::Publisher) {
            return false;
        }
        let offer = Offer {
            organisation,
            role: MemberRole::Publisher,
            membership_secs: OWN_MEMBERSHIP_SECS,
        };
        match self.admit(&wanted(&offer, own)) {
            Ok(command) => self.order(user, command),
            Err(error) => self.degraded(format!(
                "this node does not speak for {organisation}: {}",
                error.message
            )),
        }
        self.engine.member_role(self.now(), &own, &organisation) == Some(MemberRole::Publisher)
    }
}

/// Returns what is to be signed for `peer`.
pub(super) fn wanted(offer: &Offer, peer: NodeId) -> MembershipRequest {
    MembershipRequest {
        organisation: Some(offer.organisation),
        peer,
        role: offer.role.into(),
        valid_secs: offer.membership_secs,
    }
}

/// Keeps an invitation; one whose time is over and that let nobody in makes room.
fn keep(tickets: &mut Tickets, now: Timestamp, new: Invitation) -> Result<(), ApiError> {
    let is_over = |it: &Invitation| it.expires_at <= now && it.admitted.is_empty();
    tickets.invitations.retain(|it| !is_over(it));
    if tickets.invitations.len() >= INVITATIONS_MAX {
        let message = format!(
            "{INVITATIONS_MAX} tickets are kept, and no more; take some back (aegis ticket --list)"
        );
        return Err(invalid(&message));
    }
    if tickets.invitations.iter().any(|it| it.id() == new.id()) {
        return Err(invalid("another ticket has the same ID; try again"));
    }
    tickets.invitations.push(new);
    Ok(())
}

/// From how far an address can be reached, the farthest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Reach {
    Public,
    Private,
    Link,
    Host,
}

fn reach(ip: IpAddr) -> Reach {
    let (is_host, is_link, is_private) = match ip.to_canonical() {
        IpAddr::V4(it) => (
            it.is_loopback() || it.is_unspecified(),
            it.is_link_local(),
            it.is_private(),
        ),
        IpAddr::V6(it) => (
            it.is_loopback() || it.is_unspecified(),
            it.is_unicast_link_local(),
            it.is_unique_local(),
        ),
    };
    match (is_host, is_link, is_private) {
        (true, ..) => Reach::Host,
        (_, true, _) => Reach::Link,
        (_, _, true) => Reach::Private,
        (false, false, false) => Reach::Public,
    }
}

fn random_token() -> Result<Token, ApiError> {
    let mut bytes = [0; Token::BYTES];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut it| it.read_exact(&mut bytes));
    let failed = |it| {
        ApiError::new(
            ErrorCode::Internal,
            format!("cannot read /dev/urandom: {it}"),
        )
    };
    read.map_err(failed)?;
    Ok(Token::from_bytes(bytes))
}

#[cfg(test)]
mod tests;
