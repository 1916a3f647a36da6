//! What is asked of the node, and what it answers.

use std::num::NonZeroU16;

use aegis_api::{
    AllowEntry, AllowRequest, Block, BlockRequest, BlockSort, Blocked, Client, ClientError,
    FeedLine, FeedList, FeedRefreshRequest, HistoryBy, HistoryGroup, HistoryGroupsQuery,
    HistoryLine, HistoryQuery, HistoryScope, Indicator, Moment, NodeId, Page, Peer, PeerSort,
    PeerTrust, Stats, Status, UnblockRequest, Unblocked, View, ViewQuery, Why,
};

/// How far back the top threats are counted: a day.
pub(crate) const THREATS_SECS: u64 = 86_400;

/// Threats that are shown at most.
const THREATS_MAX: NonZeroU16 = NonZeroU16::new(20).unwrap();

/// One question or order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    Status,
    Stats,
    Threats,
    Blocks(ViewQuery<BlockSort>),
    Peers(ViewQuery<PeerSort>),
    History(HistoryQuery),
    Groups(HistoryGroupsQuery),
    Feeds,
    RefreshFeed(String),
    Why(Indicator),
    Trust(NodeId),
    Unblock(Indicator),
    Allow(Indicator),
    Block(BlockRequest),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Status(Box<Status>),
    Stats(Box<Stats>),
    Threats(Vec<HistoryGroup>),
    Blocks(View<Block>),
    Peers(View<Peer>),
    History(Page<HistoryLine>),
    Groups(Vec<HistoryGroup>),
    Feeds(FeedList),
    FeedUnderWay(Box<FeedLine>),
    Why(Box<Why>),
    Trust(Box<PeerTrust>),
    Unblocked(Unblocked),
    Allowed(AllowEntry),
    Blocked(Blocked),
}

/// Why nothing came of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nobody answers.
    Gone(String),
    /// Somebody said no.
    Refused(String),
}

impl Fault {
    pub(crate) fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Unreachable { .. } => Self::Gone(error.to_string()),
            ClientError::Refused(_) => Self::Refused(format!("refused: {error}")),
            ClientError::Denied { .. } | ClientError::Protocol { .. } => {
                Self::Refused(error.to_string())
            }
        }
    }
}

/// Asks it.
pub(crate) async fn ask(client: &Client, it: &Ask) -> Result<Answer, Fault> {
    answer(client, it).await.map_err(|error| Fault::of(&error))
}

async fn answer(client: &Client, it: &Ask) -> Result<Answer, ClientError> {
    Ok(match it {
        Ask::Status => Answer::Status(Box::new(client.status().await?)),
        Ask::Stats => Answer::Stats(Box::new(client.stats().await?)),
        Ask::Threats => Answer::Threats(client.history_groups(&threats()).await?),
        Ask::Blocks(query) => Answer::Blocks(client.block_view(query).await?),
        Ask::Peers(query) => Answer::Peers(client.peer_view(query).await?),
        Ask::History(query) => Answer::History(client.history(query).await?),
        Ask::Groups(query) => Answer::Groups(client.history_groups(query).await?),
        Ask::Feeds => Answer::Feeds(client.feeds().await?),
        Ask::RefreshFeed(name) => {
            let request = FeedRefreshRequest {
                name: name.clone(),
                accept: false,
            };
            Answer::FeedUnderWay(Box::new(client.refresh_feed(&request).await?))
        }
        Ask::Why(indicator) => Answer::Why(Box::new(client.why(*indicator).await?)),
        Ask::Trust(peer) => Answer::Trust(Box::new(client.trust(*peer).await?)),
        Ask::Unblock(indicator) => {
            let request = UnblockRequest {
                indicator: *indicator,
                withdraw: false,
            };
            Answer::Unblocked(client.unblock(&request).await?)
        }
        Ask::Allow(indicator) => {
            let request = AllowRequest {
                indicator: *indicator,
                duration_secs: None,
                comment: None,
            };
            Answer::Allowed(client.allow(&request).await?)
        }
        Ask::Block(request) => Answer::Blocked(client.block(request).await?),
    })
}

fn threats() -> HistoryGroupsQuery {
    HistoryGroupsQuery {
        scope: HistoryScope {
            since: Some(Moment::Ago(THREATS_SECS)),
            ..HistoryScope::default()
        },
        by: HistoryBy::Type,
        limit: THREATS_MAX,
    }
}
