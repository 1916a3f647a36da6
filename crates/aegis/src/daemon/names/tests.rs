//! Tests that a name's addresses come, stay for a while, and go.

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn ips(texts: &[&str]) -> BTreeSet<IpAddr> {
    texts.iter().map(|it| it.parse().unwrap()).collect()
}

#[track_caller]
fn check(named: &Named, expected: &[&str]) {
    let found: BTreeSet<IpAddr> = named.addresses.keys().copied().collect();
    assert_eq!(found, ips(expected));
}

#[test]
fn an_address_that_is_said_no_more_stays_for_the_grace() {
    let mut named = Named::default();
    named.take(T0, Ok(ips(&["192.0.2.1", "2001:db8::1"])));
    named.take(T0 + HOUR / 2, Ok(ips(&["192.0.2.2"])));
    check(&named, &["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    named.take(T0 + HOUR, Ok(ips(&["192.0.2.2"])));
    check(&named, &["192.0.2.2"]);
}

#[test]
fn a_name_that_fails_keeps_what_it_stood_for_a_day_long() {
    let mut named = Named::default();
    named.take(T0, Ok(ips(&["192.0.2.1"])));
    named.take(T0 + HOUR * 23, Err("no answer".to_owned()));
    check(&named, &["192.0.2.1"]);
    assert_eq!(named.problem.as_deref(), Some("no answer"));
    assert_eq!(named.resolved_at, Some(T0));
    named.take(T0 + HOUR * 24, Err("no answer".to_owned()));
    check(&named, &[]);
    named.take(T0 + HOUR * 25, Ok(ips(&["192.0.2.9"])));
    check(&named, &["192.0.2.9"]);
    assert_eq!(named.problem, None);
}

#[test]
fn names_whose_answers_always_change_have_a_bound() {
    let mut named = Named::default();
    for number in 0..1_000_u32 {
        let address = IpAddr::from((0x0b00_0000 + number).to_be_bytes());
        named.take(
            T0 + Duration::from_secs(number.into()),
            Ok([address].into()),
        );
    }
    assert_eq!(named.addresses.len(), 2 * ADDRESSES_MAX);
    assert!(
        named
            .addresses
            .contains_key(&IpAddr::from(0x0b00_03e7_u32.to_be_bytes()))
    );
}

#[test]
fn what_stands_for_too_much_or_for_no_host_is_refused() {
    assert!(sane(ips(&["192.0.2.1", "2001:db8::1"])).is_ok());
    for wrong in ["0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "ff02::1"] {
        assert!(sane(ips(&["192.0.2.1", wrong])).is_err(), "{wrong}");
    }
    let many = |count: u32| (0..count).map(|it| IpAddr::from((0x0b00_0000 + it).to_be_bytes()));
    assert!(sane(many(32).collect()).is_ok());
    assert!(sane(many(33).collect()).is_err());
    assert!(sane(BTreeSet::new()).is_err());
}

#[test]
fn what_is_kept_is_read_again_and_what_is_none_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(read(dir.path()).expect("nothing is nothing").is_empty());
    let mut named = Named {
        added_at: T0,
        comment: Some("the office".parse().expect("a comment")),
        ..Named::default()
    };
    named.addresses.insert("192.0.2.1".parse().unwrap(), T0);
    let names = BTreeMap::from([("office.example".parse().expect("a name"), named)]);
    write(dir.path(), &names).expect("can be kept");
    assert_eq!(read(dir.path()).expect("can be read"), names);
    for text in ["", "{", "[{\"name\":\"192.0.2.1\"}]"] {
        fs::write(file(dir.path()), text).expect("can be written");
        assert!(read(dir.path()).is_err(), "{text:?}");
    }
}
