//! Tickets in the daemon: printed for others, honoured, and joined by.

mod admit;
mod print;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use aegis_api::{
    Admission, ApiError, ErrorCode, Joining, NetworkReply, NetworkRequest, Reply, TicketJoinRequest,
};
use aegis_core::{
    Command, Confidence, Input, Membership, NodeId, Operator, Order, OrganisationCommand,
    OrganisationId, Timestamp, sync::SetDigest,
};
use aegis_net::{
    JoinCommand, JoinEvent, NetCommand, NetworkSecret, Ticket,
    join::{JoinQuery, JoinReply, Unwelcome},
};

use super::{Node, dispatch::chain};
use crate::tickets::{Tickets, TicketsError};

/// How long a reply is waited for before a query is put again.
const ASK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// The ticket of an order that nobody waits for: those of callers begin with 1.
const NOBODYS_TICKET: u64 = 0;

/// What the daemon knows of tickets.
pub(super) struct Joins {
    state_dir: PathBuf,
    tickets: Tickets,
    secret: Option<NetworkSecret>, // of the network that this node is in
    under_way: BTreeMap<NodeId, UnderWay>, // those joined, as many as tickets are kept, and refused
}

/// How far joining one node has come.
#[derive(Clone, Debug)]
struct UnderWay {
    admission: Admission,
    problem: Option<String>,
    organisation: Option<OrganisationId>,
    /// What the other held, when it last said so.
    held: Option<(u64, SetDigest)>,
    /// When it was asked something that it has not replied to.
    asked_at: Option<Timestamp>,
    /// Whether its organisation is trusted only because of the ticket.
    began_to_trust: bool,
}

impl Joins {
    /// Reads what is kept; what cannot be read is told, and nothing is joined.
    pub(super) fn open(
        state_dir: PathBuf,
        configured: Option<NetworkSecret>,
    ) -> (Self, Option<String>) {
        let (tickets, problem) = match Tickets::load(&state_dir) {
            Ok(tickets) => (tickets, None),
            Err(error) => (Tickets::default(), Some(chain(&error))),
        };
        let joins = Self {
            secret: configured.or_else(|| tickets.secret()),
            state_dir,
            tickets,
            under_way: BTreeMap::new(),
        };
        (joins, problem)
    }

    /// Returns the secret of the network that this node is in.
    pub(super) const fn secret(&self) -> Option<NetworkSecret> {
        self.secret
    }

    /// Changes what is kept, on the disk first.
    fn change<T>(&mut self, change: impl FnOnce(&mut Tickets) -> T) -> Result<T, ApiError> {
        let changed = Tickets::change(&self.state_dir, change);
        let (tickets, changed) = changed.map_err(|it| failure(&it))?;
        self.tickets = tickets;
        Ok(changed)
    }

    /// Forgets joining that was refused, where there is too much to remember.
    fn forget_refused(&mut self) {
        if self.under_way.len() > 2 * crate::tickets::JOINED_MAX {
            self.under_way
                .retain(|_, it| it.admission != Admission::Refused);
        }
    }
}

