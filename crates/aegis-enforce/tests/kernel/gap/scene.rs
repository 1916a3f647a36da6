//! A defended cable, what is blocked on it, and the books of a flood.

use std::{fs, net::IpAddr, time::Duration};

use aegis_abi::Counter;
use aegis_core::{Change, Indicator, Ruleset};
use aegis_enforce::{Enforcer, ModeRequest, detach};

use crate::{
    packet::{ACK, tcp},
    support::{
        Instance, T0, block,
        books::PinnedBooks,
        flood::{Flood, MARK, Tap, lost, send_once},
        namespace::{Cable, INTERFACE},
        parse, unwrap, wait_until,
    },
};

/// The program drops at least so many packets in each scenario.
pub(super) const PACKETS: u64 = 1_000_000;
/// What the flood comes from: an address and a prefix of each family, every kind of list.
const LISTED: [&str; 4] = [
    "198.51.100.7",
    "203.0.113.0/24",
    "2001:db8:5::/64",
    "2001:db8:6::7",
];
/// As what the program counts each packet that it drops here.
const MATCHED: [Counter; 4] = [
    Counter::MatchedHostV4,
    Counter::MatchedHostV6,
    Counter::MatchedPrefixV4,
    Counter::MatchedPrefixV6,
];
/// A busy machine takes its time.
const LIMIT: Duration = Duration::from_secs(60);

/// One instance on one cable, with a tap on its side.
pub(super) struct Scene {
    pub(super) instance: Instance,
    /// Dropped by what was detached since.
    gone: u64,
    tap: Tap,
    pub(super) cable: Cable,
}

impl Scene {
    /// Returns a cable that nothing is blocked on yet, and where the tap sees a whole flood.
    pub(super) fn new(mode: ModeRequest) -> Option<Self> {
        let mut instance = Instance::new()?;
        instance.config.interfaces = vec![INTERFACE.into()];
        instance.config.mode = mode;
        instance.config.capacity.hosts_v4 = 100_000;
        let cable = Cable::new();
        // The frames are for this host, or the stack would leave them alone before it counts them.
        let address = "02:02:02:02:02:02";
        cable
            .defender
            .ip(&format!("link set {INTERFACE} address {address}"));
        let scene = Self {
            tap: Tap::new(&cable.defender),
            instance,
            gone: 0,
            cable,
        };
        scene.check_open("before there is a program");
        Some(scene)
    }

    /// Starts an owner that knows what is to be blocked, as the daemon does.
    pub(super) fn start(&self) -> Enforcer {
        self.cable
            .defender
            .enter(|| unwrap(Enforcer::start_with(&self.instance.config, T0, &wanted())))
    }

    /// Runs `work` under a flood of at least [`PACKETS`], of which none may pass. The flood
    /// lasts as long as `work` does.
    pub(super) fn hold(&mut self, what: &str, work: impl FnOnce(&mut Self)) {
        let books = self.flood(work);
        eprintln!("{what}: {books:?}");
        assert_eq!([books.passed, books.reached], [0; 2], "{what}: {books:?}");
        assert_eq!(books.sent, books.dropped + books.lost, "{what}: {books:?}");
    }

    /// The same, where the interface itself throws frames away that nobody counts, and lets so
    /// many past the program at most.
    pub(super) fn hold_roughly(
        &mut self,
        what: &str,
        passed_max: u64,
        work: impl FnOnce(&mut Self),
    ) {
        let books = self.flood(work);
        eprintln!("{what}: {books:?}");
        let most = books.passed.max(books.reached);
        assert!(most <= passed_max, "{what}: {books:?}");
        assert!(books.dropped <= books.sent, "{what}: {books:?}");
    }

    /// The same, where traffic control drops now and then, which is behind the tap.
    pub(super) fn hold_behind_the_tap(&mut self, what: &str, work: impl FnOnce(&mut Self)) {
        let books = self.flood(work);
        eprintln!("{what}: {books:?}");
        assert_eq!(books.reached, 0, "{what}: {books:?}");
    }

    /// Runs `work`, which leaves a gap, under a flood: none of its packets is without a trace.
    pub(super) fn leak(&mut self, work: impl FnOnce(&mut Self)) {
        let books = self.flood(work);
        assert!(books.passed > 0 && books.reached > 0, "{books:?}");
        let found = books.dropped + books.lost + books.passed;
        assert_eq!(books.sent, found, "{books:?}");
    }

