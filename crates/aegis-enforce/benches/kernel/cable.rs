//! Hosts at the ends of cables: network namespaces that are removed also when a run fails.

#![expect(
    unsafe_code,
    reason = "moves a thread into a namespace, asks for an interface's number"
)]

use std::{
    ffi::CString,
    fs::{self, File},
    io::Write as _,
    net::{Ipv4Addr, UdpSocket},
    os::fd::AsRawFd as _,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::packet::{PORT, RECEIVER, RECEIVER_MAC};

/// The receiver's end of a cable.
pub(crate) const RECEIVER_LINK: &str = "flood0";

/// A namespace that is removed with everything in it.
pub(crate) struct Host(String);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

impl Host {
    pub(crate) fn new(role: &str) -> Result<Self> {
        let name = format!("aegis-b{}-{role}", std::process::id());
        run("ip", &["netns", "add", &name], "")?;
        Ok(Self(name))
    }

    /// Runs `work` on a thread of its own in the namespace.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.move_here()?;
                work()
            });
            thread
                .join()
                .map_err(|_| anyhow!("a thread in {} panicked", self.0))?
        })
    }

    /// Moves this thread into the namespace, for good.
    pub(crate) fn move_here(&self) -> Result<()> {
        let file = File::open(format!("/run/netns/{}", self.0)).context("open a namespace")?;
        // SAFETY: a live descriptor; only this thread moves.
        let result = unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) };
        ensure!(result == 0, "cannot enter {}", self.0);
        Ok(())
    }

    /// Runs a program in the namespace with `input` on its standard input.
    pub(crate) fn run(&self, program: &str, arguments: &[&str], input: &str) -> Result<()> {
        self.enter(|| run(program, arguments, input))
    }

    /// Lays a cable from `sender` to this host, which then takes packets for its address.
    pub(crate) fn plug(&self, sender: &Self, sender_link: &str) -> Result<()> {
        let mac = RECEIVER_MAC.map(|it| format!("{it:02x}")).join(":");
        let address = format!("{}/24", Ipv4Addr::from(RECEIVER));
        let (here, there) = (self.0.as_str(), sender.0.as_str());
        let lines = [
            format!(
                "-n {there} link add {sender_link} type veth peer name {RECEIVER_LINK} \
                 address {mac} netns {here}"
            ),
            format!("-n {there} link set {sender_link} up"),
            format!("-n {here} addr add {address} dev {RECEIVER_LINK}"),
            format!("-n {here} link set {RECEIVER_LINK} up"),
            format!("-n {here} route add default dev {RECEIVER_LINK}"),
        ];
        for line in lines {
            run("ip", &line.split_whitespace().collect::<Vec<_>>(), "")?;
        }
        // Sources are random: the way back to them is this cable, and nobody asks.
        self.enter(|| {
            for place in ["all", RECEIVER_LINK] {
                let path = format!("/proc/sys/net/ipv4/conf/{place}/rp_filter");
                fs::write(&path, "0").with_context(|| format!("write {path}"))?;
            }
            Ok(())
        })
    }

    /// Takes this host's end of its cable down: what is sent there is thrown away by the sender.
    pub(crate) fn unplug(&self) -> Result<()> {
        let line = format!("-n {} link set {RECEIVER_LINK} down", self.0);
        run("ip", &line.split_whitespace().collect::<Vec<_>>(), "")
    }

    /// Makes the cable deliver frames without an XDP program at this end: with receive offload on,
    /// the interface polls as one with a program does.
    pub(crate) fn poll_without_program(&self) -> Result<()> {
        self.enter(|| set_receive_offload(RECEIVER_LINK))
    }

    /// Opens the socket that unlisted packets arrive at, which nobody reads.
    pub(crate) fn listen(&self) -> Result<UdpSocket> {
        let address = (Ipv4Addr::from(RECEIVER), PORT);
        self.enter(|| UdpSocket::bind(address).context("open the receiver's socket"))
    }

    /// Returns how many packets the host's IPv4 took in.
    pub(crate) fn delivered(&self) -> Result<u64> {
        self.enter(|| {
            let text = fs::read_to_string("/proc/thread-self/net/snmp")
                .context("read what the host received")?;
            let mut lines = text.lines().filter_map(|it| it.strip_prefix("Ip: "));
            let (names, values) = (lines.next(), lines.next());
            let mut fields = names
                .unwrap_or_default()
                .split(' ')
                .zip(values.unwrap_or_default().split(' '));
            let found = fields.find(|(name, _)| *name == "InDelivers");
            let (_, value) = found.context("find how much was delivered")?;
            value.parse().context("read a number")
        })
    }
}

/// Returns the number of an interface of this thread's namespace.
pub(crate) fn ifindex(link: &str) -> Result<u32> {
    let name = CString::new(link).context("name an interface")?;
    // SAFETY: the name is live and ends in zero.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    ensure!(index != 0, "there is no interface {link}");
    Ok(index)
}

/// Runs a program to its end; its errors become ours.
pub(crate) fn run(program: &str, arguments: &[&str], input: &str) -> Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {program}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Who stops reading says why on standard error.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().context("wait for a program")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program} {}: {}",
        arguments.join(" "),
        error.trim()
    );
    Ok(())
}

/// The kernel's request for a setting of an interface's driver.
#[repr(C)]
struct DriverRequest {
    name: [u8; libc::IFNAMSIZ],
    value: *mut [u32; 2],
    padding: [u8; 16],
}

fn set_receive_offload(link: &str) -> Result<()> {
    const SIOCETHTOOL: libc::Ioctl = 0x8946;
    const SET_GRO: u32 = 0x2c;
    let mut value = [SET_GRO, 1];
    let mut name = [0; libc::IFNAMSIZ];
    name[..link.len()].copy_from_slice(link.as_bytes());
    let request = DriverRequest {
        name,
        value: &raw mut value,
        padding: [0; 16],
    };
    let socket = UdpSocket::bind(("0.0.0.0", 0)).context("open a socket")?;
    // SAFETY: the request is as the kernel knows it, and its pointer is live.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw const request) };
    ensure!(result == 0, "the kernel does not switch receive offload on");
    Ok(())
}
