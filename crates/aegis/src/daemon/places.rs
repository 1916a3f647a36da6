//! Places: databases of where addresses are, and blocks of all that is in a country or an autonomous
//! system.
//!
//! A region is blocked as a feed that this node makes itself out of the databases: bit by bit, past
//! the same guards, bounded in the same way. Where the files of the databases change, they are read and
//! checked in a thread; what is blocked by them is made anew, the new before the old is taken away.

mod around;
mod kept;
mod order;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aegis_api::{ApiError, Caller, ErrorCode, RegionBlock, RegionList, Reply, SafetyReply};
use aegis_core::{Feed, FeedId, FeedWeight, Indicator, InvalidFeed, Location, Region, Timestamp};
use aegis_intel::place::{PlaceError, Places, Stamp};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use self::{
    around::around,
    kept::{file, read, write},
};
use super::{Node, dispatch::chain, files::FeedOrder};

#[cfg(test)]
mod tests;

/// Regions that are blocked at a time at most, those of the configuration included.
pub(crate) const REGIONS_MAX: usize = 64;

/// The longest that an operator blocks a region without saying so again: 366 days.
const REGION_SECS_MAX: u32 = 366 * 86_400;

/// How long a configured one is blocked ahead; it is made anew when half of that is over.
const CONFIGURED_FOR: Duration = Duration::from_secs(60 * 86_400);

/// What threads have to say and nobody has heard yet.
const NEWS_MAX: usize = 2 * REGIONS_MAX;

/// What a thread or the loop has done.
pub(super) enum News {
    /// The databases were read.
    Loaded(Result<Places, PlaceError>, Vec<Stamp>),
    /// A region was looked up.
    Expanded {
        region: Region,
        generation: u64,
        found: Result<Vec<Indicator>, PlaceError>,
        asked: Option<Asked>,
    },
    /// A region's prefixes are blocked, or do not fit.
    Applied {
        region: Region,
        feed: FeedId,
        weight: Result<FeedWeight, ApiError>,
        asked: Option<Asked>,
    },
}

/// Somebody waits for a region to be blocked.
pub(super) struct Asked {
    caller: Caller,
    expires_at: Timestamp,
    reply_tx: ReplyTx,
}

type ReplyTx = oneshot::Sender<Result<Reply, ApiError>>;

/// The databases, and what is blocked by them.
pub(super) struct PlaceDesk {
    dir: PathBuf,
    paths: Vec<PathBuf>,
    places: Arc<Places>,
    /// What the files looked like that were read last, whole or not.
    tried: Vec<Stamp>,
    is_loading: bool,
    problem: Option<String>,
    regions: BTreeMap<Region, Held>,
    news_tx: mpsc::Sender<News>,
    waits: JoinSet<()>, // ended with the desk
}

/// A region that is to be blocked.
#[derive(Clone, Debug, Default, PartialEq)]
struct Held {
    /// `None` where the configuration says so.
    expires_at: Option<Timestamp>,
    /// What blocks it now, and until when.
    feed: Option<(FeedId, Timestamp)>,
    is_under_way: bool,
    prefixes: u64,
    blocked: u64,
    problem: Option<String>,
}

impl PlaceDesk {
    /// Takes what is configured and what operators ordered before; nothing is read yet.
    pub(super) fn open(
        dir: &Path,
        paths: Vec<PathBuf>,
        configured: &[Region],
        now: Timestamp,
    ) -> (Self, mpsc::Receiver<News>) {
        let (news_tx, news_rx) = mpsc::channel(NEWS_MAX);
        let (kept, problem) = match read(dir) {
            Ok(kept) => (kept, None),
            Err(error) => {
                let path = file(dir);
                (
                    Vec::new(),
                    Some(format!("{} is no use: {error}", path.display())),
                )
            }
        };
        let held = |expires_at| Held {
            expires_at,
            ..Held::default()
        };
        let ordered = kept.into_iter().filter(|(_, end)| now < *end);
        let ordered = ordered.map(|(region, end)| (region, held(Some(end))));
        let configured = configured.iter().map(|it| (*it, held(None)));
        let desk = Self {
            dir: dir.to_owned(),
            paths,
            places: Arc::default(),
            tried: Vec::new(),
            is_loading: false,
            problem,
            regions: ordered.chain(configured).take(REGIONS_MAX).collect(),
            news_tx,
            waits: JoinSet::new(),
        };
        (desk, news_rx)
    }

    /// Returns the databases as they are now.
    pub(super) fn places(&self) -> Arc<Places> {
        Arc::clone(&self.places)
    }

    /// Reads the databases in a thread where their files are others than those read last.
    fn load_changed(&mut self) {
        let stamps: Vec<Stamp> = self.paths.iter().map(|it| Stamp::of(it)).collect();
        if self.is_loading || stamps == self.tried {
            return;
        }
        self.is_loading = true;
        let (paths, news_tx) = (self.paths.clone(), self.news_tx.clone());
        tokio::task::spawn_blocking(move || {
            let loaded = Places::open(&paths);
            // The node is gone where nobody listens.
            let _ = news_tx.blocking_send(News::Loaded(loaded, stamps));
        });
    }

