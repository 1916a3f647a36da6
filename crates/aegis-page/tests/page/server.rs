//! The real server with a scripted node behind it, on a port of the system's choice.

use std::{net::SocketAddr, sync::Arc};

use aegis_api::{
    AccessKey, Caller, HttpListener, KeyRing, Scope, Sessions, SiteSetup, secret, secret_hash,
    serve_site,
};
use aegis_page::Page;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{oneshot, watch},
    task::JoinSet,
};

use crate::node::{NOW, Node, Script};

/// A server; dropping it stops it.
pub(crate) struct Server {
    pub(crate) node: Node,
    pub(crate) address: SocketAddr,
    sessions: Sessions,
    _keys_tx: watch::Sender<Arc<[AccessKey]>>,
    _stop_tx: oneshot::Sender<()>,
    _server: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(script: Script) -> Self {
        Self::serve(Node::new(script), false).await
    }

    /// Starts a server that shows everything without a key.
    pub(crate) async fn start_open(script: Script) -> Self {
        Self::serve(Node::new(script), true).await
    }

    async fn serve(node: Node, is_open: bool) -> Self {
        let keys: Vec<AccessKey> = Scope::ALL.into_iter().map(key).collect();
        let (keys_tx, keys_rx) = watch::channel::<Arc<[AccessKey]>>(keys.into());
        let sessions = Sessions::new(KeyRing::new(keys_rx), || NOW);
        let setup = SiteSetup {
            site: Page::new(node.clone(), || NOW),
            sessions: sessions.clone(),
            hosts: Arc::new([]),
            is_open,
            clock: || NOW,
        };
        let listener = HttpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None).await;
        let listener = listener
            .expect("binds")
            .with_site(&setup)
            .expect("it listens");
        let url = listener.url().expect("it listens");
        let address = url.trim_start_matches("http://").parse();
        let (stop_tx, stop_rx) = oneshot::channel();
        let mut server = JoinSet::new();
        server.spawn(serve_site(listener, async {
            let _ = stop_rx.await;
        }));
        Self {
            node,
            address: address.expect("an address"),
            sessions,
            _keys_tx: keys_tx,
            _stop_tx: stop_tx,
            _server: server,
        }
    }

    /// Returns the address of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns a link that lets in who may do everything.
    pub(crate) fn link(&self) -> String {
        let root = Caller::Local { uid: 0, pid: None };
        let word = self.sessions.link(root).expect("random bytes");
        self.url(&format!("/sign-in?link={word}"))
    }

    /// Signs in with the key of a scope; returns the header that shows it.
    pub(crate) async fn sign_in(&self, scope: Scope) -> String {
        let answer = self
            .post("/sign-in", "", &format!("key={}", secret_of(scope)))
            .await;
        let cookie = answer
            .lines()
            .find_map(|it| it.strip_prefix("set-cookie: "));
        let cookie = cookie.unwrap_or_else(|| panic!("no cookie: {answer}"));
        format!("cookie: {}\r\n", cookie.split(';').next().expect("a value"))
    }

    pub(crate) async fn get(&self, path: &str, head: &str) -> String {
        self.ask("GET", path, head, "").await
    }

    /// Sends a form as the page itself does.
    pub(crate) async fn post(&self, path: &str, head: &str, form: &str) -> String {
        let kind =
            "content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n";
        self.ask("POST", path, &format!("{kind}{head}"), form).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, head: &str, body: &str) -> String {
        let (address, length) = (self.address, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-length: {length}\r\n{head}\r\n{body}"
        );
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        String::from_utf8(answer).expect("text")
    }
}

fn secret_of(scope: Scope) -> String {
    secret(&[scope as u8 + 1; 32])
}

fn key(scope: Scope) -> AccessKey {
    AccessKey {
        name: scope.as_str().parse().expect("a name"),
        scope: scope.into(),
        secret_hash: secret_hash(&secret_of(scope)),
        created_at: NOW,
    }
}
