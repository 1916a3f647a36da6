//! Real traffic through a cable between two namespaces.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use aegis_core::Exemption;
use aegis_enforce::{Counter, Enforcer, ModeRequest, SourceDetector};

use crate::support::{
    HOUR, Instance, T0, block_all, clock, count, exempt,
    namespace::{
        ATTACKER, ATTACKER_V6, BYSTANDER, Cable, DEFENDER, DEFENDER_V6, INTERFACE, Namespace,
        is_answered, is_silent,
    },
    parse, unwrap, wait_until,
};

const PORT: u16 = 7;
const LIMIT: Duration = Duration::from_secs(10);

fn address(text: &str) -> SocketAddr {
    SocketAddr::new(text.parse().unwrap(), PORT)
}

fn start(instance: &mut Instance, namespace: &Namespace, mode: ModeRequest) -> Enforcer {
    instance.config.interfaces = vec![INTERFACE.into()];
    instance.config.mode = mode;
    namespace.enter(|| unwrap(Enforcer::start(&instance.config, T0)))
}

/// Blocks and unblocks the attacker in one mode; the bystander never notices.
#[track_caller]
fn check_mode(mode: ModeRequest) {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let mut enforcer = start(&mut instance, &cable.defender, mode);
    let _echoes = [DEFENDER, DEFENDER_V6].map(|it| cable.defender.echo(address(it)));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    let attacker_v6 = cable.attacker.socket(ATTACKER_V6, address(DEFENDER_V6));
    let bystander = cable.attacker.socket(BYSTANDER, address(DEFENDER));
    let answered = |what: &str, socket: &UdpSocket| {
        wait_until(what, LIMIT, || is_answered(socket));
    };
    answered("an answer before", &attacker);
    answered("an IPv6 answer before", &attacker_v6);
    block_all(&mut enforcer, &[ATTACKER, ATTACKER_V6]);
    for _ in 0..3 {
        assert!(is_silent(&attacker), "{mode:?}");
        assert!(is_silent(&attacker_v6), "{mode:?}");
        assert!(is_answered(&bystander), "{mode:?}");
    }
    assert!(count(&enforcer, Counter::Dropped) >= 6, "{mode:?}");
    unwrap(enforcer.remove_from_blocklist(T0, parse(ATTACKER)));
    unwrap(enforcer.remove_from_blocklist(T0, parse(ATTACKER_V6)));
    answered("an answer after", &attacker);
    answered("an IPv6 answer after", &attacker_v6);
}

#[test]
fn native_mode_drops_the_attacker_and_nobody_else() {
    check_mode(ModeRequest::Native);
}

#[test]
fn generic_mode_drops_the_attacker_and_nobody_else() {
    check_mode(ModeRequest::Generic);
}

#[test]
fn traffic_control_drops_the_attacker_and_nobody_else() {
    check_mode(ModeRequest::Tc);
    check_mode(ModeRequest::TcFilter);
}

#[test]
fn tcp_connects_before_and_after_a_block_and_not_during_it() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let mut enforcer = start(&mut instance, &cable.defender, ModeRequest::Auto);
    let listener = cable
        .defender
        .enter(|| TcpListener::bind(address(DEFENDER)).unwrap());
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut byte = [0];
            if stream.read_exact(&mut byte).is_err()
                || stream.write_all(&byte).is_err()
                || byte == [0]
            {
                break;
            }
        }
    });
    let talk = |byte: u8| {
        cable.attacker.enter(|| {
            let limit = Duration::from_millis(500);
            let mut stream = TcpStream::connect_timeout(&address(DEFENDER), limit)?;
            stream.set_read_timeout(Some(limit))?;
            stream.write_all(&[byte])?;
            stream.read_exact(&mut [0])
        })
    };
    assert!(talk(1).is_ok());
    block_all(&mut enforcer, &[ATTACKER]);
    assert!(talk(1).is_err());
    unwrap(enforcer.remove_from_blocklist(T0, parse(ATTACKER)));
    assert!(talk(0).is_ok());
}

#[test]
fn loopback_traffic_is_dropped_in_generic_mode() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let namespace = Namespace::new();
    instance.config.interfaces = vec!["lo".into()];
    let mut enforcer = namespace.enter(|| unwrap(Enforcer::start(&instance.config, T0)));
    let _echo = namespace.echo(address("127.0.0.1"));
    let socket = namespace.socket("127.0.0.2", address("127.0.0.1"));
    assert!(is_answered(&socket));
    block_all(&mut enforcer, &["127.0.0.2"]);
    assert!(is_silent(&socket));
}

