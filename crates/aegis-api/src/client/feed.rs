//! Calls that are about feeds.

use axum::{body::Bytes, http::Method};

use super::{Client, ClientError};
use crate::{FeedAddRequest, FeedLine, FeedList, FeedRefreshRequest, FeedRemoved};

impl Client {
    /// Has the node subscribe to a feed.
    pub async fn add_feed(&self, request: &FeedAddRequest) -> Result<FeedLine, ClientError> {
        self.post("/v1/feeds", request).await
    }

    /// Asks which feeds the node subscribes to, and how it goes with them.
    pub async fn feeds(&self) -> Result<FeedList, ClientError> {
        self.get("/v1/feeds").await
    }

    /// Has a feed fetched now.
    pub async fn refresh_feed(
        &self,
        request: &FeedRefreshRequest,
    ) -> Result<FeedLine, ClientError> {
        self.post("/v1/feeds/refresh", request).await
    }

    /// Has a feed subscribed to no more, and what it blocks freed.
    pub async fn remove_feed(&self, name: &str) -> Result<FeedRemoved, ClientError> {
        let mut path = "/v1/feeds?name=".to_owned();
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || byte == b'-' {
                path.push(char::from(byte));
            } else {
                path.push_str(&format!("%{byte:02X}"));
            }
        }
        self.call(Method::DELETE, &path, Bytes::new()).await
    }
}
