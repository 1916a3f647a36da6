//! What the tests stand on: an instance of its own, and a clock that goes on.

#[path = "../kernel/support/namespace.rs"]
pub(crate) mod namespace;

use std::{
    error::Error,
    path::Path,
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use aegis_core::{Change, Exemption, Indicator, Timestamp};
use aegis_enforce::{
    Capacity, Counter, Detectors, EnforceConfig, EnforceError, Enforcer, InstanceName, ModeRequest,
};
use namespace::{INTERFACE, Namespace};

/// Long enough for no block to end during a test.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// How long anything that must happen may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// An instance of its own for one test. Its table goes with its namespace.
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
        Some(Self::named(&format!("n-{}-{number}", std::process::id())))
    }

    pub(crate) fn named(name: &str) -> Self {
        Self {
            config: EnforceConfig {
                instance: name.parse().unwrap(),
                interfaces: vec![INTERFACE.into()],
                mode: ModeRequest::Nft,
                observe: false,
                object: None,
                bpffs: "/proc/none".into(),
                capacity: Capacity::default(),
                detectors: Detectors::default(),
                syn_cookies: aegis_enforce::SynCookies::default(),
            },
        }
    }

    pub(crate) fn name(&self) -> &InstanceName {
        &self.config.instance
    }

    #[track_caller]
    pub(crate) fn start(&self, namespace: &Namespace) -> Enforcer {
        namespace.enter(|| unwrap(Enforcer::start(&self.config, now())))
    }
}

fn privileges() -> Result<(), String> {
    let id = Command::new("id").arg("-u").output();
    let id = id.map_err(|it| it.to_string())?;
    if id.stdout.trim_ascii() != b"0" {
        return Err("these tests need root".into());
    }
    if !["/usr/sbin/nft", "/sbin/nft"]
        .iter()
        .any(|it| Path::new(it).exists())
    {
        return Err("these tests need nft".into());
    }
    Ok(())
}

/// Returns a time that goes on with the real one.
pub(crate) fn now() -> Timestamp {
    static START: OnceLock<Instant> = OnceLock::new();
    Timestamp::from_secs(1_800_000_000) + START.get_or_init(clock).elapsed()
}

/// Returns the time, for tests of what takes how long.
#[expect(
    clippy::disallowed_methods,
    reason = "tests of expiry measure real time"
)]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// Unwraps with every cause in the message.
#[track_caller]
pub(crate) fn unwrap<T>(result: Result<T, EnforceError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{}", explain(&error)),
    }
}

pub(crate) fn explain(error: &dyn Error) -> String {
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

pub(crate) fn block(text: &str, ttl: Duration) -> Change {
    Change::Block {
        indicator: parse(text),
        expires_at: now() + ttl,
    }
}

pub(crate) fn exempt(text: &str, exemption: Exemption) -> Change {
    Change::Exempt {
        indicator: parse(text),
        exemption,
    }
}

/// Applies changes in the namespace.
#[track_caller]
pub(crate) fn apply(enforcer: &mut Enforcer, namespace: &Namespace, changes: &[Change]) {
    namespace.enter(|| unwrap(enforcer.apply(now(), changes)));
}

/// Returns what is blocked, as texts in order.
#[track_caller]
pub(crate) fn blocked(enforcer: &Enforcer, namespace: &Namespace) -> Vec<String> {
    let blocked = namespace.enter(|| unwrap(enforcer.get_blocklist(now())));
    blocked.iter().map(|it| it.indicator.to_string()).collect()
}

#[track_caller]
pub(crate) fn is_blocked(enforcer: &Enforcer, namespace: &Namespace, text: &str) -> bool {
    namespace.enter(|| unwrap(enforcer.is_blocklisted(now(), parse(text))))
}

/// Returns a counter once it is at least `least`: it is read a few times a second at most.
#[track_caller]
pub(crate) fn count(
    enforcer: &Enforcer,
    namespace: &Namespace,
    (counter, least): (Counter, u64),
) -> u64 {
    let read = || namespace.enter(|| unwrap(enforcer.counters())).get(counter);
    wait_until(counter.as_str(), || read() >= least);
    read()
}

/// Waits until `is_done` says so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_done: impl FnMut() -> bool) {
    let start = clock();
    while !is_done() {
        assert!(start.elapsed() < LIMIT, "{what} did not happen");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Lets time pass where that is what is tested.
pub(crate) fn pause(time: Duration) {
    let start = clock();
    wait_until("time passes", || start.elapsed() >= time);
}
