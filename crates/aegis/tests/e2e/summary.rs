//! What would have been blocked, and whom of one's own that would have hit.

use aegis_api::{ContactKind, Moment, SummaryQuery};

use crate::support::{
    block,
    host::{Flood, flood, open_door, visit},
    until, until_blocked,
    world::{How, World, cli},
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("friend", 7), ("attacker", 66)];

#[tokio::test]
async fn netns_a_summary_tells_whom_enforcing_would_have_hit() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        flags: &["--observe", "--no-p2p"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    let to = world.host("a").address;
    let _door = open_door(world.host("a")).await;
    let flood_of = Flood {
        to,
        forged: &[],
        count: 2_000,
        rate: 4_000,
    };
    flood(world.host("attacker"), flood_of);
    until_blocked(&node.client, "10.77.0.66", true).await;
    // Somebody who talks to this host is blocked by mistake.
    node.client.block(&block("10.77.0.7", 600)).await.unwrap();
    let query = SummaryQuery {
        since: Moment::Ago(3600),
        would_have_blocked: true,
    };
    let summary = until("the friend's connections are seen", async || {
        assert_eq!(visit(world.host("friend"), to, 1).answered, 1);
        let summary = node.client.summary(query).await.unwrap();
        (summary.contacts == 1).then_some(summary)
    })
    .await;
    assert_eq!(summary.sources, 2);
    let [friend, attacker] = &summary.lines[..] else {
        panic!("{summary:?}");
    };
    assert_eq!(friend.indicator.to_string(), "10.77.0.7");
    assert_eq!(friend.origin, "operator");
    let contact = friend.contact.unwrap();
    assert_eq!(contact.kind, ContactKind::Connection);
    assert_eq!(
        (attacker.origin.as_str(), attacker.reason.as_str()),
        ("detector", "syn_flood")
    );
    assert!(attacker.traffic.unwrap().packets > 1_000, "{attacker:?}");
    let sent = summary.traffic_by_origin.unwrap();
    assert_eq!(sent["detector"], attacker.traffic.unwrap());
    let said = cli(&node, "summary --would-have-blocked");
    assert!(
        said.out.contains("Would have blocked 2 sources"),
        "{said:?}"
    );
    assert!(
        said.out
            .contains("1 of them logged in successfully or held"),
        "{said:?}"
    );

    // Once it enforces there is nothing that would have been.
    assert_eq!(cli(&node, "enforce").code, Some(0));
    assert_eq!(cli(&node, "summary --would-have-blocked").code, Some(1));
    let said = cli(&node, "summary --since 1h");
    assert!(said.out.starts_with("Blocked 2 sources"), "{said:?}");
}
