//! The doors through which callers come, beside the loop: the control socket, the HTTP API over TCP
//! where it is asked for, and the page. Bound at start, open until the node stops.

use std::{net::SocketAddr, sync::Arc};

use aegis_api::{HttpListener, KeyRing, Listener, SiteSetup, Tls};
use aegis_page::Page;
use anyhow::Context as _;
use tokio::sync::watch;

use super::{Clock, ControlHandle};
use crate::config::{Config, PageConfig};

/// Where callers come in.
pub(super) struct Doors {
    control: Listener,
    http: Option<HttpListener>,
    page: Option<(HttpListener, PageConfig)>,
}

impl Doors {
    /// Binds what the configuration asks for.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            control: Listener::bind(&config.socket)?,
            http: bind(config).await?,
            page: bind_page(config).await?,
        })
    }

    /// Returns where the HTTP API is, if anywhere.
    pub(super) fn url(&self) -> anyhow::Result<Option<String>> {
        let url = self.http.as_ref().map(HttpListener::url).transpose();
        url.context("look where the HTTP API listens")
    }

    /// Returns where the page is, if anywhere.
    pub(super) fn page_url(&self) -> anyhow::Result<Option<String>> {
        let url = self.page.as_ref().map(|(it, _)| it.url()).transpose();
        url.context("look where the page is")
    }

    /// Serves whoever comes until `stopped` completes.
    pub(super) async fn serve(
        self,
        control: ControlHandle,
        keys: KeyRing,
        stopped: impl Future<Output = ()> + Send,
    ) {
        let Self {
            control: local,
            http,
            page,
        } = self;
        let (http, page) = with_page((http, page), &control);
        let (stopped_tx, stopped_rx) = watch::channel(false);
        let stopping = |mut stopped_rx: watch::Receiver<bool>| async move {
            let _ = stopped_rx.wait_for(|it| *it).await; // an error: the loop is gone
        };
        let http = async {
            if let Some(listener) = http {
                let clock = || Clock.now();
                let stopping = stopping(stopped_rx.clone());
                aegis_api::serve_http(listener, control.clone(), (keys, clock), stopping).await;
            }
        };
        let page = async {
            if let Some(listener) = page {
                aegis_api::serve_site(listener, stopping(stopped_rx.clone())).await;
            }
        };
        let stopped = async {
            stopped.await;
            stopped_tx.send_replace(true);
        };
        tokio::join!(
            aegis_api::serve(local, control.clone(), stopped),
            http,
            page
        );
    }
}

/// Returns the listeners with the page behind them, where there is one.
fn with_page(
    (http, page): (Option<HttpListener>, Option<(HttpListener, PageConfig)>),
    control: &ControlHandle,
) -> (Option<HttpListener>, Option<HttpListener>) {
    let (Some((listener, config)), Some(sessions)) = (page, control.sessions()) else {
        return (http, None);
    };
    let clock = || Clock.now();
    let setup = SiteSetup {
        site: Page::new(control.clone(), clock),
        sessions,
        hosts: Arc::from(config.hosts),
        is_open: config.read_without_key,
        clock,
    };
    // Whoever reaches the API over the network is not known by having reached it.
    let behind_keys = SiteSetup {
        is_open: false,
        ..setup.clone()
    };
    let mounted = |listener: HttpListener, setup: &SiteSetup<_>| {
        listener
            .with_site(setup)
            .inspect_err(|error| tracing::warn!(%error, "The page is not shown"))
            .ok()
    };
    // Only a listener whose address cannot be read is not mounted, and that one serves nobody.
    let http = http.and_then(|it| mounted(it, &behind_keys));
    (http, mounted(listener, &setup))
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

/// Binds the page's own port; another one where nobody asked for that and it is taken.
async fn bind_page(config: &Config) -> anyhow::Result<Option<(HttpListener, PageConfig)>> {
    let Some(page) = config.page.clone() else {
        return Ok(None);
    };
    let first = HttpListener::bind(page.listen, None).await;
    let bound = match first {
        Err(_) if page.may_move => {
            let any = SocketAddr::from((page.listen.ip(), 0));
            HttpListener::bind(any, None).await
        }
        bound => bound,
    };
    match bound {
        Ok(listener) => {
            let url = listener.url()?;
            tracing::info!(
                url,
                "Page is shown; `aegis page` prints a link with which things can be done there"
            );
            Ok(Some((listener, page)))
        }
        // A host without a loopback has nobody who could look.
        Err(error) if page.may_move => {
            tracing::warn!(%error, "Page is not shown");
            Ok(None)
        }
        Err(error) => {
            let listen = page.listen;
            Err(error).with_context(|| format!("listen on {listen} (page.listen)"))
        }
    }
}
