//! A secret opens its own key, for as long as it is given out, and a scope is no more than it says.

use std::sync::Arc;

use aegis_core::{AccessKey, AccessScope, Timestamp};
use tokio::sync::watch;

use super::{Caller, KeyGrant, KeyRing, SECRET_BYTES, Scope, secret, secret_hash};
use crate::ErrorCode;

#[test]
fn a_secret_opens_its_key_and_no_other() {
    let (_keys_tx, ring) = ring(&[key("web", 1), key("agent", 2)]);
    assert_eq!(
        ring.verify(&secret(&[1; 32])).expect("a key").name.as_str(),
        "web"
    );
    assert_eq!(
        ring.verify(&secret(&[2; 32])).expect("a key").name.as_str(),
        "agent"
    );
    let digits = "0".repeat(SECRET_BYTES);
    let upper = secret(&[0xab; 32]).to_uppercase();
    for wrong in [
        "",
        "aegis_",
        &secret(&[3; 32]),
        &digits,
        &upper,
        &"x".repeat(100_000),
    ] {
        assert_eq!(ring.verify(wrong), None, "{wrong}");
    }
}

#[test]
fn a_name_and_the_secret_of_another_open_nothing() {
    let (_keys_tx, ring) = ring(&[key("web", 1), key("agent", 2)]);
    assert!(ring.verify_named("web", &secret(&[1; 32])).is_some());
    assert_eq!(ring.verify_named("web", &secret(&[2; 32])), None);
    assert_eq!(ring.verify_named("nobody", &secret(&[1; 32])), None);
}

#[test]
fn a_secret_is_not_kept_and_its_hash_does_not_show_it() {
    let text = secret(&[0xab; 32]);
    assert_eq!(text.len(), SECRET_BYTES);
    let hash = secret_hash(&text);
    assert_ne!(hash, secret_hash(&secret(&[0xac; 32])));
    let grant = KeyGrant::from(&key("web", 0xab));
    assert_eq!(format!("{grant:?}"), "KeyGrant(web, decide)");
}

#[tokio::test]
async fn revoking_takes_effect_at_once_also_for_who_waits() {
    let (keys_tx, ring) = ring(&[key("web", 1), key("agent", 2)]);
    let grant = ring.verify(&secret(&[1; 32])).expect("a key");
    let mut waiting = std::pin::pin!(ring.clone().revoked(grant));
    assert!(futures::poll!(waiting.as_mut()).is_pending());
    keys_tx.send_replace(Arc::new([key("web", 9), key("agent", 2)]));
    assert!(!ring.holds(&grant), "another key has its name");
    assert_eq!(ring.verify(&secret(&[1; 32])), None);
    waiting.await;
}

#[test]
fn a_scope_includes_those_before_it() {
    for (at, has) in Scope::ALL.into_iter().enumerate() {
        let grant = KeyGrant {
            scope: has,
            ..KeyGrant::from(&key("web", 1))
        };
        for (needed, scope) in Scope::ALL.into_iter().enumerate() {
            let answer = Caller::Key(grant).require(scope);
            assert_eq!(answer.is_ok(), needed <= at, "{has} for {scope}");
            assert!(answer.err().is_none_or(|it| it.code == ErrorCode::Denied));
        }
    }
    assert!(
        Caller::Local {
            uid: 1000,
            pid: None
        }
        .require(Scope::Admin)
        .is_ok()
    );
}

fn key(name: &str, number: u8) -> AccessKey {
    AccessKey {
        name: name.parse().expect("a name"),
        scope: AccessScope::Decide,
        secret_hash: secret_hash(&secret(&[number; 32])),
        created_at: Timestamp::from_secs(1),
    }
}

fn ring(keys: &[AccessKey]) -> (watch::Sender<Arc<[AccessKey]>>, KeyRing) {
    let (keys_tx, keys_rx) = watch::channel(keys.into());
    (keys_tx, KeyRing::new(keys_rx))
}
