//! What may be listened on, and what is refused with the key that is wrong.

use super::{ApiConfig, RawApi, api};

#[test]
fn nothing_listens_that_nobody_asked_for() {
    assert_eq!(api(RawApi::default()).expect("the default"), None);
    let asked = RawApi {
        enabled: true,
        ..RawApi::default()
    };
    let listen = "127.0.0.1:9002".parse().expect("an address");
    assert_eq!(
        api(asked).expect("loopback"),
        Some(ApiConfig { listen, tls: None })
    );
}

#[test]
fn keys_do_not_cross_the_network_in_the_clear() {
    for (listen, tls, allow_plain, problem) in [
        ("127.0.0.1:0", false, false, ""),
        ("127.8.9.1:80", false, false, ""),
        ("[::1]:80", false, false, ""),
        ("[::ffff:127.0.0.1]:80", false, false, ""),
        ("0.0.0.0:80", true, false, ""),
        ("0.0.0.0:80", false, true, ""),
        ("0.0.0.0:80", false, false, "in the clear"),
        ("[::]:80", false, false, "in the clear"),
        ("192.0.2.1:80", false, false, "in the clear"),
        ("localhost:80", false, false, "is not an address"),
        ("127.0.0.1", false, false, "is not an address"),
    ] {
        let raw = RawApi {
            enabled: true,
            listen: listen.into(),
            tls_cert: tls.then(|| "cert".into()),
            tls_key: tls.then(|| "key".into()),
            allow_plain,
        };
        let told = api(raw).err().map_or_else(String::new, |it| it.to_string());
        assert!(
            told.contains(problem) && told.is_empty() == problem.is_empty(),
            "{listen}: {told}"
        );
    }
}

#[test]
fn a_certificate_and_its_key_come_together() {
    let cert = RawApi {
        tls_cert: Some("cert".into()),
        ..RawApi::default()
    };
    let key = RawApi {
        tls_key: Some("key".into()),
        ..RawApi::default()
    };
    for (raw, says) in [(cert, "api.tls_key"), (key, "api.tls_cert")] {
        let told = api(raw).expect_err(says).to_string();
        assert!(told.contains(says), "{told}");
    }
}
