//! Each trap of `eve.json`, named.

use serde_json::{Value, json};

use super::*;

/// Who attacks, who is attacked at home, and who has nothing to do with either.
const FOE: &str = "203.0.113.7";
const HOME: &str = "192.0.2.10";
const STRANGER: &str = "198.51.100.9";

#[test]
fn whoever_connected_is_blamed_for_what_he_sent() {
    let alert = judge(&alert()).unwrap();
    assert_eq!(alert.source.to_string(), FOE);
    assert_eq!(
        (alert.rule, alert.threat_type.as_str()),
        (Rule::Suricata1, "web_attack")
    );
    assert_eq!(alert.severity, Severity::new(8));
    assert_eq!(
        (alert.evidence, alert.block_for),
        (Evidence::Verified, None)
    );
    assert_eq!(alert.words, "1:2019401 ET EXPLOIT something");
    assert_eq!(alert.at.as_millis(), 1_795_738_809_123);
}

#[test]
fn the_victim_that_answers_is_the_packets_source_and_is_never_blamed() {
    // The signature matches what the attacked host answers: it is the packet's source.
    let mut answer = answer();
    answer["alert"]["category"] = json!("Successful Administrator Privilege Gain");
    let blamed = judge(&answer).unwrap();
    assert_eq!(
        (
            blamed.source.to_string().as_str(),
            blamed.threat_type.as_str()
        ),
        (FOE, "exploit")
    );
    // Other answers may be our own server's doing, and whoever asked innocent.
    answer["alert"]["category"] = json!("A Network Trojan was detected");
    assert_eq!(judge(&answer), Err(Why::Unclear));
}

#[test]
fn a_client_of_ours_is_never_blamed_and_neither_is_whom_it_asked() {
    let mut outward = alert();
    swap(&mut outward); // the attack goes outwards: the foreign host is its victim
    assert_eq!(judge(&outward), Err(Why::Ours));
    // What a foreign server answers a client of ours: the packet's source is foreign, and it is
    // blamed only where the rule says that it attacks.
    let mut inward = answer();
    swap(&mut inward);
    assert_eq!(judge(&inward), Err(Why::Ours));
    inward["alert"]["source"] = json!({"ip": FOE, "port": 80});
    inward["alert"]["target"] = json!({"ip": HOME, "port": 4444});
    assert_eq!(judge(&inward).unwrap().source.to_string(), FOE);
}

#[test]
fn the_target_of_the_rule_says_who_attacks() {
    let mut declared = answer();
    declared["alert"]["source"] = json!({"ip": FOE, "port": 4444});
    assert_eq!(judge(&declared).unwrap().source.to_string(), FOE);
    declared["alert"]["source"] = json!({"ip": HOME, "port": 80});
    assert_eq!(judge(&declared), Err(Why::Ours));
    for (source, target) in [(STRANGER, HOME), (FOE, STRANGER), (FOE, FOE)] {
        declared["alert"]["source"] = json!({"ip": source});
        declared["alert"]["target"] = json!({"ip": target});
        assert_eq!(judge(&declared), Err(Why::Unclear), "{source} {target}");
    }
}

#[test]
fn two_strangers_are_none_of_our_business() {
    let mut foreign = alert();
    (foreign["dest_ip"], foreign["flow"]["dest_ip"]) = (json!(STRANGER), json!(STRANGER));
    assert_eq!(judge(&foreign), Err(Why::Foreign));
}

#[test]
fn an_address_of_this_host_is_ours_without_being_configured() {
    let alert = alert();
    let line = alert.to_string();
    let read = EveAlert::parse(line.as_bytes()).unwrap();
    let mut ours = Ours::default();
    let config = IdsConfig::default();
    assert_eq!(
        read.judge(&ours, &config),
        Err(Why::Foreign),
        "until it is known"
    );
    ours.set_own([HOME.parse().unwrap()].into());
    assert!(read.judge(&ours, &config).is_ok());
    ours.set_own([HOME.parse().unwrap(), FOE.parse().unwrap()].into());
    assert_eq!(read.judge(&ours, &config), Err(Why::Ours));
}

