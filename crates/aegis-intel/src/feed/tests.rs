//! Each format as its publisher writes it, and the traps of each.

use std::fmt::Write as _;

use aegis_core::Timestamp;
use proptest::prelude::*;

use super::{Format, InvalidListing, LeftOut, Listing, Why};

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

#[test]
fn plain_lists_are_read_with_comments_marks_and_other_ends_of_lines() {
    let list = "\u{feff}# FireHOL\r\n203.0.113.7\r\n198.51.100.9/24 ; SBL1\r\n\r\n; all\r\n\
        ::ffff:203.0.113.8 # mapped\r\n2001:db8::1\r\n";
    check(
        Format::Plain,
        list,
        &[
            "203.0.113.7",
            "198.51.100.0/24",
            "203.0.113.8",
            "2001:db8::1",
        ],
    );
}

#[test]
fn a_malformed_line_is_told_with_its_number_and_skipped() {
    let listing = read(
        Format::Plain,
        "203.0.113.7\n203.0.113.300\n\n203.0.113.9\n\u{1}\u{2}x\n",
    );
    assert_eq!(texts(&listing), ["203.0.113.7", "203.0.113.9"]);
    let told: Vec<(usize, Why)> = listing
        .malformed
        .iter()
        .map(|it| (it.number, it.why))
        .collect();
    assert_eq!(told, [(2, Why::NoIndicator), (5, Why::NoIndicator)]);
    let bytes = b"203.0.113.7\n\xff\xfe\n203.0.113.9\n";
    let listing = Format::Plain.parse(bytes, NOW).unwrap();
    assert_eq!(listing.malformed[0].why, Why::NotText);
    let long = format!("203.0.113.7\n{}\n", "9".repeat(70_000));
    assert_eq!(read(Format::Plain, &long).malformed[0].why, Why::TooLong);
}

#[test]
fn what_is_another_format_is_no_feed_at_all() {
    let page = "<!doctype html>\n<title>Sign in</title>\n<p>203.0.113.7\n</html>\n";
    for format in Format::ALL {
        let read = format.parse(page.as_bytes(), NOW);
        let is_refused = matches!(read, Err(InvalidListing::NotTheFormat { .. }));
        let is_empty = read.as_ref().is_ok_and(|it| it.entries.is_empty());
        assert!(is_refused || is_empty, "{format:?}: {read:?}");
    }
    assert_eq!(
        Format::Drop.parse(page.as_bytes(), NOW),
        Err(InvalidListing::NotTheFormat { line: 1 })
    );
}

#[test]
fn spamhaus_tells_of_itself_in_the_last_line() {
    let list = concat!(
        "{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL1\",\"rir\":\"arin\"}\n",
        "{\"cidr\":\"2001:db8::/32\",\"sblid\":\"SBL2\",\"rir\":\"ripencc\"}\n",
        "{\"asn\":64496,\"rir\":\"arin\",\"asname\":\"X\"}\n",
        "{\"type\":\"metadata\",\"timestamp\":1795170000,\"size\":1,\"records\":2,",
        "\"copyright\":\"(c) 2026 The Spamhaus Project SLU\"}\n",
    );
    let listing = check(Format::Drop, list, &["192.0.2.0/24", "2001:db8::/32"]);
    assert_eq!(listing.malformed_count, 0);
    assert_eq!(listing.left_out.not_addresses, 1);
    let attribution = listing.attribution.unwrap();
    assert_eq!(attribution, "(c) 2026 The Spamhaus Project SLU");
    assert_eq!(listing.made_at, Some(Timestamp::from_secs(1_795_170_000)));
}

#[test]
fn feodos_heading_is_no_comment() {
    let list = "#####\n# Feodo Tracker\n#####\n\
        \"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n\
        \"2026-11-19 08:00:00\",\"203.0.113.7\",\"443\",\"online\",\"2026-11-20\",\"Emotet\"\n";
    let listing = check(Format::Feodo, list, &["203.0.113.7"]);
    assert_eq!(listing.malformed_count, 0);
    let threat_type = listing.entries[0].threat_type.as_ref();
    assert_eq!(threat_type.unwrap().as_str(), "malware_c2");
    check(
        Format::Feodo,
        "# recommended\n203.0.113.8\n",
        &["203.0.113.8"],
    );
}

