//! The listener on a real socket.

use axum::http::header::CONTENT_LENGTH;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    task::JoinSet,
};

use super::script::{Door, config};
use crate::{KeyRing, LapiSetup, secret, serve_lapi};

#[tokio::test]
async fn a_poll_over_a_socket_and_an_end_that_waits_for_nobody() {
    let door = Door::new();
    door.post("203.0.113.7");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let setup = LapiSetup {
        control: door.script.clone(),
        keys: KeyRing::new(watch::Receiver::clone(&door.keys_tx.subscribe())),
        board: door.board.clone(),
        config: config(),
        clock: std::sync::Arc::new(|| super::script::NOW),
    };
    let (stop_tx, stop_rx) = oneshot::channel::<()>();
    let mut server = JoinSet::new();
    server.spawn(serve_lapi(listener, setup, async {
        let _ = stop_rx.await; // an error: the test has ended
    }));
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let key = secret(&[1; 32]);
    // Twice over one connection, as bouncers poll.
    for _ in 0..2 {
        let request = format!(
            "GET /v1/decisions/stream?startup=true HTTP/1.1\r\nHost: x\r\nX-Api-Key: {key}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("is sent");
        let mut reply = Vec::new();
        while !reply.ends_with(b"]}") {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.expect("is read");
            assert_ne!(count, 0, "{}", String::from_utf8_lossy(&reply));
            reply.extend_from_slice(&bytes[..count]);
        }
        let reply = String::from_utf8(reply).expect("text");
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert!(
            reply.to_lowercase().contains(CONTENT_LENGTH.as_str()),
            "{reply}"
        );
        assert!(reply.contains("203.0.113.7"), "{reply}");
    }
    stop_tx.send(()).expect("the server runs");
    server
        .join_next()
        .await
        .expect("a server")
        .expect("it ends");
}
