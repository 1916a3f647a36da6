//! What speaks of the kernel, on a host or with a configuration that has none of it.

use crate::sandbox::Sandbox;

#[test]
fn a_node_that_observes_says_that_it_drops_nothing_and_why() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    let status = sandbox.json("status");
    assert_eq!(status["mode"], "observe");
    assert_eq!(status["kernel_map_ids"], serde_json::json!([]));
    let problem = status["problems"][0].as_str().expect("a problem");
    assert!(
        problem.starts_with("observing only: ") && problem.contains("/proc/none"),
        "{problem}"
    );
}

#[test]
fn a_node_that_cannot_enforce_does_not_pretend() {
    // The mode that is asked for, and without one each rung down to nftables, which hooks to
    // nothing here either.
    for (line, says) in [
        ("run --no-p2p --interface lo --mode native", "/proc/none"),
        ("run --no-p2p --interface aegis-none", "nftables: "),
        ("run --no-p2p --interface aegis-none --mode nft", "nftables"),
    ] {
        let answer = Sandbox::new().run(line);
        assert!(matches!(answer.code, Some(1 | 4)), "{answer:?}");
        assert!(answer.talk.contains("cannot enforce"), "{answer:?}");
        assert!(answer.talk.contains(says), "{answer:?}");
        assert!(answer.talk.contains("--observe"), "{answer:?}");
    }
}

#[test]
fn detach_says_where_there_is_nothing_to_detach() {
    let sandbox = Sandbox::new();
    for (line, says) in [
        ("detach", "Nothing of default is in the kernel\n"),
        (
            "detach --instance aegis-cli-test",
            "Nothing of aegis-cli-test is in the kernel\n",
        ),
        ("detach --all", "Nothing of AEGIS is in the kernel\n"),
    ] {
        let bpffs = sandbox.path().display();
        let answer = sandbox.run(&format!("{line} --bpffs {bpffs}"));
        assert_eq!(
            (answer.code, answer.out.as_str()),
            (Some(0), says),
            "{line}: {answer:?}"
        );
        let json = sandbox.json(&format!("{line} --bpffs {bpffs}"));
        let pins = json
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| &it["pins"]);
        assert!(pins.into_iter().all(|it| it == 0), "{json}");
    }
}

#[test]
fn doctor_names_each_check_and_its_state() {
    let answer = Sandbox::new().run("--json doctor --interface lo --bpffs /proc/none");
    assert!(matches!(answer.code, Some(0 | 1)), "{answer:?}");
    assert_eq!(answer.out.matches('\n').count(), 1, "{answer:?}");
    let json: Vec<serde_json::Value> = serde_json::from_str(&answer.out).expect("JSON");
    assert!(!json.is_empty());
    for check in &json {
        assert!(
            check["name"].as_str().is_some_and(|it| !it.is_empty()),
            "{check}"
        );
        assert!(
            check["detail"].as_str().is_some_and(|it| !it.is_empty()),
            "{check}"
        );
        let state = check["state"].as_str();
        assert_eq!(check["why"].is_null(), state == Some("ok"), "{check}");
        let must_mend = matches!(state, Some("warn" | "fail"));
        assert!(!must_mend || check["fix"].is_string(), "{check}");
        assert!(
            matches!(state, Some("ok" | "note" | "warn" | "fail")),
            "{check}"
        );
    }
    let is_failing = json.iter().any(|it| it["state"] == "fail");
    assert_eq!(answer.code, Some(i32::from(is_failing)), "{answer:?}");
}
