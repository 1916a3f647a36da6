//! Trust in a peer: shown, set, forgotten; and which peer is meant.

use aegis_api::{Client, NodeId, PageQuery, TrustRequest};

use super::{Failure, empty_page, peers};
use crate::{
    Outcome, Screen,
    command::{PeerArg, TrustArgs, TrustCommand},
    report,
};

/// Peers that are named at most where several may be meant.
const CANDIDATES_MAX: usize = 8;

/// Does what `trust` asks for.
pub(super) async fn trust(
    args: TrustArgs,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<Outcome, Failure> {
    match args {
        TrustArgs::List => {
            peers(client, screen).await?;
            Ok(Outcome::Done)
        }
        TrustArgs::Show(peer) => {
            let trust = client.trust(find(peer, client).await?).await?;
            screen.show(&trust, report::trust)?;
            Ok(Outcome::answer(trust.known))
        }
        TrustArgs::Change(TrustCommand::Set { peer, trust, fixed }) => {
            let peer = find(peer, client).await?;
            let request = TrustRequest { peer, trust, fixed };
            let set = client.set_trust(&request).await?;
            screen.show(&set, report::trust_set)?;
            Ok(Outcome::Done)
        }
        TrustArgs::Change(TrustCommand::Forget { peer }) => {
            let forgotten = client.forget_trust(find(peer, client).await?).await?;
            screen.show(&forgotten, report::trust_forgotten)?;
            Ok(Outcome::answer(forgotten.was_known))
        }
    }
}

/// Returns the peer that is meant: a whole ID as it is, a part as the one known ID that has it.
pub(super) async fn find(peer: PeerArg, client: &Client) -> Result<NodeId, Failure> {
    let part = match peer {
        PeerArg::Id(id) => return Ok(id),
        PeerArg::Part(part) => part,
    };
    let (mut candidates, mut count) = (Vec::new(), 0);
    let mut query = PageQuery::default();
    loop {
        let page = client.peers(query).await?;
        for peer in page.items.iter().filter(|it| is_part(&part, &it.peer)) {
            count += 1;
            if candidates.len() < CANDIDATES_MAX {
                candidates.push(peer.peer);
            }
        }
        if page.next.is_none() {
            break;
        }
        let last = page.items.last().map(|it| it.peer);
        query = PageQuery::default().after(last.ok_or_else(empty_page)?);
    }
    match candidates.as_slice() {
        [only] => Ok(*only),
        [] => Err(Failure::Refused("unknown_peer", unknown(&part))),
        several => Err(Failure::Refused(
            "ambiguous_peer",
            ambiguous(&part, several, count),
        )),
    }
}

fn is_part(part: &str, peer: &NodeId) -> bool {
    let id = peer.to_string();
    id.starts_with(part) || id.ends_with(part)
}

fn unknown(part: &str) -> String {
    format!("no known peer's ID starts or ends with {part}")
}

/// Names those that may be meant, of so many.
pub(super) fn ambiguous(part: &str, candidates: &[NodeId], count: usize) -> String {
    let mut text = format!("{part} may be any of {count} peers:");
    for candidate in candidates {
        text.push_str(&format!("\n  {candidate}"));
    }
    if count > candidates.len() {
        text.push_str(&format!("\n  and {} more", count - candidates.len()));
    }
    text
}
