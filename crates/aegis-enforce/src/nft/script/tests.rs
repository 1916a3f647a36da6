//! Tests of the transactions' text.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn shape() -> Shape {
    Shape {
        family: Family::Netdev,
        name: "aegis_x".into(),
        hooks: vec![("eth0".into(), 7)],
        is_observing: false,
        has_tallies: true,
    }
}

fn blocked(indicators: &[(&str, Option<Put>)]) -> Elements {
    let mut elements = Elements::new();
    for (text, put) in indicators {
        let indicator: Indicator = text.parse().unwrap();
        let key = SetKey::of(Purpose::Blocked, indicator);
        elements.entry(key).or_default().insert(indicator, *put);
    }
    elements
}

fn put(remaining: Duration) -> Option<Put> {
    Some(Put {
        remaining: Some(remaining),
        tally: Tally::default(),
    })
}

#[test]
fn exemptions_are_asked_before_blocks() {
    let keys = [
        "blocked4_32",
        "allowed6_128",
        "protected4_24",
        "blocked6_64",
    ];
    let keys = keys.map(|it| SetKey::parse(it).unwrap()).into();
    let mut script = String::new();
    shape().write_rules(&mut script, &keys);
    let asked: Vec<&str> = script
        .lines()
        .filter_map(|it| it.split_once('@')?.1.split(' ').next())
        .collect();
    assert_eq!(
        asked,
        [
            "protected4_24",
            "allowed6_128",
            "blocked4_32",
            "blocked6_64"
        ]
    );
    assert_eq!(script.lines().count(), 1 + shape().rules(&keys) - 1);
}

#[test]
fn nothing_is_dropped_while_observing() {
    let keys = ["blocked4_32", "blocked6_64"].map(|it| SetKey::parse(it).unwrap());
    let keys = keys.into();
    let (mut enforcing, mut observing) = (String::new(), String::new());
    shape().write_rules(&mut enforcing, &keys);
    let shape = Shape {
        is_observing: true,
        ..shape()
    };
    shape.write_rules(&mut observing, &keys);
    assert_eq!(enforcing.matches(" drop\n").count(), 2, "{enforcing}");
    assert!(!observing.contains(" drop"), "{observing}");
    assert_eq!(observing.matches("would_have_dropped").count(), 2);
}

#[test]
fn a_timeout_is_never_shorter_than_what_remains() {
    let check = |remaining: Duration, expected: &str| {
        let mut script = String::new();
        shape().add_new(&mut script, &blocked(&[("192.0.2.1", put(remaining))]));
        assert_eq!(
            script,
            format!("add element netdev aegis_x blocked4_32 {{ 192.0.2.1 timeout {expected} }}\n")
        );
    };
    check(Duration::ZERO, "0d0s20ms");
    check(Duration::from_millis(1), "0d0s21ms");
    check(Duration::from_millis(980), "0d1s0ms");
    check(24 * HOUR, "1d0s20ms");
    check(Duration::MAX, "3650d0s0ms");
}

#[test]
fn an_element_is_made_to_be_there_before_it_is_deleted() {
    let mut script = String::new();
    let elements = blocked(&[("192.0.2.1", put(HOUR)), ("192.0.2.2", None)]);
    shape().set(&mut script, &elements);
    let lines: Vec<&str> = script.lines().collect();
    assert_eq!(
        lines,
        [
            "add element netdev aegis_x blocked4_32 { 192.0.2.1, 192.0.2.2 }",
            "delete element netdev aegis_x blocked4_32 { 192.0.2.1, 192.0.2.2 }",
            "add element netdev aegis_x blocked4_32 { 192.0.2.1 timeout 0d3600s20ms }",
        ]
    );
}

#[test]
fn many_elements_are_given_in_commands_of_bounded_length() {
    let many: Vec<String> = (0..2500_u32)
        .map(|it| format!("10.0.{}.{}", it >> 8, it & 255))
        .collect();
    let many: Vec<_> = many.iter().map(|it| (it.as_str(), put(HOUR))).collect();
    let mut script = String::new();
    shape().add_new(&mut script, &blocked(&many));
    assert_eq!(script.lines().count(), 3);
    assert_eq!(script.matches("timeout").count(), 2500);
}

#[test]
fn only_the_own_table_is_named() {
    let keys = ["blocked4_32"].map(|it| SetKey::parse(it).unwrap()).into();
    let script = shape().replace(&keys, &BTreeMap::new(), &[Family::Inet]);
    for line in script.lines() {
        let names = line.contains(" netdev aegis_x") || line.contains(" inet aegis_x");
        assert!(names && !line.contains("flush ruleset"), "{line}");
    }
    assert!(script.contains("delete table inet aegis_x\n"), "{script}");
}

#[test]
fn a_set_goes_only_after_the_rules_that_ask_it() {
    let keys = |names: &[&str]| names.iter().map(|it| SetKey::parse(it).unwrap()).collect();
    let (first, last) = shape().reshape(&keys(&["blocked4_24"]), &keys(&["blocked4_16"]));
    assert!(first.starts_with("add set netdev aegis_x blocked4_16 {"));
    assert!(first.contains("flush chain"));
    assert!(!first.contains("blocked4_24"));
    assert_eq!(last, "delete set netdev aegis_x blocked4_24\n");
    let same: BTreeSet<SetKey> = keys(&["blocked4_24"]);
    assert_eq!(shape().reshape(&same, &same), Default::default());
}
