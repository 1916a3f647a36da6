//! Bodies and words of the HTTP API: any bytes are read or refused, and what is read can be written and
//! read again as the same.
//!
//! The first byte says as what the rest is read.

#![no_main]

use aegis_api::{
    AllowNameRequest, AllowRequest, BlockRequest, Description, EnforceRequest, FileApplyRequest,
    HistoryId, HostName, ImportRequest, Indicator, InvitationId, JoinRequest, KeyCreateRequest,
    KeyName, MembershipRequest, Moment, NodeId, OrganisationCreateRequest,
    OrganisationTrustRequest, PreviewRequest, PublishRequest, Region, RegionRequest, ReportSource,
    ReportWithdrawRequest, ReportsRequest, RevokeRequest, ShareRequest, ThreatType,
    TicketJoinRequest, TicketRequest, TrustRequest, UnblockRequest,
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    match kind % 32 {
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
        16 => body::<ReportsRequest>(rest),
        17 => body::<ReportWithdrawRequest>(rest),
        18 => body::<PreviewRequest>(rest),
        19 => body::<EnforceRequest>(rest),
        20 => body::<AllowNameRequest>(rest),
        21 => body::<RegionRequest>(rest),
        22 => body::<TicketJoinRequest>(rest),
        23 => body::<OrganisationCreateRequest>(rest),
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
    if let Ok(it) = text.parse::<NodeId>() {
        assert_eq!(it.to_string(), text);
    }
    if let Ok(it) = text.parse::<InvitationId>() {
        assert_eq!(it.to_string().parse(), Ok(it));
    }
    if let Ok(it) = text.parse::<HostName>() {
        assert_eq!(it.to_string().parse::<HostName>(), Ok(it));
        assert!(
            text.parse::<std::net::IpAddr>().is_err(),
            "no address is a name"
        );
    }
    if let Ok(it) = text.parse::<Region>() {
        assert_eq!(it.to_string().parse(), Ok(it));
    }
    if let Ok(it) = text.parse::<ReportSource>() {
        assert_eq!(it.as_str(), text);
    }
    if let Ok(it) = text.parse::<ThreatType>() {
        assert_eq!(it.as_str(), text);
    }
    if let Ok(it) = text.parse::<Description>() {
        assert_eq!(it.as_str(), text);
    }
}
