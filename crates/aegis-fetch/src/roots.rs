//! Roots: whose certificates are believed.

use std::{env, fs, io, path::Path, sync::Arc};

use tokio_rustls::rustls::{
    self, ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// Where systems keep the certificates that they believe: Debian, Fedora, SUSE, Alpine, the BSDs.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The variable that names another bundle, as OpenSSL has it.
const BUNDLE_VARIABLE: &str = "SSL_CERT_FILE";

/// The largest bundle in bytes: those of today have a quarter of a MiB.
const BUNDLE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Returns what TLS needs, with the system's certificates and those of a file.
pub(crate) fn client_config(ca_file: Option<&Path>) -> io::Result<ClientConfig> {
    let mut store = RootCertStore::empty();
    let named = env::var_os(BUNDLE_VARIABLE);
    let named = named.as_deref().map(Path::new);
    let usual = BUNDLES.iter().map(Path::new).find(|it| it.is_file());
    if let Some(bundle) = named.or(usual) {
        // Of a system's bundle, what cannot be used is of no concern.
        store.add_parsable_certificates(certificates(bundle)?);
    }
    if let Some(path) = ca_file {
        for certificate in certificates(path)? {
            let unusable = |it: rustls::Error| wrong(path, &it.to_string());
            store.add(certificate).map_err(unusable)?;
        }
    }
    if store.is_empty() {
        let why = "no root certificates: install ca-certificates, or set feeds.ca_file";
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    // Of TLS 1.2 it has what is left of it: an ephemeral exchange and authenticated encryption. Many who
    // publish speak nothing newer.
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&versions)
        .map_err(io::Error::other)?;
    let mut config = config.with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Reads certificates in PEM; at least one.
fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let unreadable = |it: io::Error| wrong(path, &it.to_string());
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > BUNDLE_BYTES_MAX {
        return Err(wrong(path, "is too long for certificates"));
    }
    let text = fs::read(path).map_err(unreadable)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => Err(wrong(path, "holds no certificates in PEM")),
    }
}

fn wrong(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{}: {why}", path.display()))
}
