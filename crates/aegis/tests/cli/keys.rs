//! Keys through the real program, and over a restart: what is kept of them, and who hears of it.

use std::path::Path;

use crate::sandbox::Sandbox;

#[test]
fn a_key_is_given_out_kept_without_its_secret_and_revoked() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let status = sandbox.json("status");
    let state_dir = Path::new(status["state_dir"].as_str().expect("a path"));
    let created = sandbox.run("key create grafana --scope read");
    assert_eq!(created.code, Some(0), "{created:?}");
    let secret = created.out.trim_end();
    assert!(
        secret.starts_with("aegis_") && secret.len() == 70,
        "{secret}"
    );
    let again = sandbox.run("key create grafana --scope admin");
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(
        again.talk.contains("there is a key `grafana` already"),
        "{again:?}"
    );
    sandbox.stop(daemon);
    let files = std::fs::read_dir(state_dir).expect("the state directory");
    let kept: Vec<u8> = files
        .filter_map(|it| std::fs::read(it.expect("an entry").path()).ok())
        .flatten()
        .collect();
    let kept = String::from_utf8_lossy(&kept);
    assert!(
        kept.contains("gave out grafana, read"),
        "the audit log tells"
    );
    assert!(!kept.contains(secret), "the secret is kept");

    let _daemon = sandbox.start(&[]);
    let list = sandbox.json("key list");
    let key = &list["keys"][0];
    assert_eq!(
        (&key["name"], &key["scope"]),
        (&"grafana".into(), &"read".into())
    );
    assert_eq!(sandbox.json("key revoke grafana")["was_there"], true);
    assert_eq!(sandbox.run("key revoke grafana").code, Some(1));
    assert_eq!(sandbox.json("key list")["keys"], serde_json::json!([]));
}
