//! Calls about safety.

use aegis_core::{HostName, Region};
use axum::{body::Bytes, http::Method};

use super::{Client, ClientError};
use crate::{
    AllowName, AllowNameList, AllowNameRequest, EnforceRequest, ModeState, NameDisallowed,
    ProtectedList, RegionBlock, RegionList, RegionRequest, RegionUnblocked, Summary, SummaryQuery,
};

impl Client {
    /// Has the node drop from now on.
    pub async fn enforce(&self, request: &EnforceRequest) -> Result<ModeState, ClientError> {
        self.post("/v1/enforce", request).await
    }

    /// Has what is on trial kept.
    pub async fn confirm(&self) -> Result<ModeState, ClientError> {
        self.call(Method::POST, "/v1/confirm", Bytes::new()).await
    }

    /// Has the node drop nothing from now on.
    pub async fn observe(&self) -> Result<ModeState, ClientError> {
        self.call(Method::POST, "/v1/observe", Bytes::new()).await
    }

    /// Asks whom nobody can have blocked there.
    pub async fn protected(&self) -> Result<ProtectedList, ClientError> {
        self.get("/v1/protected").await
    }

    /// Asks what was blocked in some time.
    pub async fn summary(&self, query: SummaryQuery) -> Result<Summary, ClientError> {
        let SummaryQuery {
            since,
            would_have_blocked,
        } = query;
        let query = format!("since={since}&would_have_blocked={would_have_blocked}");
        self.get(&format!("/v1/summary?{query}")).await
    }

    /// Has what a name stands for never blocked.
    pub async fn allow_name(&self, request: &AllowNameRequest) -> Result<AllowName, ClientError> {
        self.post("/v1/allow/names", request).await
    }

    /// Takes a name off the allowlist.
    pub async fn disallow_name(&self, name: &HostName) -> Result<NameDisallowed, ClientError> {
        let path = format!("/v1/allow/names?name={name}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }

    /// Asks for the names on the allowlist.
    pub async fn allow_names(&self) -> Result<AllowNameList, ClientError> {
        self.get("/v1/allow/names").await
    }

    /// Has all of a country or autonomous system blocked.
    pub async fn block_region(&self, request: &RegionRequest) -> Result<RegionBlock, ClientError> {
        self.post("/v1/regions", request).await
    }

    /// Has a region blocked no more.
    pub async fn unblock_region(&self, region: Region) -> Result<RegionUnblocked, ClientError> {
        let path = format!("/v1/regions?region={region}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }

    /// Asks which regions are blocked.
    pub async fn regions(&self) -> Result<RegionList, ClientError> {
        self.get("/v1/regions").await
    }
}
