//! What comes back, byte for byte, and what is left alone.

use aegis_core::Exemption;
use aegis_enforce::{CookieMode, Counter, SynCookies};

use super::{
    CLIENT, CLIENT_V6, DROP, PASS, SEND, SERVER, SERVER_V6, Stage, always,
    segment::{ACK, FIN, PSH, RST, SYN, Segment},
};
use crate::support::{block_all, exempt, unwrap};

/// What Linux sends: segment size, selective acknowledgements, timestamps, window scale.
const LINUX: [u8; 20] = [
    2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7,
];
const SHORTEST_FRAME: usize = 60;

/// Returns the answer that `request` must get, with this cookie and segment size.
fn expected(request: &Segment, sequence: u32, mss: u16) -> Segment {
    let [high, low] = mss.to_be_bytes();
    let mut answer = Segment {
        to_mac: request.from_mac,
        from_mac: request.to_mac,
        tags: request.tags.clone(),
        source: request.destination,
        destination: request.source,
        ports: [request.ports[1], request.ports[0]],
        sequence,
        acknowledged: request.sequence.wrapping_add(1),
        flags: SYN | ACK,
        window: 64_240,
        options: vec![2, 4, high, low],
        payload: Vec::new(),
        ip_options: Vec::new(),
        fragment: 0x4000,
        trailer: Vec::new(),
    };
    if request.source.is_ipv4() {
        answer.trailer = vec![0; 2]; // to the shortest frame; a tagged one has them too
    }
    answer
}

/// Checks the answer, and that what acknowledges it proves the source.
#[track_caller]
fn check(stage: &Stage, request: &Segment, mss: u16) {
    let (action, frame) = stage.run(&request.bytes());
    assert_eq!(action, SEND, "{request:?}");
    let answer = Segment::parse(&frame); // with every checksum
    let expected = expected(request, answer.sequence, mss);
    assert_eq!(answer, expected);
    assert_eq!(frame, expected.bytes(), "{request:?}");
    assert!(frame.len() >= SHORTEST_FRAME);
    let source = request.source.to_string();
    assert!(!stage.is_verified(&source));
    stage.check_passed(&request.acknowledge(&answer).bytes(), "the acknowledgement");
    assert!(stage.is_verified(&source), "{request:?}");
}

/// Returns requests of all shapes, each from another source.
fn shapes(stage: &Stage) -> Vec<Segment> {
    let (v4, v6) = (stage.request(), stage.request_v6());
    let tag = [0x81, 0, 0x20, 5];
    let mut shapes = Vec::new();
    for plain in [v4, v6] {
        let shape = |change: &dyn Fn(&mut Segment)| {
            let mut request = plain.clone();
            change(&mut request);
            request
        };
        shapes.push(plain.clone());
        shapes.push(shape(&|it| it.options = LINUX.to_vec()));
        shapes.push(shape(&|it| {
            it.options = [&[2, 4, 5, 180][..], &[1; 36]].concat(); // as long as can be
        }));
        for count in 1..=4 {
            shapes.push(shape(&|it| it.tags = vec![tag; count]));
        }
        shapes.push(shape(&|it| it.tags = vec![[0x88, 0xa8, 0, 9], tag]));
        for length in [1, 2, 3, 500, 1400] {
            shapes.push(shape(&|it| it.payload = vec![7; length]));
        }
        shapes.push(shape(&|it| it.trailer = vec![9; 6]));
        shapes.push(shape(&|it| it.sequence = u32::MAX));
        shapes.push(shape(&|it| it.flags = SYN | PSH | 0xe0)); // urgent, and both ECN flags
        shapes.push(shape(&|it| it.window = 0));
    }
    let v4 = stage.request();
    for length in [4, 8, 40] {
        shapes.push(Segment {
            ip_options: vec![1; length],
            options: LINUX.to_vec(),
            payload: vec![1; 3],
            ..v4.clone()
        });
    }
    shapes.push(Segment { fragment: 0, ..v4 });
    for (number, shape) in shapes.iter_mut().enumerate() {
        let source = match shape.source.is_ipv4() {
            true => format!("203.0.113.{}", number + 1),
            false => format!("2001:db8:{number:x}::{number:x}"),
        };
        shape.source = source.parse().unwrap();
        shape.ports[0] = 1024 + number as u16 * 257;
    }
    shapes
}