#[test]
fn without_a_direction_nobody_is_blamed() {
    let mut old = alert(); // as Suricata 6 writes it
    old["direction"].take();
    old["flow"] = json!({"pkts_toserver": 5, "pkts_toclient": 4});
    old["app_proto"] = json!("ssh");
    assert_eq!(judge(&old), Err(Why::Unclear));
    old["alert"]["source"] = json!({"ip": FOE});
    assert!(judge(&old).is_ok());
}

#[test]
fn a_direction_that_the_connection_contradicts_blames_nobody() {
    let mut odd = alert();
    odd["direction"] = json!("to_client");
    assert_eq!(judge(&odd), Err(Why::Unclear));
}

#[test]
fn the_answer_in_a_connection_that_was_open_before_suricata_started_blames_nobody() {
    // Suricata 7.0.10 wrote so of a web server that one of ours had asked: it saw the answer first.
    let mut answer = alert();
    answer["app_proto"] = json!(null);
    (answer["src_port"], answer["dest_port"]) = (json!(80), json!(40_000));
    answer["flow"]["pkts_toserver"] = json!(1);
    assert_eq!(judge(&answer), Err(Why::Unclear));
    // Other ports fit a client, and what was understood was seen from its beginning.
    for (from, to) in [(80, 22), (40_000, 80), (40_000, 8_080)] {
        (answer["src_port"], answer["dest_port"]) = (json!(from), json!(to));
        assert_eq!(
            judge(&answer).unwrap().source.to_string(),
            FOE,
            "{from} {to}"
        );
    }
    (answer["src_port"], answer["dest_port"]) = (json!(80), json!(40_000));
    answer["app_proto"] = json!("http");
    assert_eq!(judge(&answer).unwrap().source.to_string(), FOE);
}

#[test]
fn an_address_that_a_header_put_there_blames_nobody() {
    // `xff: overwrite`: the packet's source is what whoever asked wrote into X-Forwarded-For.
    let mut overwritten = alert();
    overwritten["src_ip"] = json!(STRANGER);
    assert_eq!(judge(&overwritten), Err(Why::Unclear));
    overwritten["alert"]["source"] = json!({"ip": STRANGER});
    assert_eq!(judge(&overwritten), Err(Why::Unclear));
    // Without the connection's own addresses it cannot be seen.
    overwritten["flow"].take();
    assert_eq!(judge(&overwritten), Err(Why::Unclear));
    // `xff: extra-data`: what asked is a proxy.
    for place in ["/xff", "/alert/xff"] {
        let mut forwarded = alert();
        forwarded["xff"] = json!(null);
        forwarded["alert"]["xff"] = json!(null);
        *forwarded.pointer_mut(place).unwrap() = json!(STRANGER);
        assert_eq!(judge(&forwarded), Err(Why::Proxy), "{place}");
    }
}

#[test]
fn what_is_inside_of_a_tunnel_blames_nobody() {
    let mut tunnelled = alert();
    tunnelled["tunnel"] = json!({"src_ip": STRANGER, "dest_ip": HOME, "proto": "GRE", "depth": 1});
    assert_eq!(judge(&tunnelled), Err(Why::Unclear));
}

#[test]
fn metadata_that_says_that_clients_are_attacked_blames_no_client() {
    let mut drive_by = alert();
    drive_by["alert"]["metadata"] = json!({"attack_target": ["Client_Endpoint"], "tag": ["x"]});
    assert_eq!(judge(&drive_by), Err(Why::Unclear));
    drive_by["alert"]["metadata"] = json!({"attack_target": ["Client_Endpoint", "Web_Server"]});
    assert!(judge(&drive_by).is_ok());
    drive_by["alert"]["metadata"] = json!({"attack_target": 7, "signature_severity": ["Major"]});
    assert!(judge(&drive_by).is_ok());
    drive_by["alert"]["metadata"] = json!({"signature_severity": ["Informational"]});
    assert_eq!(judge(&drive_by), Err(Why::Harmless));
}

