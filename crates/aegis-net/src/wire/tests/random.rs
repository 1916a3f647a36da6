//! The message rules under random input.

use std::net::IpAddr;

use aegis_core::{AlertId, BlockDuration, Evidence, Indicator, Severity};
use proptest::prelude::*;
use serde_json::json;

use super::*;

prop_compose! {
    fn any_statement()(
        ip in any::<IpAddr>(),
        prefix_len in 0..=128u8,
        threat_type in "[a-z0-9_.-]{1,64}",
        severity in 1..=10u8,
        secs in 0..1u64 << 53,
        block_for in 1..=86_400u64,
        verified in any::<bool>(),
        description in proptest::option::of("\\PC{0,128}"),
        withdraws in proptest::option::of(any::<[u8; 16]>()),
    ) -> Statement {
        let indicator = Indicator::prefix(ip, prefix_len).unwrap_or_else(|| Indicator::host(ip));
        Statement {
            indicator,
            threat_type: threat_type.parse().unwrap(),
            severity: Severity::new(severity).unwrap(),
            stated_at: Timestamp::from_secs(secs),
            block_for: BlockDuration::from_secs(block_for).unwrap(),
            evidence: if verified { Evidence::Verified } else { Evidence::Spoofable },
            description: description.map(|it| it.parse().unwrap()),
            withdraws: withdraws.map(AlertId::from_bytes),
        }
    }
}

proptest! {
    // Signatures are slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_signed_is_what_is_read(said in any_statement(), secret in any::<[u8; 32]>()) {
        let alert = sign(&said, &Identity::from_secret(secret));
        prop_assert!(alert.wire().len() <= ALERT_BYTES_MAX);
        prop_assert_eq!(alert.statement(), &said);
        prop_assert_eq!(decode(alert.wire()).unwrap(), alert);
    }

    #[test]
    fn what_is_packed_unpacks_to_the_very_bytes(said in any_statement(), secret in any::<[u8; 32]>()) {
        let alert = sign(&said, &Identity::from_secret(secret));
        let packed = compact::pack(&alert).unwrap();
        prop_assert!(packed.len() < alert.wire().len());
        prop_assert_eq!(&compact::unpack(alert.author(), &packed).unwrap()[..], &alert.wire()[..]);
    }

    #[test]
    fn a_flipped_bit_of_a_packed_message_is_noticed(
        at in any::<prop::sample::Index>(),
        bit in 0..8u32,
    ) {
        let alert = sign(&statement(), &identity());
        let mut packed = compact::pack(&alert).unwrap();
        let at = at.index(packed.len());
        packed[at] ^= 1 << bit;
        let unpacked = compact::unpack(alert.author(), &packed);
        prop_assert!(unpacked.is_none_or(|it| decode(&it).is_err()));
    }

    #[test]
    fn no_bytes_make_unpacking_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = compact::unpack(identity().node_id(), &bytes);
    }

    #[test]
    fn one_flipped_bit_is_noticed(at in any::<prop::sample::Index>(), bit in 0..8u32) {
        let mut wire = sign(&statement(), &identity()).wire().to_vec();
        let at = at.index(wire.len());
        wire[at] ^= 1 << bit;
        prop_assert!(decode(&wire).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn no_fields_make_it_panic(field in "[a-z_]{1,12}", text in "\\PC{0,40}", number in any::<f64>()) {
        for value in [json!(text), json!(number), json!([number]), json!({ &text: text })] {
            let _ = decode(&with(&field, value));
        }
    }
}
