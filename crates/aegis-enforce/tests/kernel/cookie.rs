//! SYN cookies: the answer byte for byte, the proof, and what is left alone.

mod answer;
mod auto;
mod live;
mod proof;
mod segment;
mod stay;
mod wire;

use std::{
    mem::offset_of,
    net::{IpAddr, TcpListener},
};

use aegis_abi::cookie::{COOKIE, CookieConfig};
use aegis_enforce::{CookieMode, Counter, Enforcer, SynCookies};
use aya::{
    TestRun as _, TestRunOptions,
    maps::{Array, Map, MapData},
    programs::Xdp,
};

use self::segment::Segment;
use crate::support::{Instance, count, namespace::Namespace, unwrap};

const SERVER: &str = "192.0.2.1";
const CLIENT: &str = "203.0.113.7";
const SERVER_V6: &str = "2001:db8::1";
const CLIENT_V6: &str = "2001:db8:7::7";

/// Where in the configuration it stands.
const LINGER_WORD: usize = offset_of!(CookieConfig, linger) / 8;

const DROP: u32 = 1;
const PASS: u32 = 2;
const SEND: u32 = 3;

/// A namespace with a listener, and an instance that answers for it.
struct Stage {
    enforcer: Enforcer,
    instance: Instance,
    namespace: Namespace,
    port: u16,
    _listener: TcpListener,
}

impl Stage {
    fn new() -> Option<Self> {
        Self::with(|_| {})
    }

    /// Returns a stage whose instance `change` has had a say in.
    fn with(change: impl FnOnce(&mut Instance)) -> Option<Self> {
        let mut instance = Instance::new()?;
        instance.config.syn_cookies = always();
        change(&mut instance);
        let namespace = Namespace::new();
        let listener = namespace.enter(|| TcpListener::bind("[::]:0").unwrap());
        wire::setting(&namespace, Some(2));
        let mut enforcer = instance.start();
        let own: [IpAddr; 2] = [SERVER.parse().unwrap(), SERVER_V6.parse().unwrap()];
        unwrap(enforcer.set_own_addresses(&own));
        unwrap(enforcer.set_syn_cookies(instance.config.syn_cookies));
        let stage = Self {
            port: listener.local_addr().unwrap().port(),
            namespace,
            instance,
            enforcer,
            _listener: listener,
        };
        Some(stage)
    }

    fn request(&self) -> Segment {
        Segment::request(CLIENT, SERVER, self.port)
    }

    fn request_v6(&self) -> Segment {
        Segment::request(CLIENT_V6, SERVER_V6, self.port)
    }

    /// Runs a frame; returns the action and the frame as it is then.
    fn run(&self, frame: &[u8]) -> (u32, Vec<u8>) {
        run(&self.instance, &self.namespace, frame)
    }

    /// Returns the answer to a request.
    #[track_caller]
    fn answer(&self, request: &Segment) -> Segment {
        let (action, frame) = self.run(&request.bytes());
        assert_eq!(action, SEND, "{request:?}");
        Segment::parse(&frame)
    }

    /// Runs a frame that must go on to the stack as it is.
    #[track_caller]
    fn check_passed(&self, frame: &[u8], what: &str) {
        let (action, after) = self.run(frame);
        assert_eq!(action, PASS, "{what}");
        assert!(after == frame, "{what} was changed");
    }

    fn is_verified(&self, address: &str) -> bool {
        unwrap(self.enforcer.is_verified(address.parse().unwrap()))
    }

    fn count(&self, counter: Counter) -> u64 {
        count(&self.enforcer, counter)
    }

    /// Ends the time for which acknowledgements are looked at after an attack.
    fn end_linger(&self) {
        let map = MapData::from_pin(self.instance.pin(COOKIE)).unwrap();
        let mut map = Array::<_, [u64; 5]>::try_from(Map::Array(map)).unwrap();
        let mut words = map.get(&0, 0).unwrap();
        words[LINGER_WORD] = 0;
        map.set(0, words, 0).unwrap();
    }
}

fn program(instance: &Instance) -> Xdp {
    let kind = aya_obj::programs::XdpAttachType::Interface;
    Xdp::from_pin(instance.pin("prog_xdp"), kind).unwrap()
}

/// Runs a frame through an instance's program in a namespace, whose sockets it sees; returns the
/// action and the frame as it is then.
fn run(instance: &Instance, namespace: &Namespace, frame: &[u8]) -> (u32, Vec<u8>) {
    let program = program(instance);
    let mut out = vec![0; 2048];
    let result = namespace.enter(|| {
        let options = TestRunOptions {
            data_in: Some(frame),
            data_out: Some(&mut out),
            ..TestRunOptions::default()
        };
        program.test_run(options).unwrap()
    });
    out.truncate(result.data_size_out as usize);
    (result.return_value, out)
}

fn always() -> SynCookies {
    SynCookies {
        mode: CookieMode::Always,
        ..SynCookies::default()
    }
}
