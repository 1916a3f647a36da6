//! What Suricata and Zeek alert to becomes a drop in the kernel, for the attacker and not for the victim.

use std::fs;

use crate::support::{
    host::pings,
    indicator,
    logs::{append, log_says, start},
    until, until_blocked,
    world::World,
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("attacker", 66), ("neighbour", 67)];
const ATTACKER: &str = "10.77.0.66";
const NEIGHBOUR: &str = "10.77.0.67";

#[tokio::test]
async fn netns_suricata_and_zeek_have_the_attacker_dropped_and_not_the_victim() {
    let Some(world) = World::new(&HOSTS[..]) else {
        return;
    };
    let (eve, notices) = (world.dir().join("eve.json"), world.dir().join("notice.log"));
    append(&eve, "");
    append(&notices, HEAD);
    // The host's own address is known without being named; the neighbour is watched over too.
    let more =
        format!("suricata = [{eve:?}]\nzeek = [{notices:?}]\nhome_net = [\"{NEIGHBOUR}\"]\n");
    let node = start(&world, "a", &more).await;
    until("the logs are read", async || {
        let status = node.client.status().await.ok()?;
        (status.logs?.len() >= 2).then_some(())
    })
    .await;
    let host = world.host("a").address;
    assert_eq!(pings(world.host("attacker"), host, 1), 1);
    // What the victims answered is the packet that matched: it is they who are its source.
    append(&eve, &answer(NEIGHBOUR, ATTACKER));
    append(&eve, &answer(&host.to_string(), ATTACKER));
    append(&eve, &answer("10.77.0.70", "10.77.0.71"));
    until_blocked(&node.client, ATTACKER, true).await;
    assert_eq!(pings(world.host("attacker"), host, 2), 0);
    until_blocked(&node.client, NEIGHBOUR, false).await;
    assert_eq!(pings(world.host("neighbour"), host, 2), 2);
    let why = node.client.why(indicator(ATTACKER)).await.unwrap();
    let report = &why.reports[0];
    assert_eq!(report.source.as_str(), "suricata");
    let reason = report.reason.as_ref().unwrap().as_str();
    assert_eq!(
        reason,
        "rule suricata_severity_1: 1:2019401 GPL ATTACK_RESPONSE id check"
    );
    let said = crate::support::world::cli(&node, &format!("why {ATTACKER}"));
    assert!(
        said.out.contains("GPL ATTACK_RESPONSE id check"),
        "{said:?}"
    );
    // Zeek's log is renamed and begun anew; a row that was written before its end was is whole.
    append(&notices, &guessing("10.77.0.68")[..40]);
    append(&notices, &guessing("10.77.0.68")[40..]);
    until_blocked(&node.client, "10.77.0.68", true).await;
    fs::rename(&notices, world.dir().join("notice.00:00:00.log")).unwrap();
    append(&notices, &format!("{HEAD}{}", guessing("10.77.0.69")));
    until_blocked(&node.client, "10.77.0.69", true).await;
    for innocent in ["10.77.0.70", "10.77.0.71", NEIGHBOUR] {
        until_blocked(&node.client, innocent, false).await;
    }
    assert!(!log_says(&world, "a", "GPL ATTACK_RESPONSE"));
}

/// What the attacked answers in a connection that the attacker began, as Suricata tells it now.
fn answer(server: &str, client: &str) -> String {
    let stamp = aegis::daemon::Clock
        .now()
        .to_string()
        .replace('Z', ".000000+0000");
    format!(
        "{{\"timestamp\":\"{stamp}\",\"event_type\":\"alert\",\"src_ip\":\"{server}\",\
         \"dest_ip\":\"{client}\",\"proto\":\"TCP\",\"direction\":\"to_client\",\"app_proto\":\"ssh\",\
         \"alert\":{{\"action\":\"allowed\",\"gid\":1,\"signature_id\":2019401,\"severity\":1,\
         \"signature\":\"GPL ATTACK_RESPONSE id check\",\
         \"category\":\"Successful Administrator Privilege Gain\"}},\"flow\":{{\"pkts_toserver\":5,\
         \"pkts_toclient\":4,\"src_ip\":\"{client}\",\"dest_ip\":\"{server}\"}}}}\n"
    )
}

const HEAD: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
#path\tnotice\n#fields\tts\tnote\tmsg\tsrc\tdst\tactions\tsuppress_for\n";

/// A notice of Zeek's, written now.
fn guessing(source: &str) -> String {
    let secs = aegis::daemon::Clock.now().as_secs();
    format!(
        "{secs}.250000\tSSH::Password_Guessing\tguessed\t{source}\t-\tNotice::ACTION_LOG\t3600.000000\n"
    )
}
