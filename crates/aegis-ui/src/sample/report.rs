//! What a made-up node says of reports.

use std::time::Duration;

use aegis_api::{
    ErrorCode, Preview, PreviewRequest, ReportOutcomes, ReportRefused, ReportRequest,
    ReportWithdrawRequest, ReportWithdrawn, Reported,
};

use super::{NOW, ip};

pub(super) fn outcomes(asked: &[ReportRequest]) -> ReportOutcomes {
    let outcome = |it: &ReportRequest| {
        let is_refused = it.indicator == ip("127.0.0.1");
        let ttl_secs = it.duration_secs.map_or(1_800, |it| it.as_secs());
        Reported {
            indicator: it.indicator,
            source: it.source.clone(),
            expires_at: (!is_refused).then(|| NOW + Duration::from_secs(ttl_secs)),
            ttl_secs: (!is_refused).then_some(ttl_secs),
            is_new: !is_refused && !it.restored,
            refused: is_refused.then(|| ReportRefused {
                code: ErrorCode::Protected,
                message: "127.0.0.1 is a loopback address and is never blocked".to_owned(),
            }),
        }
    };
    ReportOutcomes {
        reports: asked.iter().map(outcome).collect(),
    }
}

pub(super) fn withdrawn(asked: ReportWithdrawRequest) -> ReportWithdrawn {
    ReportWithdrawn {
        was_reported: asked.indicator == ip("203.0.113.7"),
        still_blocked: false,
        withdrawn: 1,
        indicator: asked.indicator,
        source: asked.source,
    }
}

/// A node that shares no reports.
pub(super) fn preview(asked: &PreviewRequest) -> Preview {
    match asked {
        PreviewRequest::Publish(it) => Preview {
            bytes: Some(format!("{{\"indicator\":\"{}\"}}", it.indicator)),
            why: None,
        },
        PreviewRequest::Report(_) => Preview {
            bytes: None,
            why: Some("nothing would be sent: auto_publish is off".to_owned()),
        },
    }
}
