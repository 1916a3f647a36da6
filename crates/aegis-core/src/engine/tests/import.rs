//! Imports pass the guards, last as long as was left, go to nobody, and are told as a whole.

use std::time::Duration;

use super::*;
use crate::{
    Import, ImportEntry,
    engine::{Command, IMPORT_TTL_MAX},
};

fn import(engine: &mut Engine, entries: &[(&str, u64)]) -> (Reply, Vec<Output>) {
    let entries = entries.iter().map(|(text, secs)| ImportEntry {
        indicator: text.parse().unwrap(),
        block_for: Duration::from_secs(*secs),
        threat_type: "crowdsecurity.ssh-bf".parse().unwrap(),
    });
    let import = Import {
        source: "crowdsec".to_owned(),
        entries: entries.collect(),
    };
    let (reply, outputs) = order(engine, NOW, Command::Import(import));
    (reply.unwrap(), outputs)
}

#[test]
fn what_is_imported_is_blocked_for_what_was_left_and_goes_to_nobody() {
    let mut engine = engine();
    let (reply, outputs) = import(&mut engine, &[("203.0.113.1", 60), ("198.18.7.0/24", 3600)]);
    assert_eq!(
        reply,
        Reply::Imported {
            blocked: 2,
            refused: Vec::new()
        }
    );
    assert!(published(&outputs).is_empty());
    let told = outputs.iter().filter(|it| matches!(it, Output::Notify(_)));
    assert_eq!(told.count(), 0, "{outputs:?}");
    let audited = outputs.iter().filter_map(|it| {
        let Output::Persist(Record::Audit(entry)) = it else {
            return None;
        };
        Some(entry.detail.as_str())
    });
    assert_eq!(
        audited.collect::<Vec<_>>(),
        ["imported 2 from crowdsec, refused 0"]
    );
    pass(&mut engine, NOW + Duration::from_secs(59));
    assert!(is_blocked(&engine, "203.0.113.1") && is_blocked(&engine, "198.18.7.9"));
    pass(&mut engine, NOW + Duration::from_secs(60));
    assert!(!is_blocked(&engine, "203.0.113.1") && is_blocked(&engine, "198.18.7.9"));
}

#[test]
fn nothing_that_is_imported_lasts_for_ever() {
    let mut engine = engine();
    import(&mut engine, &[("203.0.113.1", u64::from(u32::MAX))]);
    pass(&mut engine, NOW + IMPORT_TTL_MAX - Duration::from_millis(1));
    assert!(is_blocked(&engine, "203.0.113.1"));
    pass(&mut engine, NOW + IMPORT_TTL_MAX);
    assert!(!is_blocked(&engine, "203.0.113.1"));
}

#[test]
fn every_guard_holds_and_what_is_refused_is_told_with_its_reason() {
    let mut engine = engine();
    let allow = Command::Allow {
        indicator: "203.0.113.8".parse().unwrap(),
        allow_for: None,
        comment: None,
    };
    order(&mut engine, NOW, allow).0.unwrap();
    import(&mut engine, &[("203.0.113.3", 60)]);
    let unblock = Command::Unblock {
        indicator: "203.0.113.3".parse().unwrap(),
        withdraw: false,
    };
    order(&mut engine, NOW, unblock).0.unwrap();
    let entries = [
        ("127.0.0.1", "protected"),
        ("224.0.0.1", "protected"),
        ("0.0.0.0/0", "too_wide"),
        ("10.1.2.3", "private_range"),
        ("203.0.113.8", "allowlisted"),
        ("203.0.113.3", "unblocked"),
    ];
    let (reply, outputs) = import(&mut engine, &entries.map(|(text, _)| (text, 60)));
    let Reply::Imported {
        blocked: 0,
        refused,
    } = reply
    else {
        panic!("{reply:?}");
    };
    let told = refused.iter().map(|(it, why)| (it.to_string(), why.code()));
    let told: Vec<_> = told.collect();
    let wanted = entries.map(|(text, code)| (text.to_owned(), code));
    assert_eq!(told, wanted);
    assert!(changes(&outputs).is_empty(), "{outputs:?}");
}

#[test]
fn an_import_is_no_proof_and_is_told_to_no_peer_that_asks() {
    let mut engine = engine();
    import(&mut engine, &[("203.0.113.1", 60)]);
    let indicator = "203.0.113.1".parse().unwrap();
    assert_eq!(engine.local_opinion(NOW, &indicator), None);
    let (reply, _) = order(&mut engine, NOW, block("203.0.113.1", 30));
    assert!(reply.is_ok(), "the operator's own word stands beside it");
}

#[test]
fn what_ends_together_ends_in_parts_so_that_nobody_waits_for_all_of_it() {
    let mut engine = engine();
    engine.blocks_max = 2_500;
    let texts: Vec<String> = (0..2_500_u32)
        .map(|it| std::net::Ipv4Addr::from_bits(0x0b00_0000 + it).to_string())
        .collect();
    let entries: Vec<(&str, u64)> = texts.iter().map(|it| (it.as_str(), 60)).collect();
    import(&mut engine, &entries);
    let end = NOW + Duration::from_secs(60);
    let mut parts = Vec::new();
    while engine.poll_timeout().is_some_and(|due| due <= end) {
        engine.handle_timeout(end);
        parts.push(changes(&drain(&mut engine, end)).len());
    }
    assert_eq!(parts, [1_000, 1_000, 500]);
    assert!(texts.iter().all(|it| !is_blocked(&engine, it)));
}

#[test]
fn packing_changes_nothing_but_the_room() {
    let mut engine = engine();
    import(&mut engine, &[("203.0.113.1", 60), ("198.18.7.0/24", 3600)]);
    order(&mut engine, NOW, block("203.0.113.1", 90)).0.unwrap();
    let held = |engine: &Engine| {
        let blocks = engine.blocks().map(|(it, held)| (*it, held.to_vec()));
        (blocks.collect::<Vec<_>>(), engine.ruleset().clone())
    };
    let (before, due) = (held(&engine), engine.poll_timeout());
    assert_eq!(before.0.len(), 2);
    engine.pack();
    assert_eq!((held(&engine), engine.poll_timeout()), (before, due));
    pass(&mut engine, NOW + Duration::from_secs(60));
    assert!(is_blocked(&engine, "203.0.113.1") && is_blocked(&engine, "198.18.7.9"));
    pass(&mut engine, NOW + Duration::from_secs(90));
    assert!(!is_blocked(&engine, "203.0.113.1") && is_blocked(&engine, "198.18.7.9"));
}
