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
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};

use crate::{fetch::FetchError, roots::client_config, target::Target};

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

/// Connects to the server of a target.
pub(crate) async fn stream(to: &Target, tls: &Tls) -> Result<Box<dyn Stream>, FetchError> {
    let host = || to.authority();
    let unreachable = |source| FetchError::Unreachable {
        host: host(),
        source,
    };
    let stream = TcpStream::connect((to.host.as_str(), to.port)).await;
    let stream = stream.map_err(unreachable)?;
    if !to.is_tls {
        return Ok(Box::new(stream));
    }
    let no_tls = |source| FetchError::Tls {
        host: host(),
        source,
    };
    let name = ServerName::try_from(to.host.clone());
    let name = name.map_err(|it| no_tls(io::Error::other(it)))?;
    let connector = TlsConnector::from(tls.config().map_err(no_tls)?);
    let stream = connector.connect(name, stream).await.map_err(no_tls)?;
    Ok(Box::new(stream))
}

impl Connection {
    /// Connects to the server of a target, for one request after the other.
    pub(crate) async fn open(to: &Target, tls: &Tls) -> Result<Self, FetchError> {
        let stream = stream(to, tls).await?;
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
            _driver: driver,
        })
    }
}
