//! The decoders of questions and answers: any bytes are read or refused, and what is read has no other
//! spelling.

#![no_main]

use aegis_core::{NodeId, Testimony};
use aegis_net::{
    Identity,
    ask::{self, AskError, TESTIMONY_BYTES_MAX, TESTIMONY_DOMAIN, Unverified},
};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;

const SECRET: [u8; 32] = [7; 32];

/// The bytes of a testimony that are its author, and those that are its signature.
const AUTHOR: std::ops::Range<usize> = 2..34;
const SIGNATURE_BYTES: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(question) = ask::decode_question(bytes) {
        assert_eq!(ask::encode_question(&question).as_deref(), Some(bytes));
    }
    if let Ok((subject, wait)) = ask::decode_question_about(bytes) {
        assert_eq!(ask::encode_question_about(subject, wait), bytes);
    }
    if let Ok(recommendation) = ask::decode_recommendation(bytes) {
        assert_eq!(ask::encode_recommendation(recommendation.as_ref()), bytes);
    }
    if let Ok(answer) = ask::decode_answer(bytes) {
        let signed: Vec<u8> = answer.iter().flat_map(|it| it.signed().to_vec()).collect();
        assert_eq!(signed, bytes[2..]);
    }
    if let Ok(testimony) = Unverified::parse(bytes) {
        assert_eq!(&**testimony.signed(), bytes);
        let _ = testimony.verify();
        match signed_anew(bytes) {
            Ok(testimony) => check(&testimony),
            Err(error) => assert!(matches!(error, AskError::OutOfRange { .. }), "{error}"),
        }
    }
});

/// Signs a testimony as somebody else, since random bytes have no valid signature.
fn signed_anew(bytes: &[u8]) -> Result<Testimony, AskError> {
    let key = SigningKey::from_bytes(&SECRET);
    let mut said = bytes[..bytes.len() - SIGNATURE_BYTES].to_vec();
    said[AUTHOR].copy_from_slice(key.verifying_key().as_bytes());
    let signature = key.sign(&[TESTIMONY_DOMAIN, &said].concat());
    said.extend(signature.to_bytes());
    Unverified::parse(&said)?.verify()
}

/// What is read, written again, is the same.
fn check(testimony: &Testimony) {
    let identity = Identity::from_secret(SECRET);
    let author: NodeId = identity.node_id();
    let content = (testimony.topic, testimony.opinion);
    let again = ask::sign(testimony.stated_at, testimony.indicator, content, &identity);
    assert_eq!(&again, testimony);
    assert_eq!(testimony.author, author);
    assert!(testimony.signed.len() <= TESTIMONY_BYTES_MAX);
}
