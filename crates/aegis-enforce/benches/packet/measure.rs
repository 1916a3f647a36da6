//! The measurement itself, which a test runs with tiny numbers.

#![expect(unsafe_code, reason = "loads a program of two instructions")]

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use aegis_core::{Change, Exemption, Indicator, Timestamp};
use aegis_enforce::{
    Capacity, DEFAULT_BPFFS, Detectors, EnforceConfig, EnforceError, Enforcer, ModeRequest,
    SynCookies, detach, mount_bpffs_if_missing,
};
use aya::{
    TestRun as _, TestRunOptions,
    programs::{ProgramError, SchedClassifier, Xdp},
};

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);
/// Different sources a case takes its packets from.
const SOURCES: u32 = 16;

/// How much work goes into a figure.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// Entries in the tables.
    pub(crate) entries: u32,
    /// Runs of the program for one sample.
    pub(crate) repeat: u32,
    /// Samples of each case and source; the median counts.
    pub(crate) rounds: usize,
}

impl Scale {
    /// Enough to see that everything runs.
    pub(crate) const TINY: Self = Self {
        entries: 64,
        repeat: 10,
        rounds: 1,
    };
}

/// One line of the result.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) nanos: f64,
}

/// Nanoseconds a packet and nanoseconds an entry.
pub(crate) struct Table {
    pub(crate) packets: Vec<Row>,
    pub(crate) entries: Vec<Row>,
    scale: Scale,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let empty = self.packets.first().map_or(1.0, |it| it.nanos);
        writeln!(f, "Tables of {} entries\n", self.scale.entries)?;
        writeln!(
            f,
            "{:44} {:>10} {:>12} {:>8}",
            "packet", "ns", "above empty", "ratio"
        )?;
        for Row { name, nanos } in &self.packets {
            let (above, ratio) = (nanos - empty, nanos / empty);
            writeln!(f, "{name:44} {nanos:10.1} {above:12.1} {ratio:8.2}")?;
        }
        writeln!(f, "\n{:44} {:>10}", "table", "ns an entry")?;
        for Row { name, nanos } in &self.entries {
            writeln!(f, "{name:44} {nanos:10.1}")?;
        }
        Ok(())
    }
}

/// An instance that is removed with everything it pinned.
struct Bench {
    config: EnforceConfig,
    scale: Scale,
    start: Instant,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = detach(&self.config.instance, &self.config.bpffs);
    }
}

/// Measures everything, or says why that cannot be.
pub(crate) fn run(scale: Scale) -> Result<Table, String> {
    let bench = Bench::new(scale)?;
    bench.measure().map_err(|it| explain(it.as_ref()))
}

type Anything = Box<dyn std::error::Error>;

impl Bench {
    fn new(scale: Scale) -> Result<Self, String> {
        mount_bpffs_if_missing(DEFAULT_BPFFS.as_ref()).map_err(|it| explain(&it))?;
        // Tests run several in one process.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("aegis-bench-{}-p{number}", std::process::id());
        let capacity = Capacity {
            hosts_v4: scale.entries * 2,
            hosts_v6: scale.entries * 2,
            prefixes: scale.entries * 2,
        };
        let config = EnforceConfig {
            instance: name.parse().map_err(|_| "bad name".to_owned())?,
            interfaces: Vec::new(),
            mode: ModeRequest::Auto,
            observe: false,
            object: None,
            bpffs: DEFAULT_BPFFS.into(),
            capacity,
            detectors: Detectors::default().disabled(),
            syn_cookies: SynCookies::default(),
        };
        Ok(Self {
            config,
            scale,
            start: clock(),
        })
    }