#[test]
fn moving_links_over_loses_nothing_and_leaks_nothing() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let mut enforcer = start(&mut instance, &cable.defender, ModeRequest::Auto);
    let echo = cable.defender.echo(address(DEFENDER));
    let bystander = cable.attacker.socket(BYSTANDER, address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    wait_until("the first answer", LIMIT, || is_answered(&bystander));
    wait_until("the attacker's first answer", LIMIT, || {
        is_answered(&attacker)
    });
    block_all(&mut enforcer, &[ATTACKER]);
    drop(enforcer);
    let before = echo.seen();
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let answers = thread::scope(|scope| {
        let traffic = scope.spawn(|| {
            let mut answers = 0;
            while !is_done.load(std::sync::atomic::Ordering::Relaxed) && answers < 100_000 {
                let _ = attacker.send(b"flood");
                assert!(is_answered(&bystander), "after {answers} answers");
                answers += 1;
            }
            answers
        });
        for round in 0..10 {
            // Every other start has tables of another size, so new ones take over as well.
            instance.config.capacity.hosts_v4 = 1024 + round % 2;
            drop(start(&mut instance, &cable.defender, ModeRequest::Auto));
        }
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        traffic.join().unwrap()
    });
    assert!(answers >= 10, "only {answers} exchanges over ten moves");
    // Whatever the attacker sent, the service saw the bystander's datagrams only.
    assert_eq!(echo.seen() - before, answers);
}

/// Run by the next test as a process of its own, which is killed.
#[test]
fn process_to_be_killed() {
    let Some(name) = std::env::var_os("AEGIS_TEST_VICTIM") else {
        return;
    };
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.instance = name.to_str().unwrap().parse().unwrap();
    instance.config.interfaces = vec![INTERFACE.into()];
    let mut enforcer = unwrap(Enforcer::start(&instance.config, T0));
    block_all(&mut enforcer, &[ATTACKER]);
    println!("ready to be killed");
    loop {
        thread::park();
    }
}

#[test]
fn killing_the_owner_lets_nothing_through() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let echo = cable.defender.echo(address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    wait_until("the first answer", LIMIT, || is_answered(&attacker));
    let mut victim = cable.defender.enter(|| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "traffic::process_to_be_killed", "--nocapture"])
            .env("AEGIS_TEST_VICTIM", instance.name().as_str())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let mut output = std::io::BufReader::new(victim.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready to be killed") {
        line.clear();
        assert_ne!(
            std::io::BufRead::read_line(&mut output, &mut line).unwrap(),
            0,
            "it died"
        );
    }
    let before = echo.seen();
    victim.kill().unwrap(); // SIGKILL
    victim.wait().unwrap();
    for _ in 0..20 {
        let _ = attacker.send(b"flood");
    }
    assert!(is_silent(&attacker));
    let enforcer = start(&mut instance, &cable.defender, ModeRequest::Auto);
    assert!(is_silent(&attacker));
    assert_eq!(echo.seen(), before);
    let blocked = unwrap(enforcer.get_blocklist(T0));
    assert_eq!(blocked.len(), 1);
    assert_eq!(blocked[0].indicator, parse(ATTACKER));
    assert!(blocked[0].packets >= 21, "{blocked:?}");
}

#[test]
fn a_real_flood_of_connections_is_caught_and_a_forged_one_harms_no_protected_address() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.detectors.syn_flood = SourceDetector {
        enabled: true,
        threshold: 10,
        window: HOUR,
        block_for: HOUR,
    };
    let cable = Cable::new();
    let mut enforcer = start(&mut instance, &cable.defender, ModeRequest::Auto);
    // The gateway of this network, in whose name the attacker floods as well.
    unwrap(enforcer.apply(T0, &[exempt(BYSTANDER, Exemption::Protected)]));
    let _echo = cable.defender.echo(address(DEFENDER));
    let gateway = cable.attacker.socket(BYSTANDER, address(DEFENDER));
    let flood = |namespace: &Namespace| {
        namespace.enter(|| {
            // Nobody listens: each is one request, answered by a reset.
            for _ in 0..30 {
                let _ = TcpStream::connect_timeout(&address(DEFENDER), Duration::from_millis(50));
            }
        });
    };
    let start = clock();
    flood(&cable.attacker);
    assert!(
        unwrap(enforcer.is_blocklisted(T0, parse(ATTACKER))),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(count(&enforcer, Counter::SynFloods), 1);
    cable
        .attacker
        .ip(&format!("addr del {ATTACKER}/24 dev {INTERFACE}"));
    cable
        .attacker
        .ip(&format!("addr replace {BYSTANDER}/24 dev {INTERFACE}"));
    flood(&cable.attacker);
    // Those from the threshold on would have been dropped.
    assert!(count(&enforcer, Counter::Protected) >= 10);
    assert!(!unwrap(enforcer.is_blocklisted(T0, parse(BYSTANDER))));
    wait_until("the gateway's answer", LIMIT, || is_answered(&gateway));
    assert_eq!(count(&enforcer, Counter::SynFloods), 1);
}
