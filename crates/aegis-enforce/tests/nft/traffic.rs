//! Real traffic through a cable between two namespaces.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use aegis_core::{Change, Exemption};
use aegis_enforce::{Counter, Mode, ModeRequest};

use crate::support::{
    HOUR, Instance, apply, block, clock, count, exempt, is_blocked,
    namespace::{
        ATTACKER, ATTACKER_V6, BYSTANDER, Cable, DEFENDER, DEFENDER_V6, is_answered, is_silent,
    },
    now, parse, unwrap, wait_until,
};

const PORT: u16 = 7;

pub(crate) fn address(text: &str) -> SocketAddr {
    SocketAddr::new(text.parse().unwrap(), PORT)
}

#[track_caller]
pub(crate) fn wait_answered(what: &str, socket: &UdpSocket) {
    wait_until(what, || is_answered(socket));
}

/// Blocks and unblocks the attacker; the bystander never notices.
#[track_caller]
fn check_mode(request: ModeRequest, mode: Mode) {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.mode = request;
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    assert_eq!(enforcer.interfaces()[0].mode, mode);
    let reason = &enforcer.interfaces()[0].reason;
    assert!(reason.contains("no detectors"), "{reason}");
    let _echoes = [DEFENDER, DEFENDER_V6].map(|it| defender.echo(address(it)));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    let attacker_v6 = cable.attacker.socket(ATTACKER_V6, address(DEFENDER_V6));
    let bystander = cable.attacker.socket(BYSTANDER, address(DEFENDER));
    wait_answered("an answer before", &attacker);
    wait_answered("an IPv6 answer before", &attacker_v6);
    let blocks = [block(ATTACKER, HOUR), block(ATTACKER_V6, HOUR)];
    apply(&mut enforcer, defender, &blocks);
    for _ in 0..3 {
        assert!(is_silent(&attacker), "{mode:?}");
        assert!(is_silent(&attacker_v6), "{mode:?}");
        assert!(is_answered(&bystander), "{mode:?}");
    }
    let dropped = count(&enforcer, defender, (Counter::Dropped, 6));
    assert_eq!(
        count(&enforcer, defender, (Counter::EarlyDrops, 6)),
        dropped
    );
    assert!(count(&enforcer, defender, (Counter::MatchedHostV4, 3)) < dropped);
    assert!(count(&enforcer, defender, (Counter::Packets, 9)) > dropped);
    let counted = defender.enter(|| unwrap(enforcer.entries(now(), &[parse(ATTACKER)])));
    assert!(
        counted[0].packets >= 3 && counted[0].bytes >= 3 * 28,
        "{counted:?}"
    );
    assert!(is_blocked(&enforcer, defender, ATTACKER));
    let unblocks = [ATTACKER, ATTACKER_V6].map(|it| Change::Unblock(parse(it)));
    apply(&mut enforcer, defender, &unblocks);
    assert!(!is_blocked(&enforcer, defender, ATTACKER));
    wait_answered("an answer after", &attacker);
    wait_answered("an IPv6 answer after", &attacker_v6);
}

#[test]
fn at_the_ingress_hook_the_attacker_is_dropped_and_nobody_else() {
    check_mode(ModeRequest::Nft, Mode::Nft);
}

#[test]
fn at_prerouting_the_attacker_is_dropped_and_nobody_else() {
    check_mode(ModeRequest::NftPrerouting, Mode::NftPrerouting);
}

#[test]
fn tcp_connects_before_and_after_a_block_and_not_during_it() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let mut enforcer = instance.start(&cable.defender);
    let listener = cable
        .defender
        .enter(|| TcpListener::bind(address(DEFENDER)).unwrap());
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut byte = [0];
            let is_heard = stream.read_exact(&mut byte).is_ok();
            if !is_heard || stream.write_all(&byte).is_err() || byte == [0] {
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
    apply(&mut enforcer, &cable.defender, &[block(ATTACKER, HOUR)]);
    assert!(talk(1).is_err());
    let unblock = Change::Unblock(parse(ATTACKER));
    apply(&mut enforcer, &cable.defender, &[unblock]);
    assert!(talk(0).is_ok());
}

#[test]
fn an_exemption_comes_before_every_block() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let _echo = defender.echo(address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    let bystander = cable.attacker.socket(BYSTANDER, address(DEFENDER));
    let changes = [
        block("10.77.0.0/24", HOUR),
        block(BYSTANDER, HOUR),
        exempt(BYSTANDER, Exemption::Allowlisted),
    ];
    apply(&mut enforcer, defender, &changes);
    wait_answered("the allowlisted is answered", &bystander);
    assert!(is_silent(&attacker));
    count(&enforcer, defender, (Counter::Allowlisted, 1));
    assert!(!is_blocked(&enforcer, defender, BYSTANDER));
    apply(
        &mut enforcer,
        defender,
        &[exempt(BYSTANDER, Exemption::Protected)],
    );
    wait_answered("the protected is answered", &bystander);
    count(&enforcer, defender, (Counter::Protected, 1));
    apply(
        &mut enforcer,
        defender,
        &[Change::Unexempt(parse(BYSTANDER))],
    );
    assert!(is_silent(&bystander));
}

