//! TLS with an authority that the test makes.

use std::{fs, io::Write as _, net::TcpListener, path::Path, sync::Arc, thread};

use aegis_fetch::{FetchError, Fetched, Fetcher, Tls, Wanted};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio_rustls::rustls::{
    ALL_VERSIONS, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
    version::TLS12,
};

use crate::server::{LIMITS, Server, say};

async fn get(url: &str, ca_file: Option<&Path>) -> Result<Fetched, FetchError> {
    let wanted = Wanted {
        url,
        headers: &[],
        key: None,
    };
    let tls = Tls::with_ca_file(ca_file);
    Fetcher::new(LIMITS, tls, "aegis-test").get(wanted).await
}

#[tokio::test]
async fn a_certificate_counts_where_its_authority_is_known_and_its_name_is_right() {
    let dir = tempfile::tempdir().expect("a directory");
    let ca_file = dir.path().join("ca.pem");
    let port = serve(
        &ca_file,
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsafe".to_owned(),
    );
    let url = format!("https://localhost:{port}/");
    let fetched = get(&url, Some(&ca_file)).await.expect("fetched");
    assert_eq!(fetched.body, b"safe");
    for (url, ca_file) in [
        (&*url, None),
        (&*format!("https://127.0.0.1:{port}/"), Some(&*ca_file)),
    ] {
        let error = get(url, ca_file).await.expect_err("not believed");
        assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    }
    let none = dir.path().join("none.pem");
    fs::write(&none, "no certificate").expect("written");
    let error = get(&url, Some(&none)).await.expect_err("no certificate");
    let FetchError::Tls { source, .. } = error else {
        panic!("{error:?}");
    };
    assert!(
        source.to_string().contains("holds no certificates"),
        "{source}"
    );
}

#[tokio::test]
async fn a_server_that_speaks_tls_1_2_alone_is_heard_and_its_certificate_is_looked_at() {
    let dir = tempfile::tempdir().expect("a directory");
    let ca_file = dir.path().join("ca.pem");
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nold".to_owned();
    let port = serve_with(&[&TLS12], &ca_file, answer);
    let url = format!("https://localhost:{port}/");
    let fetched = get(&url, Some(&ca_file)).await.expect("fetched");
    assert_eq!(fetched.body, b"old");
    let error = get(&url, None).await.expect_err("nobody vouches for it");
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn what_was_asked_for_over_tls_is_not_taken_without() {
    let plain = Server::start(|_, stream| say(stream, "200 OK", b"plain"));
    let dir = tempfile::tempdir().expect("a directory");
    let ca_file = dir.path().join("ca.pem");
    let to = plain.url("/x");
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let port = serve(&ca_file, answer);
    let error = get(&format!("https://localhost:{port}/"), Some(&ca_file)).await;
    let error = error.expect_err("downgraded");
    assert!(matches!(error, FetchError::Astray(_)), "{error:?}");
    assert_eq!(plain.asked().len(), 0);
}

/// Serves one answer over TLS as `localhost`; writes the authority's certificate. Returns the port.
fn serve(ca_file: &Path, answer: String) -> u16 {
    serve_with(ALL_VERSIONS, ca_file, answer)
}

fn serve_with(
    versions: &[&'static SupportedProtocolVersion],
    ca_file: &Path,
    answer: String,
) -> u16 {
    let mut of_authority = CertificateParams::new(Vec::new()).expect("names");
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key_of_authority = KeyPair::generate().expect("a key");
    let authority = of_authority.self_signed(&key_of_authority);
    let authority = authority.expect("a certificate");
    fs::write(ca_file, authority.pem()).expect("written");
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = own
        .signed_by(&key, &authority, &key_of_authority)
        .expect("signed");
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .and_then(|it| it.with_no_client_auth().with_single_cert(chain, key))
        .expect("they belong together");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = StreamOwned::new(connection, stream);
            let mut head = [0; 4096];
            // Whoever does not believe the certificate says nothing.
            if std::io::Read::read(&mut stream, &mut head).is_ok_and(|it| it > 0) {
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.flush();
            }
        }
    });
    port
}