    fn measure(&self) -> Result<Table, Anything> {
        let mut enforcer = Enforcer::start(&self.config, self.now())?;
        let mut packets = vec![Row {
            name: "an empty program",
            nanos: self.empty()?,
        }];
        let mut xdp = |name, packet: fn(u32) -> Vec<u8>| -> Result<(), Anything> {
            let nanos = self.xdp(packet)?;
            packets.push(Row { name, nanos });
            Ok(())
        };
        xdp("pass, empty tables", |it| tcp_v4(STRANGER + it, ACK))?;
        xdp("pass, empty tables, IPv6", |it| tcp_v6(STRANGER + it, ACK))?;
        enforcer.set_detectors(&with_detectors())?;
        xdp("pass, detector, not a request", |it| {
            tcp_v4(STRANGER + it, ACK)
        })?;
        xdp("pass, detector, a request", |it| tcp_v4(STRANGER + it, SYN))?;
        xdp("pass, detector, a request, IPv6", |it| {
            tcp_v6(STRANGER + it, SYN)
        })?;
        enforcer.set_detectors(&Detectors::default().disabled())?;
        let mut entries = vec![self.fill(&mut enforcer, "block a new IPv4 address", host_v4)?];
        xdp("miss, table full", |it| tcp_v4(STRANGER + it, ACK))?;
        xdp("hit, table full", |it| tcp_v4(BLOCKED + it, ACK))?;
        entries.push(self.fill(&mut enforcer, "block an IPv6 address", host_v6)?);
        xdp("miss, table full, IPv6", |it| tcp_v6(STRANGER + it, ACK))?;
        xdp("hit, table full, IPv6", |it| tcp_v6(BLOCKED + it, ACK))?;
        let tc = [
            ("traffic control, miss", STRANGER),
            ("traffic control, hit", BLOCKED),
        ];
        let tc = tc.map(|(name, from)| (name, self.tc(|it| tcp_v4(from + it, ACK))));
        entries.push(self.fill(&mut enforcer, "renew an IPv4 address", host_v4)?);
        entries.extend(self.read_back(&mut enforcer)?);
        enforcer.apply(self.now(), &[exempt()])?;
        let mut xdp = |name, packet: fn(u32) -> Vec<u8>| -> Result<(), Anything> {
            let nanos = self.xdp(packet)?;
            packets.push(Row { name, nanos });
            Ok(())
        };
        xdp("miss, one exempt prefix", |it| tcp_v4(STRANGER + it, ACK))?;
        xdp("exempt", |it| tcp_v4(EXEMPT + it, ACK))?;
        entries.push(self.fill(&mut enforcer, "block an IPv4 prefix", prefix_v4)?);
        xdp("miss, prefixes too", |it| tcp_v4(STRANGER + it, ACK))?;
        xdp("hit by prefix", |it| tcp_v4((PREFIXES + it) << 8, ACK))?;
        for (name, nanos) in tc {
            packets.push(Row {
                name,
                nanos: nanos?,
            });
        }
        let scale = self.scale;
        Ok(Table {
            packets,
            entries,
            scale,
        })
    }

    /// Returns the median time of the pinned XDP program over packets of several sources.
    fn xdp(&self, packet: impl Fn(u32) -> Vec<u8>) -> Result<f64, Anything> {
        let kind = aya_obj::programs::XdpAttachType::Interface;
        let program = Xdp::from_pin(self.pin("prog_xdp"), kind)?;
        self.median(packet, |options| Ok(program.test_run(options)?.duration))
    }

    fn tc(&self, packet: impl Fn(u32) -> Vec<u8>) -> Result<f64, Anything> {
        let program = SchedClassifier::from_pin(self.pin("prog_tc"))?;
        self.median(packet, |options| Ok(program.test_run(options)?.duration))
    }

    fn empty(&self) -> Result<f64, Anything> {
        let path = self.pin("prog_empty");
        pin_empty_program(&path)?;
        let kind = aya_obj::programs::XdpAttachType::Interface;
        let program = Xdp::from_pin(path, kind)?;
        let packet = |it| tcp_v4(STRANGER + it, ACK);
        self.median(packet, |options| Ok(program.test_run(options)?.duration))
    }

