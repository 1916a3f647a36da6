//! Fetching a feed, in a thread of its own with all that it takes: the requests, TLS, inflating, parsing.

use std::{fs, io, path::Path, thread, time::Duration};

use aegis_core::{FEED_BYTES_MAX, Timestamp};
use aegis_fetch::{FetchError, Fetcher, Limits, Secret, Tls, Wanted};
use aegis_intel::feed::{
    Course, Definition, Events, Fault, FeedName, Kind, Request, Response, Session, Step,
    WARNINGLIST_BYTES_MAX, Warninglists,
};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{
    FeedsConfig, key,
    sift::{Sifted, sift},
};
use crate::daemon::{Clock, dispatch::chain};

/// What publishers are told of who asks.
const AGENT: &str = concat!("aegis/", env!("CARGO_PKG_VERSION"));

/// The header that carries a key unless another is said.
const HEADER: &str = "Authorization";

/// A document may take so many times what a server may be silent.
const TOTAL_TIMES: u32 = 10;

/// A feed of many pages is given up after so long, whatever each of them takes.
const SESSION_MAX: Duration = Duration::from_secs(3_600);

/// What is to be fetched.
pub(super) struct Fetch {
    pub(super) definition: Definition,
    /// What is known of the last time.
    pub(super) conditions: Course,
    /// Events that were read before.
    pub(super) events: Events,
    pub(super) number: u64,
    pub(super) now: Timestamp,
    pub(super) config: FeedsConfig,
}

/// What came of it.
pub(super) struct Fetched {
    pub(super) name: FeedName,
    pub(super) number: u64,
    pub(super) found: Result<Found, Fault>,
    /// When all of it was here.
    pub(super) had_at: Instant,
}

/// What a feed is now.
pub(super) enum Found {
    /// As it was.
    Unchanged,
    /// This.
    Listed {
        sifted: Box<Sifted>,
        etag: Option<String>,
        last_modified: Option<String>,
        events: Events,
    },
}

/// Begins; says what came of it unless it is cancelled first.
pub(super) fn start(
    fetch: Fetch,
    cancel_rx: oneshot::Receiver<()>,
    fetched_tx: mpsc::Sender<Fetched>,
) -> io::Result<()> {
    let thread = thread::Builder::new().name("aegis-feed".to_owned());
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread.spawn(move || {
        let found = runtime.block_on(async {
            tokio::select! {
                found = run(&fetch) => Some(found),
                _ = cancel_rx => None, // said, or nobody is there to say it any more
            }
        });
        // A name that is still being looked up is nobody's concern any more.
        runtime.shutdown_background();
        if let Some((found, had_at)) = found {
            let fetched = Fetched {
                name: fetch.definition.name,
                number: fetch.number,
                found,
                had_at,
            };
            let _ = fetched_tx.blocking_send(fetched); // the node is gone where nobody listens
        }
    })?;
    Ok(())
}

async fn run(fetch: &Fetch) -> (Result<Found, Fault>, Instant) {
    let session = tokio::time::timeout(SESSION_MAX, Box::pin(whole(fetch)));
    let too_slow = || {
        Fault::Unreachable(format!(
            "not fetched within {} min",
            SESSION_MAX.as_secs() / 60
        ))
    };
    match session.await.unwrap_or_else(|_| Err(too_slow())) {
        Ok((found, had_at)) => (Ok(found), had_at),
        Err(fault) => (Err(fault), Clock.instant()),
    }
}

/// Fetches all of a feed; says when the last of it was here.
async fn whole(fetch: &Fetch) -> Result<(Found, Instant), Fault> {
    let definition = &fetch.definition;
    let key = key_of(definition)?;
    let warninglists = warninglists(&fetch.config)?;
    let limits = Limits {
        bytes_max: FEED_BYTES_MAX,
        connect: fetch.config.timeout,
        idle: fetch.config.timeout,
        total: fetch.config.timeout * TOTAL_TIMES,
    };
    let tls = Tls::with_ca_file(fetch.config.ca_file.as_deref());
    let mut fetcher = Fetcher::new(limits, tls, AGENT);
    let session = Session::new(definition, &fetch.conditions, fetch.now);
    let mut session = session.knowing(fetch.events.clone());
    let mut request = session.start();
    loop {
        let response = ask(&mut fetcher, definition, &request, key.as_ref()).await?;
        let had_at = Clock.instant();
        match session.take(&response)? {
            Step::Ask(next) => request = next,
            Step::Unchanged => return Ok((Found::Unchanged, had_at)),
            Step::Done {
                listing,
                etag,
                last_modified,
            } => {
                let sifted = Box::new(sift(listing, definition.trust, &warninglists));
                let found = Found::Listed {
                    sifted,
                    etag,
                    last_modified,
                    events: session.into_events(),
                };
                return Ok((found, had_at));
            }
        }
    }
}

async fn ask(
    fetcher: &mut Fetcher,
    definition: &Definition,
    request: &Request,
    key: Option<&Secret>,
) -> Result<Response, Fault> {
    let header = definition.key_header.as_deref().unwrap_or(HEADER);
    let wanted = Wanted {
        url: &request.url,
        headers: &request.headers,
        key: key.map(|it| (header, it)),
    };
    let fetched = fetcher.get(wanted).await.map_err(|error| match error {
        FetchError::TooLarge(_) | FetchError::Encoding => Fault::NotAFeed(error.to_string()),
        FetchError::Astray(to) => Fault::Astray(to),
        FetchError::Address
        | FetchError::Unreachable { .. }
        | FetchError::Tls { .. }
        | FetchError::Broken(_)
        | FetchError::TooSlow(_) => Fault::Unreachable(chain(&error)),
    })?;
    // A TAXII server says of what it added when that was, which tells a version from the next.
    let last_modified = match definition.kind {
        Kind::Taxii => fetched.added_last,
        Kind::Document(_) | Kind::Otx | Kind::Misp => fetched.last_modified,
    };
    Ok(Response {
        status: fetched.status,
        etag: fetched.etag,
        last_modified,
        retry_after: fetched.retry_after,
        body: fetched.body,
    })
}

fn key_of(definition: &Definition) -> Result<Option<Secret>, Fault> {
    let file = definition.key_file.as_deref().map(Path::new);
    let key = file.map(key::read).transpose();
    key.map_err(|why| Fault::Unreachable(format!("its key is no use: {why}")))
}

/// Reads what is never taken from a feed; where that cannot be read, nothing is.
fn warninglists(config: &FeedsConfig) -> Result<Warninglists, Fault> {
    let no_use = |path: &Path, why: &dyn std::fmt::Display| {
        Fault::NotAFeed(format!(
            "the warninglist {} is no use: {why}",
            path.display()
        ))
    };
    let mut documents = Vec::new();
    for path in &config.warninglists {
        let length = fs::metadata(path).map_err(|it| no_use(path, &it))?.len();
        if length > WARNINGLIST_BYTES_MAX as u64 {
            let why = format!("it has more than {WARNINGLIST_BYTES_MAX} bytes");
            return Err(no_use(path, &why));
        }
        documents.push(fs::read(path).map_err(|it| no_use(path, &it))?);
    }
    Warninglists::read(&documents)
        .map_err(|it| Fault::NotAFeed(format!("the warninglists are no use: {it}")))
}

#[cfg(test)]
mod tests;
