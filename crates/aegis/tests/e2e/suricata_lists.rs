//! A real Suricata loads what a node exports, and alerts to whom that names.

use std::{fs, path::Path};

use aegis::lab::{node::LabNode, testbed::Host};
use aegis_api::UnblockRequest;

use crate::support::{
    block,
    debian13::Debian13,
    host::ip,
    indicator,
    shell::must,
    suricata::Setup,
    until, until_blocked,
    world::{How, World, cli},
};

const ATTACKER: &str = "10.77.0.66";
const BYSTANDER: &str = "10.77.0.68";

/// Rules over what is exported; `LISTS` is where that lies.
const REPUTATION: u64 = 9_100_001;
const DATASET: u64 = 9_100_002;
const LISTED: &str = "\
alert ip any any -> any any (msg:\"listed\"; iprep:src,aegis,>,100; sid:9100001; rev:1;)
alert ip any any -> any any (msg:\"in the dataset\"; ip.src; dataset:isset,aegis,type ip,load LISTS/aegis.list; sid:9100002; rev:1;)
";

#[tokio::test]
async fn netns_suricata_alerts_to_whom_an_export_names_and_no_more_when_a_later_one_does_not() {
    let Some(world) = World::new(&[("a", 11), ("attacker", 66)]) else {
        return;
    };
    let Some(debian) = Debian13::unpacked() else {
        return;
    };
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    give_addresses(host, attacker);
    let observing = How {
        flags: &["--observe"],
        ..How::default()
    };
    let node = world.start("a", observing).await;
    block_some(&node).await;
    let lists = world.dir().join("lists");
    fs::create_dir(&lists).unwrap();
    export(&node, &lists);
    let rules = LISTED.replace("LISTS", lists.to_str().unwrap());
    let values = reputation(&lists);
    let setup = Setup {
        debian: &debian,
        host,
        dir: world.dir(),
        rules: &rules,
        values: &values,
    };
    check_taken(&setup.checked());
    let suricata = setup.start().await;
    let seen = async |from: &str, to: &str, signatures: &[u64], times: usize| {
        knock(attacker, from, to);
        for signature in signatures {
            let what = format!("{signature} by {from}, {times} times");
            until(&what, async || {
                (suricata.count(*signature, from) >= times).then_some(())
            })
            .await;
        }
    };
    let v4 = host.address.to_string();
    knock(attacker, BYSTANDER, &v4);
    seen(ATTACKER, &v4, &[REPUTATION, DATASET], 1).await;
    seen("198.51.100.9", &v4, &[REPUTATION, DATASET], 1).await;
    seen("198.51.100.77", &v4, &[REPUTATION], 1).await; // only its prefix is blocked
    seen("2001:db8:2::66", "2001:db8:1::11", &[REPUTATION], 1).await;
    let who = |signature| move |it: &&(u64, String)| it.0 == signature;
    let alerts = suricata.alerts();
    assert!(!alerts.iter().any(|it| it.1 == BYSTANDER), "{alerts:?}");
    let in_dataset = alerts.iter().filter(who(DATASET)).map(|it| it.1.as_str());
    assert!(
        in_dataset
            .clone()
            .all(|it| it == ATTACKER || it == "198.51.100.9"),
        "{alerts:?}"
    );
    // Another list, while it runs.
    let unblock = UnblockRequest {
        indicator: indicator(ATTACKER),
        withdraw: false,
    };
    node.client.unblock(&unblock).await.unwrap();
    node.client.block(&block(BYSTANDER, 300)).await.unwrap();
    export(&node, &lists);
    suricata.reload(1).await;
    let before = [REPUTATION, DATASET].map(|it| suricata.count(it, ATTACKER));
    knock(attacker, ATTACKER, &v4);
    seen(BYSTANDER, &v4, &[REPUTATION, DATASET], 1).await;
    let after = [REPUTATION, DATASET].map(|it| suricata.count(it, ATTACKER));
    assert_eq!(before, after, "{:?}", suricata.alerts());
}

/// Gives both hosts the addresses that packets come from and go to.
fn give_addresses(host: &Host, attacker: &Host) {
    ip(host, "addr add 2001:db8:1::11/64 dev eth0 nodad");
    for more in [
        "198.51.100.9/32",
        "198.51.100.77/32",
        "10.77.0.68/24",
        "2001:db8:1::66/64",
        "2001:db8:2::66/128",
    ] {
        let nodad = if more.contains(':') { " nodad" } else { "" };
        ip(attacker, &format!("addr add {more} dev eth0{nodad}"));
    }
}

async fn block_some(node: &LabNode) {
    for what in [
        ATTACKER,
        "198.51.100.0/24",
        "198.51.100.9",
        "2001:db8:2::/64",
    ] {
        node.client.block(&block(what, 300)).await.unwrap();
        until_blocked(&node.client, what, true).await;
    }
}

/// Returns the settings by which Suricata reads the reputations in a folder.
fn reputation(lists: &Path) -> [String; 3] {
    [
        format!(
            "reputation-categories-file={}/categories.txt",
            lists.display()
        ),
        format!("default-reputation-path={}", lists.display()),
        "reputation-files.0=aegis.iprep".to_owned(),
    ]
}

/// Checks that Suricata has taken all of it.
fn check_taken(said: &str) {
    assert!(
        said.contains("2 rules successfully loaded, 0 rules failed"),
        "{said}"
    );
    assert!(
        !said.contains("Error") && !said.contains("reputation: bad"),
        "{said}"
    );
}

/// Has the node write all that Suricata reads.
fn export(node: &LabNode, lists: &Path) {
    for (format, file) in [
        ("iprep", "aegis.iprep"),
        ("iprep-categories", "categories.txt"),
        ("dataset", "aegis.list"),
    ] {
        let said = cli(
            node,
            &format!("export {format} --output {}/{file}", lists.display()),
        );
        assert_eq!(said.code, Some(0), "{said:?}");
    }
}

/// Sends a packet from one of the host's addresses and a port of its own: who is listed is looked up once for each flow.
fn knock(host: &Host, from: &str, to: &str) {
    const KNOCK: &str = "import socket, sys\n\
        kind = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET\n\
        sender = socket.socket(kind, socket.SOCK_DGRAM)\n\
        sender.bind((sys.argv[1], 0))\n\
        sender.sendto(b'knock', (sys.argv[2], 9))\n";
    must(host.command("python3").args(["-c", KNOCK, from, to]));
}
