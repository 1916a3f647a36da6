//! What bouncers and agents say of themselves. It is read, so that they are content, and not kept.

use axum::{body::Body, http::StatusCode, response::Response};
use serde::{Deserialize, de::IgnoredAny};

use super::{Head, Lapi};
use crate::{
    Control,
    lapi::reply::{Failure, empty},
};

#[derive(Deserialize)]
struct UsageMetrics {
    remediation_components: Option<Vec<Component>>,
    log_processors: Option<Vec<Component>>,
}

/// One program. Its metrics are a list or, as the public description has it, an object.
#[derive(Deserialize)]
struct Component {
    #[serde(rename = "metrics")]
    _metrics: Option<IgnoredAny>,
}

impl<C: Control> Lapi<C> {
    /// Takes what one program says of itself.
    pub(super) async fn take_metrics(&self, head: &Head, body: Body) -> Result<Response, Failure> {
        self.anybody(head)?;
        let it: UsageMetrics = self.read_json(head, body).await?;
        let count = |it: Option<Vec<Component>>| it.map_or(0, |it| it.len());
        match count(it.remediation_components) + count(it.log_processors) {
            1 => Ok(empty(StatusCode::CREATED)),
            _ => Err(Failure::invalid("there must be exactly one component")),
        }
    }
}
