//! Safety, as a scripted node answers.

use std::num::NonZeroU32;

use aegis_api::{
    AllowName, AllowNameList, ApiError, Confirmation, Contact, ContactKind, ErrorCode, HostName,
    ModeState, NameDisallowed, NamedAddress, NodeMode, ProtectedLine, ProtectedList, Region,
    RegionBlock, RegionList, RegionUnblocked, Reply, SafetyReply, SafetyRequest, Summary,
    SummaryLine, Traffic,
};

use super::{NOW, ip, location};

/// Answers a request. Whoever confirms does so from the same login.
pub(crate) fn reply(request: &SafetyRequest) -> Result<Reply, ApiError> {
    let reply = match request {
        SafetyRequest::Enforce(it) => SafetyReply::Mode(mode(
            NodeMode::Enforce,
            it.confirm_secs.map(NonZeroU32::get),
        )),
        SafetyRequest::Confirm => {
            let message = "this login was there before";
            return Err(ApiError::new(ErrorCode::Denied, message));
        }
        SafetyRequest::Observe => SafetyReply::Mode(mode(NodeMode::Observe, None)),
        SafetyRequest::Protected => SafetyReply::Protected(protected()),
        SafetyRequest::Summary(_) => SafetyReply::Summary(summary()),
        SafetyRequest::AllowName(it) => SafetyReply::Name(named(it.name.clone())),
        SafetyRequest::DisallowName(it) => SafetyReply::NameDisallowed(NameDisallowed {
            name: it.clone(),
            was_allowed: it.as_str() == "office.example",
        }),
        SafetyRequest::BlockRegion(it) => SafetyReply::Region(region_block(it.region)),
        SafetyRequest::UnblockRegion(it) => SafetyReply::RegionUnblocked(RegionUnblocked {
            region: *it,
            was_blocked: *it == Region::Asn(64_500),
            at: NOW,
        }),
        SafetyRequest::Regions => SafetyReply::Regions(RegionList {
            regions: vec![region_block(Region::Asn(64_500))],
            databases: vec!["/var/lib/places.mmdb".into()],
            problem: Some("damaged".into()),
        }),
        SafetyRequest::AllowNames => SafetyReply::Names(AllowNameList {
            names: vec![named("office.example".parse().expect("a name"))],
        }),
    };
    Ok(Reply::Safety(Box::new(reply)))
}

pub(crate) fn mode(mode: NodeMode, secs: Option<u32>) -> ModeState {
    ModeState {
        mode,
        changed: true,
        confirmation: secs.map(confirmation),
    }
}

pub(crate) fn confirmation(secs: u32) -> Confirmation {
    Confirmation {
        until: NOW,
        ttl_secs: secs.into(),
        by_kernel: true,
    }
}

fn protected() -> ProtectedList {
    let line = |indicator, kind: &str, reason: &str| ProtectedLine {
        indicator: ip(indicator),
        kind: kind.into(),
        reason: reason.into(),
    };
    ProtectedList {
        protected: vec![
            line("127.0.0.0/8", "loopback", "a loopback address"),
            line("192.0.2.1", "gateway", "a default gateway of this host"),
        ],
    }
}

/// Two sources, of which somebody is one.
pub(crate) fn summary() -> Summary {
    let line = |indicator, origin: &str, packets, contact| SummaryLine {
        indicator: ip(indicator),
        origin: origin.into(),
        reason: "syn_flood".into(),
        blocks: 2,
        first_at: NOW,
        last_at: NOW,
        active: true,
        location: Some(location()),
        traffic: Some(Traffic {
            packets,
            bytes: packets * 60,
        }),
        contact,
    };
    let contact = Contact {
        address: ip("203.0.113.9").address(),
        kind: ContactKind::Login,
        at: NOW,
    };
    Summary {
        since: NOW,
        until: NOW,
        mode: NodeMode::Observe,
        observing_since: Some(NOW),
        sources: 2,
        by_origin: [("detector".into(), 1), ("peers".into(), 1)].into(),
        by_reason: [("syn_flood".into(), 2)].into(),
        by_country: [("DE".into(), 2)].into(),
        by_asn: [("AS64500".into(), 2)].into(),
        traffic_by_origin: None,
        contacts: 1,
        contacts_since: NOW,
        truncated: false,
        lines: vec![
            line("203.0.113.9", "peers", 7, Some(contact)),
            line("203.0.113.7", "detector", 99, None),
        ],
    }
}

/// A name with one address.
pub(crate) fn named(name: HostName) -> AllowName {
    AllowName {
        name,
        added_at: NOW,
        comment: None,
        addresses: vec![NamedAddress {
            address: ip("192.0.2.7").address(),
            age_secs: 59,
        }],
        resolved_at: Some(NOW),
        age_secs: Some(59),
        problem: Some("no answer".into()),
    }
}

fn region_block(region: Region) -> RegionBlock {
    RegionBlock {
        region,
        configured: false,
        expires_at: Some(NOW),
        prefixes: 3,
        blocked: 2,
        problem: None,
    }
}