#[test]
fn a_discontinued_list_is_read_and_empty() {
    let list = "# ATTENTION: this list was discontinued on 2025-01-03\n\
        # Firstseen,DstIP,DstPort\n";
    check(Format::SslIp, list, &[]);
    let list = "# Firstseen,DstIP,DstPort\n2024-11-19 08:00:00,203.0.113.7,443\n";
    check(Format::SslIp, list, &["203.0.113.7"]);
}

#[test]
fn urlhaus_gives_hosts_that_are_addresses_and_looks_no_name_up() {
    let row = |url: &str, status: &str| {
        format!(
            "\"1\",\"2026-11-19 08:00:00\",\"{url}\",\"{status}\",\"\",\"malware_download\",\"elf,mirai\",\"l\",\"r\"\n"
        )
    };
    let list = [
        "# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n".to_owned(),
        row("http://203.0.113.7:8080/bin.sh", "online"),
        row("http://user@[2001:db8::7]/x", "online"),
        row("http://203.0.113.9.evil.example/1.1.1.1", "online"),
        row("http://203.0.113.10/gone", "offline"),
        row("http://evil.example@203.0.113.11/", "online"),
    ]
    .concat();
    let listing = check(
        Format::UrlHaus,
        &list,
        &["203.0.113.7", "2001:db8::7", "203.0.113.11"],
    );
    assert_eq!(
        (listing.left_out.not_addresses, listing.left_out.over),
        (1, 1)
    );
}

#[test]
fn threatfox_has_blanks_before_its_quotes_and_gained_a_column() {
    let row = |value: &str, kind: &str, sure: u8, compromised: &str| {
        format!(
            "\"2026-11-19 08:00:00\", \"1\", \"{value}\", \"{kind}\", \"botnet_cc\", \"win.x\", \
             \"None\", \"X, or \"\"Y\"\"\", \"\", \"{sure}\"{compromised}, \"\", \"t\", \"0\", \"r\"\n"
        )
    };
    let list = [
        "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\"\n".to_owned(),
        row("203.0.113.7:443", "ip:port", 75, ", \"False\""),
        row("203.0.113.8:443", "ip:port", 100, ", \"True\""),
        row("[2001:db8::7]:80", "ip:port", 50, ""),
        row("evil.example", "domain", 100, ", \"False\""),
        "\"2026\", \"1\", \"203.0.113.9:1\"\n".to_owned(),
    ]
    .concat();
    let listing = check(Format::ThreatFox, &list, &["203.0.113.7", "2001:db8::7"]);
    let sure: Vec<f64> = listing
        .entries
        .iter()
        .map(|it| it.confidence.value())
        .collect();
    assert_eq!(sure, [0.75, 0.5]);
    let LeftOut {
        doubtful,
        not_addresses,
        ..
    } = listing.left_out;
    assert_eq!((doubtful, not_addresses), (1, 1), "{listing:?}");
    assert_eq!(listing.malformed[0].number, 6);
}

#[test]
fn dshields_heading_is_no_comment_and_its_third_column_is_a_length() {
    let list = "#\n# DShield.org Recommended Block List\n#\n\
        Start\tEnd\tNetblock\tAttacks\tName\tCountry\temail\n\
        203.0.113.0\t203.0.113.255\t24\t5000\tEXAMPLE\tZZ\ta@example\n\
        198.51.100.0\t198.51.100.255\t33\t1\tX\tZZ\t\n";
    let listing = check(Format::DShield, list, &["203.0.113.0/24"]);
    assert_eq!(listing.malformed[0].number, 6);
}

