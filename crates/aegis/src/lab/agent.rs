//! The people of the lab: who floods, who serves, who visits. Each runs as its own process on its
//! own host, does a bounded amount of work, and says in one line of JSON what it saw.

use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4},
    time::Duration,
};

use aegis_ui::Outcome;
use anyhow::Context as _;
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{interval, timeout},
};

use crate::daemon::Clock;

/// Packets that one flood sends at most.
const FLOOD_PACKETS_MAX: u32 = 200_000;

/// Connections a server has open at a time.
const CONNECTIONS_MAX: usize = 1_024;

/// How long a visitor waits for a connection and for its echo, each, unless told otherwise.
const VISIT_TIMEOUT_MS: u64 = 1_000;

/// What a visitor says and wants to hear again.
const GREETING: &[u8; 16] = b"aegis lab visit\n";

/// What to do on a host of the lab.
#[derive(Debug, Subcommand)]
pub enum Agent {
    /// Send TCP connection requests
    Flood {
        /// Where to
        to: SocketAddrV4,
        /// Sources to write into them, in turn, instead of the own address
        #[arg(long, value_delimiter = ',')]
        forged: Vec<Ipv4Addr>,
        /// How many
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(FLOOD_PACKETS_MAX)))]
        count: u32,
        /// How many a second
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        rate: u32,
    },
    /// Accept connections and send back what they say, until standard input ends
    Serve {
        /// Where
        on: SocketAddr,
    },
    /// Visit servers in turn until standard input ends, or so many times
    Visit {
        /// Whom
        #[arg(required = true)]
        to: Vec<SocketAddr>,
        /// Milliseconds between two visits
        #[arg(long, default_value_t = 20)]
        every_ms: u64,
        /// How many visits
        #[arg(long, default_value_t = 100_000)]
        count: u32,
        /// Milliseconds to wait for a connection and for its echo, each
        #[arg(long, default_value_t = VISIT_TIMEOUT_MS)]
        patience_ms: u64,
    },
}

/// What a flood did.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Flooded {
    /// When the first packet went out, Unix milliseconds.
    pub first_at_ms: u64,
    /// When the last one did.
    pub last_at_ms: u64,
    /// How many there were.
    pub sent: u32,
}

/// What a visitor saw.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Visited {
    /// Visits that were answered.
    pub answered: u32,
    /// Visits that were not.
    pub failed: u32,
    /// Median time of an answered visit in microseconds.
    pub median_us: u64,
    /// The longest of them.
    pub max_us: u64,
}

/// Runs one of them.
pub fn run(agent: Agent) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    let said = runtime.block_on(async {
        match agent {
            Agent::Flood {
                to,
                forged,
                count,
                rate,
            } => Ok(serde_json::to_string(
                &flood(to, &forged, count, rate).await?,
            )?),
            Agent::Serve { on } => serve(on)
                .await
                .map(|served| format!("{{\"served\":{served}}}")),
            Agent::Visit {
                to,
                every_ms,
                count,
                patience_ms,
            } => {
                let every = Duration::from_millis(every_ms.max(1));
                let patience = Duration::from_millis(patience_ms);
                let visited = visit(&to, every, count, patience).await;
                Ok::<_, anyhow::Error>(serde_json::to_string(&visited)?)
            }
        }
    })?;
    // A thread that still reads standard input would hold up the end of the runtime.
    runtime.shutdown_background();
    crate::cli::print(&format!("{said}\n"))
}

/// Sends connection requests through a raw socket, so that no answer is waited for.
async fn flood(
    to: SocketAddrV4,
    forged: &[Ipv4Addr],
    count: u32,
    rate: u32,
) -> anyhow::Result<Flooded> {
    let socket = socket2::Socket::new(
        socket2::Domain::IPV4,
        socket2::Type::RAW,
        Some(socket2::Protocol::from(if forged.is_empty() {
            6
        } else {
            255
        })),
    )
    .context("open a raw socket (needs root)")?;
    let own = own_address(to)?;
    let mut ticks = interval(Duration::from_millis(1));
    let (mut sent, mut due) = (0_u32, 0_u64);
    let first_at = Clock.now();
    while sent < count {
        ticks.tick().await;
        due += u64::from(rate);
        while u64::from(sent) * 1000 < due && sent < count {
            let source = match forged.len() {
                0 => own,
                sources => forged[sent as usize % sources],
            };
            let mut packet = Vec::with_capacity(40);
            if !forged.is_empty() {
                packet.extend(ip_header(source, *to.ip()));
            }
            packet.extend(syn(SocketAddrV4::new(source, source_port(sent)), to, sent));
            match socket.send_to(&packet, &SocketAddr::V4(to).into()) {
                Ok(_) => sent += 1,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.raw_os_error() == Some(105) => break, // ENOBUFS: next tick
                Err(error) => return Err(error).context("send a connection request"),
            }
        }
    }
    let (first_at_ms, last_at_ms) = (first_at.as_millis(), Clock.now().as_millis());
    Ok(Flooded {
        first_at_ms,
        last_at_ms,
        sent,
    })
}