#[test]
fn the_answer_is_right_byte_for_byte() {
    let Some(stage) = Stage::new() else { return };
    let shapes = shapes(&stage);
    for request in &shapes {
        let mss = if request.source.is_ipv4() { 1460 } else { 1440 };
        check(&stage, request, mss);
    }
    assert_eq!(stage.count(Counter::CookiesSent), shapes.len() as u64);
    assert_eq!(stage.count(Counter::CookiesValid), shapes.len() as u64);
    assert_eq!(stage.count(Counter::CookiesOther), 0);
    // What is answered is neither passed nor dropped.
    assert_eq!(stage.count(Counter::Passed), shapes.len() as u64);
    assert_eq!(stage.count(Counter::Dropped), 0);
}

#[test]
fn the_segment_size_is_the_next_smaller_that_a_cookie_holds() {
    let Some(stage) = Stage::new() else { return };
    for (asked, answered) in [(0, 536), (1, 536), (536, 536), (1299, 536), (1300, 1300)] {
        check_size(&stage, stage.request(), asked, answered);
    }
    for (asked, answered) in [(1440, 1440), (1459, 1440), (1460, 1460), (8960, 1460)] {
        check_size(&stage, stage.request(), asked, answered);
    }
    for (asked, answered) in [(1, 1220), (1220, 1220), (1440, 1440), (8940, 1440)] {
        check_size(&stage, stage.request_v6(), asked, answered);
    }
}

#[track_caller]
fn check_size(stage: &Stage, mut request: Segment, asked: u16, answered: u16) {
    let [high, low] = asked.to_be_bytes();
    request.options = vec![2, 4, high, low];
    let [a, b] = answered.to_be_bytes();
    assert_eq!(stage.answer(&request).options, [2, 4, a, b], "{asked}");
}

#[test]
fn a_request_without_options_gets_the_smallest_segments() {
    let Some(stage) = Stage::new() else { return };
    for (mut request, mss) in [(stage.request(), 536), (stage.request_v6(), 1220)] {
        request.options = Vec::new();
        check(&stage, &request, mss);
    }
}

#[test]
fn a_sequence_number_is_another_for_another_source_or_port() {
    let Some(stage) = Stage::new() else { return };
    let request = stage.request();
    let first = stage.answer(&request).sequence;
    assert_eq!(
        stage.answer(&request).sequence,
        first,
        "nothing is remembered"
    );
    let mut other = request.clone();
    other.ports[0] += 1;
    assert_ne!(stage.answer(&other).sequence, first);
    let other = Segment {
        source: "203.0.113.8".parse().unwrap(),
        ..request
    };
    assert_ne!(stage.answer(&other).sequence, first);
}

