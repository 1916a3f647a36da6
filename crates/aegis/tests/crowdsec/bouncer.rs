//! The firewall bouncer: what the node blocks is in its sets, and what the node unblocks is not.

use crate::{place::Place, program::until};

#[tokio::test]
async fn netns_a_bouncer_holds_what_the_node_blocks_and_lets_go_of_it() {
    let Some(place) = Place::new("").await else {
        return;
    };
    for (what, secs) in [
        ("203.0.113.7", "3600"),
        ("198.51.100.0/30", "3600"),
        ("2001:db8::7", "3600"),
    ] {
        let said = place.aegis(&["block", what, secs]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let _bouncer = place.start_bouncer();
    // Version 0.0.25 cuts the length off a prefix: it is told the addresses.
    let first = ["203.0.113.7", "198.51.100.0", "198.51.100.3", "2001:db8::7"];
    holds(&place, &first, true).await;

    let said = place.aegis(&["block", "203.0.113.8", "600"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    holds(&place, &["203.0.113.8"], true).await;

    // Trap 4, with the bouncer that has it: what lasts longer now lasts longer there.
    let said = place.aegis(&["block", "203.0.113.8", "7200"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    until("the bouncer takes the new end", async || {
        let sets = place.bouncer_sets();
        let element = sets
            .split(['{', ',', '}'])
            .find(|it| it.contains("203.0.113.8"))?;
        element.contains("expires 1h").then_some(())
    })
    .await;

    for what in ["203.0.113.8", "198.51.100.0/30"] {
        let said = place.aegis(&["unblock", what]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    holds(
        &place,
        &["203.0.113.8", "198.51.100.0", "198.51.100.3"],
        false,
    )
    .await;
    holds(&place, &["203.0.113.7", "2001:db8::7"], true).await;
}

async fn holds(place: &Place, elements: &[&str], does: bool) {
    let what = format!("the bouncer holds {elements:?}: {does}");
    until(&what, async || {
        let sets = place.bouncer_sets();
        let words: Vec<_> = sets.split([' ', ',', '\n', '\t']).collect();
        let all = elements.iter().all(|it| words.contains(it) == does);
        (all && !sets.is_empty()).then_some(())
    })
    .await;
}
