//! A refusal has the same code in the domain and in the contract, and keeps its words.

use std::collections::BTreeMap;

use aegis_core::{Indicator, Protection, Refusal, Severity};

use super::{ApiError, ErrorCode};

#[test]
fn a_refusal_keeps_its_code_and_its_words() {
    let address: Indicator = "192.0.2.1".parse().expect("an address");
    for refusal in [
        Refusal::Protected {
            address,
            protection: Protection::Gateway,
        },
        Refusal::ConfiguredPeer { address },
        Refusal::LocalPeer { address },
        Refusal::Allowlisted { entry: address },
        Refusal::TooWide { prefix_len_min: 24 },
        Refusal::PrivateRange,
        Refusal::BudgetSpent { active_max: 5000 },
        Refusal::TooFast,
        Refusal::BelowSeverity {
            severity_min: Severity::MEDIUM,
        },
        Refusal::NotTrusted {
            confidence: 10,
            line: 50,
        },
        Refusal::Established,
        Refusal::Unblocked,
        Refusal::Expired,
        Refusal::TableFull { entries_max: 10 },
    ] {
        let error = ApiError::from(refusal);
        let json = serde_json::to_value(&error).expect("serialises");
        assert_eq!(json["code"], refusal.code());
        assert_eq!(json["message"], refusal.to_string());
        assert!(error.code.status().is_client_error() || error.code == ErrorCode::TableFull);
    }
}

#[test]
fn a_code_is_called_the_same_everywhere() {
    for code in ErrorCode::ALL {
        assert_eq!(
            serde_json::to_value(code).expect("serialises"),
            code.as_str()
        );
        assert!(code.status().is_client_error() || code.status().is_server_error());
    }
}

#[test]
fn every_code_has_its_status() {
    let table = ErrorCode::ALL.map(|it| (it.status().as_u16(), it.as_str()));
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (status, code) in table {
        by_status.entry(status).or_default().push(code);
    }
    let wanted: BTreeMap<u16, Vec<&str>> = [
        (400, vec!["invalid_request"]),
        (401, vec!["unauthenticated"]),
        (403, vec!["denied"]),
        (404, vec!["not_found"]),
        (405, vec!["method_not_allowed"]),
        (408, vec!["too_slow"]),
        (
            409,
            vec![
                "taken",
                "unavailable",
                "protected",
                "configured_peer",
                "local_peer",
                "allowlisted",
                "established",
                "unblocked",
                "organisation",
            ],
        ),
        (413, vec!["too_large"]),
        (415, vec!["unsupported_media_type"]),
        (
            422,
            vec![
                "too_wide",
                "private_range",
                "below_severity",
                "not_trusted",
                "expired",
                "no_quorum",
            ],
        ),
        (429, vec!["rate_limited", "budget_spent", "too_fast"]),
        (500, vec!["internal"]),
        (503, vec!["busy"]),
        (504, vec!["timeout"]),
        (507, vec!["table_full"]),
    ]
    .into();
    assert_eq!(by_status, wanted);
}

#[test]
fn the_documentation_names_every_code_with_its_status() {
    let page = include_str!("../../../../docs/cli.md");
    for code in ErrorCode::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert!(page.contains(&row), "{row}");
    }
}