#[test]
fn pulses_give_addresses_that_are_active_and_not_over() {
    let page = r#"{"count":2,"next":null,"previous":null,"results":[
        {"id":"1","name":"p","author_name":"someone","tlp":"white","indicators":[
          {"indicator":"203.0.113.7","type":"IPv4","expiration":null,"is_active":1},
          {"indicator":"203.0.113.8","type":"IPv4","expiration":"2026-11-19T00:00:00","is_active":1},
          {"indicator":"203.0.113.9","type":"IPv4","expiration":null,"is_active":0},
          {"indicator":"198.51.100.0/24","type":"CIDR","expiration":"2026-12-01T00:00:00"},
          {"indicator":"evil.example","type":"domain"},
          {"indicator":7,"type":"IPv4"}]},
        "no pulse"]}"#;
    let listing = check(Format::Otx, page, &["203.0.113.7", "198.51.100.0/24"]);
    assert_eq!(
        (listing.left_out.over, listing.left_out.not_addresses),
        (2, 1)
    );
    assert_eq!(listing.malformed_count, 2);
    let until = listing.entries[1].until.unwrap();
    assert_eq!(until.as_secs(), 1_796_083_200);
}

#[test]
fn abuse_ip_db_answers_with_scores_or_plain() {
    let answer = r#"{"meta":{"generatedAt":"2026-11-20T10:00:00+00:00"},"data":[
        {"ipAddress":"203.0.113.7","abuseConfidenceScore":100},
        {"ipAddress":"2001:db8::7","abuseConfidenceScore":"80"}]}"#;
    let listing = check(Format::AbuseIpDb, answer, &["203.0.113.7", "2001:db8::7"]);
    assert!((listing.entries[1].confidence.value() - 0.8).abs() < 1e-9);
    assert!(listing.made_at.is_some());
    check(
        Format::AbuseIpDb,
        "203.0.113.7\n203.0.113.8",
        &["203.0.113.7", "203.0.113.8"],
    );
}

#[test]
fn rows_are_read_by_their_heading_or_by_what_they_hold() {
    let list = "date,src_ip,note\n2026-11-20,203.0.113.7,\"seen at 1.1.1.1, twice\"\nx,y\n";
    let listing = check(Format::Csv, list, &["203.0.113.7"]);
    assert_eq!(listing.malformed[0].number, 3);
    check(
        Format::Csv,
        "a;203.0.113.7;b\nc;203.0.113.8:22;d\n",
        &["203.0.113.7", "203.0.113.8"],
    );
}

#[test]
fn of_misp_only_what_is_meant_for_detection_is_blocked() {
    let event = r#"{"Event":{"uuid":"x","info":"i","Orgc":{"name":"CIRCL"},"timestamp":"1795170000",
        "Attribute":[
          {"type":"ip-dst","value":"203.0.113.7","to_ids":true},
          {"type":"ip-src","value":"203.0.113.8","to_ids":false},
          {"type":"ip-dst|port","value":"203.0.113.9|443","to_ids":"1"},
          {"type":"domain|ip","value":"evil.example|203.0.113.10","to_ids":1},
          {"type":"ip-src","value":"203.0.113.11","to_ids":true,"deleted":true},
          {"type":"md5","value":"d41d8cd98f00b204e9800998ecf8427e","to_ids":true},
          {"type":"ip-src","value":"no address","to_ids":true}],
        "Object":[{"name":"ip-port","Attribute":[
          {"type":"ip-dst","value":"2001:db8::7","to_ids":true}]}]}}"#;
    let listing = check(
        Format::MispEvent,
        event,
        &["203.0.113.7", "203.0.113.9", "203.0.113.10", "2001:db8::7"],
    );
    let LeftOut {
        not_addresses,
        doubtful,
        over,
        conditional,
    } = listing.left_out;
    assert_eq!((not_addresses, doubtful, over, conditional), (1, 1, 1, 0));
    assert_eq!(listing.malformed[0].number, 7);
    assert_eq!(listing.attribution.as_deref(), Some("CIRCL"));
}

