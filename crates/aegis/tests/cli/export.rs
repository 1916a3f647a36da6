//! `export` through the real program: what is blocked here, as other programs read it.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn what_is_blocked_is_written_for_others() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    for block in [
        "block 203.0.113.7 1h brute_force 8",
        "block 198.51.100.0/24 1h bot 5",
    ] {
        assert_eq!(sandbox.run(block).code, Some(0), "{block}");
    }
    let plain = sandbox.run("export plain");
    assert_eq!(plain.code, Some(0), "{plain:?}");
    assert_eq!(plain.out, "198.51.100.0/24\n203.0.113.7\n");
    let nginx = sandbox.run("export nginx");
    assert_eq!(nginx.out, "deny 198.51.100.0/24;\ndeny 203.0.113.7;\n");
    let dataset = sandbox.run("export dataset");
    assert_eq!(dataset.out, "203.0.113.7\n");
    assert!(
        dataset.talk.contains("Left out 1 that cannot be said"),
        "{dataset:?}"
    );
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    let file = sandbox.path().join("list.txt");
    fs::write(&file, "what was there before\n".repeat(100)).expect("set up");
    let block = sandbox.run("block 203.0.113.7 1h brute_force 8");
    assert_eq!(block.code, Some(0), "{block:?}");
    let answer = sandbox.run("export cidr --output list.txt");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.talk.contains("Wrote 1 entry "), "{answer:?}");
    assert_eq!(
        fs::read_to_string(&file).expect("it is there"),
        "203.0.113.7/32\n"
    );
    assert!(!sandbox.path().join("list.txt.new").exists());
}

#[test]
fn a_format_that_is_none_is_refused_with_those_that_are() {
    let sandbox = Sandbox::new();
    let answer = sandbox.run("export parchment");
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.talk.contains("flowspec"), "{answer:?}");
}

#[test]
fn without_a_node_nothing_is_replaced() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("list.txt");
    fs::write(&file, "203.0.113.9\n").expect("set up");
    let answer = sandbox.run("export plain --output list.txt");
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert_eq!(
        fs::read_to_string(&file).expect("it is there"),
        "203.0.113.9\n"
    );
}

#[test]
fn a_link_that_somebody_left_beside_the_file_is_not_followed() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    let precious = sandbox.path().join("precious");
    fs::write(&precious, "kept").expect("set up");
    let link = sandbox.path().join("list.txt.new");
    std::os::unix::fs::symlink(&precious, link).expect("set up");
    let answer = sandbox.run("export plain --output list.txt");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(fs::read_to_string(&precious).expect("it is there"), "kept");
    let written = sandbox.path().join("list.txt");
    assert!(!written.is_symlink() && written.is_file());
}
