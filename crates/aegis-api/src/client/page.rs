//! Charts, and the link to the page that draws them.

use aegis_core::NodeId;

use super::{Client, ClientError, query};
use crate::{Page, PageLink, PageQuery, TrafficChart, TrustChart};

impl Client {
    /// Asks what the kernel counted over the last days.
    pub async fn traffic_chart(&self) -> Result<TrafficChart, ClientError> {
        self.get("/v1/chart/traffic").await
    }

    /// Asks how far peers were trusted over the last days.
    pub async fn trust_chart(
        &self,
        page: PageQuery<NodeId>,
    ) -> Result<Page<TrustChart>, ClientError> {
        self.get(&format!("/v1/chart/trust?{}", query(&page))).await
    }

    /// Asks for a link to the node's page, which lets in whoever has it, once and soon.
    pub async fn page_link(&self) -> Result<PageLink, ClientError> {
        self.post("/v1/page/link", &()).await
    }
}
