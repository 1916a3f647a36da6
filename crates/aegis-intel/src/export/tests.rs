//! Tests of what other programs read.

use std::collections::HashSet;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn entry(indicator: &str, threat_type: &str, severity: u8, secs: u64) -> Entry {
    Entry {
        indicator: indicator.parse().unwrap(),
        threat_type: threat_type.parse().unwrap(),
        severity: Severity::new(severity).unwrap(),
        origin: "detector",
        decided_at: Timestamp::from_secs(NOW.as_secs() - 60),
        expires_at: Timestamp::from_secs(NOW.as_secs() + secs),
    }
}

fn some() -> Vec<Entry> {
    vec![
        entry("198.51.100.0/24", "bot", 5, 7_200),
        entry("198.51.100.9", "spam", 6, 90),
        entry("203.0.113.7", "brute_force", 10, 3_600),
        entry("2001:db8::/64", "syn_flood", 8, 3_000_000),
    ]
}

fn text(format: Format) -> String {
    export(format, NOW, &some()).text
}

#[test]
fn names_of_formats_are_different() {
    let names: HashSet<_> = Format::ALL.iter().map(|it| it.as_str()).collect();
    assert_eq!(names.len(), Format::ALL.len());
}

#[test]
fn lists_have_one_entry_a_line() {
    let plain = "198.51.100.0/24\n198.51.100.9\n203.0.113.7\n2001:db8::/64\n";
    assert_eq!(text(Format::Plain), plain);
    let cidr = "198.51.100.0/24\n198.51.100.9/32\n203.0.113.7/32\n2001:db8::/64\n";
    assert_eq!(text(Format::Cidr), cidr);
}

#[test]
fn tables_say_what_is_known_of_an_entry() {
    let csv = text(Format::Csv);
    let mut lines = csv.split("\r\n");
    assert_eq!(
        lines.next(),
        Some("indicator,threat_type,severity,origin,decided_at,expires_at")
    );
    assert_eq!(
        lines.nth(2),
        Some("203.0.113.7,brute_force,10,detector,2027-01-15T07:59:00Z,2027-01-15T09:00:00Z")
    );
    let jsonl = text(Format::Jsonl);
    let values: Vec<serde_json::Value> = jsonl
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(values.len(), 4);
    assert_eq!(values[3]["indicator"], "2001:db8::/64");
    assert_eq!(values[3]["severity"], 8);
}

#[test]
fn no_field_of_a_table_starts_a_formula() {
    let odd = [entry("203.0.113.7", "-1.cmd", 5, 60)];
    let csv = export(Format::Csv, NOW, &odd).text;
    assert!(csv.contains(",'-1.cmd,"), "{csv}");
}

#[test]
fn what_lies_in_a_wider_entry_is_not_said_twice_where_that_is_refused() {
    let nft = export(Format::Nft, NOW, &some());
    assert_eq!(
        (nft.counts.written, nft.counts.covered, nft.counts.left_out),
        (3, 1, 0)
    );
    assert!(!nft.text.contains("198.51.100.9"), "{}", nft.text);
    let v4 = "add element inet aegis_export blocked_v4 { 198.51.100.0/24, 203.0.113.7 }";
    assert!(nft.text.contains(v4), "{}", nft.text);
    let v6 = "add element inet aegis_export blocked_v6 { 2001:db8::/64 }";
    assert!(nft.text.contains(v6), "{}", nft.text);
}

#[test]
fn sets_are_emptied_where_nothing_is_blocked() {
    let nft = export(Format::Nft, NOW, &[]).text;
    assert_eq!(nft.matches("flush set").count(), 2);
    assert!(!nft.contains("add element"), "{nft}");
    let ipset = export(Format::Ipset, NOW, &[]).text;
    assert_eq!(ipset.matches("swap ").count(), 2);
}

#[test]
fn timeouts_are_what_is_left_and_no_longer_than_a_reader_takes() {
    let ipset = text(Format::Ipset);
    assert!(ipset.contains("add aegis-v4-new 203.0.113.7/32 timeout 3600 -exist\n"));
    assert!(ipset.contains("add aegis-v6-new 2001:db8::/64 timeout 2147483 -exist\n"));
    let over = [entry("203.0.113.7", "bot", 5, 0)];
    let ipset = export(Format::Ipset, NOW, &over).text;
    assert!(ipset.contains("timeout 1 -exist"), "0 would be for ever");
}

#[test]
fn reputations_are_in_range_and_name_a_category_that_is_there() {
    let iprep = text(Format::Iprep);
    assert!(iprep.contains("203.0.113.7,1,127\n"), "{iprep}");
    assert!(iprep.contains("198.51.100.0/24,1,63\n"), "{iprep}");
    assert!(text(Format::IprepCategories).starts_with("1,"));
}