#[test]
fn one_is_the_worst_severity_and_what_is_missing_the_mildest() {
    for (severity, expected) in [
        (json!(1), Ok((Rule::Suricata1, Severity::new(8)))),
        (json!(2), Ok((Rule::Suricata2, Severity::new(6)))),
        (json!(3), Ok((Rule::Suricata3, Severity::new(5)))),
        (json!(null), Ok((Rule::Suricata3, Severity::new(5)))),
        (json!(4), Err(Why::Harmless)),
        (json!(255), Err(Why::Harmless)),
        (json!(0), Err(Why::Harmless)),
    ] {
        let mut rated = alert();
        rated["alert"]["severity"] = severity;
        assert_eq!(judge(&rated).map(|it| (it.rule, it.severity)), expected);
    }
}

#[test]
fn an_attack_that_suricata_itself_dropped_counts_and_one_that_a_rule_passes_does_not() {
    for (action, expected) in [("allowed", true), ("blocked", true), ("pass", false)] {
        let mut acted = alert();
        acted["alert"]["action"] = json!(action);
        assert_eq!(judge(&acted).is_ok(), expected, "{action}");
    }
}

#[test]
fn categories_that_are_no_attack_are_not_acted_on_unless_the_operator_says_so() {
    let mut misc = alert();
    for category in [
        "Misc activity",
        "Not Suspicious Traffic",
        "Misc Attack",
        "",
        "something new",
    ] {
        misc["alert"]["category"] = json!(category);
        assert_eq!(judge(&misc), Err(Why::Unmapped), "{category}");
    }
    let exploit = "exploit".parse().unwrap();
    let config = IdsConfig {
        meanings: [
            ("something new".to_owned(), Some(exploit)),
            ("Web Application Attack".to_owned(), None),
        ]
        .into(),
        ..IdsConfig::default()
    };
    assert_eq!(
        judge_by(&misc, &config).unwrap().threat_type.as_str(),
        "exploit"
    );
    assert_eq!(judge_by(&alert(), &config), Err(Why::Unmapped));
}

#[test]
fn other_types_of_events_are_nothing_even_where_they_hold_an_alert() {
    for event_type in ["flow", "drop", "http", "anomaly", "stats", ""] {
        let mut other = alert();
        other["event_type"] = json!(event_type);
        assert_eq!(EveAlert::parse(other.to_string().as_bytes()), None);
    }
    // A stranger can put these words into a request, and no more than that.
    let mut request = alert();
    request["event_type"] = json!("http");
    request["http"] = json!({"url": "/\",\"event_type\":\"alert\",\"x\":\""});
    assert_eq!(EveAlert::parse(request.to_string().as_bytes()), None);
}

#[test]
fn what_may_be_forged_is_unproven_and_blocks_for_five_minutes() {
    for change in ["UDP", "no answer", "not understood", "no flow"] {
        let mut unproven = alert();
        match change {
            "UDP" => unproven["proto"] = json!("UDP"),
            "no answer" => unproven["flow"]["pkts_toclient"] = json!(0),
            "not understood" => unproven["app_proto"] = json!("failed"),
            _ => {
                unproven["app_proto"].take();
                unproven["app_proto"] = json!("");
                unproven["flow"].take();
            }
        }
        let blamed = judge(&unproven).unwrap();
        let expected = (Evidence::Spoofable, BlockDuration::from_secs(300));
        assert_eq!((blamed.evidence, blamed.block_for), expected, "{change}");
    }
}

#[test]
fn addresses_of_ipv6_are_read_as_suricata_writes_them() {
    let text = alert().to_string();
    let text = text.replace(FOE, "2001:0db8:0000:0000:0000:0000:0000:0007");
    let text = text.replace(HOME, "2001:0db8:0001:0000:0000:0000:0000:0001");
    let alert = EveAlert::parse(text.as_bytes()).unwrap();
    let ours = Ours::new(vec!["2001:db8:1::/48".parse().unwrap()]);
    let blamed = alert.judge(&ours, &IdsConfig::default()).unwrap();
    assert_eq!(blamed.source.to_string(), "2001:db8::7");
}

