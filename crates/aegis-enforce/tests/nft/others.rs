//! Tables that others make, and what others do to ours.

use std::time::Duration;

use aegis_core::Change;
use aegis_enforce::{EnforceError, Enforcer, detach, detach_all};

use crate::{
    support::{
        HOUR, Instance, apply, block, blocked, exempt,
        namespace::{ATTACKER, Cable, DEFENDER, Namespace, is_silent},
        now, unwrap, wait_until,
    },
    traffic::{address, wait_answered},
};

const THEIRS: &str = "add table inet aegis_theirs; \
    add chain inet aegis_theirs input { type filter hook input priority 0; }; \
    add table netdev theirs; add set netdev theirs s { type ipv4_addr; }; \
    add element netdev theirs s { 192.0.2.1 }";

fn listed(namespace: &Namespace, table: &str) -> String {
    namespace.run(
        "nft",
        &["list", "table", table.split_once(' ').unwrap().0, {
            table.split_once(' ').unwrap().1
        }],
    )
}

fn tables(namespace: &Namespace) -> String {
    namespace.run("nft", &["list", "tables"])
}

#[test]
fn tables_of_others_and_of_other_instances_stay_as_they_are() {
    let (Some(first), Some(second)) = (Instance::new(), Instance::new()) else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    defender.run("nft", &[THEIRS]);
    let theirs = ["inet aegis_theirs", "netdev theirs"];
    let before = theirs.map(|it| listed(defender, it));
    let mut enforcers = [first.start(defender), second.start(defender)];
    for (enforcer, text) in enforcers.iter_mut().zip([ATTACKER, "192.0.2.9"]) {
        apply(enforcer, defender, &[block(text, HOUR)]);
    }
    assert_eq!(blocked(&enforcers[0], defender), [ATTACKER]);
    assert_eq!(blocked(&enforcers[1], defender), ["192.0.2.9"]);
    let [one, other] = enforcers;
    drop(one);
    let report = defender.enter(|| unwrap(detach(first.name(), &first.config.bpffs)));
    assert_eq!(report.tables, [format!("netdev aegis_{}", first.name())]);
    assert!(!tables(defender).contains(&format!("aegis_{}\n", first.name())));
    assert_eq!(blocked(&other, defender), ["192.0.2.9"]);
    drop(other);
    let empty = std::env::temp_dir();
    let reports = defender.enter(|| unwrap(detach_all(&empty)));
    let names: Vec<_> = reports.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(names, [second.name().as_str()]);
    assert_eq!(theirs.map(|it| listed(defender, it)), before);
    let left = "table inet aegis_theirs\ntable netdev theirs\n";
    assert_eq!(tables(defender), left);
}

/// Has another program do something to our table; the sweep notices, mends it, and tells it once.
#[track_caller]
fn check_mended(count: u32, vandal: impl Fn(&str) -> String) {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let _echo = defender.echo(address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    wait_answered("the first answer", &attacker);
    let address = |it: u32| format!("20.0.{}.{}", it >> 8, it & 255);
    let mut changes: Vec<Change> = (0..count).map(|it| block(&address(it), HOUR)).collect();
    changes.push(block(ATTACKER, HOUR));
    changes.push(exempt("192.0.2.1", aegis_core::Exemption::Protected));
    apply(&mut enforcer, defender, &changes);
    let sweep = |enforcer: &mut Enforcer| defender.enter(|| enforcer.sweep(now()));
    assert_eq!(unwrap(sweep(&mut enforcer)), 0, "nothing happened yet");
    let command = vandal(&format!("netdev aegis_{}", instance.name()));
    defender.run("nft", &[&command]);
    let error = sweep(&mut enforcer).unwrap_err();
    assert!(
        matches!(error, EnforceError::Mended { .. }),
        "{command}: {error:?}"
    );
    assert!(is_silent(&attacker), "{command}");
    assert_eq!(unwrap(sweep(&mut enforcer)), 0, "told once: {command}");
    assert_eq!(
        blocked(&enforcer, defender).len(),
        count as usize + 1,
        "{command}"
    );
}

#[test]
fn a_ruleset_flushed_by_somebody_else_is_put_back() {
    check_mended(1, |_| "flush ruleset".into());
    check_mended(2000, |_| "flush ruleset".into());
}

#[test]
fn rules_flushed_by_somebody_else_are_put_back() {
    check_mended(1, |table| format!("flush table {table}"));
    check_mended(2000, |table| format!("flush chain {table} aegis_filter"));
}

#[test]
fn elements_taken_out_by_somebody_else_are_put_back() {
    check_mended(1, |table| {
        format!("delete element {table} blocked4_32 {{ {ATTACKER} }}")
    });
    check_mended(2000, |table| format!("flush set {table} blocked4_32"));
    check_mended(1, |table| {
        format!("delete element {table} protected4_32 {{ 192.0.2.1 }}")
    });
}

#[test]
fn elements_put_in_by_somebody_else_are_taken_out() {
    check_mended(1, |table| {
        format!("add element {table} blocked4_32 {{ 192.0.2.77 }}")
    });
    check_mended(1, |table| format!("add rule {table} aegis_filter accept"));
}

#[test]
fn a_change_onto_a_table_that_was_flushed_puts_everything_back() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    apply(&mut enforcer, defender, &[block(ATTACKER, HOUR)]);
    defender.run("nft", &["flush ruleset"]);
    apply(&mut enforcer, defender, &[block("192.0.2.1", HOUR)]);
    assert_eq!(blocked(&enforcer, defender), [ATTACKER, "192.0.2.1"]);
}

#[test]
fn a_stepped_clock_has_every_deadline_mended() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let _echo = defender.echo(address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    wait_answered("the first answer", &attacker);
    apply(&mut enforcer, defender, &[block(ATTACKER, HOUR)]);
    // As after a sleep in which the kernel's clock stood still.
    let later = now() + HOUR - Duration::from_secs(1);
    defender.enter(|| unwrap(enforcer.sweep(later)));
    assert!(is_silent(&attacker));
    wait_until("the block is over", || !is_silent(&attacker));
}
