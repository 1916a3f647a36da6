//! Bodies and words of the HTTP API: any bytes are read or refused, and what is read can be written and
//! read again as the same.
//!
//! The first byte says as what the rest is read.

#![no_main]

use aegis_api::{
    AllowRequest, BlockRequest, Description, FileApplyRequest, HistoryId, ImportRequest, Indicator,
    JoinRequest, KeyCreateRequest, KeyName, MembershipRequest, Moment, OrganisationTrustRequest,
    PublishRequest, RevokeRequest, ShareRequest, TicketRequest, TrustRequest, UnblockRequest,
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    match kind % 16 {
        0 => body::<BlockRequest>(rest),
        1 => body::<PublishRequest>(rest),
        2 => body::<UnblockRequest>(rest),
        3 => body::<AllowRequest>(rest),
        4 => body::<ImportRequest>(rest),
        5 => body::<TrustRequest>(rest),
        6 => body::<FileApplyRequest>(rest),
        7 => body::<MembershipRequest>(rest),
        8 => body::<JoinRequest>(rest),
        9 => body::<OrganisationTrustRequest>(rest),
        10 => body::<RevokeRequest>(rest),
        11 => body::<TicketRequest>(rest),
        12 => body::<KeyCreateRequest>(rest),
        13 => body::<ShareRequest>(rest),
        _ => words(rest),
    }
});

fn body<T: DeserializeOwned + PartialEq + Serialize>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&read).expect("what was read can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert!(again == read);
}

fn words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(it) = text.parse::<Indicator>() {
        assert_eq!(it.to_string().parse(), Ok(it));
    }
    if let Ok(it) = text.parse::<Moment>() {
        assert_eq!(it.to_string().parse(), Ok(it));
    }
    if let Ok(it) = text.parse::<KeyName>() {
        assert_eq!(it.as_str(), text);
    }
    if let Ok(it) = text.parse::<HistoryId>() {
        assert_eq!(it.to_string().parse(), Ok(it));
    }
    if let Ok(it) = text.parse::<Description>() {
        assert_eq!(it.as_str(), text);
    }
}
