//! Reports through the client and as bytes.

use aegis_core::{BlockDuration, Refusal, Timestamp};
use serde_json::json;

use super::node::{NOW, Node, ip};
use crate::{
    ApiError, ErrorCode, LoginList, Preview, PreviewRequest, Reply, ReportOutcomes, ReportRefused,
    ReportRequest, ReportWithdrawRequest, ReportWithdrawn, Reported, ReportsRequest, Request,
};

pub(super) fn script(request: Request) -> Result<Reply, ApiError> {
    if let Request::Report(asked) = request {
        return Ok(Reply::Reported(outcomes(&asked)));
    }
    if let Request::WithdrawReport(asked) = request {
        return Ok(Reply::ReportWithdrawn(withdrawn(asked)));
    }
    if let Request::Preview(asked) = request {
        return Ok(Reply::Preview(preview(&asked)));
    }
    Ok(Reply::Logins(LoginList::default()))
}

fn outcomes(asked: &[ReportRequest]) -> ReportOutcomes {
    let outcome = |it: &ReportRequest| {
        let refusal = Refusal::Allowlisted {
            entry: it.indicator,
        };
        let is_refused = it.indicator == ip("192.0.2.66");
        Reported {
            indicator: it.indicator,
            source: it.source.clone(),
            expires_at: (!is_refused).then(|| ends(it)),
            ttl_secs: (!is_refused).then_some(60),
            is_new: !it.restored,
            refused: is_refused.then(|| ReportRefused {
                code: ErrorCode::from(&refusal),
                message: refusal.to_string(),
            }),
        }
    };
    ReportOutcomes {
        reports: asked.iter().map(outcome).collect(),
    }
}

fn withdrawn(it: ReportWithdrawRequest) -> ReportWithdrawn {
    ReportWithdrawn {
        indicator: it.indicator,
        source: it.source,
        was_reported: true,
        still_blocked: false,
        withdrawn: 2,
    }
}

fn preview(asked: &PreviewRequest) -> Preview {
    let bytes = match asked {
        PreviewRequest::Publish(it) => Some(it.indicator.to_string()),
        PreviewRequest::Report(_) => None,
    };
    let why = bytes.is_none().then(|| "auto_publish is off".to_owned());
    Preview { bytes, why }
}

fn ends(it: &ReportRequest) -> Timestamp {
    let block_for = it.duration_secs.unwrap_or(BlockDuration::MAX);
    NOW + block_for.into()
}

#[tokio::test]
async fn a_report_needs_three_words_and_each_outcome_is_told() {
    let node = Node::start();
    let least = |address: &str| json!({ "indicator": address, "threat_type": "brute_force", "source": "fail2ban/sshd" });
    let body = json!({ "reports": [least("203.0.113.7"), least("192.0.2.66")] });
    let request: ReportsRequest = serde_json::from_value(body).unwrap();
    let first = &request.reports[0];
    assert!(first.share && !first.restored && first.events == 1);
    let reply = node.client.report(&request).await.unwrap();
    assert_eq!(reply, outcomes(&request.reports));
    let refused = reply.reports[1].refused.as_ref().unwrap();
    assert_eq!(refused.code, ErrorCode::Allowlisted);
    let back = ReportWithdrawRequest {
        indicator: ip("203.0.113.7"),
        source: "fail2ban/sshd".parse().unwrap(),
    };
    assert_eq!(
        node.client.withdraw_report(&back).await.unwrap(),
        withdrawn(back)
    );
    let asked = PreviewRequest::Report(request.reports[0].clone());
    let reply = node.client.preview(&asked).await.unwrap();
    assert_eq!(reply, preview(&asked));
    node.stop().await;
}

#[test]
fn what_is_not_a_report_is_none() {
    let with = |key: &str, value: serde_json::Value| {
        let mut report = json!({
            "indicator": "203.0.113.7", "threat_type": "brute_force", "source": "sshd",
        });
        report[key] = value;
        serde_json::from_value::<ReportsRequest>(json!({ "reports": [report] }))
    };
    assert!(with("events", json!(3)).is_ok());
    for (key, value) in [
        ("indicator", json!("203.0.113")),
        ("threat_type", json!("SQL")),
        ("source", json!("a b")),
        ("source", json!("")),
        ("severity", json!(0)),
        ("severity", json!(11)),
        ("duration_secs", json!(0)),
        ("duration_secs", json!(86_401)),
        ("reason", json!("two\nlines")),
        ("reason", json!("x".repeat(513))),
        ("events", json!(-1)),
        ("log_line", json!("anything")),
    ] {
        assert!(with(key, value.clone()).is_err(), "{key} {value}");
    }
    let none = serde_json::from_value::<ReportsRequest>(json!({ "reports": [] }));
    assert!(none.is_err());
}