#[test]
fn a_dataset_has_single_addresses_and_counts_the_rest() {
    let dataset = export(Format::Dataset, NOW, &some());
    assert_eq!(dataset.text, "198.51.100.9\n203.0.113.7\n");
    assert_eq!((dataset.counts.written, dataset.counts.left_out), (2, 2));
}

#[test]
fn intelligence_has_as_many_columns_as_its_header() {
    let zeek = text(Format::Zeek);
    let mut lines = zeek.lines();
    let header = lines.next().unwrap();
    assert!(header.starts_with("#fields\tindicator\tindicator_type\tmeta.source"));
    for line in lines {
        assert_eq!(line.matches('\t').count(), 4, "{line}");
    }
    assert!(zeek.contains("203.0.113.7\tIntel::ADDR\tAEGIS\t"));
    assert!(zeek.contains("2001:db8::/64\tIntel::SUBNET\tAEGIS\t"));
}

#[test]
fn servers_and_routers_are_spoken_to_in_their_language() {
    assert!(text(Format::Nginx).starts_with("deny 198.51.100.0/24;\ndeny 198.51.100.9;\n"));
    assert!(text(Format::Haproxy).contains("203.0.113.7/32 brute_force\n"));
    let mikrotik = text(Format::Mikrotik);
    assert!(mikrotik.contains(
        "/ip firewall address-list add list=aegis address=203.0.113.7 timeout=3600s comment=\"aegis: brute_force\""
    ));
    assert!(mikrotik.contains("/ipv6 firewall address-list add list=aegis address=2001:db8::/64"));
    assert!(text(Format::Flowspec).starts_with(
        "announce flow route { match { source 203.0.113.7/32; } then { discard; } }\n"
    ));
}

#[test]
fn no_more_flow_rules_than_a_router_holds_and_the_worst_of_them() {
    let mut entries: Vec<_> = (0..=FLOW_RULES_MAX as u32)
        .map(|it| {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + it * 2).to_string();
            entry(&address, "bot", 5, 60)
        })
        .collect();
    entries[FLOW_RULES_MAX].severity = Severity::MAX;
    let rules = export(Format::Flowspec, NOW, &entries);
    assert_eq!(
        (rules.counts.written, rules.counts.left_out),
        (FLOW_RULES_MAX, 1)
    );
    let worst = entries[FLOW_RULES_MAX].indicator.to_string();
    assert!(rules.text.starts_with(&format!(
        "announce flow route {{ match {{ source {worst}/32"
    )));
}