#[test]
fn overlapping_prefixes_each_end_at_their_own_time_and_go_alone() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let _echo = defender.echo(address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    let bystander = cable.attacker.socket(BYSTANDER, address(DEFENDER));
    wait_answered("an answer before", &bystander);
    // The attacker lies in three of them, the bystander in two; the widest ends first.
    let short = Duration::from_secs(2);
    let changes = [
        block("10.77.0.0/16", short),
        block("10.77.0.0/24", HOUR),
        block("10.77.0.2/32", HOUR),
    ];
    apply(&mut enforcer, defender, &changes);
    assert!(is_silent(&attacker) && is_silent(&bystander));
    // Removing the one in the middle takes nothing of the others away.
    apply(
        &mut enforcer,
        defender,
        &[Change::Unblock(parse("10.77.0.0/24"))],
    );
    assert!(is_silent(&attacker) && is_silent(&bystander));
    wait_answered("the widest is over", &bystander);
    assert!(is_silent(&attacker), "the narrowest is not");
    // And the narrowest goes without the one that covers it.
    apply(&mut enforcer, defender, &[block("10.77.0.0/29", HOUR)]);
    apply(&mut enforcer, defender, &[Change::Unblock(parse(ATTACKER))]);
    assert!(is_silent(&attacker) && is_silent(&bystander));
    assert!(is_blocked(&enforcer, defender, "10.77.0.4/30"));
    assert!(!is_blocked(&enforcer, defender, "10.77.0.0/28"));
    apply(
        &mut enforcer,
        defender,
        &[Change::Unblock(parse("10.77.0.0/29"))],
    );
    wait_answered("nothing covers the attacker", &attacker);
}

#[test]
fn a_block_ends_by_itself_never_early_with_nobody_alive() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let mut enforcer = instance.start(&cable.defender);
    let _echo = cable.defender.echo(address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    wait_answered("an answer before", &attacker);
    let ttl = Duration::from_millis(1500);
    let start = clock();
    apply(&mut enforcer, &cable.defender, &[block(ATTACKER, ttl)]);
    drop(enforcer);
    while start.elapsed() < ttl - Duration::from_millis(200) {
        assert!(is_silent(&attacker), "after {:?}", start.elapsed());
    }
    wait_answered("the block is over", &attacker);
    let took = start.elapsed();
    assert!(took >= ttl, "{took:?}");
    assert!(took < ttl + Duration::from_secs(4), "{took:?}");
}

#[test]
fn a_renewed_block_ends_at_the_new_time_and_keeps_its_counters() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    apply(&mut enforcer, defender, &[block(ATTACKER, HOUR)]);
    for _ in 0..5 {
        let _ = attacker.send(b"x");
    }
    let packets = || {
        let entry = defender.enter(|| unwrap(enforcer.entries(now(), &[parse(ATTACKER)])));
        entry[0].packets
    };
    wait_until("five packets are counted", || packets() >= 5);
    let counted = packets();
    let start = clock();
    let ttl = Duration::from_millis(1500);
    apply(&mut enforcer, defender, &[block(ATTACKER, ttl)]);
    let entry = defender.enter(|| unwrap(enforcer.entries(now(), &[parse(ATTACKER)])));
    assert!(entry[0].packets >= counted, "{entry:?}");
    let _echo = defender.echo(address(DEFENDER));
    wait_answered("the block is over", &attacker);
    assert!(start.elapsed() >= ttl);
}

#[test]
fn observing_counts_and_drops_nothing_until_told_otherwise() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.observe = true;
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let _echo = defender.echo(address(DEFENDER));
    let attacker = cable.attacker.socket(ATTACKER, address(DEFENDER));
    apply(&mut enforcer, defender, &[block(ATTACKER, HOUR)]);
    wait_answered("an answer while observing", &attacker);
    count(&enforcer, defender, (Counter::WouldHaveDropped, 1));
    assert_eq!(count(&enforcer, defender, (Counter::Dropped, 0)), 0);
    defender.enter(|| unwrap(enforcer.set_observe(false)));
    assert!(is_silent(&attacker));
    defender.enter(|| unwrap(enforcer.set_observe(true)));
    wait_answered("an answer while observing again", &attacker);
}
