//! Restarts, killed owners, and interfaces that come back.

use std::{
    io::BufRead as _,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use aegis_core::{Change, Exemption, Ruleset};
use aegis_enforce::{Enforcer, ModeRequest};

use crate::{
    support::{
        HOUR, Instance, apply, block, blocked, exempt,
        namespace::{
            ATTACKER, BYSTANDER, Cable, DEFENDER, INTERFACE, Namespace, is_answered, is_silent,
        },
        now, parse, pause, unwrap, wait_until,
    },
    traffic::{address, wait_answered},
};

/// What the process to be killed does after it has said that it is ready.
const VICTIM: &str = "AEGIS_TEST_VICTIM";
/// How much it loads meanwhile, in one transaction.
const LOAD: u32 = 50_000;

fn ruleset(changes: &[Change]) -> Ruleset {
    let mut ruleset = Ruleset::default();
    for change in changes {
        ruleset.apply(*change);
    }
    ruleset
}

#[test]
fn a_restart_takes_over_and_says_what_it_changed() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let changes = [
        block(ATTACKER, HOUR),
        block("198.51.100.0/24", HOUR),
        block("2001:db8::/48", HOUR),
        exempt(BYSTANDER, Exemption::Protected),
    ];
    apply(&mut enforcer, defender, &changes);
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    let _ = attacker.send(b"x");
    let packets = |enforcer: &Enforcer| {
        let entry = defender.enter(|| unwrap(enforcer.entries(now(), &[parse(ATTACKER)])));
        entry[0].packets
    };
    wait_until("a packet is counted", || packets(&enforcer) >= 1);
    let before = packets(&enforcer);
    drop(enforcer);
    let mut enforcer = instance.start(defender);
    let all = [ATTACKER, "198.51.100.0/24", "2001:db8::/48"];
    assert_eq!(blocked(&enforcer, defender), all);
    // One stays, one gets another end, one is gone, one is new.
    let wanted = ruleset(&[
        changes[0],
        block("198.51.100.0/24", HOUR * 2),
        block("192.0.2.1", HOUR),
        changes[3],
    ]);
    let done = defender.enter(|| unwrap(enforcer.reconcile(now(), &wanted)));
    assert_eq!((done.added, done.renewed, done.removed), (1, 1, 1));
    assert_eq!(done.unknown, []);
    assert_eq!(
        blocked(&enforcer, defender),
        [ATTACKER, "192.0.2.1", "198.51.100.0/24"]
    );
    assert!(packets(&enforcer) >= before, "counters outlive a restart");
    let done = defender.enter(|| unwrap(enforcer.reconcile(now(), &wanted)));
    assert_eq!(done, Default::default());
}

#[test]
fn only_one_process_owns_an_instance() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let _enforcer = instance.start(&cable.defender);
    let second = cable
        .defender
        .enter(|| Enforcer::start(&instance.config, now()));
    let error = second.unwrap_err().to_string();
    assert!(error.contains("already running"), "{error}");
    let detached = cable
        .defender
        .enter(|| aegis_enforce::detach(instance.name(), &instance.config.bpffs));
    assert!(detached.is_err(), "not under the feet of its owner");
    // The same name in another network namespace is another table.
    let other = Cable::new();
    instance.start(&other.defender);
}

#[test]
fn restarts_lose_nothing_and_leak_nothing() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let mut enforcer = instance.start(&cable.defender);
    let echo = cable.defender.echo(address(DEFENDER));
    let bystander = cable.attacker.socket(BYSTANDER, address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    wait_answered("the first answer", &bystander);
    wait_answered("the attacker's first answer", &attacker);
    let changes = [block(ATTACKER, HOUR), block("198.51.100.0/24", HOUR)];
    apply(&mut enforcer, &cable.defender, &changes);
    drop(enforcer);
    let before = echo.seen();
    let is_done = AtomicBool::new(false);
    let answers = thread::scope(|scope| {
        let traffic = scope.spawn(|| {
            let mut answers = 0;
            while !is_done.load(Ordering::Relaxed) && answers < 100_000 {
                for _ in 0..4 {
                    let _ = attacker.send(b"flood");
                }
                assert!(is_answered(&bystander), "after {answers} answers");
                answers += 1;
            }
            answers
        });
        for round in 0..10 {
            // From one hook to the other and back, and the same again.
            instance.config.mode = match round / 2 % 2 {
                0 => ModeRequest::Nft,
                _ => ModeRequest::NftPrerouting,
            };
            let mut enforcer = instance.start(&cable.defender);
            let wanted = ruleset(&changes);
            cable
                .defender
                .enter(|| unwrap(enforcer.reconcile(now(), &wanted)));
        }
        is_done.store(true, Ordering::Relaxed);
        traffic.join().unwrap()
    });
    assert!(answers >= 10, "only {answers} exchanges over ten restarts");
    // Whatever the attacker sent, the service saw the bystander's datagrams only.
    assert_eq!(echo.seen() - before, answers);
}