#[test]
fn everything_else_is_left_alone() {
    let Some(stage) = Stage::new() else { return };
    for plain in [stage.request(), stage.request_v6()] {
        for flags in [
            0,
            FIN,
            RST,
            ACK,
            PSH | ACK,
            FIN | ACK,
            RST | ACK,
            SYN | ACK,
            SYN | FIN,
            SYN | RST,
            0xff,
        ] {
            let segment = Segment {
                flags,
                ..plain.clone()
            };
            stage.check_passed(&segment.bytes(), &format!("flags {flags:#x}"));
        }
        let mut segment = plain.clone();
        segment.ports[1] = stage.port ^ 1;
        stage.check_passed(&segment.bytes(), "a port that nobody listens on");
        let mut segment = plain.clone();
        segment.to_mac[0] |= 1;
        stage.check_passed(&segment.bytes(), "a frame to everybody");
        let mut segment = plain.clone();
        segment.from_mac[0] |= 1;
        stage.check_passed(&segment.bytes(), "a frame from everybody");
        let mut segment = plain.clone();
        segment.tags = vec![[0x81, 0, 0, 1]; 5];
        stage.check_passed(&segment.bytes(), "a fifth tag");
        let offset = if plain.source.is_ipv4() {
            14 + 20
        } else {
            14 + 40
        };
        let mut frame = plain.bytes();
        frame[offset + 12] = 0x40;
        stage.check_passed(&frame, "a TCP header of sixteen bytes");
        frame[offset + 12] = 0xf0;
        stage.check_passed(&frame, "a TCP header longer than the frame");
    }
    assert_eq!(stage.count(Counter::CookiesSent), 0);
}

#[test]
fn only_requests_to_own_addresses_are_answered() {
    let Some(mut stage) = Stage::new() else {
        return;
    };
    for (source, destination) in [(CLIENT, "192.0.2.2"), (CLIENT_V6, "2001:db8::2")] {
        let request = Segment::request(source, destination, stage.port).bytes();
        stage.check_passed(&request, "a request on its way through");
    }
    unwrap(
        stage
            .enforcer
            .set_own_addresses(&[SERVER_V6.parse().unwrap()]),
    );
    stage.check_passed(&stage.request().bytes(), "an address that is ours no more");
    stage.answer(&stage.request_v6());
    unwrap(stage.enforcer.set_own_addresses(&[SERVER.parse().unwrap()]));
    stage.answer(&stage.request());
}

#[test]
fn no_answer_goes_to_an_address_that_nobody_has() {
    let Some(stage) = Stage::new() else { return };
    for source in [
        "0.0.0.1",
        "127.0.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ] {
        let request = Segment::request(source, SERVER, stage.port).bytes();
        stage.check_passed(&request, source);
    }
    for source in ["::", "::1", "ff02::1"] {
        let request = Segment::request(source, SERVER_V6, stage.port).bytes();
        stage.check_passed(&request, source);
    }
}

#[test]
fn a_fragment_is_never_answered() {
    let Some(stage) = Stage::new() else { return };
    for fragment in [0x2000, 0x0001, 0x2001, 0x1fff, 0x0100] {
        let request = Segment {
            fragment,
            ..stage.request()
        };
        stage.check_passed(&request.bytes(), &format!("{fragment:#x}"));
    }
}

#[test]
fn a_request_cut_anywhere_within_its_headers_is_left_alone() {
    let Some(stage) = Stage::new() else { return };
    for mut request in [stage.request(), stage.request_v6()] {
        request.options = LINUX.to_vec();
        let whole = request.bytes();
        for length in 14..whole.len() {
            stage.check_passed(&whole[..length], &format!("{length} bytes"));
        }
        assert_eq!(stage.run(&whole).0, SEND);
    }
}

#[test]
fn exemptions_and_blocks_come_first_and_observing_answers_nothing() {
    let Some(mut stage) = Stage::new() else {
        return;
    };
    let request = stage.request();
    block_all(&mut stage.enforcer, &[CLIENT]);
    assert_eq!(stage.run(&request.bytes()).0, DROP);
    unwrap(stage.enforcer.apply(
        crate::support::T0,
        &[exempt(CLIENT, Exemption::Allowlisted)],
    ));
    stage.check_passed(&request.bytes(), "a request of an exempt source");
    unwrap(stage.enforcer.set_observe(true));
    stage.check_passed(&stage.request_v6().bytes(), "a request while observing");
    unwrap(stage.enforcer.set_observe(false));
    stage.answer(&stage.request_v6());
}

