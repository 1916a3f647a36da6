//! Charts that a sample node has.

use aegis_api::{ChartReply, ChartRequest, Page, TrafficChart};

/// Returns charts of a node that has just begun.
pub(super) fn reply(request: &ChartRequest) -> ChartReply {
    match request {
        ChartRequest::Traffic => ChartReply::Traffic(TrafficChart::default()),
        ChartRequest::Trust(_) => ChartReply::Trust(Page {
            items: Vec::new(),
            next: None,
        }),
    }
}
