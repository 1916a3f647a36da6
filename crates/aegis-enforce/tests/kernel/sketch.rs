//! Every detector in the kernel: who crosses and who does not, what is told, and what a flood from
//! forged sources cannot do.

use aegis_core::{Exemption, Indicator};
use aegis_enforce::{Counter, Detectors, Enforcer, Finding, SourceDetector};

use crate::{
    detector::events,
    packet::{ACK, FRAGMENT, Packet, SYN, tcp, to_port},
    support::{Action, HOUR, Instance, T0, count, exempt, parse, unwrap},
};

const THRESHOLD: u32 = 20;
const SOURCE: &str = "203.0.113.7";
pub(crate) const SOURCE_V6: &str = "2001:db8:0:1::7";
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

fn on(threshold: u32) -> SourceDetector {
    SourceDetector {
        enabled: true,
        threshold,
        window: HOUR,
        block_for: HOUR,
    }
}

/// An instance in which only what `choose` sets is on.
pub(crate) fn instance(choose: impl FnOnce(&mut Detectors)) -> Option<Instance> {
    let mut instance = Instance::new()?;
    choose(&mut instance.config.detectors);
    Some(instance)
}

fn udp(source: &str) -> Packet {
    tcp(source, 0).payload(UDP, &[0x80, 0, 0x01, 0xbb, 0, 8, 0, 0])
}

fn icmp(source: &str, kind: u8) -> Packet {
    let protocol = if source.contains(':') { ICMPV6 } else { ICMP };
    tcp(source, 0).payload(protocol, &[kind, 0, 0, 0, 0, 0, 0, 0])
}

/// Sends a packet until it crosses, exactly at the threshold.
#[track_caller]
fn check_crossing(instance: &Instance, packet: &Packet) {
    let packet = packet.bytes();
    for number in 1..THRESHOLD {
        assert_eq!(instance.run(&packet), Action::Pass, "packet {number}");
    }
    assert_eq!(instance.run(&packet), Action::Drop);
    assert_eq!(instance.run(&packet), Action::Drop, "blocked from now on");
}

