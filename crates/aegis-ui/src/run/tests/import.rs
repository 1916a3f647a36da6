//! `import` against a scripted node: parts are summed up, and what is left out is told with its reason.

use std::num::NonZeroU32;

use aegis_api::{IMPORT_ENTRIES_MAX, ImportEntry};

use crate::{
    Format, ImportPlan, Outcome, Screen, import,
    sample::{ip, node::Node},
};

#[tokio::test]
async fn parts_are_summed_up_and_reasons_are_told() {
    let plan = ImportPlan {
        source: "list a".parse().ok(),
        entries: (0..2 * IMPORT_ENTRIES_MAX as u32 + 1).map(entry).collect(),
        skipped: (1..=30)
            .map(|it| format!("line {it}: no address"))
            .collect(),
    };
    let (outcome, out) = sent(plan.clone(), Format::Text).await;
    assert_eq!(outcome, Outcome::Done);
    for said in [
        "Imported 9977 of 10001 entries\n",
        "  refused 24: 24 private_range\n",
        "    10.0.0.0: private ranges are not blocked\n",
        "    and 4 more\n",
        "  skipped 30\n    line 1: no address\n",
        "    and 10 more\n",
    ] {
        assert!(out.contains(said), "{said}\n{out}");
    }
    let (_, out) = sent(plan, Format::Json).await;
    let sum: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (&sum["blocked"], &sum["refused_by_code"]["private_range"]),
        (&9977.into(), &24.into())
    );
}

#[tokio::test]
async fn an_import_of_which_nothing_is_blocked_is_a_no() {
    let plan = ImportPlan {
        entries: vec![entry(0)],
        ..ImportPlan::default()
    };
    assert_eq!(sent(plan, Format::Text).await.0, Outcome::Negative);
    assert_eq!(
        sent(ImportPlan::default(), Format::Text).await.0,
        Outcome::Done
    );
}

/// The first 24 are in a private range.
fn entry(number: u32) -> ImportEntry {
    let base = if number < 24 {
        0x0a00_0000
    } else {
        0xcb00_7100
    };
    let address = std::net::Ipv4Addr::from(base + number);
    ImportEntry {
        indicator: ip(&address.to_string()),
        duration_secs: NonZeroU32::MIN,
        threat_type: "listed".parse().expect("a threat type"),
    }
}

async fn sent(plan: ImportPlan, format: Format) -> (Outcome, String) {
    let node = Node::start(0);
    let (mut out, mut talk) = (Vec::new(), Vec::new());
    let mut screen = Screen {
        out: &mut out,
        talk: &mut talk,
        format,
        is_terminal: false,
    };
    let outcome = import(plan, &node.client, &mut screen).await;
    (outcome, String::from_utf8(out).expect("text"))
}
