//! The page is on the loopback alone, and asked for under names of hosts.

use super::{PageConfig, RawPage, page};

#[test]
fn it_is_on_unless_it_is_switched_off() {
    let config = page(RawPage::default()).expect("valid").expect("on");
    assert_eq!(config.listen.to_string(), "127.0.0.1:9004");
    assert!(config.may_move && config.read_without_key);
    let off = RawPage {
        enabled: false,
        ..RawPage::default()
    };
    assert_eq!(page(off).expect("valid"), None);
}

#[test]
fn a_port_that_was_asked_for_is_the_one() {
    let config = listening("[::1]:8443").expect("valid").expect("on");
    assert!(!config.may_move);
    assert_eq!(config.listen.port(), 8443);
}

#[test]
fn nobody_elsewhere_sees_it_in_the_clear() {
    for listen in [
        "0.0.0.0:9004",
        "192.0.2.1:9004",
        "[::]:9004",
        "9004",
        "localhost:9004",
    ] {
        let error = listening(listen).expect_err(listen);
        assert!(error.to_string().contains("page.listen"), "{error}");
    }
}

#[test]
fn only_names_of_hosts_are_names() {
    for (host, is_one) in [
        ("node.example.org", true),
        ("a b", false),
        ("x/y", false),
        ("", false),
    ] {
        let raw = RawPage {
            hosts: vec![host.to_owned()],
            ..RawPage::default()
        };
        assert_eq!(page(raw).is_ok(), is_one, "{host}");
    }
}

fn listening(at: &str) -> Result<Option<PageConfig>, super::ConfigError> {
    page(RawPage {
        listen: Some(at.to_owned()),
        ..RawPage::default()
    })
}
