//! Calls that are about organisations.

use aegis_core::OrganisationId;
use axum::{body::Bytes, http::Method};

use super::{Client, ClientError};
use crate::{
    JoinRequest, MembershipRequest, MembershipRevoked, MembershipSigned, OrganisationCreateRequest,
    OrganisationCreated, OrganisationDistrusted, OrganisationJoined, OrganisationLeft,
    OrganisationList, OrganisationMembers, OrganisationTrustRequest, OrganisationTrusted,
    RevokeRequest,
};

impl Client {
    /// Asks which organisations are trusted, founded or joined.
    pub async fn organisations(&self) -> Result<OrganisationList, ClientError> {
        self.get("/v1/organisations").await
    }

    /// Has an organisation made.
    pub async fn create_organisation(
        &self,
        request: &OrganisationCreateRequest,
    ) -> Result<OrganisationCreated, ClientError> {
        self.post("/v1/organisations", request).await
    }

    /// Has a node made a member.
    pub async fn sign_membership(
        &self,
        request: &MembershipRequest,
    ) -> Result<MembershipSigned, ClientError> {
        self.post("/v1/organisations/sign", request).await
    }

    /// Makes the node the member that a membership says it is.
    pub async fn join_organisation(
        &self,
        request: &JoinRequest,
    ) -> Result<OrganisationJoined, ClientError> {
        self.post("/v1/organisations/join", request).await
    }

    /// Has the node be a member no more.
    pub async fn leave_organisation(
        &self,
        organisation: OrganisationId,
    ) -> Result<OrganisationLeft, ClientError> {
        let path = format!("/v1/organisations/join?organisation={organisation}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }

    /// Asks who is a member, as far as the node knows.
    pub async fn organisation_members(
        &self,
        organisation: OrganisationId,
    ) -> Result<OrganisationMembers, ClientError> {
        let path = format!("/v1/organisations/members?organisation={organisation}");
        self.get(&path).await
    }

    /// Says how far an organisation's members are trusted in advance.
    pub async fn trust_organisation(
        &self,
        request: &OrganisationTrustRequest,
    ) -> Result<OrganisationTrusted, ClientError> {
        self.post("/v1/organisations/trust", request).await
    }

    /// Has an organisation's members trusted like others.
    pub async fn distrust_organisation(
        &self,
        organisation: OrganisationId,
    ) -> Result<OrganisationDistrusted, ClientError> {
        let path = format!("/v1/organisations/trust?organisation={organisation}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }

    /// Has a node's memberships taken back.
    pub async fn revoke_membership(
        &self,
        request: &RevokeRequest,
    ) -> Result<MembershipRevoked, ClientError> {
        self.post("/v1/organisations/revoke", request).await
    }
}
