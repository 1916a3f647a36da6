//! A real listener, a real client, and a forged flood between them.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use aegis_enforce::{
    CookieMode, Counter, Enforcer, ModeRequest, SynCookies,
    cookie::{CookieSwitch, ProcSysctl},
};

use super::{
    SEND, always, run,
    segment::Segment,
    wire::{Wire, half_open, has_timestamps, setting, tcp_counter},
};
use crate::support::{
    Instance, count,
    namespace::{ATTACKER, ATTACKER_V6, BYSTANDER, Cable, DEFENDER, DEFENDER_V6, INTERFACE},
    unwrap, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(10);
/// Forged requests of one flood: far more than a backlog holds.
const FORGED: u32 = 3000;
/// The most that a flood beside a client sends.
const FORGED_MAX: u32 = 200_000;
const PORT: u16 = 4433;

/// A defended listener on one end of a cable, everybody else on the other.
struct Host {
    switch: Option<CookieSwitch<ProcSysctl>>,
    enforcer: Enforcer,
    instance: Instance,
    listener: TcpListener,
    /// A program on the other end of a virtual cable, without which that end never looks for what
    /// was sent from XDP.
    _poller: (Enforcer, Instance),
    wire: Wire,
    cable: Cable,
    folder: tempfile::TempDir,
}

impl Host {
    /// Attaches in `mode`, off at first.
    fn new(mode: ModeRequest) -> Option<Self> {
        let mut instance = Instance::new()?;
        let cable = Cable::new();
        for (namespace, mac) in [(&cable.defender, "1"), (&cable.attacker, "2")] {
            namespace.ip(&format!(
                "link set {INTERFACE} address 02:00:00:00:00:0{mac}"
            ));
        }
        let mut poller = Instance::new()?;
        poller.config.interfaces = vec![INTERFACE.to_owned()];
        poller.config.mode = ModeRequest::Native;
        let polling = cable.attacker.enter(|| poller.start());
        setting(&cable.defender, Some(1));
        instance.config.interfaces = vec![INTERFACE.to_owned()];
        instance.config.mode = mode;
        instance.config.syn_cookies = always();
        let mut enforcer = cable.defender.enter(|| instance.start());
        assert_eq!(enforcer.missing_cookies(), None);
        let own = [DEFENDER, DEFENDER_V6].map(|it| it.parse::<IpAddr>().unwrap());
        unwrap(enforcer.set_own_addresses(&own));
        let listener = cable
            .defender
            .enter(|| TcpListener::bind(("::", PORT)).unwrap());
        let host = Self {
            switch: None,
            enforcer,
            instance,
            listener,
            _poller: (polling, poller),
            wire: Wire::new(&cable.attacker),
            cable,
            folder: tempfile::tempdir().unwrap(),
        };
        // Whoever answers knows the other by then, so that no request waits for that.
        host.connect(ATTACKER, DEFENDER);
        host.connect(ATTACKER_V6, DEFENDER_V6);
        Some(host)
    }

    fn memory(&self) -> PathBuf {
        self.folder.path().join("tcp_syncookies")
    }

    fn turn_on(&mut self) {
        let place = (ProcSysctl, self.memory());
        let wanted = self.instance.config.syn_cookies;
        let enforcer = &mut self.enforcer;
        let switch = self
            .cable
            .defender
            .enter(|| CookieSwitch::start(enforcer, wanted, place));
        assert_eq!(switch.state().mode(), CookieMode::Always, "{switch:?}");
        self.switch = Some(switch);
    }

    fn turn_off(&mut self) {
        let mut switch = self.switch.take().unwrap();
        let enforcer = &mut self.enforcer;
        self.cable.defender.enter(|| switch.stop(enforcer));
    }

    /// Sends forged requests, each from another address, until `is_over`.
    fn flood(&self, is_v6: bool, is_over: impl Fn(u32) -> bool) {
        let mut number = 0;
        while !is_over(number) && number < FORGED_MAX {
            self.wire.send(&forged(is_v6, number).bytes());
            number += 1;
        }
    }

    /// Connects from `from` to `to`; returns both ends.
    #[track_caller]
    fn connect(&self, from: &str, to: &str) -> (TcpStream, TcpStream) {
        let client = self.dial(from, to).unwrap();
        let (server, peer) = self.listener.accept().unwrap();
        assert_eq!(peer.ip().to_canonical(), from.parse::<IpAddr>().unwrap());
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        (client, server)
    }

    fn dial(&self, from: &str, to: &str) -> std::io::Result<TcpStream> {
        let (from, to) = (SocketAddr::new(from.parse().unwrap(), 0), address(to));
        self.cable.attacker.enter(|| {
            let domain = socket2::Domain::for_address(to);
            let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
            socket.bind(&from.into()).unwrap();
            socket.connect_timeout(&to.into(), PATIENCE)?;
            Ok(socket.into())
        })
    }

    /// Returns the answer to a request that is run past the cable, which its sender never gets.
    fn answer(&self, request: &Segment) -> Segment {
        let (action, frame) = run(&self.instance, &self.cable.defender, &request.bytes());
        assert_eq!(action, SEND);
        Segment::parse(&frame)
    }

    /// Puts another listener in the place of the one there is.
    fn replace_listener(&mut self) {
        let bind = |port: u16| TcpListener::bind(("::", port)).unwrap();
        // The old one must be gone first.
        self.listener = self.cable.defender.enter(|| bind(0));
        self.listener = self.cable.defender.enter(|| bind(PORT));
    }

    fn is_verified(&self, address: &str) -> bool {
        unwrap(self.enforcer.is_verified(address.parse().unwrap()))
    }
}

fn address(text: &str) -> SocketAddr {
    SocketAddr::new(text.parse().unwrap(), PORT)
}

/// The `number`th forged request, from a network of its own.
fn forged(is_v6: bool, number: u32) -> Segment {
    let (high, low) = (number >> 8 & 0xff, number & 0xff);
    let request = if is_v6 {
        Segment::request(
            &format!("fd77::9{:x}:{:x}", number >> 16, number & 0xffff),
            DEFENDER_V6,
            PORT,
        )
    } else {
        Segment::request(&format!("10.77.{}.{low}", 1 + high % 200), DEFENDER, PORT)
    };
    Segment {
        ports: [1024 + (number % 60_000) as u16, PORT],
        ..request
    }
}

/// Sends data both ways and compares it.
#[track_caller]
fn talk((client, server): &mut (TcpStream, TcpStream)) {
    let data: Vec<u8> = (0..200_000_u32).map(|it| (it * 7 / 8) as u8).collect();
    for (from, to) in [(&*client, &*server), (&*server, &*client)] {
        let (mut from, mut to) = (from, to);
        let mut received = vec![0; data.len()];
        thread::scope(|scope| {
            scope.spawn(|| from.write_all(&data).unwrap());
            to.read_exact(&mut received).unwrap();
        });
        assert!(received == data);
    }
}

#[test]
fn a_client_gets_through_a_forged_flood_in_native_mode() {
    check_flood(ModeRequest::Native, ATTACKER, DEFENDER);
}

#[test]
fn an_ipv6_client_gets_through_a_forged_flood_in_native_mode() {
    check_flood(ModeRequest::Native, ATTACKER_V6, DEFENDER_V6);
}

#[test]
fn a_client_gets_through_a_forged_flood_in_generic_mode() {
    check_flood(ModeRequest::Generic, ATTACKER, DEFENDER);
}

#[test]
fn an_ipv6_client_gets_through_a_forged_flood_in_generic_mode() {
    check_flood(ModeRequest::Generic, ATTACKER_V6, DEFENDER_V6);
}

#[track_caller]
fn check_flood(mode: ModeRequest, client: &str, server: &str) {
    let Some(mut host) = Host::new(mode) else {
        return;
    };
    let is_v6 = client.contains(':');
    host.turn_on();
    let is_over = AtomicBool::new(false);
    let mut pair = thread::scope(|scope| {
        let host = &host;
        scope.spawn(|| host.flood(is_v6, |_| is_over.load(Ordering::Relaxed)));
        wait_until("the flood", PATIENCE, || {
            count(&host.enforcer, Counter::CookiesSent) > u64::from(FORGED)
        });
        assert_eq!(half_open(&host.cable.defender), 0);
        let mut pair = host.connect(client, server);
        talk(&mut pair);
        is_over.store(true, Ordering::Relaxed);
        pair
    });
    assert!(host.is_verified(client));
    assert!(!has_timestamps(&pair.1), "it was made of a cookie");
    assert_eq!(tcp_counter(&host.cable.defender, "SyncookiesRecv"), 1);
    assert_eq!(tcp_counter(&host.cable.defender, "SyncookiesFailed"), 0);
    // None of the flood ever reached the stack, where it would have been answered once more.
    assert_eq!(tcp_counter(&host.cable.defender, "SyncookiesSent"), 0);
    assert_eq!(count(&host.enforcer, Counter::CookiesValid), 1);
    for number in [0, 1, 77, FORGED - 1] {
        let source = forged(is_v6, number).source;
        assert!(!unwrap(host.enforcer.is_verified(source)), "{source}");
    }
    // A proven source is let straight through.
    let sent = count(&host.enforcer, Counter::CookiesSent);
    let mut second = host.connect(client, server);
    assert_eq!(count(&host.enforcer, Counter::CookiesSent), sent);
    talk(&mut second);
    talk(&mut pair);
}

#[test]
fn without_the_mode_a_forged_flood_fills_the_backlog() {
    let Some(host) = Host::new(ModeRequest::Native) else {
        return;
    };
    // Answers to the forged must have a way to go, or they are not made.
    let route = format!("route add 10.77.0.0/16 dev {INTERFACE}");
    host.cable.defender.ip(&route);
    host.flood(false, |number| number == FORGED);
    wait_until("the flood", PATIENCE, || {
        half_open(&host.cable.defender) > 50
    });
}

#[test]
fn switching_on_and_off_disturbs_no_standing_connection() {
    let Some(mut host) = Host::new(ModeRequest::Native) else {
        return;
    };
    let mut before = host.connect(ATTACKER, DEFENDER);
    talk(&mut before);
    host.turn_on();
    assert_eq!(setting(&host.cable.defender, None), 2);
    talk(&mut before);
    host.flood(false, |number| number == FORGED);
    let mut during = host.connect(BYSTANDER, DEFENDER);
    assert!(!has_timestamps(&during.1));
    talk(&mut during);
    talk(&mut before);
    assert!(!host.is_verified(ATTACKER), "it came before");
    host.turn_off();
    assert_eq!(setting(&host.cable.defender, None), 1);
    assert!(!host.memory().exists());
    talk(&mut during);
    talk(&mut before);
    let sent = count(&host.enforcer, Counter::CookiesSent);
    let mut after = host.connect(ATTACKER, DEFENDER);
    assert!(has_timestamps(&after.1), "an ordinary handshake");
    assert_eq!(count(&host.enforcer, Counter::CookiesSent), sent);
    talk(&mut after);
}

#[test]
fn a_start_after_a_crash_puts_the_setting_back() {
    let Some(mut host) = Host::new(ModeRequest::Native) else {
        return;
    };
    host.turn_on();
    drop(host.switch.take()); // as a killed daemon would leave it
    assert_eq!(setting(&host.cable.defender, None), 2);
    host.turn_on();
    drop(host.switch.take());
    let place = (ProcSysctl, host.memory());
    let off = SynCookies::default();
    let enforcer = &mut host.enforcer;
    let switch = host
        .cable
        .defender
        .enter(|| CookieSwitch::start(enforcer, off, place));
    assert_eq!(switch.state().reason, None);
    assert_eq!(switch.state().sysctl, Some(1));
    assert_eq!(setting(&host.cable.defender, None), 1);
}

#[test]
fn a_setting_changed_by_somebody_else_ends_the_mode() {
    let Some(mut host) = Host::new(ModeRequest::Native) else {
        return;
    };
    host.turn_on();
    let mut switch = host.switch.take().unwrap();
    let enforcer = &mut host.enforcer;
    assert!(!host.cable.defender.enter(|| switch.look(enforcer)));
    setting(&host.cable.defender, Some(0));
    assert!(host.cable.defender.enter(|| switch.look(enforcer)));
    assert_eq!(switch.state().mode(), CookieMode::Off);
    assert!(switch.state().reason.is_some());
    assert_eq!(setting(&host.cable.defender, None), 0, "it is theirs now");
    let mut pair = host.connect(ATTACKER, DEFENDER);
    assert_eq!(count(&host.enforcer, Counter::CookiesSent), 0);
    talk(&mut pair);
}

#[test]
fn traffic_control_says_that_it_cannot_answer() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    instance.config.interfaces = vec![INTERFACE.to_owned()];
    instance.config.mode = ModeRequest::Tc;
    instance.config.syn_cookies = always();
    let folder = tempfile::tempdir().unwrap();
    let place = (ProcSysctl, folder.path().join("tcp_syncookies"));
    setting(&cable.defender, Some(1));
    let state = cable.defender.enter(|| {
        let mut enforcer = instance.start();
        let switch = CookieSwitch::start(&mut enforcer, always(), place);
        switch.state().clone()
    });
    assert_eq!(state.mode(), CookieMode::Off);
    assert!(state.reason.unwrap().contains("traffic control"));
    assert_eq!(state.sysctl, Some(1));
}

