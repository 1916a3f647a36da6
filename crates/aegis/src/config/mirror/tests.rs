//! The mirror is off until it is asked for, and its password stays where it was written.

use super::{RawMirror, RedisUrl, mirror};

fn raw(url: &str, key_prefix: &str) -> RawMirror {
    RawMirror {
        redis: Some(RedisUrl(url.to_owned())),
        key_prefix: key_prefix.to_owned(),
    }
}

#[test]
fn a_mirror_has_a_set_of_its_instances_own() {
    let instance = "edge".parse().expect("a name");
    assert!(
        mirror(&RawMirror::default(), &instance)
            .expect("off")
            .is_none()
    );
    let config = mirror(&raw("redis://127.0.0.1", "fw"), &instance).expect("a mirror");
    assert_eq!(config.expect("it is on").key(), "fw:edge:blocklist");
    for (url, prefix, field) in [
        ("http://127.0.0.1", "aegis", "mirror.redis: "),
        ("rediss://a:secret@127.0.0.1", "aegis", "mirror.redis: "),
        ("redis://127.0.0.1", "a b", "mirror.key_prefix: "),
    ] {
        let error = mirror(&raw(url, prefix), &instance)
            .expect_err(url)
            .to_string();
        assert!(
            error.starts_with(field) && !error.contains("secret"),
            "{error}"
        );
    }
}

#[test]
fn a_password_is_not_shown() {
    for (url, shown) in [
        (
            "redis://user:secret@127.0.0.1:6379/0",
            "redis://…@127.0.0.1:6379/0",
        ),
        ("redis://:se@cret@[::1]", "redis://…@[::1]"),
        ("redis://127.0.0.1", "redis://127.0.0.1"),
        ("secret", "…"),
    ] {
        let text = toml::to_string(&raw(url, "aegis")).expect("it can be written");
        assert!(text.contains(&format!("\"{shown}\"")), "{text}");
        assert!(
            !format!("{:?}", raw(url, "aegis")).contains("cret"),
            "{url}"
        );
    }
}
