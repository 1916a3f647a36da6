//! The agent: what it finds in a log is dropped by the kernel.

use std::time::Duration;

use aegis::daemon::Clock;

use crate::{
    place::{Machine, Place},
    program::until,
};

/// From the last line of the log to the drop: the agent gathers alerts for a second.
const DROPPED_WITHIN: Duration = Duration::from_secs(3);

#[tokio::test]
async fn netns_a_brute_force_in_a_log_is_dropped_by_the_kernel() {
    let Some(place) = Place::new("").await else {
        return;
    };
    let machine = place.machine("web1", "decide");
    let attacker = place.host("attacker").address.to_string();
    let _agent = start_agent(&place, &machine).await;
    assert_eq!(place.pings(3), 3);

    machine.append_failures(&attacker);
    let written_at = Clock.now();
    until("the attacker is blocked", async || {
        let why = place
            .node
            .client
            .why(attacker.parse().unwrap())
            .await
            .ok()?;
        why.kernel.filter(|it| it.in_kernel).map(|_| ())
    })
    .await;
    let took = Clock.now().since(written_at);
    eprintln!(
        "from the last line of the log to the kernel: {} ms",
        took.as_millis()
    );
    assert_eq!(place.pings(3), 0);
    assert!(took < DROPPED_WITHIN, "{took:?}");

    let listed = machine.cscli_json(&["decisions", "list"]);
    let decision = &listed[0]["decisions"][0];
    assert_eq!(decision["value"], *attacker);
    assert_eq!(decision["scenario"], "crowdsecurity/ssh-bf");
    assert_eq!(decision["origin"], "crowdsec");
    assert_eq!(listed[0]["machine_id"], "web1");
    let said = machine.cscli(&["decisions", "delete", "--ip", &attacker]);
    assert!(said.all().contains("1 decision(s) deleted"), "{said:?}");
    assert_eq!(place.pings(3), 3);
}

/// Starts the agent and waits until it reads the log.
async fn start_agent(place: &Place, machine: &Machine<'_>) -> crate::program::Running {
    let agent = machine.start_agent();
    until("the agent reads the log", async || {
        let said = std::fs::read_to_string(place.path("agent.log")).ok()?;
        said.contains("Starting processing data").then_some(())
    })
    .await;
    agent
}
