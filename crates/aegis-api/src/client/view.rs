//! Calls that bring rows of lists.

use super::{Client, ClientError};
use crate::{Block, BlockSort, Peer, PeerSort, View, ViewQuery, view::view_query};

impl Client {
    /// Asks for some rows of the blocklist.
    pub async fn block_view(
        &self,
        query: &ViewQuery<BlockSort>,
    ) -> Result<View<Block>, ClientError> {
        self.get(&format!("/v1/blocks/view?{}", view_query(query)))
            .await
    }

    /// Asks for some rows of the list of peers.
    pub async fn peer_view(&self, query: &ViewQuery<PeerSort>) -> Result<View<Peer>, ClientError> {
        self.get(&format!("/v1/peers/view?{}", view_query(query)))
            .await
    }
}
