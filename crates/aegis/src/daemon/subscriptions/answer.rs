//! What operators ask about feeds.

use std::{path::Path, time::Duration};

use aegis_api::{
    ApiError, Caller, ErrorCode, FeedAddRequest, FeedList, FeedRefreshRequest, FeedRemoved,
    FeedReply, FeedRequest, Reply,
};
use aegis_core::{Action, FeedId};
use aegis_intel::feed::{BUILT_IN, BuiltIn, Definition, FeedName, InvalidDefinition, Kind};
use tokio::sync::oneshot;

use super::{Done, FeedAsk, ReplyTx, SUBSCRIPTIONS_MAX, Subscriptions, kept::Before, key, show};
use crate::daemon::{feeds::Subscribed, files::FeedCall};

/// How often a feed is fetched that is not built in, unless it is said.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// How far a feed is believed that is not built in, unless it is said, in percent.
const TRUST: u8 = 75;

impl Subscriptions {
    /// Takes one call. A caller that went away meanwhile is nobody's loss.
    pub(super) async fn handle_call(&mut self, call: FeedAsk) {
        let FeedAsk {
            caller,
            request,
            reply_tx,
        } = call;
        let reply = match request {
            FeedRequest::List => return self.list(reply_tx).await,
            FeedRequest::Add(it) => self.add(caller, *it).await,
            FeedRequest::Refresh(it) => self.refresh(&it),
            FeedRequest::Remove(name) => self.remove(caller, name).await,
        };
        match reply {
            Ok(reply) => {
                self.is_changed = true;
                self.replies.push((reply_tx, Reply::Feed(reply))); // when it is on the disk
            }
            Err(error) => drop(reply_tx.send(Err(error))),
        }
    }

    async fn list(&mut self, reply_tx: ReplyTx) {
        let now = self.clock.now();
        let is_free = |it: &&BuiltIn| !self.feeds.keys().any(|name| name.as_str() == it.name);
        let free: Vec<&BuiltIn> = BUILT_IN.iter().filter(is_free).collect();
        let keyed = free.iter().filter(|it| it.key_header.is_some());
        let mut list = FeedList {
            feeds: self.feeds.values().map(|it| show::line(now, it)).collect(),
            need_key: keyed.map(|it| it.name.to_owned()).collect(),
            built_in: free.iter().map(|it| it.name.to_owned()).collect(),
        };
        let (shared_tx, shared_rx) = oneshot::channel();
        drop(self.orders_tx.send(FeedCall::Shared(shared_tx)).await);
        self.jobs.spawn(async move {
            let shared = shared_rx.await.unwrap_or_default(); // the loop is gone
            list.feeds.extend(shared.iter().map(show::shared_line));
            let _ = reply_tx.send(Ok(Reply::Feed(FeedReply::List(list)))); // nobody's loss
            Done::Nothing
        });
    }