    /// Looks a region up in a thread.
    fn expand(&self, region: Region, protected: Vec<Indicator>, asked: Option<Asked>) {
        let (places, news_tx) = (self.places(), self.news_tx.clone());
        tokio::task::spawn_blocking(move || {
            let found = places.prefixes(region);
            let news = News::Expanded {
                region,
                generation: places.generation(),
                found: found.map(|it| around(&it, &protected)),
                asked,
            };
            let _ = news_tx.blocking_send(news); // as above
        });
    }
}

impl Node {
    /// Returns where an address, or the first of a prefix, is.
    pub(super) fn location(&self, indicator: &Indicator) -> Option<aegis_api::Location> {
        located(&self.places.places, indicator)
    }

    /// Ends what an earlier run blocked by place and nobody wants any more.
    pub(super) fn resume_places(&mut self) {
        if let Some(problem) = self.places.problem.clone() {
            self.degraded(problem);
        }
        let is_wanted = |it: &FeedId| match it.region() {
            Some((region, _)) => self.places.regions.contains_key(&region),
            None => true,
        };
        let feeds = self.engine.feeds().into_iter();
        for feed in feeds.filter(|it| !is_wanted(it)).collect::<Vec<_>>() {
            self.end_feed(feed);
        }
    }

    /// Does what is due: changed files, ended regions, and such as are not as the databases have them.
    pub(super) fn look_after_places(&mut self) {
        self.places.load_changed();
        let now = self.now();
        let over = |it: &Held| it.expires_at.is_some_and(|end| end <= now);
        let regions = self.places.regions.iter();
        let ended: Vec<Region> = regions
            .filter(|(_, it)| over(it))
            .map(|(it, _)| *it)
            .collect();
        for region in ended {
            self.end_region(region);
        }
        if self.places.is_loading || self.places.places.is_empty() {
            return;
        }
        let generation = self.places.places.generation();
        let mut due = Vec::new();
        for (region, held) in &mut self.places.regions {
            let is_current = held.feed.is_some_and(|(feed, until)| {
                let is_of_these = feed.region() == Some((*region, generation));
                is_of_these && (held.expires_at.is_some() || until.since(now) > CONFIGURED_FOR / 2)
            });
            if !is_current && !held.is_under_way && held.problem.is_none() {
                held.is_under_way = true;
                due.push(*region);
            }
        }
        for region in due {
            self.places.expand(region, self.protected_hosts(), None);
        }
    }

    fn protected_hosts(&self) -> Vec<Indicator> {
        let protected = self.engine.protected().map(|(it, _)| it);
        let configured = self.engine.configured();
        protected.chain(configured).collect()
    }

    /// Takes in what a thread has done.
    pub(super) fn handle_places(&mut self, news: News) {
        match news {
            News::Loaded(loaded, stamps) => self.handle_loaded(loaded, stamps),
            News::Expanded {
                region,
                generation,
                found,
                asked,
            } => self.handle_expanded(region, (generation, found), asked),
            News::Applied {
                region,
                feed,
                weight,
                asked,
            } => self.handle_applied(region, feed, weight, asked),
        }
    }

    fn handle_loaded(&mut self, loaded: Result<Places, PlaceError>, stamps: Vec<Stamp>) {
        self.places.is_loading = false;
        self.places.tried = stamps;
        match loaded {
            Ok(places) => {
                tracing::info!(
                    count = self.places.paths.len(),
                    "Databases of places were read"
                );
                self.places.places = Arc::new(places);
                self.places.problem = None;
                for held in self.places.regions.values_mut() {
                    held.problem = None;
                }
            }
            Err(error) => {
                let problem = format!("{}; what was read before stands", chain(&error));
                self.places.problem = Some(problem.clone());
                self.degraded(problem);
            }
        }
    }

    fn handle_expanded(
        &mut self,
        region: Region,
        (generation, found): (u64, Result<Vec<Indicator>, PlaceError>),
        asked: Option<Asked>,
    ) {
        let feed = found
            .map_err(|error| chain(&error))
            .and_then(|it| match Feed::new(it) {
                Ok(feed) => Ok(feed),
                Err(InvalidFeed::Empty) => Err(format!("no database has anything of {region}")),
                Err(error) => Err(error.to_string()),
            });
        let id = FeedId::of_region(region, generation);
        let feed = match feed {
            Ok(feed) => feed,
            Err(why) => {
                let error = ApiError::new(ErrorCode::Unavailable, why);
                return self.handle_applied(region, id, Err(error), asked);
            }
        };
        let (user, until) = match &asked {
            Some(it) => (it.caller.operator(), Some(it.expires_at)),
            None => (
                aegis_core::Operator::User(0),
                self.places
                    .regions
                    .get(&region)
                    .and_then(|it| it.expires_at),
            ),
        };
        let expires_at = until.unwrap_or_else(|| self.now() + CONFIGURED_FOR);
        let (weight_tx, weight_rx) = oneshot::channel();
        let entries = feed.entries().len();
        self.apply_feed(FeedOrder {
            user,
            id,
            feed: Arc::new(feed),
            expires_at,
            ends: BTreeMap::new(),
            detail: format!("region {region}: {entries} prefixes until {expires_at}"),
            is_dry_run: false,
            weight_tx,
        });
        let news_tx = self.places.news_tx.clone();
        while self.places.waits.try_join_next().is_some() {}
        self.places.waits.spawn(async move {
            let stopping = |_| ApiError::new(ErrorCode::Unavailable, "it was ended meanwhile");
            let weight = weight_rx.await.map_err(stopping).flatten();
            let news = News::Applied {
                region,
                feed: id,
                weight,
                asked,
            };
            let _ = news_tx.send(news).await; // the node is gone where nobody listens
        });
    }

