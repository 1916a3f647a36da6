//! The decoders of sync requests and answers: any bytes are read or refused, and what is read has no
//! other spelling.

#![no_main]

use std::sync::Arc;

use aegis_core::sync::{Answer, Request};
use aegis_net::sync;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = sync::read_request(bytes) {
        assert_eq!(sync::encode_request(request), bytes);
    }
    if let Ok(answer) = sync::read_answer(bytes) {
        assert_eq!(sync::encode_answer(answer), bytes);
    }
    // Without the length before them, and with alerts that nobody signed.
    if let Ok(request) = Request::<Arc<[u8]>>::decode(bytes) {
        assert_eq!(request.encode(), bytes);
    }
    if let Ok(answer) = Answer::<Arc<[u8]>>::decode(bytes) {
        assert_eq!(answer.encode(), bytes);
    }
});
