//! Organisations through the real program, and over a restart.

use std::os::unix::fs::PermissionsExt as _;

use crate::sandbox::Sandbox;

#[test]
fn an_organisation_is_founded_joined_trusted_and_left_over_a_restart() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let node = sandbox.json("status")["node_id"]
        .as_str()
        .expect("set up")
        .to_owned();
    let created = sandbox.json("org create ACME");
    let id = created["organisation"].as_str().expect("set up").to_owned();
    let key_file = created["key_file"].as_str().expect("set up");
    let mode = std::fs::metadata(key_file)
        .expect("set up")
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o600);
    let signed = sandbox.json(&format!("org sign {node} --role publisher --valid 1h"));
    assert_eq!(signed["role"], "publisher");
    let word = signed["membership"].as_str().expect("set up");
    let joined = sandbox.json(&format!("org join {word}"));
    assert_eq!(joined["organisation"], id.as_str());
    sandbox.json(&format!("org trust {id} --weight 0.5"));
    sandbox.stop(daemon);
    let _daemon = sandbox.start(&[]);
    let list = sandbox.json("org list");
    let it = &list["organisations"][0];
    assert_eq!(it["organisation"], id.as_str());
    assert_eq!(it["name"], "ACME");
    assert_eq!(it["founded"], true);
    assert_eq!(it["weight_percent"], 50);
    assert_eq!(it["role"], "publisher");
    assert_eq!(it["members"], 1);
    let revoked = sandbox.json(&format!("org revoke ACME {node}"));
    assert_eq!(revoked["was_member"], true);
    let again = sandbox.run(&format!("org join {word}"));
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(
        again.talk.contains("has revoked the membership"),
        "{again:?}"
    );
    let it = &sandbox.json("org list")["organisations"][0];
    assert_eq!(
        (&it["role"], &it["revoked"]),
        (&serde_json::Value::Null, &1.into())
    );
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&[]);
    let other = "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq";
    for (line, code, says) in [
        (
            format!("org sign {other}"),
            1,
            "has founded no organisation",
        ),
        (format!("org sign {other} --valid 1x"), 2, "must be seconds"),
        (
            format!("org revoke {other} {other}"),
            1,
            "does not hold the key",
        ),
        (
            "org join aegis-membership:AAAA".to_owned(),
            2,
            "cannot be read",
        ),
        (
            "org join no-such-file".to_owned(),
            1,
            "neither a membership nor a file",
        ),
        ("org trust nonsense".to_owned(), 2, "not the peer ID"),
        (format!("org trust {other} --weight 2"), 2, "from 0 to 1"),
    ] {
        let answer = sandbox.run(&line);
        assert_eq!(answer.code, Some(code), "{line}: {answer:?}");
        assert!(answer.talk.contains(says), "{line}: {answer:?}");
    }
    sandbox.json("org create");
    let too_long = sandbox.run(&format!("org sign {other} --valid 4000d"));
    assert_eq!(too_long.code, Some(2), "{too_long:?}");
    let signed = sandbox.json(&format!("org sign {other}"));
    let word = signed["membership"].as_str().expect("set up");
    let foreign = sandbox.run(&format!("org join {word}"));
    assert!(foreign.talk.contains("is another node's"), "{foreign:?}");
}
