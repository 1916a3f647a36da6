//! What a real fail2ban bans is dropped in the kernel, and is its own to take back.

use aegis_api::EventKind;

use crate::support::{
    fail2ban::{Fail2ban, JAIL},
    host::pings,
    indicator,
    logs::{append, failed_logins},
    until, until_blocked,
    world::{How, World},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];
const ATTACKER: &str = "10.77.0.66";
const OTHER: &str = "10.77.0.67";

#[tokio::test]
async fn netns_a_ban_is_a_drop_and_is_not_announced_again_after_a_restart() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let config = "auto_publish = true\n[logs]\nenabled = false\n[p2p]\nenabled = false\n";
    let how = How {
        config,
        ..How::default()
    };
    let node = world.start("a", how).await;
    let log = world.dir().join("auth.log");
    append(&log, "");
    let dir = world.dir().join("fail2ban");
    let Some(mut fail2ban) = Fail2ban::new(&dir, &log, &node) else {
        return;
    };
    let host = world.host("a");
    fail2ban.start(host, 1).await;
    append(&log, &failed_logins(OTHER, 0..5));
    until_blocked(&node.client, OTHER, true).await;
    let unbanned = fail2ban.client(&["set", JAIL, "unbanip", OTHER]);
    assert_eq!(unbanned.code, Some(0), "{unbanned:?}");
    until_blocked(&node.client, OTHER, false).await;
    append(&log, &failed_logins(ATTACKER, 0..5));
    until_blocked(&node.client, ATTACKER, true).await;
    assert_eq!(pings(world.host("attacker"), host.address, 2), 0);
    let why = node.client.why(indicator(ATTACKER)).await.unwrap();
    let report = &why.reports[0];
    assert_eq!(report.source.as_str(), "fail2ban/aegis-test");
    assert_eq!((report.events, report.reason.is_none()), (5, true));
    fail2ban.stop();
    until_blocked(&node.client, ATTACKER, true).await;
    fail2ban.start(host, 2).await;
    until("it is restored", async || {
        let banned = fail2ban.client(&["status", JAIL]);
        banned.out.contains(ATTACKER).then_some(())
    })
    .await;
    let events = node.history().await.unwrap();
    let published = |kind: &EventKind| matches!(kind, EventKind::Published { .. });
    let reported = |kind: &EventKind| matches!(kind, EventKind::Detected { .. });
    let count =
        |is_it: &dyn Fn(&EventKind) -> bool| events.iter().filter(|it| is_it(&it.kind)).count();
    assert_eq!(
        (count(&published), count(&reported)),
        (2, 2),
        "{}",
        fail2ban.log()
    );
}
