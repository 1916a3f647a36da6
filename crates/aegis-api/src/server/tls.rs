//! TLS: a certificate and its key from two files, and nothing older than TLS 1.3.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    },
};

/// What a server shows and speaks over TLS.
#[derive(Clone)]
pub struct Tls {
    pub(super) acceptor: TlsAcceptor,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not what it must be.
    #[error("{path} holds no {what} in PEM")]
    NotPem {
        /// Which.
        path: PathBuf,
        /// What it must hold.
        what: &'static str,
    },
    /// The two do not belong together, or cannot be used.
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(String),
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(…)")
    }
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and the key of the first, both in PEM.
    pub fn load(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let not_chain = |error| wrong_pem(certificates, "certificate", error);
        let chain = CertificateDer::pem_file_iter(certificates).map_err(not_chain)?;
        let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(not_chain)?;
        if chain.is_empty() {
            return Err(not_chain(pem::Error::NoItemsFound));
        }
        let not_key = |error| wrong_pem(key, "private key", error);
        let key = PrivateKeyDer::from_pem_file(key).map_err(not_key)?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .and_then(|it| it.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|it| TlsError::Unusable(it.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: Arc::new(config).into(),
        })
    }
}

fn wrong_pem(path: &Path, what: &'static str, error: pem::Error) -> TlsError {
    let path = path.to_owned();
    if let pem::Error::Io(source) = error {
        return TlsError::Read { path, source };
    }
    TlsError::NotPem { path, what }
}
