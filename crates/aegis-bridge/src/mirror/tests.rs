//! What can be a mirror, and that its password stays where it was written.

use super::{InvalidMirror, MirrorConfig};

#[test]
fn an_address_is_of_redis_and_of_nothing_else() {
    for url in [
        "redis://127.0.0.1",
        "redis://127.0.0.1:6380/2",
        "redis://user:secret@[::1]:6379",
        "redis+unix:///run/redis.sock",
        "unix:///run/redis.sock?db=1",
    ] {
        assert!(MirrorConfig::new(url, "aegis:a:blocklist").is_ok(), "{url}");
    }
    for url in [
        "",
        "127.0.0.1:6379",
        "http://127.0.0.1",
        "rediss://127.0.0.1",
        "redis://",
        "redis://a:b:c",
    ] {
        let error = MirrorConfig::new(url, "aegis").map(drop);
        assert!(
            matches!(error, Err(InvalidMirror::Address)),
            "{url}: {error:?}"
        );
    }
}

#[test]
fn a_key_is_a_plain_word() {
    let long = "a".repeat(201);
    for key in ["", "a b", "a\r\nFLUSHALL", "ä", &long] {
        let error = MirrorConfig::new("redis://127.0.0.1", key).map(drop);
        assert!(matches!(error, Err(InvalidMirror::Key)), "{key}");
    }
}

#[test]
fn a_password_is_not_shown() {
    let config = MirrorConfig::new("redis://user:secret@127.0.0.1", "aegis").expect("a mirror");
    assert_eq!(format!("{config:?}"), "MirrorConfig(aegis)");
    let error = MirrorConfig::new("redis://user:secret@", "aegis").map(drop);
    if let Err(error) = error {
        assert!(!error.to_string().contains("secret"));
    }
}