#[test]
fn a_bundle_has_what_the_specification_asks_for() {
    let bundle: serde_json::Value = serde_json::from_str(&text(Format::Stix)).unwrap();
    assert_eq!(bundle["type"], "bundle");
    let objects = bundle["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 5);
    let host = &objects[3];
    assert_eq!(host["pattern"], "[ipv4-addr:value = '203.0.113.7']");
    assert_eq!(objects[4]["pattern"], "[ipv6-addr:value = '2001:db8::/64']");
    assert_eq!(host["spec_version"], "2.1");
    assert_eq!(host["created"], "2027-01-15T07:59:00.000Z");
    assert!(host["valid_until"].as_str() > host["valid_from"].as_str());
    let id = host["id"].as_str().unwrap();
    let id = id.strip_prefix("indicator--").unwrap();
    assert_eq!(id.len(), 36);
    assert_eq!(&id[14..15], "5");
    assert!("89ab".contains(&id[19..20]));
}

#[test]
fn the_same_decision_is_the_same_object_and_another_is_another() {
    let ids = |entries: &[Entry]| -> Vec<String> {
        let text = export(Format::Stix, NOW, entries).text;
        let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
        let objects = bundle["objects"].as_array().unwrap().iter();
        objects.map(|it| it["id"].to_string()).collect()
    };
    let all = ids(&some());
    assert_eq!(ids(&some()[2..3])[1], all[3]);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
}

#[test]
fn a_file_in_pieces_is_the_same_file() {
    let entries: Vec<Entry> = (0..1_000_u32)
        .map(|it| {
            let address = std::net::Ipv4Addr::from(0xc633_6400 + it).to_string();
            entry(&address, "bot", 5, 60)
        })
        .collect();
    for format in Format::ALL {
        let whole = export(format, NOW, &entries);
        let writing = Writing::new(format, NOW, entries.as_slice(), &Wants::default());
        assert_eq!(writing.counts(), whole.counts, "{format}");
        let pieces: Vec<String> = writing.collect();
        assert_eq!(pieces.concat(), whole.text, "{format}");
        let has_all = !matches!(format, Format::IprepCategories);
        assert!(
            !has_all || pieces.len() >= 1_000 / PIECE_ENTRIES,
            "{format}"
        );
    }
    let bundle = export(Format::Stix, NOW, &entries).text;
    let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
    assert_eq!(bundle["objects"].as_array().unwrap().len(), 1_001);
}

#[test]
fn only_what_is_wanted_is_written() {
    let check = |wants: Wants, expected: &str| {
        let entries = some();
        let text: String = Writing::new(Format::Plain, NOW, entries.as_slice(), &wants).collect();
        assert_eq!(
            text.lines().collect::<Vec<_>>().join(" "),
            expected,
            "{wants:?}"
        );
    };
    let all = Wants::default();
    check(
        Wants {
            no_ipv4: true,
            ..all
        },
        "2001:db8::/64",
    );
    check(
        Wants {
            no_ipv6: true,
            severity_min: Some(6),
            ..all
        },
        "198.51.100.9 203.0.113.7",
    );
    check(
        Wants {
            no_ipv4: true,
            no_ipv6: true,
            ..all
        },
        "",
    );
    check(
        Wants {
            origin: Some("peers"),
            ..all
        },
        "",
    );
    check(
        Wants {
            origin: Some("detector"),
            severity_min: Some(10),
            ..all
        },
        "203.0.113.7",
    );
}

#[test]
fn a_feed_of_misp_has_a_manifest_an_event_and_hashes() {
    let entries = some();
    let name = misp::event_name(b"secret");
    assert_eq!(misp::event_name(b"secret"), name);
    assert_ne!(misp::event_name(b"another"), name);
    let manifest: serde_json::Value = serde_json::from_str(&misp::manifest(name, NOW)).unwrap();
    let about = &manifest[name.to_string()];
    assert_eq!(about["date"], "2027-01-15");
    assert_eq!(about["timestamp"], "1800000000");
    assert_eq!(about["Tag"][0]["name"], "tlp:green");
    let event: String = Writing::misp_event(entries.as_slice(), name, NOW).collect();
    let event: serde_json::Value = serde_json::from_str(&event).unwrap();
    let event = &event["Event"];
    assert_eq!(event["uuid"], name.to_string());
    assert_eq!(event["Orgc"], about["Orgc"]);
    let attributes = event["Attribute"].as_array().unwrap();
    assert_eq!(attributes.len(), 4);
    assert_eq!(attributes[0]["value"], "198.51.100.0/24");
    assert_eq!(attributes[0]["to_ids"], true);
    let names: HashSet<_> = attributes.iter().map(|it| it["uuid"].to_string()).collect();
    assert_eq!(names.len(), 4);
    let hashes: String = Writing::misp_hashes(entries.as_slice(), name).collect();
    // md5sum of 203.0.113.7
    let line = format!("68fecd3b63b272e813f600f1a4885e0c,{name}");
    assert_eq!(hashes.lines().count(), 4);
    assert_eq!(hashes.lines().nth(2), Some(line.as_str()));
    let empty: String = Writing::misp_event([].as_slice(), name, NOW).collect();
    assert!(
        serde_json::from_str::<serde_json::Value>(&empty).is_ok(),
        "{empty}"
    );
}

#[test]
fn names_are_uuids_of_version_5() {
    let name = Uuid::of(&[b"a", b"bc"]);
    assert_ne!(name, Uuid::of(&[b"ab", b"c"]));
    let text = name.to_string();
    assert_eq!(text.len(), 36);
    assert_eq!(&text[14..15], "5");
    assert!("89ab".contains(&text[19..20]));
}

#[test]
fn odd_words_break_no_format() {
    for word in [
        "-", "--", "..", "-rf", "a.b-c_d", ".", "0", "-1.cmd", "null", "true",
    ] {
        let odd = [
            entry("203.0.113.7", word, 5, 60),
            entry("2001:db8::7", word, 5, 60),
        ];
        let plain = [
            entry("203.0.113.7", "bot", 5, 60),
            entry("2001:db8::7", "bot", 5, 60),
        ];
        for format in Format::ALL {
            let text = export(format, NOW, &odd).text;
            let like = export(format, NOW, &plain).text;
            assert_eq!(
                text.lines().count(),
                like.lines().count(),
                "{format}: {text}"
            );
            let quotes = |it: &str| it.matches(['"', ';', ',', '\t', '[', ' ']).count();
            assert_eq!(quotes(&text), quotes(&like), "{format}: {text}");
        }
        let bundle = export(Format::Stix, NOW, &odd).text;
        assert!(
            serde_json::from_str::<serde_json::Value>(&bundle).is_ok(),
            "{bundle}"
        );
    }
}