    fn median(
        &self,
        packet: impl Fn(u32) -> Vec<u8>,
        mut run: impl FnMut(TestRunOptions<'_>) -> Result<Duration, ProgramError>,
    ) -> Result<f64, Anything> {
        let mut samples = Vec::new();
        for source in 0..SOURCES {
            let packet = packet(source * self.scale.entries / SOURCES);
            for _ in 0..self.scale.rounds {
                let duration = run(TestRunOptions {
                    data_in: Some(&packet),
                    repeat: self.scale.repeat,
                    ..TestRunOptions::default()
                })?;
                samples.push(duration.as_nanos() as f64);
            }
        }
        samples.sort_by(f64::total_cmp);
        Ok(samples.get(samples.len() / 2).copied().unwrap_or(0.0))
    }

    /// Blocks as many indicators as a table is to hold.
    fn fill(
        &self,
        enforcer: &mut Enforcer,
        name: &'static str,
        indicator: fn(u32) -> Indicator,
    ) -> Result<Row, EnforceError> {
        let change = |it| Change::Block {
            indicator: indicator(it),
            expires_at: T0 + HOUR,
        };
        let changes: Vec<Change> = (0..self.scale.entries).map(change).collect();
        let start = clock();
        enforcer.apply(self.now(), &changes)?;
        Ok(self.per_entry(name, start, self.scale.entries))
    }

    fn read_back(&self, enforcer: &mut Enforcer) -> Result<[Row; 2], EnforceError> {
        let start = clock();
        let count = enforcer.get_blocklist(self.now())?.len() as u32;
        let list = self.per_entry("read the blocklist", start, count);
        let start = clock();
        enforcer.sweep(self.now())?;
        Ok([list, self.per_entry("sweep", start, count)])
    }

    fn per_entry(&self, name: &'static str, start: Instant, entries: u32) -> Row {
        let nanos = start.elapsed().as_nanos() as f64 / f64::from(entries.max(1));
        Row { name, nanos }
    }

    /// Returns the wall clock, which moves on: a sweep would take one that stands for a step.
    fn now(&self) -> Timestamp {
        T0 + self.start.elapsed()
    }

    fn pin(&self, name: &str) -> PathBuf {
        let folder = self.config.bpffs.join("aegis");
        folder.join(self.config.instance.as_str()).join(name)
    }
}

const ACK: u8 = 0x10;
const SYN: u8 = 0x02;
/// The first blocked address, the first that is not, the first exempt one.
const BLOCKED: u32 = 0x0a00_0000;
const STRANGER: u32 = 0x0b00_0000;
const EXEMPT: u32 = 0xc000_0200;
/// The first blocked /24, without its last byte.
const PREFIXES: u32 = 0x0064_0000;

/// Every detector, counting and never catching anybody.
fn with_detectors() -> Detectors {
    let mut detectors = Detectors::default();
    for it in [
        &mut detectors.syn_flood,
        &mut detectors.syn_imbalance,
        &mut detectors.udp_flood,
        &mut detectors.icmp_flood,
        &mut detectors.port_scan,
    ] {
        it.enabled = true;
        it.threshold = u32::MAX;
    }
    detectors.syn_flood_destination.threshold = u32::MAX;
    detectors
}

fn exempt() -> Change {
    Change::Exempt {
        indicator: host(IpAddr::V4(EXEMPT.into()), 16),
        exemption: Exemption::Protected,
    }
}

fn host(address: IpAddr, prefix_len: u8) -> Indicator {
    Indicator::prefix(address, prefix_len).unwrap_or_else(|| Indicator::host(address))
}

fn host_v4(index: u32) -> Indicator {
    host(IpAddr::V4(Ipv4Addr::from(BLOCKED + index)), 32)
}

fn host_v6(index: u32) -> Indicator {
    host(IpAddr::V6(address_v6(BLOCKED + index)), 128)
}

fn prefix_v4(index: u32) -> Indicator {
    host(IpAddr::V4(Ipv4Addr::from((PREFIXES + index) << 8)), 24)
}

fn address_v6(number: u32) -> Ipv6Addr {
    Ipv6Addr::from((0x2001_0db8_u128 << 96) | (u128::from(number) << 40) | 1)
}

fn tcp_v4(source: u32, flags: u8) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    bytes.extend([8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0]);
    bytes.extend(source.to_be_bytes());
    bytes.extend([192, 0, 2, 1]);
    bytes.extend(tcp_header(flags));
    bytes
}

fn tcp_v6(source: u32, flags: u8) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64]);
    bytes.extend(address_v6(source).octets());
    bytes.extend([0xfe; 16]);
    bytes.extend(tcp_header(flags));
    bytes
}

fn tcp_header(flags: u8) -> [u8; 20] {
    let mut header = [0; 20];
    header[12] = 0x50;
    header[13] = flags;
    header
}

/// Pins an XDP program that passes everything: `r0 = XDP_PASS; exit`.
fn pin_empty_program(path: &std::path::Path) -> std::io::Result<()> {
    const PROGRAM: [u64; 2] = [0x0000_0002_0000_00b7, 0x0000_0000_0000_0095];
    const PROG_LOAD: libc::c_long = 5;
    const OBJ_PIN: libc::c_long = 6;
    const TYPE_XDP: u64 = 6;
    let count = PROGRAM.len() as u64;
    // Type and count, instructions, licence; the rest of the block may be left out.
    let load = [
        TYPE_XDP | (count << 32),
        PROGRAM.as_ptr() as u64,
        c"GPL".as_ptr() as u64,
    ];
    // SAFETY: the pointers in the block are live.
    let program = unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, load.as_ptr(), 24) };
    if program < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave this descriptor to us alone.
    let program = unsafe { OwnedFd::from_raw_fd(program as i32) };
    let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes())?;
    let pin = [path.as_ptr() as u64, program.as_raw_fd() as u64];
    // SAFETY: as above.
    match unsafe { libc::syscall(libc::SYS_bpf, OBJ_PIN, pin.as_ptr(), 16) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn clock() -> Instant {
    Instant::now()
}

fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
