//! `cscli`: decisions listed, made, taken back and imported; and what must not be blocked is not,
//! whoever asks.

use std::fs;

use crate::place::{Machine, Place};

#[tokio::test]
async fn netns_cscli_lists_makes_imports_and_ends_decisions() {
    let Some(place) = Place::new("").await else {
        return;
    };
    let machine = place.machine("admin1", "admin");
    let said = machine.cscli(&["decisions", "list"]);
    assert!(said.all().contains("No active decisions"), "{said:?}");

    add(
        &machine,
        &[
            "--ip",
            "203.0.113.9",
            "--duration",
            "1h",
            "--reason",
            "they know why",
        ],
    );
    add(&machine, &["--range", "203.0.113.0/24"]);
    let listed = machine.cscli_json(&["decisions", "list"]);
    assert_eq!(values(&listed), ["203.0.113.0/24", "203.0.113.9"]);
    let table = machine.cscli(&["decisions", "list"]);
    for word in [
        "cscli",
        "they know why",
        "Ip:203.0.113.9",
        "Range:203.0.113.0/24",
        "59m",
    ] {
        assert!(table.out.contains(word), "{word}: {table:?}");
    }
    let raw = machine.cscli(&["decisions", "list", "-o", "raw"]);
    assert!(
        raw.out.contains("cscli,Ip:203.0.113.9,they know why,ban,"),
        "{raw:?}"
    );

    // It ends exactly what it names, and never what covers it.
    let said = machine.cscli(&["decisions", "delete", "--ip", "203.0.113.9"]);
    assert!(said.all().contains("1 decision(s) deleted"), "{said:?}");
    let said = machine.cscli(&["decisions", "delete", "--ip", "203.0.113.10"]);
    assert!(said.all().contains("0 decision(s) deleted"), "{said:?}");
    let listed = machine.cscli_json(&["decisions", "list"]);
    assert_eq!(values(&listed), ["203.0.113.0/24"]);
    let id = listed[0]["decisions"][0]["id"].to_string();
    let said = machine.cscli(&["decisions", "delete", "--id", &id]);
    assert!(said.all().contains("1 decision(s) deleted"), "{said:?}");

    let list = place.path("list.csv");
    let rows = (0..200).map(|it| format!("2h,imported,ban,198.51.100.{it},Ip\n"));
    let text = format!(
        "duration,reason,type,value,scope\n{}",
        rows.collect::<String>()
    );
    fs::write(&list, text).unwrap();
    let said = machine.cscli(&["decisions", "import", "-i", list.to_str().unwrap()]);
    assert!(
        said.all().contains("200 decisions successfully imported"),
        "{said:?}"
    );
    let listed = machine.cscli_json(&["decisions", "list", "--limit", "0"]);
    assert_eq!(values(&listed).len(), 200);

    let alerts = machine.cscli_json(&["alerts", "list", "--limit", "0"]);
    assert!(alerts.as_array().unwrap().len() > 200);
    let id = alerts[0]["id"].to_string();
    let said = machine.cscli(&["alerts", "inspect", &id]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = machine.cscli(&["decisions", "delete", "--all"]);
    assert!(said.all().contains("200 decision(s) deleted"), "{said:?}");
}

#[tokio::test]
async fn netns_cscli_cannot_block_what_must_not_be_blocked() {
    let Some(place) = Place::new("decisions_per_hour_max = 20\n").await else {
        return;
    };
    let machine = place.machine("web1", "decide");
    let own = place.host("node").address.to_string();
    let said = place.aegis(&["allow", "203.0.113.50"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for (option, what, guard) in [
        (
            "--ip",
            "127.0.0.1",
            ("protected", "127.0.0.1 is a loopback address"),
        ),
        ("--ip", &*own, ("protected", "an address of this host")),
        (
            "--ip",
            "10.77.0.1",
            ("protected", "a default gateway of this host"),
        ),
        (
            "--range",
            "0.0.0.0/0",
            ("too_wide", "the prefix is too wide"),
        ),
        (
            "--ip",
            "203.0.113.50",
            ("allowlisted", "is on the allowlist"),
        ),
    ] {
        add(&machine, &[option, what]);
        let alerts = machine.cscli_json(&["alerts", "list", "--limit", "1"]);
        let message = alerts[0]["message"].as_str().unwrap();
        let refused = format!("[refused {what}: {}", guard.0);
        assert!(message.contains(&refused), "{message}");
        // Whoever looks for it finds the machine and the guard.
        let history = place.aegis(&["history", what]);
        let says = "by cscli/web1 events 1 verified, refused: ";
        let line = history.out.lines().find(|it| it.contains(says));
        assert!(
            line.is_some_and(|it| it.contains(guard.1)),
            "{what}: {history:?}"
        );
    }
    let listed = machine.cscli(&["decisions", "list"]);
    assert!(listed.all().contains("No active decisions"), "{listed:?}");

    // Somebody who stole a machine's key does not block the Internet with it.
    for number in 0..20 {
        add(&machine, &["--ip", &format!("198.51.100.{number}")]);
    }
    let alerts = machine.cscli_json(&["alerts", "list", "--limit", "0"]);
    assert!(alerts.to_string().contains("within an hour"), "{alerts}");
    assert_eq!(
        values(&machine.cscli_json(&["decisions", "list"])).len(),
        15
    );
}

#[track_caller]
fn add(machine: &Machine<'_>, words: &[&str]) {
    let said = machine.cscli(&[&["decisions", "add"], words].concat());
    assert!(
        said.all().contains("Decision successfully added"),
        "{said:?}"
    );
}

/// Returns what is blocked, in order.
fn values(listed: &serde_json::Value) -> Vec<String> {
    let decisions = listed
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["decisions"].as_array().unwrap());
    let mut values: Vec<_> = decisions
        .map(|it| it["value"].as_str().unwrap().to_owned())
        .collect();
    values.sort();
    values
}