/// The rule of the kernel that the responder stands on.
#[test]
fn a_listener_takes_a_cookie_only_after_one_was_made_for_it() {
    let Some(mut host) = Host::new(ModeRequest::Native) else {
        return;
    };
    host.turn_on();
    let request = Segment::request(BYSTANDER, DEFENDER, PORT);
    let ack = request.acknowledge(&host.answer(&request)).bytes();
    // Another listener in its place: the cookie is as good as before, but nothing is known of it.
    host.replace_listener();
    host.wire.send(&ack);
    wait_until("the refusal", PATIENCE, || {
        tcp_counter(&host.cable.defender, "OutRsts") > 0
    });
    assert_eq!(tcp_counter(&host.cable.defender, "SyncookiesRecv"), 0);
    assert!(!host.is_verified(BYSTANDER));
    host.answer(&request);
    host.wire.send(&ack);
    let (_, peer) = host.listener.accept().unwrap();
    assert_eq!(
        peer.ip().to_canonical(),
        BYSTANDER.parse::<IpAddr>().unwrap()
    );
    assert_eq!(tcp_counter(&host.cable.defender, "SyncookiesRecv"), 1);
    assert!(host.is_verified(BYSTANDER));
}

#[test]
fn a_setting_that_cannot_be_raised_keeps_the_mode_off() {
    let Some(mut host) = Host::new(ModeRequest::Native) else {
        return;
    };
    let place = (ProcSysctl, host.memory().join("nowhere")); // nothing can be remembered there
    let enforcer = &mut host.enforcer;
    let switch = host
        .cable
        .defender
        .enter(|| CookieSwitch::start(enforcer, always(), place));
    let state = switch.state();
    assert_eq!(state.mode(), CookieMode::Off);
    assert_eq!(state.wanted, CookieMode::Always);
    assert!(state.reason.as_ref().unwrap().contains("cannot be set"));
    assert_eq!(setting(&host.cable.defender, None), 1);
    let pair = host.connect(ATTACKER, DEFENDER);
    assert!(has_timestamps(&pair.1));
    assert_eq!(count(&host.enforcer, Counter::CookiesSent), 0);
}
