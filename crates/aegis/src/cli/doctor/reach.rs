//! Whether others can reach the node that runs here, by which address, and over whom.

use aegis_api::{Place, Reachability};
use aegis_enforce::probe::{Check, State};

const NAME: &str = "reach";

/// Returns how a node that is so placed stands.
pub(super) fn check(place: &Place) -> Check {
    match place.reachability {
        Reachability::Public => Check {
            name: NAME,
            state: State::Ok,
            detail: format!("others reach this node at {}", place.external.join(", ")),
            why: None,
            fix: None,
        },
        Reachability::Unknown => Check {
            name: NAME,
            state: State::Note,
            detail: format!(
                "whether others reach this node is not known yet{}",
                seen(place)
            ),
            why: Some("a peer has to try, from outside this host's own network".to_owned()),
            fix: None,
        },
        Reachability::Private if place.relays.is_empty() => Check {
            name: NAME,
            state: State::Warn,
            detail: format!(
                "this node is behind a router{}, and over no relay",
                seen(place)
            ),
            why: Some("nodes outside its own network cannot connect to it".to_owned()),
            fix: Some(
                "have the router let TCP and UDP through to the port that the node listens on, or \
                 name a peer that relays (p2p.peers)"
                    .to_owned(),
            ),
        },
        Reachability::Private => Check {
            name: NAME,
            state: State::Note,
            detail: format!(
                "this node is behind a router{}; others reach it over {}",
                seen(place),
                place.relays.join(", ")
            ),
            why: Some("two nodes behind routers that keep no port stay on the relay".to_owned()),
            fix: None,
        },
    }
}

/// Returns where others see the node, and whether anybody got in there.
fn seen(place: &Place) -> String {
    if place.seen_at.is_empty() {
        return String::new();
    }
    let seen = place.seen_at.iter().map(|it| {
        if place.in_vain.contains(it) {
            format!("{it} (nobody gets in)")
        } else {
            it.clone()
        }
    });
    format!(", seen at {}", seen.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
