//! The message decoder: any bytes are read or refused, and what is read holds every rule.

#![no_main]

use aegis_core::{ALERT_BYTES_MAX, AlertId};
use aegis_net::{Identity, wire};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Random bytes have no valid signature, so that what lies behind it is reached another way: what
    // keeps every other rule is signed anew, and must then be read as what it said.
    if let Ok(message) = wire::Unverified::parse(bytes) {
        let identity = Identity::from_secret([7; 32]);
        let alert = wire::sign(message.statement(), &identity);
        let again = wire::decode(alert.wire()).expect("what is signed here is read here");
        assert_eq!(again, alert);
        assert_eq!(again.statement(), message.statement());
        assert!(alert.wire().len() <= ALERT_BYTES_MAX);
    }
    if let Ok(alert) = wire::decode(bytes) {
        assert!(bytes.len() <= ALERT_BYTES_MAX);
        assert_eq!(&**alert.wire(), bytes);
        assert_eq!(alert.id(), AlertId::of(bytes));
    }
});
