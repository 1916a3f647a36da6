//! What would be sent: the very bytes, made and signed as for sending, and not sent.

use aegis_api::{ApiError, ErrorCode, Preview, PreviewRequest, PublishRequest, Reply};
use aegis_core::{Evidence, Statement};
use aegis_net::wire;

use super::{Node, reports};

impl Node {
    /// Answers what would be sent, or with the guard that refuses.
    pub(super) fn preview(&self, asked: &PreviewRequest) -> Result<Reply, ApiError> {
        let now = self.now();
        let (statement, audience) = match asked {
            PreviewRequest::Publish(it) => {
                if let Some(refusal) = self.engine.why(now, &it.indicator).untouchable {
                    return Err(refusal.into());
                }
                (Some(self.published(it)), it.to)
            }
            PreviewRequest::Report(it) => {
                let report = reports::report(it);
                (self.engine.preview_report(now, &report)?, None)
            }
        };
        let Some(statement) = statement else {
            let why = "nothing would be sent: auto_publish is off, the report is not to be shared, \
                       or its severity is below min_severity";
            return Ok(Reply::Preview(Preview {
                bytes: None,
                why: Some(why.to_owned()),
            }));
        };
        let alert = wire::sign_to(&statement, audience, &self.identity);
        let bytes = String::from_utf8(alert.wire().to_vec());
        let internal = |_| ApiError::new(ErrorCode::Internal, "the alert is no text");
        Ok(Reply::Preview(Preview {
            bytes: Some(bytes.map_err(internal)?),
            why: None,
        }))
    }

    fn published(&self, it: &PublishRequest) -> Statement {
        Statement {
            indicator: it.indicator,
            threat_type: it.threat_type.clone(),
            severity: it.severity,
            stated_at: self.now().floor_to_secs(),
            block_for: it.duration_secs,
            evidence: it.evidence.map_or(Evidence::Verified, Into::into),
            description: it.description.clone(),
            withdraws: None,
        }
    }
}
