//! Who has proven itself by a TCP connection, on loopback.
//!
//! Each test has client addresses of its own in 127/8, so nobody else's traffic is mistaken.

#![expect(unsafe_code, reason = "a socket option that the library does not have")]

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use aegis_enforce::connections::ConnectionWatch;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// A dump comes every five seconds; this leaves room for a busy machine.
const DEADLINE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn an_exchange_proves_and_a_bare_connection_does_not() {
    let (exchange, bare) = ("127.77.1.1", "127.77.1.2");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _bare = connect(&listener, bare).await;
    let mut pair = connect(&listener, exchange).await;
    talk(&mut pair).await;
    let mut watch = ConnectionWatch::start().unwrap();
    let seen = until(&mut watch, exchange).await;
    assert!(!seen.contains(&ip(bare)), "{seen:?}");
}

#[tokio::test]
async fn data_one_way_does_not_prove() {
    let (exchange, mute, deaf) = ("127.77.2.1", "127.77.2.2", "127.77.2.3");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut mute = (mute, connect(&listener, mute).await);
    let mut deaf = (deaf, connect(&listener, deaf).await);
    send(&mut mute.1.1, &mut mute.1.0).await; // the server speaks, the client does not
    send(&mut deaf.1.0, &mut deaf.1.1).await; // the client speaks, the server does not
    let mut pair = connect(&listener, exchange).await;
    talk(&mut pair).await;
    let mut watch = ConnectionWatch::start().unwrap();
    let seen = until(&mut watch, exchange).await;
    assert!(
        !seen.contains(&ip(mute.0)) && !seen.contains(&ip(deaf.0)),
        "{seen:?}"
    );
}

#[tokio::test]
async fn an_ipv4_client_of_a_dual_stack_listener_is_ipv4() {
    let Ok(listener) = TcpListener::bind("[::]:0").await else {
        eprintln!("SKIPPED: no IPv6 here");
        return;
    };
    let mut pair = connect(&listener, "127.77.3.1").await;
    talk(&mut pair).await;
    let mut watch = ConnectionWatch::start().unwrap();
    until(&mut watch, "127.77.3.1").await;
}

#[tokio::test]
async fn a_connection_shorter_than_a_dump_is_seen_as_it_ends() {
    let (standing, short, bare) = ("127.77.4.1", "127.77.4.2", "127.77.4.3");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut pair = connect(&listener, standing).await;
    talk(&mut pair).await;
    let mut watch = ConnectionWatch::start().unwrap();
    if let Some(why) = watch.limitation() {
        assert!(std::env::var_os("AEGIS_REQUIRE_KERNEL").is_none(), "{why}");
        eprintln!("SKIPPED: {why}");
        return;
    }
    until(&mut watch, standing).await; // from here on the listener is known
    hang_up(connect(&listener, bare).await).await;
    let mut pair = connect(&listener, short).await;
    talk(&mut pair).await;
    hang_up(pair).await;
    let seen = until(&mut watch, short).await;
    assert!(!seen.contains(&ip(bare)), "two FINs are no data: {seen:?}");
}

#[tokio::test]
async fn a_half_open_connection_does_not_prove() {
    let (exchange, half) = ("127.77.5.1", "127.77.5.2");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let waiting = TcpListener::bind("127.0.0.1:0").await.unwrap();
    defer_accept(&waiting);
    let mut client = dial(&waiting, half).await; // for the listener it is half open still
    let mut pair = connect(&listener, exchange).await;
    talk(&mut pair).await;
    let mut watch = ConnectionWatch::start().unwrap();
    let seen = until(&mut watch, exchange).await;
    assert!(!seen.contains(&ip(half)), "{seen:?}");
    client.write_all(b"hello").await.unwrap(); // completes it
    let (mut server, _) = waiting.accept().await.unwrap();
    server.read_exact(&mut [0; 5]).await.unwrap();
    send(&mut server, &mut client).await;
    send(&mut client, &mut server).await;
    until(&mut watch, half).await;
}

/// Makes a listener take connections only with their first data; until then they are half open.
fn defer_accept(listener: &TcpListener) {
    let seconds: libc::c_int = 60;
    // SAFETY: a live socket, and a live value of the length given.
    let result = unsafe {
        libc::setsockopt(
            listener.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            size_of_val(&seconds) as u32,
        )
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// Waits until an address is told, and returns all that were.
async fn until(watch: &mut ConnectionWatch, address: &str) -> Vec<IpAddr> {
    let mut seen = Vec::new();
    let told = timeout(DEADLINE, async {
        while !seen.contains(&ip(address)) {
            let mut found = watch.next().await;
            assert!(!found.is_empty());
            seen.append(&mut found);
            let length = seen.len();
            seen.sort();
            seen.dedup();
            assert!(length < 100_000, "bounded");
        }
    });
    told.await.expect("the address was not told in time");
    seen
}

/// Connects from `address`; returns the client's end and the accepted one.
async fn connect(listener: &TcpListener, address: &str) -> (TcpStream, TcpStream) {
    let client = dial(listener, address).await;
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

async fn dial(listener: &TcpListener, address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(ip(address), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    socket.connect(to).await.unwrap()
}

async fn talk((client, server): &mut (TcpStream, TcpStream)) {
    send(client, server).await;
    send(server, client).await;
    send(client, server).await; // and with it the acknowledgement of the answer
}

async fn send(from: &mut TcpStream, to: &mut TcpStream) {
    from.write_all(b"hello").await.unwrap();
    to.read_exact(&mut [0; 5]).await.unwrap();
}

/// Ends a connection from the client's side, in order.
async fn hang_up((mut client, mut server): (TcpStream, TcpStream)) {
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
    drop(server);
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}
