//! Connections to servers, with TLS where an address says so.

use std::{
    fmt, io,
    path::Path,
    sync::{Arc, OnceLock},
};

use http_body_util::Empty;
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::JoinSet,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};

use crate::{
    fetch::FetchError,
    reach::{Reach, is_public},
    roots::client_config,
    target::Target,
};

/// The longest head of an answer in bytes, and what is read ahead of a body.
const BUFFER_BYTES: usize = 256 * 1024;

/// Whose certificates are believed; read when the first address of `https://` is asked. Clones share it.
#[derive(Clone, Default)]
pub struct Tls {
    ca_file: Option<Arc<Path>>,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

/// A connection that stands.
pub(crate) struct Connection {
    pub(crate) to: Target,
    pub(crate) sender: http1::SendRequest<Empty<Bytes>>,
    /// Whether the server is out on the internet.
    pub(crate) is_public: bool,
    _driver: JoinSet<()>, // ended with the connection
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Tls {
    /// Returns one that believes the certificates of a file too, in PEM.
    pub fn with_ca_file(ca_file: Option<&Path>) -> Self {
        Self {
            ca_file: ca_file.map(Arc::from),
            config: Arc::default(),
        }
    }

    /// Reads the certificates, unless that was done before.
    fn config(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let read = client_config(self.ca_file.as_deref())?;
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(read))))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({:?})", self.ca_file)
    }
}

/// Connects to the server of a target, where that is within reach; says whether it is out on the internet.
pub(crate) async fn stream(
    to: &Target,
    tls: &Tls,
    reach: Reach,
) -> Result<(Box<dyn Stream>, bool), FetchError> {
    let host = || to.authority();
    let unreachable = |source| FetchError::Unreachable {
        host: host(),
        source,
    };
    let found = lookup_host((to.host.as_str(), to.port)).await;
    let mut found: Vec<_> = found.map_err(unreachable)?.collect();
    found.retain(|it| reach.has(it.ip()));
    if found.is_empty() {
        return Err(FetchError::Astray(host()));
    }
    let stream = TcpStream::connect(&found[..]).await;
    let stream = stream.map_err(unreachable)?;
    let peer = stream.peer_addr().map_err(unreachable)?;
    let is_public = is_public(peer.ip());
    if !to.is_tls {
        return Ok((Box::new(stream), is_public));
    }
    let no_tls = |source| FetchError::Tls {
        host: host(),
        source,
    };
    let name = ServerName::try_from(to.host.clone());
    let name = name.map_err(|it| no_tls(io::Error::other(it)))?;
    let connector = TlsConnector::from(tls.config().map_err(no_tls)?);
    let stream = connector.connect(name, stream).await.map_err(no_tls)?;
    Ok((Box::new(stream), is_public))
}

impl Connection {
    /// Connects to the server of a target, for one request after the other.
    pub(crate) async fn open(to: &Target, tls: &Tls, reach: Reach) -> Result<Self, FetchError> {
        let (stream, is_public) = stream(to, tls, reach).await?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER_BYTES);
        let handshake = builder.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(FetchError::Broken)?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            let _ = connection.await; // whoever waits for an answer is told
        });
        Ok(Self {
            to: to.clone(),
            sender,
            is_public,
            _driver: driver,
        })
    }
}
