//! Being reached behind a router: what a node knows of it, and whom it lets in.

use aegis_api::{Place, Reachability, Route};
use aegis_net::{Address, Ticket};

use crate::support::{
    block,
    host::ip,
    routers::{
        Ports, behind_routers, id, let_through, public_addresses, start, until_placed,
        until_reached,
    },
    until, until_blocked, until_in,
    world::{World, cli},
};

/// How long checking addresses may take: it is done every 5 s, and one that nobody answers is
/// waited for as long as a connection is.
const CHECKED_WITHIN: std::time::Duration = std::time::Duration::from_secs(60);

#[tokio::test]
async fn netns_a_ticket_of_a_node_behind_a_router_lets_one_in_that_is_behind_another() {
    let Some(world) = behind_routers(Ports::Kept) else {
        return;
    };
    let r = start(&world, "r", "peers", &[]).await;
    let r_id = id(&r).await;
    let a = start(&world, "a", "peers", &public_addresses(r_id)).await;
    until_placed(&a, Reachability::Private, 1).await;
    a.client.block(&block("203.0.113.1", 600)).await.unwrap();
    let word = until("a ticket that leads over the relay", async || {
        let printed = cli(&a, "ticket");
        let ticket: Ticket = printed.out.trim().parse().ok()?;
        let relay = format!("/p2p/{r_id}/p2p-circuit");
        let leads = |it: &Address| it.as_str().ends_with(&relay);
        ticket.parts().addresses.iter().any(leads).then_some(ticket)
    })
    .await
    .to_text();

    // It knows nobody but by the ticket, and the other's own address is one of its own network.
    let b = start(&world, "b", "peers", &[]).await;
    let joined = cli(&b, &format!("join {word}"));
    assert_eq!(joined.code, Some(0), "{joined:?}");
    assert!(joined.out.contains("both hold 1 alert"), "{joined:?}");
    a.client.block(&block("203.0.113.3", 600)).await.unwrap();
    until_blocked(&b.client, "203.0.113.3", true).await;
    b.client.block(&block("203.0.113.2", 600)).await.unwrap();
    until_blocked(&a.client, "203.0.113.2", true).await;
    // Having met, they need the relay no more.
    let (a_id, b_id) = (id(&a).await, id(&b).await);
    until_reached(&a, b_id, Route::Direct).await;
    until_reached(&b, a_id, Route::Direct).await;
}

async fn place_where(
    node: &aegis::lab::node::LabNode,
    what: &str,
    holds: impl Fn(&Place) -> bool,
) -> Place {
    until_in(CHECKED_WITHIN, what, async || {
        node.client.status().await.ok()?.place.filter(&holds)
    })
    .await
}

fn set_cable(world: &World, state: &str) {
    ip(world.host("na"), &format!("link set lan {state}"));
}

#[tokio::test]
async fn netns_a_node_whose_router_lets_it_through_later_finds_that_it_can_be_reached() {
    let Some(world) = behind_routers(Ports::Kept) else {
        return;
    };
    let r = start(&world, "r", "peers", &[]).await;
    let a = start(&world, "a", "peers", &public_addresses(id(&r).await)).await;
    let ways = ["tcp/9001", "udp/9001/quic-v1"].map(|it| format!("/ip4/198.51.2.1/{it}"));
    let checked = place_where(&a, "both addresses were checked in vain", |it| {
        ways.iter().all(|way| it.in_vain.contains(way))
    })
    .await;
    assert_eq!(checked.reachability, Reachability::Private);
    let shown = cli(&a, "status");
    let line = format!("seen at {}, where nobody gets in", ways[0]);
    assert!(shown.out.contains(&line), "{shown:?}");

    // The host is connected anew: what was in vain may not be any more.
    let_through(&world, "na");
    let gone = async || {
        let status = a.client.status().await.ok()?;
        (status.peers.connected == 0).then_some(())
    };
    set_cable(&world, "down");
    until_in(CHECKED_WITHIN, "it notices that the cable is out", gone).await;
    set_cable(&world, "up");
    let reached = place_where(&a, "others reach it", |it| !it.external.is_empty()).await;
    assert_eq!(reached.reachability, Reachability::Public);
    let shown = cli(&a, "status");
    assert!(shown.out.contains("from everywhere"), "{shown:?}");
}
