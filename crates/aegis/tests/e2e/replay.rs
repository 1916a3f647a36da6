//! What happened is played again by another policy, and the node does nothing for it.

use std::fs;

use crate::support::{
    host::{Flood, flood},
    until_blocked,
    world::{How, World, cli},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];

#[tokio::test]
async fn netns_another_policy_is_tried_on_what_happened() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        flags: &["--no-p2p"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    let flood_of = Flood {
        to: world.host("a").address,
        forged: &[],
        count: 2_000,
        rate: 4_000,
    };
    flood(world.host("attacker"), flood_of);
    until_blocked(&node.client, "10.77.0.66", true).await;
    let before = node.client.status().await.unwrap();

    let same = world.dir().join("same.toml");
    fs::write(&same, "").unwrap();
    let longer = world.dir().join("longer.toml");
    let step = "{ rate_min = 0, severity = 5, block_for = \"20h\" }";
    fs::write(&longer, format!("[detect]\nseverity = [{step}]\n")).unwrap();
    let replay = |policy: &std::path::Path, more: &str| {
        let (policy, current) = (policy.display(), same.display());
        let what = format!("replay --since 1h --policy {policy} --current {current}{more}");
        cli(&node, &what)
    };
    let said = replay(&same, "");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("No decision would differ"), "{said:?}");
    let said = replay(&longer, "");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.contains("1 source would be blocked longer"),
        "{said:?}"
    );
    assert!(
        said.out.contains("not known: how far peers were trusted"),
        "{said:?}"
    );
    let said = replay(&longer, " --json");
    let found: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(found["longer"][0]["indicator"], "10.77.0.66");
    assert_eq!(found["longer"][0]["after_secs"], 20 * 3600);
    let after = node.client.status().await.unwrap();
    assert_eq!(after.ruleset.generation, before.ruleset.generation);

    fs::write(&longer, "nonsense = 1\n").unwrap();
    assert_eq!(replay(&longer, "").code, Some(2));
    // The last of two sockets counts.
    let nobody = "replay --policy /dev/null --socket /nowhere";
    assert_eq!(cli(&node, nobody).code, Some(3), "nobody answers");
}
