//! The doors through which callers come, beside the loop: the control socket, and the HTTP API over
//! TCP where it is asked for. Bound at start, open until the node stops.

use aegis_api::{HttpListener, KeyRing, Listener, Tls};
use anyhow::Context as _;
use tokio::sync::watch;

use super::{Clock, ControlHandle};
use crate::config::Config;

/// Where callers come in.
pub(super) struct Doors {
    control: Listener,
    http: Option<HttpListener>,
}

impl Doors {
    /// Binds what the configuration asks for.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            control: Listener::bind(&config.socket)?,
            http: bind(config).await?,
        })
    }

    /// Returns where the HTTP API is, if anywhere.
    pub(super) fn url(&self) -> anyhow::Result<Option<String>> {
        let url = self.http.as_ref().map(HttpListener::url).transpose();
        url.context("look where the HTTP API listens")
    }

    /// Serves whoever comes until `stopped` completes.
    pub(super) async fn serve(
        self,
        control: ControlHandle,
        keys: KeyRing,
        stopped: impl Future<Output = ()> + Send,
    ) {
        let (stopped_tx, mut stopped_rx) = watch::channel(false);
        let http = async {
            let stopped = async {
                let _ = stopped_rx.wait_for(|it| *it).await; // an error: the loop is gone
            };
            if let Some(listener) = self.http {
                let clock = || Clock.now();
                aegis_api::serve_http(listener, control.clone(), (keys, clock), stopped).await;
            }
        };
        let stopped = async {
            stopped.await;
            stopped_tx.send_replace(true);
        };
        tokio::join!(
            aegis_api::serve(self.control, control.clone(), stopped),
            http
        );
    }
}

async fn bind(config: &Config) -> anyhow::Result<Option<HttpListener>> {
    let Some(api) = &config.api else {
        return Ok(None);
    };
    let tls = api.tls_files().map(|(cert, key)| Tls::load(cert, key));
    let tls = tls.transpose().context("set up TLS of the HTTP API")?;
    let listener = HttpListener::bind(api.listen, tls).await;
    let listener = listener.with_context(|| format!("listen on {} (api.listen)", api.listen))?;
    tracing::info!(url = listener.url()?, "HTTP API is served");
    Ok(Some(listener))
}