#[test]
fn an_answered_request_is_no_offence() {
    let Some(stage) = Stage::with(|it| it.config.detectors.syn_flood.enabled = true) else {
        return;
    };
    let request = stage.request().bytes();
    for _ in 0..stage.instance.config.detectors.syn_flood.threshold * 2 {
        assert_eq!(stage.run(&request).0, SEND);
    }
    assert_eq!(stage.count(Counter::Syns), 0);
    assert_eq!(stage.count(Counter::SynFloods), 0);
}

#[test]
fn answers_are_limited_and_the_rest_is_dropped() {
    let limit = |it: &mut crate::support::Instance| it.config.syn_cookies.answers_per_second = 1;
    let Some(stage) = Stage::with(limit) else {
        return;
    };
    let request = stage.request().bytes();
    let actions: Vec<u32> = (0..500).map(|_| stage.run(&request).0).collect();
    let count = |action: u32| actions.iter().filter(|it| **it == action).count() as u64;
    assert_eq!(count(SEND) + count(DROP), 500, "{actions:?}");
    assert!(count(SEND) > 0 && count(DROP) > 0, "{actions:?}");
    assert_eq!(stage.count(Counter::CookiesSent), count(SEND));
    assert_eq!(stage.count(Counter::CookiesLimited), count(DROP));
    assert_eq!(stage.count(Counter::Dropped), count(DROP));
}

#[test]
fn switched_off_nothing_is_answered() {
    let Some(mut stage) = Stage::new() else {
        return;
    };
    stage.answer(&stage.request());
    unwrap(stage.enforcer.set_syn_cookies(SynCookies::default()));
    stage.check_passed(&stage.request().bytes(), "a request after the end");
    unwrap(stage.enforcer.set_syn_cookies(always()));
    stage.answer(&stage.request());
}

#[test]
fn a_host_that_wants_no_cookies_is_answered_for_by_nobody() {
    let Some(stage) = Stage::new() else { return };
    for value in [0, 1] {
        super::wire::setting(&stage.namespace, Some(value));
        stage.check_passed(&stage.request().bytes(), &format!("with {value}"));
    }
    super::wire::setting(&stage.namespace, Some(2));
    stage.answer(&stage.request());
}

#[test]
fn not_asked_for_the_program_without_cookies_is_loaded() {
    let off = |it: &mut crate::support::Instance| it.config.syn_cookies.mode = CookieMode::Off;
    let Some(stage) = Stage::with(off) else {
        return;
    };
    assert!(stage.enforcer.missing_cookies().is_some());
    assert_eq!(stage.run(&stage.request().bytes()).0, PASS);
}

#[test]
fn without_programs_that_answer_everything_else_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aegis.bpf.o");
    let object = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/aegis.bpf.o");
    let mut bytes = std::fs::read(object).unwrap();
    let name = b"_cookie\0"; // as an older kernel, which does not know what they call
    let places: Vec<usize> = (0..bytes.len() - name.len())
        .filter(|at| bytes[*at..].starts_with(name))
        .collect();
    for at in &places {
        bytes[at + 1] = b'x';
    }
    assert!(!places.is_empty());
    std::fs::write(&path, bytes).unwrap();
    let Some(mut stage) = Stage::with(|it| it.config.object = Some(path)) else {
        return;
    };
    let reason = stage.enforcer.missing_cookies().unwrap();
    assert!(reason.contains("the kernel refuses"), "{reason}");
    stage.check_passed(&stage.request().bytes(), "a request");
    block_all(&mut stage.enforcer, &[CLIENT]);
    assert_eq!(stage.run(&stage.request().bytes()).0, DROP);
}

#[test]
fn traffic_control_answers_nothing() {
    let Some(stage) = Stage::new() else { return };
    let request = stage.request().bytes();
    let action = stage.namespace.enter(|| stage.instance.run_tc(&request));
    assert_eq!(action, crate::support::Action::Pass);
    assert_eq!(stage.count(Counter::CookiesSent), 0);
}