/// Returns the address this host would speak to `to` from.
fn own_address(to: SocketAddrV4) -> anyhow::Result<Ipv4Addr> {
    let probe = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).context("open a socket")?;
    probe
        .connect(to)
        .with_context(|| format!("find a route to {to}"))?;
    match probe.local_addr().context("read the own address")?.ip() {
        IpAddr::V4(own) => Ok(own),
        IpAddr::V6(_) => anyhow::bail!("the own address is not IPv4"),
    }
}

fn source_port(number: u32) -> u16 {
    10_000 + (number % 50_000) as u16
}

/// Returns a TCP segment with SYN set (RFC 9293 §3.1).
fn syn(from: SocketAddrV4, to: SocketAddrV4, sequence: u32) -> [u8; 20] {
    let mut segment = [0; 20];
    segment[0..2].copy_from_slice(&from.port().to_be_bytes());
    segment[2..4].copy_from_slice(&to.port().to_be_bytes());
    segment[4..8].copy_from_slice(&sequence.to_be_bytes());
    segment[12] = 5 << 4; // header of five words
    segment[13] = 0x02; // SYN
    segment[14..16].copy_from_slice(&64_240_u16.to_be_bytes());
    let mut pseudo = Vec::with_capacity(32);
    pseudo.extend(from.ip().octets());
    pseudo.extend(to.ip().octets());
    pseudo.extend([0, 6, 0, 20]); // zero, TCP, length
    pseudo.extend(segment);
    segment[16..18].copy_from_slice(&checksum(&pseudo).to_be_bytes());
    segment
}

/// Returns an IPv4 header (RFC 791) for a TCP segment of 20 bytes.
fn ip_header(from: Ipv4Addr, to: Ipv4Addr) -> [u8; 20] {
    let mut header = [0; 20];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&40_u16.to_be_bytes());
    header[8] = 64; // hops
    header[9] = 6; // TCP
    header[12..16].copy_from_slice(&from.octets());
    header[16..20].copy_from_slice(&to.octets());
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header
}

/// Returns the Internet checksum (RFC 1071) of an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks_exact(2)
        .map(|it| u32::from(u16::from_be_bytes([it[0], it[1]])));
    let mut sum: u32 = words.sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Echoes until standard input ends; returns how many connections were accepted.
async fn serve(on: SocketAddr) -> anyhow::Result<u64> {
    let listener = TcpListener::bind(on)
        .await
        .with_context(|| format!("listen on {on}"))?;
    let mut stdout = io::stdout();
    writeln!(stdout, "serving")
        .and_then(|()| stdout.flush())
        .context("say that it serves")?;
    let (mut served, mut connections) = (0, JoinSet::new());
    let mut ended = std::pin::pin!(input_ends());
    loop {
        tokio::select! {
            () = &mut ended => return Ok(served),
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                let Ok((mut stream, _)) = accepted else { continue };
                served += 1;
                connections.spawn(async move {
                    let (mut reader, mut writer) = stream.split();
                    // A visitor that goes away in the middle ends its own connection only.
                    let _ = tokio::io::copy(&mut reader, &mut writer).await;
                });
            }
        }
    }
}

async fn visit(to: &[SocketAddr], every: Duration, count: u32, patience: Duration) -> Visited {
    let mut ticks = interval(every);
    let mut ended = std::pin::pin!(input_ends());
    let mut visited = Visited::default();
    let mut took: Vec<u64> = Vec::new();
    for number in 0..count {
        tokio::select! {
            () = &mut ended => break,
            _ = ticks.tick() => {}
        }
        let started_at = tokio_now();
        let host = to[number as usize % to.len()];
        if greet(host, patience).await.is_ok() {
            visited.answered += 1;
            took.push(started_at.elapsed().as_micros() as u64);
        } else {
            visited.failed += 1;
        }
    }
    took.sort_unstable();
    visited.median_us = took.get(took.len() / 2).copied().unwrap_or(0);
    visited.max_us = took.last().copied().unwrap_or(0);
    visited
}

#[expect(
    clippy::disallowed_methods,
    reason = "a stopwatch at the end of a connection"
)]
fn tokio_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

async fn greet(to: SocketAddr, patience: Duration) -> io::Result<()> {
    let mut stream = timeout(patience, TcpStream::connect(to)).await??;
    stream.write_all(GREETING).await?;
    let mut heard = [0; GREETING.len()];
    timeout(patience, stream.read_exact(&mut heard)).await??;
    if heard == *GREETING {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// Completes when standard input ends.
async fn input_ends() {
    let mut buffer = [0; 64];
    let mut stdin = tokio::io::stdin();
    while stdin.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {}
}

#[cfg(test)]
mod tests;
