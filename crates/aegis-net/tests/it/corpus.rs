//! The fuzzer's corpus, replayed: what it holds is read or refused, and never more than that.

use std::{fs, path::Path};

use aegis_core::ALERT_BYTES_MAX;
use aegis_net::wire::{self, WireError};

#[test]
fn every_message_of_the_corpus_is_read_or_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decode_alert");
    let (mut valid, mut invalid) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let decoded = wire::decode(&bytes);
        match name.split('-').next().unwrap() {
            "valid" => {
                let alert = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(&**alert.wire(), bytes, "{name}");
                valid += 1;
            }
            kind => {
                assert_eq!(kind_of(decoded.unwrap_err()), kind, "{name}");
                invalid += 1;
            }
        }
    }
    assert!(
        valid >= 5 && invalid >= 15,
        "{valid} valid, {invalid} invalid"
    );
}

fn kind_of(error: WireError) -> &'static str {
    match error {
        WireError::TooLong { bytes } => {
            assert!(bytes > ALERT_BYTES_MAX);
            "long"
        }
        WireError::NotJson => "json",
        WireError::NotCanonical => "spelling",
        WireError::Missing { .. } => "missing",
        WireError::Field { .. } => "field",
        WireError::Signature => "signature",
    }
}