    async fn add(
        &mut self,
        caller: Caller,
        request: FeedAddRequest,
    ) -> Result<FeedReply, ApiError> {
        let definition = definition(request)?;
        let name = definition.name.clone();
        if self.feeds.contains_key(&name) {
            let message = format!("name: there is a feed {name} already; remove it first");
            return Err(ApiError::new(ErrorCode::Taken, message));
        }
        if self.feeds.len() >= SUBSCRIPTIONS_MAX {
            let message = format!("{SUBSCRIPTIONS_MAX} feeds are subscribed to already");
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        let before = Before::default();
        let source = show::source(&definition, None);
        self.subscribe(definition, before);
        self.tell(
            caller,
            Action::Block,
            format!("feed {name}: subscribed to {source}"),
        )
        .await;
        self.shown(&name)
    }

    fn refresh(&mut self, request: &FeedRefreshRequest) -> Result<FeedReply, ApiError> {
        let now = self.clock.now();
        let name = named(&request.name)?;
        let feed = self.feeds.get_mut(&name).ok_or_else(|| unknown(&name))?;
        if feed.is_under_way {
            let message = format!("feed {name} is being fetched already");
            return Err(ApiError::new(ErrorCode::Busy, message));
        }
        let may_from = feed
            .course
            .may_from(now, feed.definition.kind.interval_min());
        if now < may_from {
            let wait = aegis_api::ttl_secs(now, may_from);
            let message = format!(
                "feed {name} was asked for a moment ago, and its publisher shuts out whoever asks too \
                 often: in {wait} s again"
            );
            return Err(ApiError::new(ErrorCode::TooFast, message));
        }
        feed.is_accepted = request.accept;
        feed.course.next_at = now;
        self.fetch_due();
        self.shown(&name)
    }

    async fn remove(&mut self, caller: Caller, text: String) -> Result<FeedReply, ApiError> {
        let name = named(&text)?;
        let was_there = self.feeds.remove(&name).is_some(); // and its fetch ends
        if was_there && let Some(id) = FeedId::subscribed(name.as_str()) {
            drop(self.orders_tx.send(FeedCall::End(id)).await);
            self.tell(
                caller,
                Action::Unblock,
                format!("feed {name}: subscribed to no more"),
            )
            .await;
        }
        Ok(FeedReply::Removed(FeedRemoved {
            name: name.to_string(),
            was_there,
        }))
    }

    /// Has it on record who did what.
    async fn tell(&self, caller: Caller, action: Action, detail: String) {
        let told = Subscribed {
            operator: caller.operator(),
            action,
            detail,
        };
        // A loop that is gone records nothing more.
        drop(self.orders_tx.send(FeedCall::Told(told)).await);
    }

    fn shown(&self, name: &FeedName) -> Result<FeedReply, ApiError> {
        let feed = self.feeds.get(name).ok_or_else(|| unknown(name))?;
        let line = show::line(self.clock.now(), feed);
        Ok(FeedReply::Feed(Box::new(line)))
    }
}

fn named(text: &str) -> Result<FeedName, ApiError> {
    text.parse().map_err(|it| refused(&it))
}

fn unknown(name: &FeedName) -> ApiError {
    let add = match BuiltIn::named(name.as_str()) {
        Some(_) => format!("; it is built in: `aegis feed add {name}`"),
        None => String::new(),
    };
    let message = format!("there is no feed {name}{add}");
    ApiError::new(ErrorCode::NotFound, message)
}

/// Returns what is subscribed to by a request.
pub(super) fn definition(request: FeedAddRequest) -> Result<Definition, ApiError> {
    let name = named(&request.name)?;
    let built_in = BuiltIn::named(name.as_str());
    let kind = request.kind.map(|it| it.parse()).transpose();
    let kind: Option<Kind> = kind.map_err(|it| refused(&it))?;
    let url = match (request.url, built_in) {
        (Some(url), _) => url,
        (None, Some(built_in)) => built_in.url.to_owned(),
        (None, None) => {
            let names = BUILT_IN.map(|it| it.name).join(" ");
            let message = format!(
                "url: {name} is not built in, so its address is needed (--url); built in are {names}"
            );
            return Err(ApiError::new(ErrorCode::InvalidRequest, message));
        }
    };
    let kind = kind.or_else(|| built_in.map(|it| it.kind));
    let kind = kind.unwrap_or(Kind::Document(aegis_intel::feed::Format::Plain));
    let usual = built_in.filter(|it| it.url == url);
    let key_header = request.key_header.or_else(|| {
        let keyed = request.key_file.is_some() || usual.is_some_and(|it| it.key_header.is_some());
        keyed.then(|| kind.key_header().to_owned())
    });
    let definition = Definition {
        name,
        kind,
        url,
        interval: match request.interval_secs {
            Some(secs) => Duration::from_secs(secs.into()),
            None => usual.map_or_else(|| INTERVAL.max(kind.interval_min()), |it| it.interval),
        },
        trust: request
            .trust
            .unwrap_or_else(|| usual.map_or(TRUST, |it| it.trust)),
        key_header,
        key_file: request.key_file,
    };
    let definition = definition.checked().map_err(|it| refused(&it))?;
    if let Some(file) = &definition.key_file {
        let wrong =
            |why: String| ApiError::new(ErrorCode::InvalidRequest, format!("key_file: {why}"));
        if !Path::new(file).is_absolute() {
            return Err(wrong("must be an absolute path".to_owned()));
        }
        key::read(Path::new(file)).map_err(wrong)?;
    }
    Ok(definition)
}

/// Returns what is wrong, with the field that is.
fn refused(error: &InvalidDefinition) -> ApiError {
    let field = match error {
        InvalidDefinition::Name => "name",
        InvalidDefinition::Kind(_) => "kind",
        InvalidDefinition::Url | InvalidDefinition::Collection => "url",
        InvalidDefinition::Interval { .. } => "interval_secs",
        InvalidDefinition::Trust => "trust",
        InvalidDefinition::NoKey => "key_file",
        InvalidDefinition::KeyHeader => "key_header",
    };
    ApiError::new(ErrorCode::InvalidRequest, format!("{field}: {error}"))
}