/// Run by the next test as a process of its own, which is killed.
#[test]
fn process_to_be_killed() {
    let Some(name) = std::env::var_os(VICTIM) else {
        return;
    };
    let instance = Instance::named(name.to_str().unwrap());
    let mut enforcer = unwrap(Enforcer::start(&instance.config, now()));
    unwrap(enforcer.apply(now(), &[block(ATTACKER, HOUR)]));
    println!("ready to be killed");
    let many: Vec<Change> = (0..LOAD)
        .map(|it| block(&format!("20.0.{}.{}", it >> 8, it & 255), HOUR))
        .collect();
    loop {
        unwrap(enforcer.apply(now(), &many));
        let fewer: Vec<Change> = (0..LOAD)
            .map(|it| Change::Unblock(parse(&format!("20.0.{}.{}", it >> 8, it & 255))))
            .collect();
        unwrap(enforcer.apply(now(), &fewer));
    }
}

fn start_victim(instance: &Instance, namespace: &Namespace) -> Child {
    let mut victim = namespace.enter(|| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "restart::process_to_be_killed", "--nocapture"])
            .env(VICTIM, instance.name().as_str())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let mut output = std::io::BufReader::new(victim.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready to be killed") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "it died");
    }
    victim
}

#[test]
fn killing_the_owner_at_any_time_leaves_all_of_a_change_or_nothing() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let _echo = cable.defender.echo(address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    wait_answered("the first answer", &attacker);
    for millis in [1, 150, 400, 900] {
        let mut victim = start_victim(&instance, &cable.defender);
        pause(Duration::from_millis(millis));
        victim.kill().unwrap(); // SIGKILL
        victim.wait().unwrap();
        assert!(is_silent(&attacker), "killed after {millis} ms");
        // The transaction that was under way may still be carried out by its own process.
        let enforcer = instance.start(&cable.defender);
        let count = blocked(&enforcer, &cable.defender).len();
        let all = LOAD as usize + 1;
        assert!(count == 1 || count == all, "{count} after {millis} ms");
        assert!(is_silent(&attacker), "after the restart");
    }
}

#[test]
fn an_interface_that_comes_back_is_defended_again() {
    for mode in [ModeRequest::Nft, ModeRequest::NftPrerouting] {
        let Some(mut instance) = Instance::new() else {
            return;
        };
        instance.config.mode = mode;
        let cable = Cable::new();
        let defender = &cable.defender;
        let mut enforcer = instance.start(defender);
        apply(&mut enforcer, defender, &[block(ATTACKER, HOUR)]);
        let mut reattach = || defender.enter(|| unwrap(enforcer.reattach()));
        assert!(!reattach());
        defender.ip(&format!("link del {INTERFACE}"));
        assert!(!reattach(), "there is nothing to hook to");
        defender.ip(&format!(
            "link add {INTERFACE} type veth peer name aegispeer"
        ));
        assert!(reattach());
        assert!(!reattach());
        let swept = defender.enter(|| enforcer.sweep(now()));
        assert_eq!(unwrap(swept), 0);
        assert_eq!(blocked(&enforcer, defender), [ATTACKER]);
        let link = defender.run("ip", &["-o", "link", "show", INTERFACE]);
        let index = enforcer.interfaces()[0].index;
        assert!(link.starts_with(&format!("{index}: ")), "{link} {index}");
    }
}