    fn handle_applied(
        &mut self,
        region: Region,
        feed: FeedId,
        weight: Result<FeedWeight, ApiError>,
        asked: Option<Asked>,
    ) {
        let now = self.now();
        if asked.is_none() && !self.places.regions.contains_key(&region) {
            return self.end_feed(feed); // ended meanwhile
        }
        let is_new = !self.places.regions.contains_key(&region);
        let held = self.places.regions.entry(region).or_default();
        held.is_under_way = false;
        let gone = match &weight {
            Ok(it) => {
                (held.prefixes, held.blocked) = (it.entries as u64, it.blocked as u64);
                held.problem = None;
                if let Some(asked) = &asked
                    && (is_new || held.expires_at.is_some())
                {
                    held.expires_at = Some(asked.expires_at);
                }
                let until = held.expires_at.unwrap_or(now + CONFIGURED_FOR);
                let before = held.feed.replace((feed, until));
                before.filter(|(it, _)| *it != feed)
            }
            Err(error) => {
                held.problem = Some(error.message.clone());
                None
            }
        };
        let reply = weight.map(|_| shown(region, held));
        if let Err(error) = &reply
            && asked.is_none()
        {
            self.degraded(format!("{region} is not blocked: {}", error.message));
        }
        if reply.is_err() && is_new {
            self.places.regions.remove(&region);
        }
        if let Some((it, _)) = gone {
            self.end_feed(it);
        }
        self.end_strange_feeds();
        if let Some(asked) = asked {
            self.keep_regions();
            let reply = reply.map(|it| Reply::Safety(Box::new(SafetyReply::Region(it))));
            let _ = asked.reply_tx.send(reply); // whoever went away meanwhile has lost nothing
        }
    }

    /// Ends what an earlier run blocked by place and nobody wants any more, once all that is wanted
    /// stands anew.
    fn end_strange_feeds(&mut self) {
        if self.places.regions.values().any(|it| it.is_under_way) {
            return;
        }
        let regions = self.places.regions.values();
        let wanted: Vec<FeedId> = regions.filter_map(|it| it.feed.map(|(id, _)| id)).collect();
        let strange = self.engine.feeds().into_iter();
        let strange = strange.filter(|it| it.region().is_some() && !wanted.contains(it));
        for feed in strange.collect::<Vec<_>>() {
            self.end_feed(feed);
        }
    }

    fn end_region(&mut self, region: Region) -> bool {
        let Some(held) = self.places.regions.remove(&region) else {
            return false;
        };
        if let Some((feed, _)) = held.feed {
            self.end_feed(feed);
        }
        self.keep_regions();
        true
    }

    /// Returns what is blocked by place.
    pub(super) fn region_list(&self) -> RegionList {
        let desk = &self.places;
        let paths = desk.paths.iter().map(|it| it.display().to_string());
        RegionList {
            regions: desk
                .regions
                .iter()
                .map(|(it, held)| shown(*it, held))
                .collect(),
            databases: paths.collect(),
            problem: desk.problem.clone(),
        }
    }

    fn keep_regions(&mut self) {
        if let Err(error) = write(&self.places.dir, ordered(&self.places.regions)) {
            self.degraded(format!("blocked regions cannot be kept: {error}"));
        }
    }
}

/// Returns where an address, or the first of a prefix, is, as far as databases know.
pub(super) fn located(places: &Places, indicator: &Indicator) -> Option<aegis_api::Location> {
    let location: Location = places.location(indicator.address());
    (!location.is_unknown()).then(|| location.into())
}

fn shown(region: Region, held: &Held) -> RegionBlock {
    RegionBlock {
        region,
        configured: held.expires_at.is_none(),
        expires_at: held.expires_at,
        prefixes: held.prefixes,
        blocked: held.blocked,
        problem: held.problem.clone(),
    }
}

/// Returns what operators ordered, with its end.
fn ordered(regions: &BTreeMap<Region, Held>) -> impl Iterator<Item = (Region, Timestamp)> + '_ {
    let regions = regions.iter();
    regions.filter_map(|(region, held)| Some((*region, held.expires_at?)))
}
