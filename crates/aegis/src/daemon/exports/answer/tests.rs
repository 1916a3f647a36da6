//! Tests of what requests of other programs are answered with.

use std::collections::HashSet;

use aegis_api::TaxiiRequest;
use aegis_intel::export::Entry;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

fn publication() -> Arc<Publication> {
    let entries = (0..700_u32).map(|it| Entry {
        indicator: std::net::IpAddr::from(std::net::Ipv4Addr::from(0xcb00_0000 + it)).into(),
        threat_type: "bot".parse().unwrap(),
        severity: aegis_api::Severity::new(5).unwrap(),
        origin: "peers",
        decided_at: T0,
        expires_at: T0 + std::time::Duration::from_secs(60),
    });
    let before = Publication::new(T0, b"secret");
    Arc::new(
        before
            .renewed(T0, entries.collect(), &HashSet::new())
            .unwrap(),
    )
}

fn text(body: ExportBody) -> String {
    match body {
        ExportBody::Text(pieces) => pieces.collect(),
        ExportBody::Decisions(_) => panic!("these are decisions"),
    }
}

#[test]
fn every_format_that_the_api_names_is_written_and_no_other() {
    let ours: Vec<&str> = Format::ALL.iter().map(|it| it.as_str()).collect();
    let named: Vec<&str> = EXPORT_FORMATS.iter().map(|it| it.0).collect();
    assert_eq!(ours, named);
    for (format, media_type) in EXPORT_FORMATS {
        let filter = ExportFilter::default();
        let request = ExportRequest::List { format, filter };
        let exported = with_list(request, publication(), T0).unwrap();
        assert_eq!((exported.status, exported.media_type), (200, media_type));
        assert!(!text(exported.body).is_empty(), "{format}");
    }
}

#[test]
fn decisions_come_whole_in_pieces() {
    let exported = with_list(ExportRequest::Decisions, publication(), T0).unwrap();
    let ExportBody::Decisions(pieces) = exported.body else {
        panic!("these are no decisions");
    };
    let all: Vec<Posted> = pieces.flatten().collect();
    assert_eq!(all.len(), 700);
    assert_eq!(all[699].indicator.to_string(), "203.0.2.187");
    assert_eq!(all[0].naming.origin, "p2p");
}

#[test]
fn a_feed_has_its_three_files_and_no_other() {
    let event = publication().event();
    let status = |name: &str| with_list(ExportRequest::Misp(name.to_owned()), publication(), T0);
    for name in ["manifest.json", "hashes.csv", &format!("{event}.json")] {
        assert!(status(name).is_ok(), "{name}");
    }
    for name in ["", "event.json", "../node.key", "manifest.json.new"] {
        assert_eq!(
            status(name).unwrap_err().code,
            ErrorCode::NotFound,
            "{name}"
        );
    }
}

#[test]
fn a_taxii_client_is_answered_or_told_why_not() {
    let ask = |is_read, path: &str, accept: Option<&str>| {
        let request = ExportRequest::Taxii(TaxiiRequest {
            is_read,
            path: path.to_owned(),
            pairs: Vec::new(),
            accept: accept.map(str::to_owned),
        });
        let exported = match without_list(request) {
            Ok(exported) => exported,
            Err(request) => with_list(request, publication(), T0).unwrap(),
        };
        assert_eq!(exported.media_type, taxii::MEDIA_TYPE);
        (exported.status, exported.headers.len())
    };
    let objects = "aegis/collections/active-blocks/objects/";
    assert_eq!(ask(true, objects, Some(taxii::MEDIA_TYPE)), (200, 2));
    assert_eq!(ask(true, "", None), (200, 0));
    assert_eq!(ask(true, "", Some("application/xml")), (406, 0));
    assert_eq!(ask(false, objects, None), (403, 0));
    assert_eq!(ask(true, "other/", None), (404, 0));
    assert_eq!(
        ask(true, "aegis/collections/p2p-consensus/objects/none/", None),
        (404, 0)
    );
}