#[track_caller]
pub(crate) fn check_told(enforcer: &Enforcer, expected: &[(Finding, &str)]) {
    let told: Vec<(Finding, Indicator)> = events(enforcer)
        .into_iter()
        .map(|it| (it.finding, it.indicator))
        .collect();
    let expected: Vec<_> = expected.iter().map(|(it, of)| (*it, parse(of))).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_udp_flood_is_caught_at_its_threshold_in_both_families() {
    let Some(instance) = instance(|it| it.udp_flood = on(THRESHOLD)) else {
        return;
    };
    let enforcer = instance.start();
    check_crossing(&instance, &udp(SOURCE));
    check_crossing(&instance, &udp(SOURCE_V6));
    assert_eq!(count(&enforcer, Counter::UdpFloods), 2);
    check_told(
        &enforcer,
        &[
            (Finding::UdpFlood, SOURCE),
            (Finding::UdpFlood, "2001:db8:0:1::/64"),
        ],
    );
}

#[test]
fn an_icmp_flood_is_caught_and_neighbours_are_left_alone() {
    let Some(instance) = instance(|it| it.icmp_flood = on(THRESHOLD)) else {
        return;
    };
    let enforcer = instance.start();
    for kind in 133..=137 {
        let packet = icmp(SOURCE_V6, kind).bytes();
        for _ in 0..THRESHOLD {
            assert_eq!(instance.run(&packet), Action::Pass, "type {kind}");
        }
    }
    check_crossing(&instance, &icmp(SOURCE, 8));
    check_crossing(&instance, &icmp(SOURCE_V6, 128));
    assert_eq!(count(&enforcer, Counter::IcmpFloods), 2);
    check_told(
        &enforcer,
        &[
            (Finding::IcmpFlood, SOURCE),
            (Finding::IcmpFlood, "2001:db8:0:1::/64"),
        ],
    );
}

#[test]
fn only_what_is_on_counts() {
    let Some(instance) = instance(|it| it.icmp_flood = on(THRESHOLD)) else {
        return;
    };
    let enforcer = instance.start();
    for packet in [udp(SOURCE), tcp(SOURCE, SYN), tcp(SOURCE, ACK)] {
        for _ in 0..THRESHOLD * 3 {
            assert_eq!(instance.run(&packet.bytes()), Action::Pass);
        }
    }
    assert_eq!(events(&enforcer), []);
}

/// Switches every detector that blocks on.
fn all_on(detectors: &mut Detectors) {
    for it in [
        &mut detectors.syn_flood,
        &mut detectors.syn_imbalance,
        &mut detectors.udp_flood,
        &mut detectors.icmp_flood,
        &mut detectors.port_scan,
    ] {
        *it = on(THRESHOLD);
    }
    detectors.syn_flood_destination.enabled = true;
    detectors.syn_flood_destination.threshold = THRESHOLD;
    detectors.syn_flood_destination.sources_min = 1;
}

#[test]
fn a_later_fragment_is_never_counted() {
    let Some(instance) = instance(all_on) else {
        return;
    };
    let enforcer = instance.start();
    let later_v6 = |packet: Packet| packet.extensions(&[FRAGMENT]).extension_field(8);
    let packets = [
        tcp(SOURCE, SYN).fragment(1),
        udp(SOURCE).fragment(0x2001),
        icmp(SOURCE, 8).fragment(185),
        later_v6(tcp(SOURCE_V6, SYN)),
        later_v6(udp(SOURCE_V6)),
        later_v6(icmp(SOURCE_V6, 128)),
    ];
    for packet in &packets {
        for _ in 0..THRESHOLD * 2 {
            assert_eq!(instance.run(&packet.bytes()), Action::Pass);
            assert_eq!(instance.run_tc(&packet.bytes()), Action::Pass);
        }
    }
    let fragments = packets.len() as u64 * u64::from(THRESHOLD) * 4;
    assert_eq!(count(&enforcer, Counter::Fragments), fragments);
    assert_eq!(events(&enforcer), []);
    // The first fragment has the header, and counts.
    check_crossing(&instance, &udp(SOURCE).fragment(0x2000));
}

#[test]
fn what_ends_within_its_header_is_passed_and_not_counted() {
    let Some(instance) = instance(all_on) else {
        return;
    };
    let enforcer = instance.start();
    let packets = [
        tcp(SOURCE, 0).payload(6, &[0, 1, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50]),
        tcp(SOURCE, 0).payload(UDP, &[0x80, 0, 0, 80, 0, 8, 0]),
        tcp(SOURCE_V6, 0).payload(ICMPV6, &[128, 0, 0]),
    ];
    for packet in &packets {
        for _ in 0..THRESHOLD * 2 {
            assert_eq!(instance.run(&packet.bytes()), Action::Pass);
        }
    }
    let truncated = packets.len() as u64 * u64::from(THRESHOLD) * 2;
    assert_eq!(count(&enforcer, Counter::Truncated), truncated);
    assert_eq!(events(&enforcer), []);
}

#[test]
fn exempt_sources_are_never_caught_nor_told_of() {
    let Some(instance) = instance(all_on) else {
        return;
    };
    let mut enforcer = instance.start();
    unwrap(enforcer.apply(
        T0,
        &[
            exempt(SOURCE, Exemption::Allowlisted),
            exempt("2001:db8:0:1::/64", Exemption::Protected),
        ],
    ));
    for source in [SOURCE, SOURCE_V6] {
        for port in 0..THRESHOLD as u16 * 3 {
            for packet in [to_port(source, port), udp(source), icmp(source, 8)] {
                assert_eq!(instance.run(&packet.bytes()), Action::Pass);
            }
        }
    }
    // What their requests mean for the destination is told: nobody is blocked for it.
    let told = events(&enforcer);
    let of_sources: Vec<_> = told
        .iter()
        .filter(|it| it.finding != Finding::SynFloodDestination)
        .collect();
    assert!(of_sources.is_empty(), "{of_sources:?}");
    assert_eq!(unwrap(enforcer.get_blocklist(T0)), []);
    check_crossing(&instance, &udp("203.0.113.8"));
}

#[test]
fn who_opens_connections_and_completes_none_is_caught() {
    let Some(instance) = instance(|it| it.syn_imbalance = on(32)) else {
        return;
    };
    let enforcer = instance.start();
    // One packet within a connection for every eight requests is enough.
    let honest = "203.0.113.8";
    for number in 0..64 {
        assert_eq!(
            instance.run(&tcp(honest, SYN).bytes()),
            Action::Pass,
            "{number}"
        );
        if number % 8 == 0 {
            instance.run(&tcp(honest, ACK).bytes());
        }
    }
    let flags_of_no_connection = [SYN | ACK, 0x04, 0x04 | ACK, 0x01];
    for flags in flags_of_no_connection {
        for _ in 0..10 {
            instance.run(&tcp(SOURCE, flags).bytes());
        }
    }
    for number in 1..32 {
        assert_eq!(
            instance.run(&tcp(SOURCE, SYN).bytes()),
            Action::Pass,
            "{number}"
        );
    }
    assert_eq!(instance.run(&tcp(SOURCE, SYN).bytes()), Action::Drop);
    assert_eq!(count(&enforcer, Counter::SynImbalances), 1);
    check_told(&enforcer, &[(Finding::SynImbalance, SOURCE)]);
}

/// Tries ports one after the other; returns how many passed.
fn scan(
    instance: &Instance,
    ports: impl Iterator<Item = u16>,
    packet: impl Fn(u16) -> Packet,
) -> usize {
    let is_passed = |port: &u16| instance.run(&packet(*port).bytes()) == Action::Pass;
    ports.take_while(is_passed).count()
}

#[test]
fn a_port_scan_is_caught_about_where_it_should_be() {
    let Some(instance) = instance(|it| it.port_scan = on(64)) else {
        return;
    };
    let enforcer = instance.start();
    // 64 ports fall into 40 of 64 classes, on average.
    let passed = scan(&instance, 1..=1000, |it| to_port(SOURCE, it));
    assert!((40..110).contains(&passed), "{passed} ports");
    let passed = scan(&instance, 1000..=2000, |it| to_port(SOURCE_V6, it));
    assert!((40..110).contains(&passed), "{passed} ports");
    let udp = |port: u16| {
        let [high, low] = port.to_be_bytes();
        udp("203.0.113.9").payload(UDP, &[0x80, 0, high, low, 0, 8, 0, 0])
    };
    let passed = scan(&instance, 1..=1000, udp);
    assert!((40..110).contains(&passed), "{passed} ports");
    assert_eq!(count(&enforcer, Counter::PortScans), 3);
    check_told(
        &enforcer,
        &[
            (Finding::PortScan, SOURCE),
            (Finding::PortScan, "2001:db8:0:1::/64"),
            (Finding::PortScan, "203.0.113.9"),
        ],
    );
}

#[test]
fn many_connections_to_few_ports_are_no_scan() {
    let Some(instance) = instance(|it| it.port_scan = on(16)) else {
        return;
    };
    let enforcer = instance.start();
    // A gateway with a thousand clients behind it, and what services answer.
    for number in 0..1000_u16 {
        let port = [22, 25, 53, 80, 110, 143, 443, 993][usize::from(number % 8)];
        assert_eq!(instance.run(&to_port(SOURCE, port).bytes()), Action::Pass);
        let [high, low] = (1024 + number * 31).to_be_bytes();
        let answer = [0, 53, high, low, 0, 8, 0, 0];
        let packet = tcp("203.0.113.8", 0).payload(UDP, &answer);
        assert_eq!(instance.run(&packet.bytes()), Action::Pass);
        assert_eq!(
            instance.run(&to_port(SOURCE, number).flags(ACK).bytes()),
            Action::Pass
        );
    }
    assert_eq!(events(&enforcer), []);
}

#[test]
fn changed_limits_hold_from_the_next_packet() {
    let Some(instance) = instance(|it| it.udp_flood = on(10_000)) else {
        return;
    };
    let mut enforcer = instance.start();
    let packet = udp(SOURCE).bytes();
    for _ in 0..500 {
        assert_eq!(instance.run(&packet), Action::Pass);
    }
    let mut detectors = instance.config.detectors;
    detectors.udp_flood.threshold = 3;
    unwrap(enforcer.set_detectors(&detectors));
    let actions = [(); 3].map(|()| instance.run(&packet));
    assert_eq!(actions, [Action::Pass, Action::Pass, Action::Drop]);
}

#[test]
fn observing_tells_of_every_detector_and_drops_nothing() {
    let Some(mut instance) = instance(|it| it.udp_flood = on(THRESHOLD)) else {
        return;
    };
    instance.config.observe = true;
    let enforcer = instance.start();
    for _ in 0..THRESHOLD * 2 {
        assert_eq!(instance.run(&udp(SOURCE).bytes()), Action::Pass);
    }
    let told = events(&enforcer);
    assert_eq!(told.len(), 1);
    assert!(told[0].is_observed);
    assert_eq!(count(&enforcer, Counter::Dropped), 0);
    assert!(count(&enforcer, Counter::WouldHaveDropped) > 0);
}

/// The `number`th of very many sources.
fn stranger(number: u32) -> [u8; 4] {
    // Odd, so that it is another one each time, all over the address space.
    number.wrapping_mul(0x9e37_79b1).to_be_bytes()
}

/// Runs one SYN of each of `sources` forged sources through the program.
pub(crate) fn spoof(instance: &Instance, sources: u32) {
    let mut packet = tcp(SOURCE, SYN).bytes();
    for number in 0..sources {
        packet[26..30].copy_from_slice(&stranger(number));
        instance.run(&packet);
    }
}

#[test]
fn a_flood_from_forged_sources_fills_no_table_and_hides_no_offender() {
    let Some(instance) = instance(|it| it.syn_flood = on(40)) else {
        return;
    };
    let enforcer = instance.start();
    // 49 for each cell: more than the threshold, all of it noise.
    spoof(&instance, 200_000);
    assert_eq!(unwrap(enforcer.get_blocklist(T0)), []);
    assert_eq!(events(&enforcer), []);
    assert_eq!(count(&enforcer, Counter::Dropped), 0);
    let packet = tcp(SOURCE, SYN).bytes();
    let needed = (1..=200).find(|_| instance.run(&packet) == Action::Drop);
    assert!(needed.is_some(), "the offender stands out of it");
    check_told(&enforcer, &[(Finding::SynFlood, SOURCE)]);
}

#[test]
fn a_storm_of_offenders_is_held_to_the_rate_of_new_blocks_and_told_once() {
    let Some(mut instance) = instance(|it| it.syn_flood = on(1)) else {
        return;
    };
    instance.config.detectors.blocks_per_second_max = 10;
    let enforcer = instance.start();
    let start = crate::support::clock();
    for number in 0..200 {
        let source = format!("203.0.113.{number}");
        assert_eq!(instance.run(&tcp(&source, SYN).bytes()), Action::Drop);
        // Refused or not, it is held back.
        assert_eq!(instance.run(&tcp(&source, SYN).bytes()), Action::Drop);
    }
    let seconds = start.elapsed().as_secs() + 1;
    let blocked = unwrap(enforcer.get_blocklist(T0)).len() as u64;
    assert!(blocked >= 10 && blocked <= 10 * (seconds + 1), "{blocked}");
    // Not all are told apart: some cells are hot twice, and each CPU tries for itself.
    let refused = count(&enforcer, Counter::BlocksRefused);
    assert!(refused.abs_diff(200 - blocked) < 20, "{refused}");
    let told = events(&enforcer);
    let of = |finding| told.iter().filter(|it| it.finding == finding).count() as u64;
    assert_eq!(of(Finding::OwnTableFull), 1, "once in an hour's window");
    assert_eq!(of(Finding::SynFlood), blocked);
}