#[test]
fn an_indicator_holds_as_it_was_modified_last_and_while_it_is_valid() {
    let indicator = |id: u8, address: &str, more: &str| {
        format!(
            r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{id}","pattern_type":"stix",
            "created":"2026-11-01T00:00:00.000Z","valid_from":"2026-11-01T00:00:00Z",
            "pattern":"[ipv4-addr:value = '{address}']"{more}}}"#
        )
    };
    let modified = |day: u8| format!(r#","modified":"2026-11-{day:02}T00:00:00.000Z""#);
    let revoked = format!(r#"{},"revoked":true"#, modified(3));
    let objects = [
        indicator(1, "203.0.113.1", &revoked),
        indicator(1, "203.0.113.1", &modified(2)),
        indicator(2, "203.0.113.2", r#","valid_until":"2026-11-20T11:59:59Z""#),
        indicator(
            3,
            "203.0.113.3",
            r#","valid_until":"2026-11-20T12:00:01Z","confidence":60"#,
        ),
        indicator(4, "203.0.113.4", r#","indicator_types":["benign"]"#),
        r#"{"type":"indicator","pattern_type":"snort","pattern":"alert ip","id":"indicator--5"}"#
            .to_owned(),
        r#"{"type":"identity","name":"Example CERT","id":"identity--1"}"#.to_owned(),
        r#"{"type":"indicator","pattern_type":"stix","id":"indicator--6"}"#.to_owned(),
        "7".to_owned(),
    ];
    let bundle = format!(
        r#"{{"type":"bundle","id":"b","objects":[{}]}}"#,
        objects.join(",")
    );
    let listing = check(Format::Stix, &bundle, &["203.0.113.3"]);
    assert_eq!(listing.left_out.over, 3, "{listing:?}");
    assert_eq!(
        (listing.left_out.doubtful, listing.left_out.not_addresses),
        (1, 1)
    );
    assert_eq!(listing.malformed_count, 2);
    assert_eq!(listing.attribution.as_deref(), Some("Example CERT"));
    // A page of TAXII's is the same, and an empty one is an object with nothing in it.
    let page = format!(r#"{{"more":false,"objects":[{}]}}"#, objects.join(","));
    check(Format::Taxii, &page, &["203.0.113.3"]);
    check(Format::Taxii, "{}", &[]);
}

#[test]
fn only_a_pattern_that_any_address_alone_matches_gives_addresses() {
    for (pattern, addresses) in [
        ("[ipv4-addr:value = '203.0.113.7']", &["203.0.113.7"][..]),
        ("[ipv4-addr:value = '203.0.113.0/24']", &["203.0.113.0/24"]),
        (
            "[ipv6-addr:value ISSUBSET '2001:db8::/48']",
            &["2001:db8::/48"],
        ),
        (
            "[ipv4-addr:value IN ('203.0.113.1', '203.0.113.2')]",
            &["203.0.113.1", "203.0.113.2"],
        ),
        (
            "[ipv4-addr:value = '203.0.113.1' OR ipv4-addr:value='203.0.113.2']",
            &["203.0.113.1", "203.0.113.2"],
        ),
        (
            "([ipv4-addr:value = '203.0.113.1'] OR [ipv4-addr:value = '203.0.113.2'])",
            &["203.0.113.1", "203.0.113.2"],
        ),
        (
            "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = \
             '203.0.113.7' AND network-traffic:dst_port = 443 AND \
             network-traffic:protocols[*] = 'tcp']",
            &["203.0.113.7"],
        ),
        (
            "[ipv4-addr:value = '203.0.113.7'] START t'2026-11-01T00:00:00Z' \
             STOP t'2026-12-01T00:00:00Z'",
            &["203.0.113.7"],
        ),
        ("[url:value = 'http://203.0.113.7/x']", &["203.0.113.7"]),
        (
            "[domain-name:value = 'evil.example' OR ipv4-addr:value = '203.0.113.7']",
            &["203.0.113.7"],
        ),
    ] {
        let listing = of_pattern(pattern);
        assert_eq!(texts(&listing), addresses, "{pattern}");
    }
    for conditional in [
        "[ipv4-addr:value = '203.0.113.7' AND domain-name:value = 'x.example']",
        "[ipv4-addr:value = '203.0.113.7'] AND [ipv4-addr:value = '203.0.113.8']",
        "[ipv4-addr:value = '203.0.113.7'] FOLLOWEDBY [file:name = 'x']",
        "[ipv4-addr:value != '203.0.113.7']",
        "[NOT ipv4-addr:value = '203.0.113.7']",
        "[ipv4-addr:value NOT IN ('203.0.113.7')]",
        "[ipv4-addr:value = '203.0.113.7' AND ipv4-addr:value = '203.0.113.8']",
    ] {
        let listing = of_pattern(conditional);
        assert_eq!(
            listing.left_out.conditional, 1,
            "{conditional}: {listing:?}"
        );
        assert!(listing.entries.is_empty(), "{conditional}");
    }
    for other in [
        "[domain-name:value = 'evil.example']",
        "[url:value = 'http://evil.example/203.0.113.7']",
        "[autonomous-system:number = 64496]",
        "[file:hashes.'SHA-256' = 'aa']",
        "[file:name LIKE 'a%']",
    ] {
        let listing = of_pattern(other);
        assert_eq!(listing.left_out.not_addresses, 1, "{other}: {listing:?}");
    }
}

#[test]
fn what_is_no_pattern_is_malformed() {
    for pattern in [
        "[ipv4-addr:value = \\\"203.0.113.7\\\"]",
        "ipv4-addr:value = '203.0.113.7'",
        "[ipv4-addr:value = '203.0.113.7'",
        "[ipv4-addr:value = 'nobody']",
        "[ipv4-addr:value]",
        "[ipv4-addr:value IN ('203.0.113.1' '203.0.113.2')]",
        "",
    ] {
        let bundle = bundle_of(pattern);
        let read = Format::Stix.parse(bundle.as_bytes(), NOW);
        let refused = Err(InvalidListing::NotTheFormat { line: 1 });
        assert_eq!(read, refused, "{pattern}");
    }
}

#[test]
fn a_hundred_thousand_lines_are_read() {
    let mut list = String::new();
    for number in 0..100_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + number);
        let _ = writeln!(list, "{address}");
    }
    assert_eq!(read(Format::Plain, &list).entries.len(), 100_000);
    let too_many = list.repeat(6);
    assert_eq!(
        Format::Plain.parse(too_many.as_bytes(), NOW),
        Err(InvalidListing::TooMany)
    );
}

#[test]
fn an_entry_is_believed_where_it_is_right_as_often_as_not() {
    for (sure, trust, believed) in [
        (100, 50, true),
        (100, 49, false),
        (67, 75, true),
        (66, 75, false),
    ] {
        let answer =
            format!(r#"{{"data":[{{"ipAddress":"203.0.113.7","abuseConfidenceScore":{sure}}}]}}"#);
        let listing = read(Format::AbuseIpDb, &answer);
        assert_eq!(
            listing.entries[0].is_believed(trust),
            believed,
            "{sure} {trust}"
        );
    }
}

proptest! {
    #[test]
    fn nothing_is_too_strange_to_be_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in Format::ALL {
            let _ = format.parse(&bytes, NOW);
        }
    }

    #[test]
    fn no_pattern_is_too_strange(pattern in "[\\[\\]()'a-z:.=! ,0-9t]{0,80}|\\PC{0,60}") {
        let text = serde_json::to_string(&pattern).unwrap();
        let bundle = format!(
            r#"{{"objects":[{{"type":"indicator","pattern_type":"stix","pattern":{text}}}]}}"#
        );
        let _ = Format::Stix.parse(bundle.as_bytes(), NOW);
    }
}

fn of_pattern(pattern: &str) -> Listing {
    read(Format::Stix, &bundle_of(pattern))
}

fn bundle_of(pattern: &str) -> String {
    format!(
        r#"{{"type":"bundle","objects":[{{"type":"indicator","pattern_type":"stix","pattern":"{pattern}"}}]}}"#
    )
}

#[track_caller]
fn check(format: Format, text: &str, expected: &[&str]) -> Listing {
    let listing = read(format, text);
    assert_eq!(texts(&listing), expected, "{listing:?}");
    listing
}

#[track_caller]
fn read(format: Format, text: &str) -> Listing {
    format.parse(text.as_bytes(), NOW).unwrap()
}

fn texts(listing: &Listing) -> Vec<String> {
    listing
        .entries
        .iter()
        .map(|it| it.indicator.to_string())
        .collect()
}
