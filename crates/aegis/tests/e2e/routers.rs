//! Two nodes behind routers that translate addresses: over a relay, and without one.

use aegis::lab::node::LabNode;
use aegis_api::{NodeId, Reachability, Route};

use crate::support::{
    block, indicator, publish,
    routers::{
        PUBLIC, Ports, behind_routers, id, peer, public_addresses, start, until_placed,
        until_reached,
    },
    until, until_blocked,
    world::{World, cli, stop},
};

/// Waits until a node has heard from an author about an address.
async fn until_heard(node: &LabNode, author: NodeId, text: &str) {
    until("the other hears it", async || {
        let why = node.client.why(indicator(text)).await.ok()?;
        let heard = why.evidence.iter().any(|it| it.author == author);
        heard.then_some(())
    })
    .await;
}

/// Starts the public node and the two behind routers, who know of each other over it.
async fn acquainted(world: &World) -> [(LabNode, NodeId); 3] {
    // Who they are is known before any is told of the others.
    let [mut r_id, mut a_id, mut b_id] = [None; 3];
    for (host, it) in [("r", &mut r_id), ("a", &mut a_id), ("b", &mut b_id)] {
        let node = start(world, host, "peers", &[]).await;
        *it = Some(id(&node).await);
        stop(node).await;
    }
    let [r_id, a_id, b_id] = [r_id, a_id, b_id].map(Option::unwrap);
    let inside = |it: NodeId| format!("/ip4/192.168.1.2/tcp/9001/p2p/{it}");
    let circuit = |it: NodeId| format!("/ip4/{PUBLIC}/tcp/9001/p2p/{r_id}/p2p-circuit/p2p/{it}");
    let known_to = |other: NodeId| {
        let mut known = public_addresses(r_id);
        known.push(circuit(other));
        known
    };
    let r = start(world, "r", "peers", &[inside(a_id), inside(b_id)]).await;
    let a = start(world, "a", "peers", &known_to(b_id)).await;
    let b = start(world, "b", "peers", &known_to(a_id)).await;
    [(r, r_id), (a, a_id), (b, b_id)]
}

#[tokio::test]
async fn netns_nodes_behind_routers_that_keep_no_port_meet_over_a_relay() {
    let Some(world) = behind_routers(Ports::Random) else {
        return;
    };
    let [(r, r_id), (a, a_id), (b, b_id)] = acquainted(&world).await;
    until_placed(&r, Reachability::Public, 0).await;
    until_placed(&a, Reachability::Private, 1).await;
    until_placed(&b, Reachability::Private, 1).await;
    until_reached(&a, b_id, Route::Relayed).await;
    until_reached(&b, a_id, Route::Relayed).await;
    until("the relay relays", async || {
        let place = r.client.status().await.ok()?.place?;
        (place.circuits >= 1 && place.reservations == 2).then_some(())
    })
    .await;

    // What is said directly is said to each peer by itself, and so over the relay.
    let mut said = 0;
    until("an alert said to each by itself", async || {
        said += 1;
        let text = format!("203.0.113.{said}");
        a.client.block(&block(&text, 600)).await.ok()?;
        until_blocked(&b.client, &text, true).await;
        let stats = a.client.stats().await.ok()?;
        (stats.net["direct"] > 0).then_some(())
    })
    .await;

    let shown = cli(&a, "peers");
    assert!(shown.out.contains("connected over a relay"), "{shown:?}");
    let shown = cli(&a, "status");
    assert!(shown.out.contains("over relays only"), "{shown:?}");
    assert!(shown.out.contains(&format!("over {r_id}")), "{shown:?}");
    let shown = cli(&r, "status");
    assert!(shown.out.contains("from everywhere"), "{shown:?}");
}

#[tokio::test]
async fn netns_nodes_behind_routers_that_keep_ports_meet_and_a_direct_connection_outlives_the_relay()
 {
    let Some(world) = behind_routers(Ports::Kept) else {
        return;
    };
    let [(r, r_id), (a, a_id), (b, b_id)] = acquainted(&world).await;
    // They meet over the public node, where each says at which addresses it may be got through to.
    until_reached(&a, b_id, Route::Direct).await;
    until_reached(&b, a_id, Route::Direct).await;

    stop(r).await;
    until("the public node is gone", async || {
        let is_gone = peer(&a, r_id).await.is_none() && peer(&b, r_id).await.is_none();
        is_gone.then_some(())
    })
    .await;
    for (from, to, text) in [(&a, &b, "203.0.113.1"), (&b, &a, "203.0.113.2")] {
        from.client.publish(&publish(text, 600)).await.unwrap();
        let author = id(from).await;
        until_heard(to, author, text).await;
    }
    until_reached(&a, b_id, Route::Direct).await;
    until_reached(&b, a_id, Route::Direct).await;
}
