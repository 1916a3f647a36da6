//! Tests of reading what nft prints: what it prints, and what nobody should.

use super::*;

fn read(objects: &str) -> io::Result<Held> {
    read_table(format!(r#"{{"nftables": [{objects}]}}"#).as_bytes())
}

fn indicator(text: &str) -> Indicator {
    text.parse().unwrap()
}

#[test]
fn a_table_is_read_whole() {
    let held = read(
        r#"{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "netdev", "name": "aegis_x"}},
        {"counter": {"family": "netdev", "name": "n_dropped", "packets": 5, "bytes": 60}},
        {"set": {"name": "blocked4_32", "type": "ipv4_addr", "flags": ["timeout"], "elem": [
            {"elem": {"val": "203.0.113.7", "timeout": 60, "expires": 59,
                      "counter": {"packets": 3, "bytes": 9}}}]}},
        {"set": {"name": "blocked6_48", "elem": [{"elem": {"val": "2001:db8::", "expires": 7}}]}},
        {"set": {"name": "protected4_24", "elem": ["192.0.2.0"]}},
        {"set": {"name": "allowed4_32"}},
        {"rule": {"chain": "aegis_filter", "handle": 9, "expr": [{"drop": null}]}}"#,
    )
    .unwrap();
    let tally = Tally {
        packets: 3,
        bytes: 9,
    };
    let element = |secs, tally| Element {
        expires_secs: Some(secs),
        tally,
    };
    assert_eq!(
        held,
        Held {
            blocks: [
                (indicator("203.0.113.7"), element(59, tally)),
                (indicator("2001:db8::/48"), element(7, Tally::default())),
            ]
            .into(),
            exemptions: [(indicator("192.0.2.0/24"), Exemption::Protected)].into(),
            counters: [(
                "n_dropped".to_owned(),
                Tally {
                    packets: 5,
                    bytes: 60
                }
            )]
            .into(),
            rules: vec![("aegis_filter".to_owned(), 9)],
            foreign: 0,
        }
    );
}

#[test]
fn what_no_transaction_of_ours_makes_is_counted_and_left_out() {
    for (elements, foreign) in [
        (r#"{"prefix": {"addr": "10.0.0.0", "len": 8}}"#, 1),
        (
            r#"{"elem": {"val": {"range": ["10.0.0.1", "10.0.0.9"]}, "expires": 4}}"#,
            1,
        ),
        (
            r#"{"elem": {}}, {"elem": {"val": null}}, 7, null, [1], true"#,
            6,
        ),
        (
            r#""localhost", "", "10.0.0.1\n", "2001:db8::1", "0x0a000001""#,
            5,
        ),
    ] {
        let held = read(&format!(
            r#"{{"set": {{"name": "blocked4_32", "elem": [{elements}]}}}}"#
        ));
        let held = held.unwrap();
        assert_eq!(
            (held.foreign, held.blocks.len()),
            (foreign, 0),
            "{elements}"
        );
    }
    let held = read(r#"{"set": {"name": "theirs", "elem": ["10.0.0.1", "10.0.0.2"]}}"#).unwrap();
    assert_eq!(held.foreign, 2);
}

#[test]
fn what_later_versions_may_add_is_passed_over() {
    let held = read(
        r#"{"flowtable": {"name": "f"}}, {"set": {"name": "blocked4_32", "size": 3, "new": {},
        "elem": [{"elem": {"val": "10.0.0.1", "expires": 3, "comment": "x", "last": {}}}]}}"#,
    )
    .unwrap();
    assert_eq!((held.blocks.len(), held.foreign), (1, 0));
}

#[test]
fn broken_output_is_an_error_and_never_a_panic() {
    let nested = "[".repeat(100_000);
    for json in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"nftables": 1}"#,
        r#"{"nftables": [1]}"#,
        &nested,
        r#"{"nftables": [{"rule": {"handle": -1}}]}"#,
        r#"{"nftables": [{"rule": {"handle": 18446744073709551616}}]}"#,
        r#"{"nftables": [{"set": {"elem": "x"}}]}"#,
        "\u{0}\u{1}",
        "table netdev aegis_x {\n}",
    ] {
        let error = read_table(json.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{json}");
    }
}

#[test]
fn only_tables_with_the_chain_of_ours_are_ours() {
    let chain = |family: &str, table: &str, name: &str| {
        format!(r#"{{"chain": {{"family": "{family}", "table": "{table}", "name": "{name}"}}}}"#)
    };
    let json = [
        chain("netdev", "aegis_a", FILTER),
        chain("netdev", "aegis_a", "in_7_eth0"),
        chain("inet", "aegis_b", FILTER),
        chain("inet", "aegis_theirs", "input"),
        chain("ip", "aegis_c", FILTER),
        chain("inet", "filter", FILTER),
    ];
    let json = format!(r#"{{"nftables": [{}]}}"#, json.join(","));
    let tables = read_chains(json.as_bytes()).unwrap();
    let names: Vec<_> = tables.keys().map(|it| (it.0, it.1.as_str())).collect();
    assert_eq!(
        names,
        [(Family::Netdev, "aegis_a"), (Family::Inet, "aegis_b")]
    );
}

proptest::proptest! {
    #[test]
    fn no_output_makes_it_panic(text in ".{0,300}") {
        let _ = read_table(text.as_bytes());
        let _ = read(&format!(r#"{{"set": {{"name": "blocked4_8", "elem": [{text}]}}}}"#));
    }
}
