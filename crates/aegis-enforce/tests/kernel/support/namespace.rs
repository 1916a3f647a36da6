//! Two network namespaces with a cable between them, and traffic in them.

#![expect(unsafe_code, reason = "moves a thread into a network namespace")]

use std::{
    fs::File,
    net::{SocketAddr, UdpSocket},
    os::fd::AsRawFd as _,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use super::clock;

/// The defender's addresses, the attacker's, and a bystander's on the attacker's side.
pub(crate) const DEFENDER: &str = "10.77.0.1";
pub(crate) const ATTACKER: &str = "10.77.0.2";
pub(crate) const BYSTANDER: &str = "10.77.0.3";
pub(crate) const DEFENDER_V6: &str = "fd77::1";
pub(crate) const ATTACKER_V6: &str = "fd77::2";

/// The interface on either side.
pub(crate) const INTERFACE: &str = "cable0";

/// A namespace that is removed with everything in it.
pub(crate) struct Namespace(pub(crate) String); // its name

/// Two namespaces and the cable.
pub(crate) struct Cable {
    pub(crate) defender: Namespace,
    pub(crate) attacker: Namespace,
}

impl Namespace {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let namespace = Self(format!("aegis-k{}-{number}", std::process::id()));
        ip(&["netns", "add", &namespace.0]);
        namespace.ip("link set lo up");
        namespace
    }

    /// Runs `ip` in the namespace.
    #[track_caller]
    pub(crate) fn ip(&self, arguments: &str) {
        let arguments: Vec<&str> = ["-n", &self.0]
            .into_iter()
            .chain(arguments.split_whitespace())
            .collect();
        ip(&arguments);
    }

    /// Runs another program in the namespace and returns what it prints.
    #[track_caller]
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.enter(|| Command::new(program).args(arguments).output().unwrap());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `work` on a thread of its own in the namespace.
    #[track_caller]
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.move_here();
                work()
            });
            match thread.join() {
                Ok(value) => value,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Echoes datagrams and counts them, until it is dropped.
    pub(crate) fn echo(&self, address: SocketAddr) -> Echo {
        let socket = self.enter(|| UdpSocket::bind(address).unwrap());
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(AtomicU32::new(0));
        let (is_stopped, count) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = thread::spawn(move || {
            let mut buffer = [0; 64];
            while !is_stopped.load(Ordering::Relaxed) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    count.fetch_add(1, Ordering::Relaxed);
                    let _ = socket.send_to(&buffer[..length], from);
                }
            }
        });
        Echo {
            stop,
            seen,
            thread: Some(thread),
        }
    }

    /// Returns a socket in the namespace that talks from `address` to `to`.
    pub(crate) fn socket(&self, address: &str, to: SocketAddr) -> UdpSocket {
        let address: std::net::IpAddr = address.parse().unwrap();
        let socket = self.enter(|| UdpSocket::bind((address, 0)).unwrap());
        socket.connect(to).unwrap();
        socket
    }

    fn move_here(&self) {
        let file = File::open(format!("/run/netns/{}", self.0)).unwrap();
        // SAFETY: a live descriptor; only this thread moves.
        let result = unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) };
        assert_eq!(result, 0, "cannot enter {}", self.0);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

impl Cable {
    pub(crate) fn new() -> Self {
        let (defender, attacker) = (Namespace::new(), Namespace::new());
        defender.ip(&format!(
            "link add {INTERFACE} type veth peer name {INTERFACE} netns {}",
            attacker.0
        ));
        for (namespace, addresses) in [
            (&defender, &[DEFENDER, DEFENDER_V6][..]),
            (&attacker, &[ATTACKER, BYSTANDER, ATTACKER_V6][..]),
        ] {
            for address in addresses {
                let length = if address.contains(':') { "64" } else { "24" };
                let flag = if address.contains(':') { "nodad" } else { "" };
                namespace.ip(&format!(
                    "addr add {address}/{length} dev {INTERFACE} {flag}"
                ));
            }
            namespace.ip(&format!("link set {INTERFACE} up"));
        }
        Self { defender, attacker }
    }
}

/// An echo service in a namespace.
pub(crate) struct Echo {
    stop: Arc<AtomicBool>,
    seen: Arc<AtomicU32>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Echo {
    /// Returns how many datagrams arrived.
    pub(crate) fn seen(&self) -> u32 {
        self.seen.load(Ordering::Relaxed)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sends one datagram and returns whether the answer to this very one came.
pub(crate) fn is_answered(socket: &UdpSocket) -> bool {
    exchange(socket, Duration::from_secs(2)) // a busy machine takes its time
}

/// Sends one datagram and returns whether no answer to it came for a while.
pub(crate) fn is_silent(socket: &UdpSocket) -> bool {
    !exchange(socket, Duration::from_millis(100))
}

fn exchange(socket: &UdpSocket, limit: Duration) -> bool {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let sent = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let _ = socket.send(&sent);
    let start = clock();
    while let Some(left) = limit
        .checked_sub(start.elapsed())
        .filter(|it| !it.is_zero())
    {
        socket.set_read_timeout(Some(left)).unwrap();
        let mut received = [0; 4];
        // An earlier datagram's answer may come late.
        if socket.recv(&mut received).is_ok() && received == sent {
            return true;
        }
    }
    false
}

#[track_caller]
fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "ip {}: {error}",
        arguments.join(" ")
    );
}
