//! What a person reads of where the node can be reached.

use super::*;

fn place(reachability: Reachability) -> Place {
    Place {
        reachability,
        external: Vec::new(),
        relays: Vec::new(),
        seen_at: Vec::new(),
        in_vain: Vec::new(),
        reservations: 0,
        circuits: 0,
        relayed: 0,
        outbound: 0,
        low: 12,
        target: 50,
        high: 80,
        trimmed: 0,
    }
}

#[track_caller]
fn says(place: &Place, state: State, detail: &str) {
    let check = check(place);
    assert_eq!((check.state, check.detail.as_str()), (state, detail));
    assert_eq!(check.why.is_none(), state == State::Ok);
    assert_eq!(check.fix.is_some(), state == State::Warn);
}

#[test]
fn where_the_node_is_reached_is_told_with_what_is_to_be_done() {
    let public = Place {
        external: vec!["/ip4/203.0.113.1/tcp/9001".into()],
        ..place(Reachability::Public)
    };
    says(
        &public,
        State::Ok,
        "others reach this node at /ip4/203.0.113.1/tcp/9001",
    );
    says(
        &place(Reachability::Unknown),
        State::Note,
        "whether others reach this node is not known yet",
    );
    let alone = Place {
        seen_at: vec![
            "/ip4/203.0.113.1/tcp/9001".into(),
            "/ip4/203.0.113.1/udp/9001/quic-v1".into(),
        ],
        in_vain: vec!["/ip4/203.0.113.1/tcp/9001".into()],
        ..place(Reachability::Private)
    };
    says(
        &alone,
        State::Warn,
        "this node is behind a router, seen at /ip4/203.0.113.1/tcp/9001 (nobody gets in), \
         /ip4/203.0.113.1/udp/9001/quic-v1, and over no relay",
    );
    let relayed = Place {
        relays: vec!["12D3KooWA".into()],
        ..place(Reachability::Private)
    };
    says(
        &relayed,
        State::Note,
        "this node is behind a router; others reach it over 12D3KooWA",
    );
}
