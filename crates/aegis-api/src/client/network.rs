//! Calls that are about tickets.

use aegis_core::NodeId;
use axum::{body::Bytes, http::Method};

use super::{Client, ClientError};
use crate::{
    InvitationId, InvitationList, InvitationTakenBack, Joining, TicketJoinRequest, TicketPrinted,
    TicketRequest,
};

impl Client {
    /// Has a ticket printed.
    pub async fn print_ticket(
        &self,
        request: &TicketRequest,
    ) -> Result<TicketPrinted, ClientError> {
        self.post("/v1/tickets", request).await
    }

    /// Asks whom tickets let in.
    pub async fn invitations(&self) -> Result<InvitationList, ClientError> {
        self.get("/v1/tickets").await
    }

    /// Has a ticket let nobody in any more.
    pub async fn take_back_ticket(
        &self,
        invitation: InvitationId,
    ) -> Result<InvitationTakenBack, ClientError> {
        let path = format!("/v1/tickets?invitation={invitation}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }

    /// Joins by a ticket; how far that comes, [`Client::joining`] says.
    pub async fn join_by_ticket(
        &self,
        request: &TicketJoinRequest,
    ) -> Result<Joining, ClientError> {
        self.post("/v1/join", request).await
    }

    /// Asks how far joining has come, by the node that printed the ticket.
    pub async fn joining(&self, peer: NodeId) -> Result<Joining, ClientError> {
        self.get(&format!("/v1/join?peer={peer}")).await
    }
}
