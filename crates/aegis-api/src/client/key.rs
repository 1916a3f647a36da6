//! Calls that are about keys.

use aegis_core::KeyName;
use axum::{body::Bytes, http::Method};

use super::{Client, ClientError};
use crate::{KeyCreateRequest, KeyCreated, KeyList, KeyRevoked};

impl Client {
    /// Has a key given out.
    pub async fn create_key(&self, request: &KeyCreateRequest) -> Result<KeyCreated, ClientError> {
        self.post("/v1/keys", request).await
    }

    /// Asks which keys are given out.
    pub async fn keys(&self) -> Result<KeyList, ClientError> {
        self.get("/v1/keys").await
    }

    /// Has a key open nothing any more.
    pub async fn revoke_key(&self, name: KeyName) -> Result<KeyRevoked, ClientError> {
        let path = format!("/v1/keys?name={name}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }
}
