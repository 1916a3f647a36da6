//! Raw frames onto a cable, and what the kernel says of its TCP.

#![expect(unsafe_code, reason = "packet sockets and socket options are C")]

use std::{
    ffi::CString,
    fs, io, mem,
    net::TcpStream,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use crate::support::namespace::{INTERFACE, Namespace};

/// Timestamps were agreed on: `tcpi_options` of a connection made without a cookie.
const TIMESTAMPS: u8 = 1;

/// A socket that sends frames as they are.
pub(crate) struct Wire {
    socket: OwnedFd,
    to: libc::sockaddr_ll,
}

impl Wire {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        namespace.enter(|| {
            let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
            // SAFETY: plain arguments; the result is checked.
            let socket = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
            assert!(socket >= 0, "{}", io::Error::last_os_error());
            let name = CString::new(INTERFACE).unwrap();
            // SAFETY: all-zero is a valid value, and the name is a live C string.
            let (mut to, index) = unsafe {
                (
                    mem::zeroed::<libc::sockaddr_ll>(),
                    libc::if_nametoindex(name.as_ptr()),
                )
            };
            to.sll_family = libc::AF_PACKET as u16;
            to.sll_ifindex = index as i32;
            // SAFETY: the kernel just gave this descriptor to us alone.
            let socket = unsafe { OwnedFd::from_raw_fd(socket) };
            Self { socket, to }
        })
    }

    /// Sends one frame; a full queue loses it, as a cable would.
    pub(crate) fn send(&self, frame: &[u8]) {
        // SAFETY: a live buffer and a live address of the lengths given.
        unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                (&raw const self.to).cast(),
                size_of::<libc::sockaddr_ll>() as u32,
            )
        };
    }
}

/// Returns whether a connection has timestamps, which a cookie made in XDP cannot agree on.
pub(crate) fn has_timestamps(stream: &TcpStream) -> bool {
    let mut info = [0_u8; 104];
    let mut bytes = info.len() as u32;
    // SAFETY: a live socket, and a live buffer of the length given.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
    info[5] & TIMESTAMPS != 0
}

/// Returns a counter of the namespace's TCP, such as `SyncookiesRecv` or `OutRsts`.
pub(crate) fn tcp_counter(namespace: &Namespace, name: &str) -> u64 {
    let read = |file: &str| fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap();
    let text = namespace.enter(|| read("netstat") + &read("snmp"));
    let lines: Vec<&str> = text.lines().collect();
    // Names and values take turns, a pair of lines for each group.
    let mut counters = lines.chunks(2).flat_map(|pair| {
        let values = pair[1].split_whitespace();
        pair[0].split_whitespace().zip(values)
    });
    let (_, value) = counters.find(|(it, _)| *it == name).unwrap();
    value.parse().unwrap()
}

/// Returns how many requests wait in the namespace's backlogs.
pub(crate) fn half_open(namespace: &Namespace) -> usize {
    let text = namespace.run("ss", &["-Htn", "state", "syn-recv"]);
    text.lines().count()
}

/// Reads or writes the namespace's setting.
pub(crate) fn setting(namespace: &Namespace, value: Option<u8>) -> u8 {
    const PATH: &str = "/proc/sys/net/ipv4/tcp_syncookies";
    namespace.enter(|| {
        if let Some(value) = value {
            fs::write(PATH, value.to_string()).unwrap();
        }
        fs::read_to_string(PATH).unwrap().trim().parse().unwrap()
    })
}
