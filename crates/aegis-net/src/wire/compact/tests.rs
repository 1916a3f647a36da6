//! What packing saves, and what it refuses.

use aegis_core::ThreatType;
use serde_json::{Map, json};

use super::*;
use crate::{
    Identity,
    wire::{decode, sign, signed_bytes},
};

fn statement() -> Statement {
    Statement {
        indicator: "203.0.113.7".parse().unwrap(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        stated_at: Timestamp::from_secs(1_763_640_000),
        block_for: BlockDuration::MAX,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    }
}

fn identity() -> Identity {
    Identity::from_secret([7; 32])
}

#[test]
fn a_usual_message_takes_less_than_a_third() {
    let alert = sign(&statement(), &identity());
    let packed = pack(&alert).unwrap();
    assert_eq!((packed.len(), alert.wire().len()), (92, 305));
}

#[test]
fn what_would_not_come_back_byte_by_byte_is_not_packed() {
    let check = |field: &str, value: Option<Value>| {
        let mut object: Map<String, Value> = fields::write(&statement(), identity().node_id());
        match value {
            Some(value) => object.insert(field.to_owned(), value),
            None => object.remove(field),
        };
        let signature = identity().sign(&signed_bytes(&object).unwrap());
        let text = BASE64.encode(signature.to_bytes());
        object.insert("signature".to_owned(), text.into());
        let alert = decode(&canonical_of_ours(&object)).unwrap();
        assert_eq!(pack(&alert), None, "{field}");
    };
    check("added_later", Some(json!([1, "two"])));
    check("evidence", None); // means `spoofable`, which would be written
}

#[test]
fn what_somebody_else_signed_is_not_the_author_s() {
    let packed = pack(&sign(&statement(), &identity())).unwrap();
    let other = Identity::from_secret([8; 32]).node_id();
    let unpacked = unpack(other, &packed).unwrap();
    assert!(decode(&unpacked).is_err());
}

#[test]
fn what_is_cut_short_or_has_more_is_refused() {
    let packed = pack(&sign(&statement(), &identity())).unwrap();
    let author = identity().node_id();
    for bytes in 0..packed.len() {
        let unpacked = unpack(author, &packed[..bytes]);
        assert!(unpacked.is_none_or(|it| decode(&it).is_err()), "{bytes}");
    }
    let longer = [&packed[..], b"more"].concat();
    assert_eq!(unpack(author, &longer), None);
    let unknown_flag = [&[packed[0] | 1 << 7], &packed[1..]].concat();
    assert_eq!(unpack(author, &unknown_flag), None);
}