    fn flood(&mut self, work: impl FnOnce(&mut Self)) -> Books {
        let dropped = self.dropped();
        let lost_before = lost(&self.cable.attacker);
        let received_before = self.received();
        let flood = Flood::start(&self.cable.attacker, frames());
        wait_until("the flood", LIMIT, || flood.sent() > 10_000);
        work(self);
        wait_until("a million packets", LIMIT, || {
            self.dropped() - dropped >= PACKETS
        });
        let sent = flood.finish();
        let mut books = Books {
            sent,
            ..Books::default()
        };
        // The last frames may still be in the cable.
        let is_settled = || {
            books.dropped = self.dropped() - dropped;
            books.lost = lost(&self.cable.attacker) - lost_before;
            books.passed += self.tap.take();
            books.dropped + books.lost + books.passed >= sent
        };
        let _ = is_soon(is_settled); // where not, whoever reads the books says what is wrong
        books.reached = self.received() - received_before;
        books
    }

    /// Unblocks everything; the flood then passes, so what was counted before was worth counting.
    pub(super) fn finish(self, mut enforcer: Enforcer) {
        for it in LISTED {
            assert!(unwrap(enforcer.remove_from_blocklist(T0, parse(it))));
        }
        self.check_open("after everything was unblocked");
    }

    fn check_open(&self, when: &str) {
        self.tap.take();
        let received = self.received();
        let frames = frames();
        assert_eq!(
            send_once(&self.cable.attacker, &frames),
            frames.len() as u64
        );
        let mut seen = 0;
        wait_until(when, LIMIT, || {
            seen += self.tap.take();
            seen >= frames.len() as u64
        });
        assert_eq!(seen, frames.len() as u64, "{when}");
        wait_until(when, LIMIT, || self.received() - received >= seen / 2);
        assert_eq!(
            self.received() - received,
            seen / 2,
            "{when}: half of them are IPv4"
        );
    }

    /// Returns how many packets the defender's IPv4 has seen.
    fn received(&self) -> u64 {
        let path = "/proc/thread-self/net/snmp";
        let table = self
            .cable
            .defender
            .enter(|| fs::read_to_string(path).unwrap());
        let mut rows = table.lines().filter_map(|it| it.strip_prefix("Ip: "));
        let names = rows.next().unwrap().split(' ');
        let mut columns = names.zip(rows.next().unwrap().split(' '));
        let column = columns.find(|it| it.0 == "InReceives");
        column.unwrap().1.parse().unwrap()
    }

    /// Returns how many packets the program dropped, whichever was loaded.
    fn dropped(&self) -> u64 {
        self.gone + dropped_by(&self.books())
    }

    fn books(&self) -> PinnedBooks {
        PinnedBooks::open(&self.instance)
    }

    /// Takes the instance out of the kernel. What it dropped up to the last moment stays counted.
    pub(super) fn detach(&mut self) {
        let books = self.books();
        unwrap(detach(self.instance.name(), &self.instance.config.bpffs));
        // Nothing counts any more, and nobody adds anything up.
        self.gone += dropped_by(&books);
    }
}

fn dropped_by(books: &PinnedBooks) -> u64 {
    let counted = books.sum();
    MATCHED.map(|it| counted[it as usize]).into_iter().sum()
}

/// What became of a flood.
#[derive(Debug, Default)]
struct Books {
    sent: u64,
    /// Dropped by the program, as it says itself.
    dropped: u64,
    /// Thrown away by the cable for want of room, before the program saw it.
    lost: u64,
    /// Seen behind XDP.
    passed: u64,
    /// Seen by the IPv4 of the stack, behind everything.
    reached: u64,
}

/// Returns what is to be blocked.
pub(super) fn wanted() -> Ruleset {
    let mut ruleset = Ruleset::default();
    for it in LISTED {
        ruleset.apply(block(it));
    }
    ruleset
}

/// Returns so many blocks of addresses that have no part in any flood.
pub(super) fn others(first: u32, count: u32) -> Vec<Change> {
    let host = |it: u32| Indicator::host(IpAddr::from((0x6440_0000 + it).to_be_bytes()));
    (first..first + count)
        .map(|it| Change::Block {
            indicator: host(it),
            expires_at: T0 + crate::support::HOUR,
        })
        .collect()
}

/// Returns the frames of the flood: from each of what is listed in turn.
fn frames() -> Vec<Vec<u8>> {
    let sources = (0..16).flat_map(|it| {
        [
            "198.51.100.7".to_owned(),
            format!("203.0.113.{it}"),
            format!("2001:db8:5::{it:x}"),
            "2001:db8:6::7".to_owned(),
        ]
    });
    sources
        .map(|it| {
            let mut frame = tcp(&it, ACK).bytes();
            frame[6..12].copy_from_slice(&MARK);
            frame
        })
        .collect()
}

/// Returns whether `is_done` says so within a second.
fn is_soon(mut is_done: impl FnMut() -> bool) -> bool {
    (0..1000).any(|_| {
        std::thread::park_timeout(Duration::from_millis(1));
        is_done()
    })
}
