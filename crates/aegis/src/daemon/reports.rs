//! Reports of programs on this host: the contract's words made the Engine's, and back.

use aegis_api::{
    ApiError, ErrorCode, Reply, ReportLine, ReportOutcomes, ReportRefused, ReportRequest,
    ReportWithdrawn, Reported, Request, ttl_secs,
};
use aegis_core::{Command, Evidence, KeptReport, Refusal, Report, Timestamp};

/// Returns the order that reports are.
pub(super) fn command(reports: &[ReportRequest]) -> Command {
    Command::Report(reports.iter().map(report).collect())
}

pub(super) fn report(it: &ReportRequest) -> Report {
    Report {
        indicator: it.indicator,
        threat_type: it.threat_type.clone(),
        severity: it.severity,
        block_for: it.duration_secs,
        evidence: it.evidence.map_or(Evidence::Verified, Into::into),
        source: it.source.clone(),
        events: it.events,
        reason: it.reason.clone(),
        share: it.share,
        is_restored: it.restored,
    }
}

/// Returns the contract's words for what became of reports, or of taking one back.
pub(super) fn told(
    now: Timestamp,
    request: &Request,
    reply: &aegis_core::Reply,
) -> Result<Reply, ApiError> {
    match (request, reply) {
        (Request::Report(asked), aegis_core::Reply::Reported(outcomes)) => {
            Ok(Reply::Reported(self::outcomes(now, asked, outcomes)))
        }
        (
            Request::WithdrawReport(asked),
            aegis_core::Reply::ReportWithdrawn {
                was_reported,
                is_blocked,
                withdrawn,
            },
        ) => Ok(Reply::ReportWithdrawn(ReportWithdrawn {
            indicator: asked.indicator,
            source: asked.source.clone(),
            was_reported: *was_reported,
            still_blocked: *is_blocked,
            withdrawn: *withdrawn as u64,
        })),
        _ => Err(ApiError::new(
            ErrorCode::Internal,
            "the answer does not fit the report",
        )),
    }
}

fn outcomes(
    now: Timestamp,
    asked: &[ReportRequest],
    outcomes: &[Result<aegis_core::Reported, Refusal>],
) -> ReportOutcomes {
    let reports = asked.iter().zip(outcomes);
    let reports = reports.map(|(asked, outcome)| Reported {
        indicator: asked.indicator,
        source: asked.source.clone(),
        expires_at: outcome.ok().map(|it| it.expires_at),
        ttl_secs: outcome.ok().map(|it| ttl_secs(now, it.expires_at)),
        is_new: outcome.is_ok_and(|it| it.is_new),
        refused: outcome.err().map(|refusal| ReportRefused {
            code: ErrorCode::from(&refusal),
            message: refusal.to_string(),
        }),
    });
    ReportOutcomes {
        reports: reports.collect(),
    }
}

/// Returns the contract's words for what a source says.
pub(super) fn line(it: &KeptReport) -> ReportLine {
    ReportLine {
        source: it.source.clone(),
        threat_type: it.threat_type.clone(),
        severity: it.severity,
        evidence: it.evidence.into(),
        events: it.events,
        reason: it.reason.clone(),
        reported_at: it.reported_at,
        expires_at: it.expires_at,
    }
}
