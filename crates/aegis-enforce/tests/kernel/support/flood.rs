//! A flood of raw frames into a cable, and a tap that counts each of them that gets past XDP.

#![expect(unsafe_code, reason = "packet sockets have no safe interface")]

use std::{
    io, mem,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use super::namespace::{INTERFACE, Namespace};

/// A flood ends by itself after so many frames.
const FRAMES_MAX: u64 = 30_000_000;
/// The Ethernet source of every frame of a flood, by which the tap knows them.
pub(crate) const MARK: [u8; 6] = [0x02, 0xae, 0x67, 0x15, 0xf1, 0x0d];

/// A packet socket that counts the frames of floods, wherever in its namespace they come in.
///
/// It is bound to no interface, so that none goes down, is renamed or comes late behind its back.
/// Drivers hand frames to it after XDP, native and generic, and before anything else. It is never
/// read: the kernel counts what it delivers and what finds no room.
pub(crate) struct Tap(OwnedFd);

impl Tap {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        let socket = namespace.enter(packet_socket);
        let [word, half] = [
            u32::from_be_bytes([MARK[0], MARK[1], MARK[2], MARK[3]]),
            u32::from(u16::from_be_bytes([MARK[4], MARK[5]])),
        ];
        let step = |code: u32, jump_false: u8, k: u32| libc::sock_filter {
            code: code as u16,
            jt: 0,
            jf: jump_false,
            k,
        };
        let is_equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        let mut steps = [
            step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 6),
            step(is_equal, 3, word),
            step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, 10),
            step(is_equal, 1, half),
            step(libc::BPF_RET | libc::BPF_K, 0, u32::MAX),
            step(libc::BPF_RET | libc::BPF_K, 0, 0),
        ];
        let filter = libc::sock_fprog {
            len: steps.len() as u16,
            filter: steps.as_mut_ptr(),
        };
        // SAFETY: a live socket, a live value of the size that is named, with live steps behind it.
        let result = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_FILTER,
                (&raw const filter).cast(),
                size_of::<libc::sock_fprog>() as u32,
            )
        };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
        bind(&socket, 0, libc::ETH_P_ALL as u16); // only now does it see anything
        Self(socket)
    }

    /// Returns how many frames came since this was asked last.
    pub(crate) fn take(&self) -> u64 {
        // SAFETY: all-zero is a valid value of this plain C struct.
        let mut seen: libc::tpacket_stats = unsafe { mem::zeroed() };
        let mut bytes = size_of::<libc::tpacket_stats>() as u32;
        // SAFETY: a live socket, and a live value of the size that is named.
        let result = unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut seen).cast(),
                &raw mut bytes,
            )
        };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
        u64::from(seen.tp_packets) // those without room among them
    }
}

/// A thread that sends the same frames over and over until it is told to stop.
pub(crate) struct Flood {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Flood {
    pub(crate) fn start(namespace: &Namespace, frames: Vec<Vec<u8>>) -> Self {
        let sender = sender(namespace);
        let (stop, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (is_stopped, count) = (Arc::clone(&stop), Arc::clone(&sent));
        let thread = thread::spawn(move || {
            while !is_stopped.load(Ordering::Relaxed) && count.load(Ordering::Relaxed) < FRAMES_MAX
            {
                count.fetch_add(send(&sender, &frames), Ordering::Relaxed);
            }
        });
        Self {
            stop,
            sent,
            thread: Some(thread),
        }
    }

    /// Returns how many frames the kernel took so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Stops, and returns how many frames the kernel took in all.
    pub(crate) fn finish(mut self) -> u64 {
        self.end();
        self.sent()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends each frame once; returns how many the kernel took.
pub(crate) fn send_once(namespace: &Namespace, frames: &[Vec<u8>]) -> u64 {
    send(&sender(namespace), frames)
}

/// Returns how many frames the cable itself threw away on their way out of this namespace.
pub(crate) fn lost(namespace: &Namespace) -> u64 {
    let path = "/proc/thread-self/net/dev";
    let table = namespace.enter(|| std::fs::read_to_string(path).unwrap());
    let mut lines = table.lines().map(str::trim_start);
    let line = lines.find_map(|it| it.strip_prefix(&format!("{INTERFACE}:")));
    let columns = line.unwrap().split_whitespace();
    columns
        .skip(11)
        .map(|it| it.parse().unwrap())
        .next()
        .unwrap()
}

fn send(socket: &OwnedFd, frames: &[Vec<u8>]) -> u64 {
    let mut parts: Vec<libc::iovec> = frames
        .iter()
        .map(|it| libc::iovec {
            iov_base: it.as_ptr().cast_mut().cast(),
            iov_len: it.len(),
        })
        .collect();
    let mut messages: Vec<libc::mmsghdr> = parts
        .iter_mut()
        .map(|it| {
            // SAFETY: all-zero is a valid value of this plain C struct.
            let mut message: libc::mmsghdr = unsafe { mem::zeroed() };
            message.msg_hdr.msg_iov = ptr::from_mut(it);
            message.msg_hdr.msg_iovlen = 1;
            message
        })
        .collect();
    let count = messages.len() as u32;
    // SAFETY: a live socket, and as many messages as are named, whose parts outlive the call.
    let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), count, 0) };
    u64::try_from(sent).unwrap_or(0) // refused as a whole, as while the interface is down
}

/// Opens a socket that sends frames out of the cable's end in `namespace`.
fn sender(namespace: &Namespace) -> OwnedFd {
    namespace.enter(|| {
        let socket = packet_socket();
        // SAFETY: a live C string.
        let index = unsafe { libc::if_nametoindex(c"cable0".as_ptr()) };
        bind(&socket, index as i32, 0);
        socket
    })
}

/// Opens a packet socket that receives nothing yet.
fn packet_socket() -> OwnedFd {
    // SAFETY: plain arguments; the result is checked.
    let socket = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    assert!(socket >= 0, "{}", io::Error::last_os_error());
    // SAFETY: the kernel just gave this descriptor to us alone.
    unsafe { OwnedFd::from_raw_fd(socket) }
}

fn bind(socket: &OwnedFd, index: i32, protocol: u16) {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = index;
    let bytes = size_of::<libc::sockaddr_ll>() as u32;
    // SAFETY: a live socket, and a live address of the size that is named.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), bytes) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}