impl Node {
    /// Does what is asked about tickets.
    pub(super) fn network(
        &mut self,
        user: Operator,
        request: &NetworkRequest,
    ) -> Result<Reply, ApiError> {
        if self.net.commands_tx.is_none() {
            let message = "this node talks to nobody (p2p.enabled)";
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        let reply = match request {
            NetworkRequest::Print(it) => NetworkReply::Ticket(self.print_ticket(user, it)?),
            NetworkRequest::Invitations => NetworkReply::Invitations(self.invitations()),
            NetworkRequest::TakeBack(it) => NetworkReply::TakenBack(self.take_back(*it)?),
            NetworkRequest::Join(it) => NetworkReply::Joining(self.join_by_ticket(it)?),
            NetworkRequest::HowFar(peer) => NetworkReply::Joining(self.how_far(*peer)?),
        };
        Ok(Reply::Network(Box::new(reply)))
    }

    /// Joins by the tickets that are kept, and deals with those whom tickets let in as before.
    pub(super) fn join_again(&mut self) {
        let joined = self.joins.tickets.joined.clone();
        for it in joined {
            self.begin_to_join(&it.ticket, it.is_admitted);
        }
        let admitted: Vec<NodeId> = self.joins.tickets.admitted().collect();
        for peer in admitted {
            self.welcome(peer);
        }
    }

    fn join_by_ticket(&mut self, request: &TicketJoinRequest) -> Result<Joining, ApiError> {
        let ticket: Result<Ticket, _> = request.ticket.parse();
        let ticket = ticket.map_err(|it| invalid(&format!("ticket: {it}")))?;
        let parts = ticket.parts();
        let peer = parts.peer;
        if peer == self.node_id() {
            return Err(invalid(
                "ticket: it is this node's own; join by it on another",
            ));
        }
        if self.now() >= parts.expires_at {
            let message = format!("ticket: it let nodes in until {}", parts.expires_at);
            return Err(ApiError::new(ErrorCode::Expired, message));
        }
        if let (Some(own), Some(other)) = (self.joins.secret, parts.secret)
            && own != other
        {
            return Err(failure(&TicketsError::OtherNetwork));
        }
        let kept = self.joins.change(|it| it.join(&ticket))?;
        kept.map_err(|it| failure(&it))?;
        if let (None, Some(secret)) = (self.joins.secret, parts.secret) {
            self.joins.secret = Some(secret);
            self.send(NetCommand::Join(JoinCommand::Enter(secret)));
        }
        let is_admitted = self
            .joins
            .tickets
            .joined
            .iter()
            .any(|it| it.ticket == ticket && it.is_admitted);
        self.begin_to_join(&ticket, is_admitted);
        self.how_far(peer)
    }

    /// Deals with the node that printed a ticket as with a configured one, and looks for it.
    fn begin_to_join(&mut self, ticket: &Ticket, is_admitted: bool) {
        let parts = ticket.parts();
        let organisation = parts.organisation.map(|(id, _)| id);
        let began_to_trust = !is_admitted && organisation.is_some_and(|it| self.trust_members(it));
        for ip in parts.addresses.iter().filter_map(aegis_net::Address::ip) {
            self.engine.add_configured_address(ip);
        }
        let under_way = UnderWay {
            admission: if is_admitted {
                Admission::Admitted
            } else {
                Admission::Waiting
            },
            problem: None,
            organisation,
            held: None,
            asked_at: None,
            began_to_trust,
        };
        self.joins.under_way.insert(parts.peer, under_way);
        self.joins.forget_refused();
        let addresses = ticket.peer_addresses().collect();
        self.send(NetCommand::Join(JoinCommand::Adopt(addresses)));
        self.ask_about_joining(parts.peer);
    }

    /// Trusts an organisation's members in advance, if nothing else was said of them; returns
    /// whether that is new.
    fn trust_members(&mut self, id: OrganisationId) -> bool {
        if self.trusts(id) {
            return false;
        }
        let weight = Confidence::FULL;
        self.order(Operator::User(0), OrganisationCommand::Trust { id, weight });
        self.trusts(id)
    }

    fn trusts(&self, id: OrganisationId) -> bool {
        let mut trusted = self.engine.organisations().trusted();
        trusted.any(|it| it.id == id)
    }

    /// Gives an order that nobody waits for.
    fn order(&mut self, user: Operator, command: OrganisationCommand) {
        self.handle(Input::Ordered(Order {
            ticket: NOBODYS_TICKET,
            user,
            command: Command::Organisation(command),
        }));
    }

    /// Asks a node that is joined what is to be known next, if it is connected.
    pub(super) fn ask_about_joining(&mut self, peer: NodeId) {
        let now = self.now();
        let is_connected = self.is_connected(peer);
        let kept = self.joins.tickets.joined.iter();
        let ticket = kept.map(|it| &it.ticket).find(|it| it.parts().peer == peer);
        let under_way = self.joins.under_way.get_mut(&peer);
        let (Some(ticket), Some(under_way), true) = (ticket, under_way, is_connected) else {
            return;
        };
        let waits = |it: Timestamp| (it..it + ASK_EVERY).contains(&now);
        if under_way.asked_at.is_some_and(waits) {
            return;
        }
        let query = match under_way.admission {
            Admission::Waiting => JoinQuery::Admit(ticket.parts().token),
            Admission::Admitted => JoinQuery::HowFar,
            Admission::Refused => return,
        };
        under_way.asked_at = Some(now);
        self.send(NetCommand::Join(JoinCommand::Ask { peer, query }));
    }

    fn is_connected(&self, peer: NodeId) -> bool {
        let mut peers = self.engine.peers();
        peers.any(|it| it.peer == peer && it.is_connected)
    }

    /// Takes what the network reports about joining.
    pub(super) fn handle_join(&mut self, event: JoinEvent) {
        match event {
            JoinEvent::Asked {
                request,
                from,
                query,
            } => {
                let reply = self.reply_to_join(from, query);
                self.send(NetCommand::Join(JoinCommand::Reply { request, reply }));
            }
            JoinEvent::Replied { from, reply } => self.hear_of_joining(from, reply),
            JoinEvent::Entered => self.enter_network(),
            JoinEvent::Failed { peer } => {
                // It is asked again when it is connected, or somebody wants to know.
                if let Some(under_way) = self.joins.under_way.get_mut(&peer) {
                    under_way.asked_at = None;
                }
            }
        }
    }

    /// Tells the network service, which begins anew, what it was told before.
    fn enter_network(&mut self) {
        tracing::info!("In a closed network from now on");
        self.listen.clear();
        let now = self.now();
        self.engine.announce_organisations(now);
        self.drain();
        let joined = self.joins.tickets.joined.clone();
        for it in joined {
            let addresses = it.ticket.peer_addresses().collect();
            self.send(NetCommand::Join(JoinCommand::Adopt(addresses)));
        }
        let admitted: Vec<NodeId> = self.joins.tickets.admitted().collect();
        for peer in admitted {
            self.welcome(peer);
        }
    }

    fn hear_of_joining(&mut self, from: NodeId, reply: JoinReply) {
        let Some(under_way) = self.joins.under_way.get_mut(&from) else {
            return;
        };
        under_way.asked_at = None;
        match (reply, under_way.admission) {
            (JoinReply::Admitted(membership), Admission::Waiting) => {
                self.be_admitted(from, membership);
            }
            (JoinReply::Refused(why), Admission::Waiting) => self.be_refused(from, why),
            (JoinReply::HowFar { alerts, digest }, Admission::Admitted) => {
                let mut lanes = [0; 4];
                for (lane, bytes) in lanes.iter_mut().zip(digest.as_chunks::<8>().0) {
                    *lane = u64::from_be_bytes(*bytes);
                }
                under_way.held = Some((alerts, SetDigest::from_lanes(lanes)));
            }
            // Nobody asked for it.
            (JoinReply::Admitted(_) | JoinReply::Refused(_) | JoinReply::HowFar { .. }, _) => {}
        }
    }

    fn be_admitted(&mut self, by: NodeId, membership: Option<Arc<Membership>>) {
        let wanted = self.joins.under_way.get(&by).and_then(|it| it.organisation);
        if let Some(organisation) = wanted {
            let own = self.node_id();
            let is_it = |it: &Arc<Membership>| {
                it.grant().organisation() == organisation && it.grant().member() == own
            };
            let Some(membership) = membership.filter(is_it) else {
                return self.fail_to_join(by, "it did not make this node a member".to_owned());
            };
            self.order(Operator::User(0), OrganisationCommand::Join(membership));
        }
        let kept = self.joins.change(|tickets| {
            let mut joined = tickets.joined.iter_mut();
            if let Some(it) = joined.find(|it| it.ticket.parts().peer == by) {
                it.is_admitted = true;
            }
        });
        if let Err(error) = kept {
            self.degraded(error.message);
        }
        tracing::info!(peer = %by, "Joined by a ticket");
        if let Some(under_way) = self.joins.under_way.get_mut(&by) {
            under_way.admission = Admission::Admitted;
        }
        self.ask_about_joining(by);
    }

    fn be_refused(&mut self, by: NodeId, why: Unwelcome) {
        let why = match why {
            Unwelcome::Unknown => "it does not know the ticket, or has taken it back",
            Unwelcome::Over => "the ticket's time is over",
            Unwelcome::UsedUp => "the ticket let in as many as it does",
        };
        self.fail_to_join(by, why.to_owned());
    }

    /// Undoes what joining did.
    fn fail_to_join(&mut self, peer: NodeId, problem: String) {
        tracing::warn!(%peer, problem, "Cannot join by a ticket");
        let is_it = |it: &crate::tickets::Joined| it.ticket.parts().peer == peer;
        if let Err(error) = self.joins.change(|it| it.joined.retain(|it| !is_it(it))) {
            self.degraded(error.message);
        }
        self.send(NetCommand::Join(JoinCommand::Disown(peer)));
        let Some(under_way) = self.joins.under_way.get_mut(&peer) else {
            return;
        };
        under_way.admission = Admission::Refused;
        under_way.problem = Some(problem);
        let trusted = under_way.organisation.filter(|_| under_way.began_to_trust);
        if let Some(id) = trusted {
            self.order(Operator::User(0), OrganisationCommand::Distrust(id));
        }
    }

    fn how_far(&mut self, peer: NodeId) -> Result<Joining, ApiError> {
        self.ask_about_joining(peer);
        let Some(under_way) = self.joins.under_way.get(&peer) else {
            let message = "this node has no ticket of that node";
            return Err(ApiError::new(ErrorCode::NotFound, message));
        };
        let now = self.now();
        let digest = self.engine.live_digest();
        let role = under_way
            .organisation
            .and_then(|it| self.engine.member_role(now, &self.node_id(), &it));
        Ok(Joining {
            peer,
            connected: self.is_connected(peer),
            admission: under_way.admission,
            problem: under_way.problem.clone(),
            organisation: under_way.organisation,
            role: role.map(Into::into),
            alerts: self.engine.live_len() as u64,
            peer_alerts: under_way.held.map(|(alerts, _)| alerts),
            set_hash: digest.to_string(),
            peer_set_hash: under_way.held.map(|(_, it)| it.to_string()),
            equal: under_way.held.is_some_and(|(_, it)| it == digest),
            blocks: self.engine.ruleset().blocks().len() as u64,
        })
    }
}

fn failure(error: &TicketsError) -> ApiError {
    let code = match error {
        TicketsError::OtherNetwork | TicketsError::Full => ErrorCode::InvalidRequest,
        TicketsError::Io { .. } | TicketsError::Malformed { .. } => ErrorCode::Internal,
    };
    ApiError::new(code, chain(error))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message)
}
