//! The decoders of what nodes say to each other about files: any bytes are read or refused, and what is
//! read has no other spelling.

#![no_main]

use aegis_net::{
    Identity,
    file::{
        ANNOUNCEMENT_DOMAIN, decode, decode_query, decode_reply, encode_query, encode_reply, sign,
    },
};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;

const SECRET: [u8; 32] = [7; 32];

/// The bytes of an announcement that are its author, and those that are its signature.
const AUTHOR: std::ops::Range<usize> = 1..33;
const SIGNATURE_BYTES: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(query) = decode_query(bytes) {
        assert_eq!(encode_query(&query), bytes);
    }
    if let Ok(reply) = decode_reply(bytes.to_vec()) {
        assert_eq!(encode_reply(reply), bytes);
    }
    let _ = decode(bytes);
    if bytes.len() > AUTHOR.end + SIGNATURE_BYTES {
        check(bytes);
    }
});

/// Signs an announcement as somebody else, since random bytes have no valid signature; what is read,
/// written again, is the same.
fn check(bytes: &[u8]) {
    let key = SigningKey::from_bytes(&SECRET);
    let mut said = bytes[..bytes.len() - SIGNATURE_BYTES].to_vec();
    said[AUTHOR].copy_from_slice(key.verifying_key().as_bytes());
    let signature = key.sign(&[ANNOUNCEMENT_DOMAIN, &said].concat());
    said.extend(signature.to_bytes());
    if let Ok(announcement) = decode(&said) {
        let again = sign(announcement.offer().clone(), &Identity::from_secret(SECRET));
        assert_eq!(again, announcement);
    }
}
