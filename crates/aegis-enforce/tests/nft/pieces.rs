//! User namespaces, where the kernel takes no long messages.

use std::{collections::BTreeSet, process::Command};

use aegis_core::{Change, Ruleset};
use aegis_enforce::Enforcer;

use crate::support::{HOUR, Instance, block, now, parse, unwrap};

const INSIDE: &str = "AEGIS_TEST_INSIDE";

/// More than a message of 4 MiB holds.
const MANY: u32 = 100_000;

fn many(from: u32) -> Ruleset {
    let mut ruleset = Ruleset::default();
    for it in from..from + MANY {
        let text = format!("20.{}.{}.{}", it >> 16, it >> 8 & 255, it & 255);
        ruleset.apply(block(&text, HOUR));
    }
    ruleset
}

/// Run by the next test in a user namespace.
#[test]
fn process_in_a_user_namespace() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let mut instance = Instance::named("inside");
    instance.config.interfaces = vec!["lo".into()];
    let mut enforcer = unwrap(Enforcer::start(&instance.config, now()));
    let check = |enforcer: &Enforcer, wanted: &Ruleset| {
        let blocked = unwrap(enforcer.get_blocklist(now()));
        let blocked: BTreeSet<_> = blocked.iter().map(|it| it.indicator).collect();
        assert!(
            blocked.iter().eq(wanted.blocks().keys()),
            "{}",
            blocked.len()
        );
    };
    let first = many(0);
    unwrap(enforcer.apply(now(), &first.to_changes()));
    check(&enforcer, &first);
    unwrap(enforcer.apply(now(), &[block("192.0.2.0/24", HOUR)]));
    assert!(unwrap(enforcer.is_blocklisted(now(), parse("192.0.2.7"))));
    drop(enforcer);
    // Taken over, and half of it is to go.
    let mut enforcer = unwrap(Enforcer::start(&instance.config, now()));
    let mut second = many(MANY / 2);
    second.apply(Change::Unblock(parse("192.0.2.0/24")));
    let done = unwrap(enforcer.reconcile(now(), &second));
    assert_eq!(done.added, MANY as usize / 2);
    assert_eq!(done.removed, MANY as usize / 2 + 1);
    check(&enforcer, &second);
    println!("all there");
}

#[test]
fn a_long_list_is_written_in_pieces_where_it_must_be() {
    if Instance::new().is_none() {
        return;
    }
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "pieces::process_in_a_user_namespace",
            "--nocapture",
        ])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("all there"), "{text}{error}");
}
