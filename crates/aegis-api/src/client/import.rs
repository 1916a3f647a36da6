//! The call that imports.

use super::{Client, ClientError};
use crate::{ImportRequest, Imported};

impl Client {
    /// Has blocked what another program blocked.
    pub async fn import(&self, request: &ImportRequest) -> Result<Imported, ClientError> {
        self.post("/v1/import", request).await
    }
}
