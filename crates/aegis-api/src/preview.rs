//! Seeing what would be sent before it is.

use serde::{Deserialize, Serialize};

use crate::{PublishRequest, ReportRequest};

/// Asks what would be sent, and has nothing done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PreviewRequest {
    /// By a block that is shared, or by publishing.
    Publish(PublishRequest),
    /// By a report.
    Report(ReportRequest),
}

/// What would be sent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Preview {
    /// The very bytes, RFC 8785 JSON with the signature; absent where nothing would be sent. Sent
    /// later they have another time, and so another signature.
    #[serde(default)]
    pub bytes: Option<String>,
    /// Why nothing would be sent.
    #[serde(default)]
    pub why: Option<String>,
}
