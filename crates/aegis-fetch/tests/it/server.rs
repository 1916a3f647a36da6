//! A server that says what a test has it say, and remembers what it was asked.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use aegis_fetch::Limits;

/// What the tests allow: short, for none of them waits for anything but its own end.
pub(crate) const LIMITS: Limits = Limits {
    bytes_max: 100_000,
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    total: Duration::from_secs(20),
};

/// Writes an answer to a request; returns whether the connection is kept.
pub(crate) type Answer = dyn Fn(&str, &mut TcpStream) -> bool + Send + Sync;

/// A server on loopback, until the test's process ends.
pub(crate) struct Server {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    /// Returns one that answers every request in the same way.
    pub(crate) fn start(
        answer: impl Fn(&str, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (asked, connections) = (Arc::<Mutex<Vec<String>>>::default(), Arc::default());
        let server = Self {
            port,
            asked: Arc::clone(&asked),
            connections: Arc::clone(&connections),
        };
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *connections.lock().expect("no panic") += 1;
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                thread::spawn(move || talk(stream, &asked, &*answer));
            }
        });
        server
    }

    /// Returns the address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Returns the heads of all requests, in small letters.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("no panic")
    }
}

/// Answers with a head and a body, and keeps the connection.
pub(crate) fn say(stream: &mut TcpStream, head: &str, body: &[u8]) -> bool {
    let length = body.len();
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).is_ok() && stream.write_all(body).is_ok()
}

fn talk(stream: TcpStream, asked: &Mutex<Vec<String>>, answer: &Answer) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_ascii_lowercase();
        asked.lock().expect("no panic").push(head.clone());
        if !answer(&head, reader.get_mut()) {
            return;
        }
    }
}
