//! Tests that what an operator ordered is kept, and what is configured is not.

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

fn region(text: &str) -> Region {
    text.parse().expect("a region")
}

#[test]
fn orders_are_kept_until_they_are_over_and_the_configuration_speaks_for_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let held = |expires_at| Held {
        expires_at,
        ..Held::default()
    };
    let hour = Duration::from_secs(3600);
    let regions = BTreeMap::from([
        (region("DE"), held(Some(T0 + hour))),
        (region("FR"), held(None)),
        (region("AS64500"), held(Some(T0 + hour * 2))),
    ]);
    write(dir.path(), ordered(&regions)).expect("can be kept");
    let open = |configured: &[Region], now| {
        let (desk, _) = PlaceDesk::open(dir.path(), Vec::new(), configured, now);
        let regions = desk.regions.into_iter();
        let texts = regions.map(|(it, held)| format!("{it} {}", held.expires_at.is_none()));
        texts.collect::<Vec<_>>()
    };
    assert_eq!(open(&[], T0), ["DE false", "AS64500 false"]);
    assert_eq!(open(&[], T0 + hour), ["AS64500 false"]);
    assert_eq!(open(&[region("CH")], T0 + hour * 2), ["CH true"]);
    // What is configured holds for as long as it is, whatever was ordered.
    assert_eq!(open(&[region("DE")], T0), ["DE true", "AS64500 false"]);
}

#[test]
fn what_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(
        file(dir.path()),
        "[{\"region\":\"Germany\",\"expires_ms\":1}]",
    )
    .expect("written");
    let (desk, _) = PlaceDesk::open(dir.path(), Vec::new(), &[], T0);
    assert!(desk.problem.is_some() && desk.regions.is_empty());
}

#[test]
fn a_region_is_blocked_around_what_is_protected() {
    let all = |texts: &[&str]| -> Vec<Indicator> {
        texts
            .iter()
            .map(|it| it.parse().expect("an indicator"))
            .collect()
    };
    let protected = all(&["192.0.2.1", "2001:db8::1", "10.0.0.0/8"]);
    let check = |prefixes: &[&str], expected: &[&str]| {
        let mut found = around(&all(prefixes), &protected);
        found.sort();
        assert_eq!(found, all(expected), "{prefixes:?}");
    };
    check(
        &["198.51.100.0/24", "2001:db8:1::/48"],
        &["198.51.100.0/24", "2001:db8:1::/48"],
    );
    check(
        &["192.0.2.0/29"],
        &["192.0.2.0", "192.0.2.2/31", "192.0.2.4/30"],
    );
    check(&["192.0.2.1", "10.1.0.0/16"], &[]);
    check(&["8.0.0.0/6"], &["8.0.0.0/7", "11.0.0.0/8"]);
    // An address of 128 bits leaves as many pieces.
    assert_eq!(around(&all(&["2001:db8::/32"]), &protected).len(), 96);
}
