//! A network namespace for one test, gone when the test is.

#![expect(
    unsafe_code,
    reason = "entering a network namespace has no safe wrapper here"
)]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::Command;

/// A network namespace with loopback and the veth pair `aegis0`, `aegis1`, all of it up.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes a namespace, or says why this test is skipped.
    pub(crate) fn make(name: &str) -> Option<Self> {
        let name = format!("aegis-{name}-{}", std::process::id());
        if !ip(&["netns", "add", &name]) {
            let why = "no network namespace can be made (root is needed)";
            assert!(std::env::var_os("AEGIS_REQUIRE_KERNEL").is_none(), "{why}");
            eprintln!("SKIPPED: {why}");
            return None;
        }
        let namespace = Self { name };
        namespace.ip("link set lo up");
        namespace.ip("link add aegis0 type veth peer name aegis1");
        namespace.ip("link set aegis0 up");
        namespace.ip("link set aegis1 up");
        Some(namespace)
    }

    /// Runs `ip` with blank-separated arguments in the namespace.
    #[track_caller]
    pub(crate) fn ip(&self, arguments: &str) {
        let mut all = vec!["-n", &self.name];
        all.extend(arguments.split(' '));
        assert!(ip(&all), "ip {arguments}");
    }

    /// Runs `body` on a thread of its own inside the namespace, with a tokio runtime.
    pub(crate) fn run<T: Send>(&self, body: impl AsyncFnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.enter();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                runtime.unwrap().block_on(body())
            });
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn enter(&self) {
        let file = File::open(format!("/run/netns/{}", self.name)).unwrap();
        // SAFETY: the descriptor is open, and only the calling thread changes its namespace.
        let result = unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&["netns", "delete", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip")
        .args(arguments)
        .status()
        .is_ok_and(|it| it.success())
}
