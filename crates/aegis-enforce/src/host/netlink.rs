//! Reading from netlink: dumps and multicast groups, through one bounded buffer.
//!
//! A socket belongs to the network namespace in which it was opened, for good: whoever keeps a
//! [`Channel`] sees that namespace from every thread. Nothing here changes the kernel's state.

#![expect(
    unsafe_code,
    reason = "a socket is registered with the event loop by its descriptor"
)]

use std::io;
use std::time::Duration;

use rtnetlink::packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN, NetlinkBuffer,
};
use rtnetlink::sys::{Socket, SocketAddr};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

#[cfg(test)]
mod tests;

/// The kernel writes a dump in datagrams of at most 32 KiB; twice that never cuts one short.
const DATAGRAM_BYTES_MAX: usize = 64 * 1024;

/// Datagrams read at one go before the task yields: a busy router must not starve the daemon.
const DRAIN_MAX: usize = 4096;

/// Answers to a dump come at once; a million routes take about a second.
const DUMP_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a netlink message header.
const HEADER_BYTES: usize = 16;

/// What to ask for: a message type and the fixed header of its family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) kind: u16,
    pub(crate) body: &'a [u8],
}

/// One message of a datagram.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) sequence: u32,
    pub(crate) payload: &'a [u8],
}

/// Splits a datagram into its messages and stops at the first broken one.
pub(crate) fn messages(datagram: &[u8]) -> impl Iterator<Item = Message<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let message = NetlinkBuffer::new_checked(rest).ok()?;
        let length = usize::try_from(message.length()).ok()?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Message {
            kind: message.message_type(),
            sequence: message.sequence_number(),
            payload: message.payload(),
        })
    })
}

/// A netlink socket for the event loop: cancel-safe in every method.
#[derive(Debug)]
pub(crate) struct Channel {
    socket: AsyncFd<Socket>,
    buffer: Vec<u8>,
    sequence: u32,
    is_dumping: bool,
}

impl Channel {
    /// Opens a socket of `protocol` in the calling thread's network namespace.
    pub(crate) fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = Socket::new(protocol)?;
        // A socket without a port of its own would be taken for the sender and hear nothing.
        socket.bind(&SocketAddr::new(0, 0))?;
        socket.set_non_blocking(true)?;
        // SAFETY: `Socket` owns an open descriptor, closes it only when dropped, and lives inside
        // the `AsyncFd` until then.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?;
        Ok(Self {
            socket,
            buffer: Vec::with_capacity(DATAGRAM_BYTES_MAX),
            sequence: 0,
            is_dumping: false,
        })
    }

    /// Joins a multicast group.
    pub(crate) fn join(&self, group: u32) -> io::Result<()> {
        self.socket.get_ref().add_membership(group)
    }

    /// Asks for a larger receive buffer; the kernel caps it silently.
    pub(crate) fn widen(&self, bytes: libc::c_int) -> io::Result<()> {
        self.socket.get_ref().set_rx_buf_sz(bytes)
    }

    /// Waits for one datagram from the kernel.
    pub(crate) async fn receive(&mut self) -> io::Result<&[u8]> {
        loop {
            let mut ready = self.socket.readable().await?;
            let buffer = &mut self.buffer;
            if let Ok(read) = ready.try_io(|socket| read(socket.get_ref(), buffer)) {
                return read.map(|()| self.buffer.as_slice());
            }
        }
    }

    /// Gives `take` the datagrams that lie ready, without waiting; returns whether some were lost.
    pub(crate) fn drain(&mut self, mut take: impl FnMut(&[u8])) -> bool {
        let mut is_lossy = false;
        for _ in 0..DRAIN_MAX {
            let buffer = &mut self.buffer;
            match self
                .socket
                .try_io(Interest::READABLE, |socket| read(socket, buffer))
            {
                Ok(()) => take(&self.buffer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => is_lossy = true, // overrun: the datagrams after it are still good
            }
        }
        is_lossy
    }

    /// Gives `take` every message of a dump; called again after a cancellation, it goes on.
    pub(crate) async fn dump(
        &mut self,
        request: Request<'_>,
        take: impl FnMut(u16, &[u8]),
    ) -> io::Result<()> {
        let result = tokio::time::timeout(DUMP_TIMEOUT, self.dump_untimed(request, take)).await;
        self.is_dumping = false;
        result.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn dump_untimed(
        &mut self,
        request: Request<'_>,
        mut take: impl FnMut(u16, &[u8]),
    ) -> io::Result<()> {
        if !self.is_dumping {
            // What a failed dump left behind would make the kernel refuse the next one.
            self.drain(|_| ());
            self.sequence = self.sequence.wrapping_add(1);
            send(self.socket.get_ref(), request, self.sequence)?;
            self.is_dumping = true;
        }
        let sequence = self.sequence;
        while !take_datagram(self.receive().await?, sequence, &mut take)? {}
        Ok(())
    }
}

/// Gives `take` every message of a dump, on a socket of its own, from synchronous code.
///
/// It cannot hang: the kernel writes the next piece of a dump within the very call that reads it.
pub(crate) fn dump_now(
    protocol: isize,
    request: Request<'_>,
    mut take: impl FnMut(u16, &[u8]),
) -> io::Result<()> {
    const SEQUENCE: u32 = 1;
    let socket = Socket::new(protocol)?;
    let mut buffer = Vec::with_capacity(DATAGRAM_BYTES_MAX);
    send(&socket, request, SEQUENCE)?;
    loop {
        read(&socket, &mut buffer)?;
        if take_datagram(&buffer, SEQUENCE, &mut take)? {
            return Ok(());
        }
    }
}

/// Hands over a datagram's messages that answer `sequence`; returns whether the dump is complete.
fn take_datagram(
    datagram: &[u8],
    sequence: u32,
    take: &mut impl FnMut(u16, &[u8]),
) -> io::Result<bool> {
    for message in messages(datagram).filter(|it| it.sequence == sequence) {
        match message.kind {
            NLMSG_DONE => return outcome(message.payload).map(|()| true),
            NLMSG_ERROR => return outcome(message.payload).map(|()| true),
            NLMSG_NOOP | NLMSG_OVERRUN => {}
            kind => take(kind, message.payload),
        }
    }
    Ok(false)
}

/// Reads the negated error number at the head of an ERROR or DONE message.
fn outcome(payload: &[u8]) -> io::Result<()> {
    match payload.first_chunk::<4>().map(|it| i32::from_ne_bytes(*it)) {
        Some(code) if code < 0 => Err(io::Error::from_raw_os_error(code.saturating_neg())),
        _ => Ok(()),
    }
}

fn send(socket: &Socket, request: Request<'_>, sequence: u32) -> io::Result<()> {
    let kernel = SocketAddr::new(0, 0);
    socket
        .send_to(&encode(request, sequence), &kernel, 0)
        .map(drop)
}

/// Writes a dump request as the kernel wants it.
fn encode(request: Request<'_>, sequence: u32) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes.extend_from_slice(request.body);
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut header = NetlinkBuffer::new(&mut bytes[..]);
    header.set_length(length);
    header.set_message_type(request.kind);
    header.set_flags(NLM_F_REQUEST | NLM_F_DUMP);
    header.set_sequence_number(sequence);
    bytes
}

/// Reads one datagram into `buffer`; what another process sent leaves it empty.
fn read(socket: &Socket, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    let (length, sender) = socket.recv_from(buffer, libc::MSG_TRUNC)?;
    if sender.port_number() != 0 {
        buffer.clear();
    }
    if length > DATAGRAM_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "netlink datagram cut short",
        ));
    }
    Ok(())
}
