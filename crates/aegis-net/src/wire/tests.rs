//! Every rule of the threat message, at its edges.

use aegis_core::{ALERT_BYTES_MAX, AlertId, BlockDuration, Evidence, Severity, ThreatType};
use serde_json::json;

use super::*;

mod random;

const SECS: u64 = 1_763_640_000;

fn identity() -> Identity {
    Identity::from_secret([7; 32])
}

fn statement() -> Statement {
    Statement {
        indicator: "203.0.113.7".parse().unwrap(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at: Timestamp::from_secs(SECS),
        block_for: BlockDuration::from_secs(300).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    }
}

/// Returns the fields of a valid message, without the signature.
fn fields() -> Map<String, Value> {
    fields::write(&statement(), identity().node_id())
}

/// Returns the message with these fields, signed as they are: rules must hold whoever signs.
fn signed(mut object: Map<String, Value>) -> Vec<u8> {
    let signature = identity().sign(&signed_bytes(&object).unwrap());
    let text = BASE64.encode(signature.to_bytes());
    object.insert("signature".into(), text.into());
    canonical(&object).unwrap()
}

fn with(field: &str, value: Value) -> Vec<u8> {
    let mut object = fields();
    object.insert(field.to_owned(), value);
    signed(object)
}

fn without(field: &str) -> Vec<u8> {
    let mut object = fields();
    object.remove(field);
    signed(object)
}

#[track_caller]
fn accepts(field: &str, value: Value) -> Statement {
    let bytes = with(field, value);
    decode(&bytes).unwrap().statement().clone()
}

#[track_caller]
fn refuses(field: &'static str, value: Value) {
    let shown = value.to_string();
    match decode(&with(field, value)) {
        Err(WireError::Field { field: it, .. }) => assert_eq!(it, field, "{shown}"),
        other => panic!("{field} = {shown}: {other:?}"),
    }
}

#[test]
fn a_signed_statement_is_read_as_it_was_made() {
    let all = Statement {
        description: Some("4,000 SYN/s \"quoted\" \\ é €".parse().unwrap()),
        withdraws: Some(AlertId::of(b"earlier")),
        evidence: Evidence::Spoofable,
        indicator: "2001:db8::/48".parse().unwrap(),
        ..statement()
    };
    for said in [statement(), all] {
        let alert = sign(&said, &identity());
        assert_eq!(alert.statement(), &said);
        assert_eq!(alert.author(), identity().node_id());
        assert_eq!(decode(alert.wire()).unwrap(), alert);
        assert_eq!(alert.id(), AlertId::of(alert.wire()));
    }
}

#[test]
fn a_signed_statement_says_whole_seconds() {
    let said = Statement {
        stated_at: Timestamp::from_millis(SECS * 1000 + 999),
        ..statement()
    };
    let alert = sign(&said, &identity());
    assert_eq!(alert.statement().stated_at, Timestamp::from_secs(SECS));
    assert_eq!(decode(alert.wire()).unwrap(), alert);
}

#[test]
fn any_address_parses() {
    for text in [
        "0.0.0.0",
        "255.255.255.255",
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.100",
        "203.0.113.0/24",
        "0.0.0.0/0",
        "::",
        "::1",
        "2001:db8::1",
        "2001:db8::/48",
    ] {
        assert_eq!(accepts("ip", json!(text)).indicator.to_string(), text);
    }
}

#[test]
fn an_address_has_one_spelling() {
    for text in [
        "256.0.0.1",
        "1.2.3",
        "01.2.3.4",
        "1.2.3.4/32",
        "203.0.113.7/24",
        "203.0.113.0/024",
        "203.0.113.0/33",
        "2001:DB8::1",
        "2001:db8:0::1",
        "::ffff:1.2.3.4",
        "::ffff:102:304",
        "fe80::1%eth0",
        " 1.2.3.4",
        "1.2.3.4\n",
        "",
        "example.org",
    ] {
        refuses("ip", json!(text));
    }
    refuses("ip", json!(16_909_060));
    refuses("ip", json!(null));
}

#[test]
fn severity_is_an_integer_from_1_to_10() {
    for it in [1, 10] {
        assert_eq!(accepts("severity", json!(it)).severity.value(), it);
    }
    for it in [
        json!(0),
        json!(11),
        json!(-1),
        json!(257),
        json!(5.5),
        json!("5"),
        json!(true),
    ] {
        refuses("severity", it);
    }
}

#[test]
fn block_duration_is_an_integer_from_1_to_86400() {
    for it in [1, 86_400] {
        assert_eq!(
            accepts("block_duration_secs", json!(it))
                .block_for
                .as_secs(),
            it
        );
    }
    for it in [
        json!(0),
        json!(86_401),
        json!(-1),
        json!(1e20),
        json!(1.5),
        json!("300"),
    ] {
        refuses("block_duration_secs", it);
    }
}

#[test]
fn timestamp_is_a_whole_number_of_seconds() {
    for it in [0, SECS, (1 << 53) - 1] {
        let said = accepts("timestamp", json!(it));
        assert_eq!(said.stated_at.as_secs(), it);
    }
    for it in [
        json!(1u64 << 53),
        json!(-1),
        json!(1.5),
        json!("1"),
        json!(1e300),
    ] {
        refuses("timestamp", it);
    }
}

#[test]
fn threat_type_is_a_short_plain_name() {
    for it in ["syn_flood", "x", "a-b.c_9", &"a".repeat(64)] {
        assert_eq!(accepts("threat_type", json!(it)).threat_type.as_str(), it);
    }
    for it in ["", "SYN", "a b", "é", "a/b", &"a".repeat(65)] {
        refuses("threat_type", json!(it));
    }
}

#[test]
fn description_is_short_and_printable() {
    for it in ["", &"d".repeat(512), "<script>", "\u{202e}"] {
        let said = accepts("description", json!(it)).description.unwrap();
        assert_eq!(said.as_str(), it);
    }
    for it in [
        &*"d".repeat(513),
        &"é".repeat(257),
        "a\nb",
        "\u{1b}[31m",
        "\0",
        "\u{7f}",
        "\u{9b}",
    ] {
        refuses("description", json!(it));
    }
    refuses("description", json!(null));
}

#[test]
fn evidence_is_one_of_two_words_and_absent_means_spoofable() {
    assert_eq!(
        accepts("evidence", json!("verified")).evidence,
        Evidence::Verified
    );
    assert_eq!(
        accepts("evidence", json!("spoofable")).evidence,
        Evidence::Spoofable
    );
    let absent = decode(&without("evidence")).unwrap();
    assert_eq!(absent.statement().evidence, Evidence::Spoofable);
    for it in [json!("proven"), json!("Verified"), json!(true), json!(null)] {
        refuses("evidence", it);
    }
}

#[test]
fn withdraws_is_an_alert_id() {
    let id = "0123456789abcdef0123456789abcdef";
    let said = accepts("withdraws", json!(id));
    assert_eq!(said.withdraws.unwrap().to_string(), id);
    for it in [&id[1..], &id.to_uppercase(), "", &format!("{id}0")] {
        refuses("withdraws", json!(it));
    }
    refuses("withdraws", json!(null));
}

#[test]
fn source_node_is_a_peer_id_in_one_spelling() {
    for it in [
        "",
        "12D3KooW",
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        "0OIl",
    ] {
        refuses("source_node", json!(it));
    }
}

#[test]
fn every_other_field_must_be_there() {
    for field in [
        "ip",
        "threat_type",
        "severity",
        "timestamp",
        "block_duration_secs",
        "source_node",
    ] {
        let missing = WireError::Missing { field };
        assert_eq!(decode(&without(field)), Err(missing), "{field}");
    }
    let unsigned = canonical(&fields()).unwrap();
    let missing = WireError::Missing { field: "signature" };
    assert_eq!(decode(&unsigned), Err(missing));
}

#[test]
fn a_signature_has_one_spelling() {
    let message = signed(fields());
    let text = String::from_utf8(message).unwrap();
    let (start, rest) = text.split_once(r#""signature":""#).unwrap();
    let (signature, end) = rest.split_once('"').unwrap();
    let respell = |signature: &str| format!(r#"{start}"signature":"{signature}"{end}"#);
    assert!(decode(respell(signature).as_bytes()).is_ok());
    // The last character before the padding has four unused bits: set, they spell the same bytes.
    let mut bits = signature.to_owned();
    let last = bits.remove(85);
    assert!("AQgw".contains(last));
    bits.insert(85, char::from(last as u8 + 1));
    for other in [
        &bits,
        signature.trim_end_matches('='),
        &signature.replace('=', "A"),
        &format!("{signature}AAAA"),
        "",
    ] {
        let broken = decode(respell(other).as_bytes());
        let is_refused = matches!(
            broken,
            Err(WireError::Field {
                field: "signature",
                ..
            })
        );
        assert!(is_refused, "{other}: {broken:?}");
    }
}

#[test]
fn a_signature_by_another_key_or_over_other_fields_is_forged() {
    let mut object = fields();
    let other = Identity::from_secret([8; 32]);
    object.insert("source_node".into(), other.node_id().to_string().into());
    assert_eq!(decode(&signed(object)), Err(WireError::Signature));

    let text = String::from_utf8(signed(fields())).unwrap();
    let other = text.replace(r#""severity":9"#, r#""severity":1"#);
    assert_eq!(decode(other.as_bytes()), Err(WireError::Signature));
}

#[test]
fn a_signature_for_another_purpose_does_not_fit() {
    let mut object = fields();
    let bare = canonical(&object).unwrap();
    let text = BASE64.encode(identity().sign(&bare).to_bytes());
    object.insert("signature".into(), text.into());
    assert_eq!(
        decode(&canonical(&object).unwrap()),
        Err(WireError::Signature)
    );
}

/// A key of small order verifies much that nobody signed; strict verification refuses it.
#[test]
fn a_weak_key_signs_nothing() {
    let mut object = fields();
    let mut key = [0; 32];
    key[0] = 1; // the neutral element
    let author = NodeId::from_public_key(key);
    object.insert("source_node".into(), author.to_string().into());
    let mut signature = [0; 64];
    signature[0] = 1;
    object.insert("signature".into(), BASE64.encode(signature).into());
    assert_eq!(
        decode(&canonical(&object).unwrap()),
        Err(WireError::Signature)
    );
}

#[test]
fn every_other_spelling_is_refused() {
    let text = String::from_utf8(signed(fields())).unwrap();
    let rest = text.strip_prefix('{').unwrap();
    for (why, respelled) in [
        ("a space", text.replacen(':', ": ", 1)),
        ("a newline at the end", format!("{text}\n")),
        ("another order", {
            let ip = r#""ip":"203.0.113.7","#;
            format!("{{{ip}{}", rest.replacen(ip, "", 1))
        }),
        (
            "a key twice",
            format!(r#"{{"block_duration_secs":300,{rest}"#),
        ),
        (
            "a key twice, another value first",
            format!(r#"{{"block_duration_secs":1,{rest}"#),
        ),
        ("a number as a fraction", text.replace(":300,", ":300.0,")),
        ("a number with an exponent", text.replace(":300,", ":3e2,")),
        (
            "an escape without need",
            text.replace("syn_flood", r"syn\u005fflood"),
        ),
        ("an escaped slash", text.replace("syn_flood", r"syn\/flood")),
    ] {
        assert_ne!(respelled, text, "{why}");
        assert_eq!(
            decode(respelled.as_bytes()),
            Err(WireError::NotCanonical),
            "{why}"
        );
    }
}

#[test]
fn what_is_no_json_object_is_refused() {
    let text = String::from_utf8(signed(fields())).unwrap();
    let deep = "[".repeat(4096);
    for bytes in [
        b"".as_slice(),
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        deep.as_bytes(),
        format!("\u{feff}{text}").as_bytes(),
        format!("{text}{text}").as_bytes(),
        text.replace(":300,", ":0300,").as_bytes(),
        text.replace("syn_flood", "\\ud800").as_bytes(),
        text.replace(":300,", ":NaN,").as_bytes(),
    ] {
        assert_eq!(
            decode(bytes),
            Err(WireError::NotJson),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn a_message_has_at_most_4096_bytes() {
    let overhead = with("x", json!("")).len();
    let filled = |bytes: usize| with("x", json!("x".repeat(bytes - overhead)));
    assert_eq!(filled(ALERT_BYTES_MAX).len(), 4096);
    assert!(decode(&filled(4096)).is_ok());
    assert_eq!(
        decode(&filled(4097)),
        Err(WireError::TooLong { bytes: 4097 })
    );
}

#[test]
fn an_unknown_field_is_signed_and_kept() {
    let message = with("x_note", json!({"b": [1, 0.5, null], "a": "é"}));
    let alert = decode(&message).unwrap();
    assert_eq!(&**alert.wire(), message);
    assert_eq!(alert.statement(), &statement());
    let text = String::from_utf8(message).unwrap();
    let other = text.replace("0.5", "0.25");
    assert_eq!(decode(other.as_bytes()), Err(WireError::Signature));
    let (before, after) = text.split_once(r#""x_note":"#).unwrap();
    let cut = format!("{}}}", before.trim_end_matches(','));
    assert!(after.ends_with("}}"));
    assert_eq!(decode(cut.as_bytes()), Err(WireError::Signature));
}

#[test]
fn the_author_is_seen_at_a_glance() {
    let author = Some(identity().node_id());
    assert_eq!(author_at_a_glance(&signed(fields())), author);
    let quoted = with("description", json!(r#""source_node":"x""#));
    assert_eq!(author_at_a_glance(&quoted), author);
    let nested = with("a", json!({"source_node": "x"}));
    assert_eq!(author_at_a_glance(&nested), None);
    for bytes in [b"".as_slice(), b"{}", b"\xff", br#"{"source_node":"12D3""#] {
        assert_eq!(author_at_a_glance(bytes), None);
    }
}

/// The worked example of `docs/protocol.md`.
#[test]
fn the_worked_example_is_what_the_documentation_shows() {
    let alert = sign(&statement(), &identity());
    let page = include_str!("../../../../docs/protocol.md");
    let wire = std::str::from_utf8(alert.wire()).unwrap();
    assert!(page.contains(wire), "missing: {wire}");
    assert!(
        page.contains(&alert.id().to_string()),
        "missing: {}",
        alert.id()
    );
}
