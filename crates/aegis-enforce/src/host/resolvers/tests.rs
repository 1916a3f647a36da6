//! resolv.conf as people and programs write it.

use super::*;

#[test]
fn reads_name_servers() {
    check("nameserver 192.0.2.53\n", &["192.0.2.53"]);
    check("nameserver\t2001:db8::53", &["2001:db8::53"]);
    check(
        "search example.org\nnameserver   192.0.2.53   # office\n",
        &["192.0.2.53"],
    );
    check(
        "nameserver 192.0.2.1\r\nnameserver 192.0.2.2\r\n",
        &["192.0.2.1", "192.0.2.2"],
    );
    check("nameserver fe80::1%eth0\n", &["fe80::1"]);
    check("nameserver ::ffff:192.0.2.53\n", &["192.0.2.53"]);
}

#[test]
fn ignores_the_rest() {
    check("", &[]);
    check("# nameserver 192.0.2.53\n;nameserver 192.0.2.53\n", &[]);
    check(" nameserver 192.0.2.53\n", &[]); // the keyword must start its line
    check(
        "nameserver192.0.2.53\nnameservers 192.0.2.53\nNAMESERVER 192.0.2.53\n",
        &[],
    );
    check("nameserver\nnameserver \nnameserver dns.example.org\n", &[]);
    check(
        "nameserver 192.0.2.256\nnameserver 192.0.2.53/24\nnameserver 0.0.0.0\n",
        &[],
    );
    check("nameserver \0\u{fffd}\nnameserver %eth0\n", &[]);
}

#[test]
fn keeps_a_bounded_number() {
    let text: String = (0..200)
        .map(|it| format!("nameserver 192.0.2.{it}\n"))
        .collect();
    assert_eq!(name_servers(&text).len(), RESOLVERS_MAX);
}

#[test]
fn looks_behind_a_local_stub_and_only_then() {
    let root = tempfile::tempdir().unwrap();
    let sources = Sources::under(root.path());
    assert_eq!(resolvers(&sources), BTreeSet::new());
    for path in [&sources.resolv_conf, &sources.stub_upstreams[0]] {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    }
    std::fs::write(&sources.stub_upstreams[0], "nameserver 192.0.2.53\n").unwrap();
    std::fs::write(&sources.resolv_conf, "nameserver 127.0.0.53\n").unwrap();
    assert_eq!(resolvers(&sources), parse(&["127.0.0.53", "192.0.2.53"]));
    std::fs::write(&sources.resolv_conf, "nameserver 192.0.2.1\n").unwrap();
    assert_eq!(resolvers(&sources), parse(&["192.0.2.1"]));
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(name_servers(text), parse(expected), "{text:?}");
}

fn parse(addresses: &[&str]) -> BTreeSet<IpAddr> {
    addresses.iter().map(|it| it.parse().unwrap()).collect()
}