#[test]
fn fields_that_are_missing_or_of_another_type_make_it_nothing_and_never_a_panic() {
    for field in ["timestamp", "src_ip", "dest_ip", "event_type", "alert"] {
        for wrong in [
            json!(null),
            json!(7),
            json!("x"),
            json!([]),
            json!({"a": 1}),
        ] {
            let mut broken = alert();
            broken[field] = wrong;
            let line = broken.to_string();
            let read = EveAlert::parse(line.as_bytes());
            let is_empty_alert = broken["alert"].is_object() || broken["alert"].is_array();
            let judged = read.map(|it| it.judge(&Ours::default(), &IdsConfig::default()));
            let expected = is_empty_alert.then_some(Err(Why::Unmapped));
            assert_eq!(judged, expected.filter(|_| field == "alert"), "{broken}");
        }
    }
    let mut twice = alert().to_string();
    twice.insert_str(1, "\"src_ip\":\"192.0.2.1\",");
    assert_eq!(EveAlert::parse(twice.as_bytes()), None);
    let whole = alert().to_string();
    for end in 0..whole.len() {
        assert_eq!(EveAlert::parse(&whole.as_bytes()[..end]), None);
    }
    assert!(EveAlert::parse(format!("@cee: {whole}").as_bytes()).is_some());
}

#[test]
fn a_signature_is_bounded_and_its_control_characters_are_gone() {
    let mut long = alert();
    long["alert"]["signature"] = json!(format!("\u{1b}[2J\n{}", "é".repeat(400)));
    let words = judge(&long).unwrap().words;
    assert!(
        words.starts_with("1:2019401 \u{fffd}[2J\u{fffd}éé"),
        "{words}"
    );
    assert!((298..=300).contains(&words.len()), "{}", words.len());
    assert!(words.parse::<aegis_core::Description>().is_ok());
}

/// An attack on a web server at home, as Suricata 7 writes it.
fn alert() -> Value {
    json!({
        "timestamp": "2026-11-27T00:20:09.123456+0000", "flow_id": 1, "in_iface": "eth0",
        "event_type": "alert", "src_ip": FOE, "src_port": 4444, "dest_ip": HOME, "dest_port": 80,
        "proto": "TCP", "pkt_src": "wire/pcap", "direction": "to_server",
        "alert": {
            "action": "allowed", "gid": 1, "signature_id": 2_019_401, "rev": 2,
            "signature": "ET EXPLOIT something", "category": "Web Application Attack", "severity": 1
        },
        "app_proto": "http",
        "flow": {
            "pkts_toserver": 5, "pkts_toclient": 4, "bytes_toserver": 900, "bytes_toclient": 700,
            "src_ip": FOE, "dest_ip": HOME, "src_port": 4444, "dest_port": 80
        }
    })
}

/// What the attacked answers in the same connection.
fn answer() -> Value {
    let mut answer = alert();
    (answer["src_ip"], answer["dest_ip"]) = (json!(HOME), json!(FOE));
    answer["direction"] = json!("to_client");
    answer
}

/// Exchanges the two hosts.
fn swap(alert: &mut Value) {
    let text = alert
        .to_string()
        .replace(FOE, "@")
        .replace(HOME, FOE)
        .replace('@', HOME);
    *alert = serde_json::from_str(&text).unwrap();
}

fn judge(alert: &Value) -> Result<IdsAlert, Why> {
    judge_by(alert, &IdsConfig::default())
}

#[track_caller]
fn judge_by(alert: &Value, config: &IdsConfig) -> Result<IdsAlert, Why> {
    let mut alert = alert.clone();
    if let Some(fields) = alert.as_object_mut() {
        fields.retain(|_, it| !it.is_null());
    }
    let line = alert.to_string();
    let ours = Ours::new(vec!["192.0.2.0/24".parse().unwrap()]);
    EveAlert::parse(line.as_bytes())
        .unwrap()
        .judge(&ours, config)
}
