//! Bodies of `POST /v1/alerts` of the Local API, from a machine that has logged in: any bytes are
//! read or refused, and what is inflated stays within its bound.

#![no_main]

use aegis_api::read_alerts;
use libfuzzer_sys::fuzz_target;

const BYTES_MAX: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Some(asked) = read_alerts(bytes, BYTES_MAX) else {
        return;
    };
    // The shortest decision is `{}`, with a comma.
    assert!(asked <= BYTES_MAX.max(bytes.len()) / 2);
    assert_eq!(read_alerts(bytes, BYTES_MAX), Some(asked));
});
