//! What the tests stand on: an instance that cleans up, and a way to run packets through it.

pub(crate) mod books;
pub(crate) mod flood;
pub(crate) mod namespace;

use std::{
    error::Error,
    os::fd::AsFd as _,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use aegis_core::{Change, Exemption, Indicator, Timestamp};
use aegis_enforce::{
    Capacity, Counter, DEFAULT_BPFFS, Detectors, EnforceConfig, EnforceError, Enforcer,
    InstanceName, ModeRequest, SynCookies, detach, mount_bpffs_if_missing,
};
use aya::{
    TestRun as _, TestRunOptions,
    programs::{SchedClassifier, Xdp},
};

/// The wall clock of tests that never look at the real one.
pub(crate) const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Long enough for no block to end during a test.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// What the program did with a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    Pass,
    Drop,
}

/// An instance of its own for one test; everything it pinned goes with it.
pub(crate) struct Instance {
    pub(crate) config: EnforceConfig,
}

impl Instance {
    /// Returns a fresh instance, or says why this test is skipped.
    pub(crate) fn new() -> Option<Self> {
        if let Err(reason) = privileges() {
            assert!(
                std::env::var_os("AEGIS_REQUIRE_KERNEL").is_none(),
                "the kernel is required: {reason}"
            );
            eprintln!("SKIPPED: {reason}");
            return None;
        }
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("aegis-test-{}-{number}", std::process::id());
        Some(Self {
            config: EnforceConfig {
                instance: name.parse().unwrap(),
                interfaces: Vec::new(),
                mode: ModeRequest::Auto,
                observe: false,
                object: None,
                bpffs: PathBuf::from(DEFAULT_BPFFS),
                capacity: Capacity {
                    hosts_v4: 1024,
                    hosts_v6: 1024,
                    prefixes: 1024,
                },
                detectors: Detectors::default().disabled(),
                syn_cookies: SynCookies::default(),
            },
        })
    }

    pub(crate) fn name(&self) -> &InstanceName {
        &self.config.instance
    }

    #[track_caller]
    pub(crate) fn start(&self) -> Enforcer {
        unwrap(Enforcer::start(&self.config, T0))
    }

    pub(crate) fn pin(&self, name: &str) -> PathBuf {
        self.config
            .bpffs
            .join("aegis")
            .join(self.name().as_str())
            .join(name)
    }

    /// Runs a packet through the pinned XDP program.
    #[track_caller]
    pub(crate) fn run(&self, packet: &[u8]) -> Action {
        let kind = aya_obj::programs::XdpAttachType::Interface;
        let program = Xdp::from_pin(self.pin("prog_xdp"), kind).unwrap();
        match program.test_run(options(packet)).unwrap().return_value {
            1 => Action::Drop,
            2 => Action::Pass,
            other => panic!("XDP action {other}"),
        }
    }

    /// Runs a packet through the pinned traffic-control program.
    #[track_caller]
    pub(crate) fn run_tc(&self, packet: &[u8]) -> Action {
        let program = SchedClassifier::from_pin(self.pin("prog_tc")).unwrap();
        match program.test_run(options(packet)).unwrap().return_value as i32 {
            2 => Action::Drop,
            -1 => Action::Pass,
            other => panic!("traffic-control action {other}"),
        }
    }

    /// Returns the kernel's number of the pinned XDP program.
    pub(crate) fn program_id(&self) -> u32 {
        let kind = aya_obj::programs::XdpAttachType::Interface;
        let program = Xdp::from_pin(self.pin("prog_xdp"), kind).unwrap();
        let _ = program.fd().unwrap().as_fd();
        program.info().unwrap().id()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Err(error) = detach(&self.config.instance, &self.config.bpffs) {
            eprintln!("cannot clean up: {error}");
        }
    }
}

fn options(packet: &[u8]) -> TestRunOptions<'_> {
    TestRunOptions {
        data_in: Some(packet),
        ..TestRunOptions::default()
    }
}

/// Makes sure there is a BPF file system and we may load programs.
fn privileges() -> Result<(), String> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|it| it.to_string())?;
    let is_root = status
        .lines()
        .find_map(|it| it.strip_prefix("Uid:"))
        .is_some_and(|it| it.split_whitespace().nth(1) == Some("0"));
    if !is_root {
        return Err("these tests need root".into());
    }
    mount_bpffs_if_missing(DEFAULT_BPFFS.as_ref()).map_err(|it| explain(&it))?;
    Ok(())
}

/// Unwraps with every cause in the message.
#[track_caller]
pub(crate) fn unwrap<T>(result: Result<T, EnforceError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{}", explain(&error)),
    }
}

fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

pub(crate) fn parse(text: &str) -> Indicator {
    text.parse().unwrap()
}

pub(crate) fn block(text: &str) -> Change {
    Change::Block {
        indicator: parse(text),
        expires_at: T0 + HOUR,
    }
}

pub(crate) fn exempt(text: &str, exemption: Exemption) -> Change {
    Change::Exempt {
        indicator: parse(text),
        exemption,
    }
}

/// Blocks everything for an hour.
#[track_caller]
pub(crate) fn block_all(enforcer: &mut Enforcer, indicators: &[&str]) {
    let changes: Vec<Change> = indicators.iter().map(|it| block(it)).collect();
    unwrap(enforcer.apply(T0, &changes));
}

#[track_caller]
pub(crate) fn count(enforcer: &Enforcer, counter: Counter) -> u64 {
    unwrap(enforcer.counters()).get(counter)
}

/// Returns the time, for tests of what takes how long.
#[expect(
    clippy::disallowed_methods,
    reason = "tests of expiry measure real time"
)]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// Waits until `is_done` says so; fails after `limit`.
#[track_caller]
pub(crate) fn wait_until(what: &str, limit: Duration, mut is_done: impl FnMut() -> bool) {
    let start = clock();
    while !is_done() {
        assert!(
            start.elapsed() < limit,
            "{what} did not happen within {limit:?}"
        );
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
