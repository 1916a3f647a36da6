//! Outsiders: peers that a file is not for, which try to get it by every message that there is.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aegis::daemon::Clock;
use aegis_api::{FileId, NodeId, OrganisationId};
use aegis_core::{
    Alert, AlertId, BlockDuration, Evidence, Grant, Indicator, MemberRole, OrganisationWord,
    Question, Severity, Statement, ThreatType,
    file::{Announcement, Audience, FileSeverity, FileSize, Offer, Validity},
    sync::{self, Prefix},
};
use aegis_net::{
    FileAskId, FileCommand, FileEvent, Identity, JoinCommand, JoinEvent, NetCommand, NetEvent,
    NetHandle, QuestionId, Token,
    file::{self, FileQuery, FileReply},
    join::{JoinQuery, JoinReply},
    organisation::{OrganisationKey, membership_from_text, sign_membership},
    wire,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines, Stdin},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{DEADLINE, role::say};

/// How often it tries something: within what a peer of the local network may ask.
const EVERY: Duration = Duration::from_millis(10);

/// How long it waits for a reply.
const REPLY_IN: Duration = Duration::from_secs(10);

/// What an outsider knows.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Outsider {
    /// The file's id, which somebody has told it.
    pub(crate) file: String,
    /// How many bytes it has.
    pub(crate) size: u64,
    /// Whom the file is for.
    pub(crate) organisation: String,
    /// What it is a member by, until it is expelled.
    pub(crate) membership: Option<String>,
    /// The nodes that it tries.
    pub(crate) nodes: Vec<String>,
    /// What the members were told of, and nobody else.
    pub(crate) secret: String,
}

/// What became of what it tried.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Spoils {
    /// How often it was told that there is nothing for it.
    pub(crate) refused: u32,
    /// How often nobody replied, as where it was parted from.
    pub(crate) unanswered: u32,
    /// What it got that it is not to have.
    pub(crate) got: Vec<String>,
}

/// What it says when it has a chunk as the member that it still is.
pub(crate) const IS_MEMBER: &str = "is_member";

/// One that is at it.
struct Trying {
    net: NetHandle,
    identity: Identity,
    file: FileId,
    size: FileSize,
    organisation: OrganisationId,
    membership: Option<OrganisationWord>,
    /// What the author said of the file, as it was told to it while it was a member.
    announced: Option<Arc<Announcement>>,
    nodes: BTreeSet<NodeId>,
    peers: BTreeSet<NodeId>, // those of them that it has met
    secret: Indicator,
    asked: u64,
    spoils: Spoils,
}

/// Plays an outsider: gets a chunk while it is a member, if it is one; then, told that it is one no
/// more, tries everything over and over until its standard input ends, and says what it got.
pub(crate) async fn play(net: NetHandle, identity: &Identity, outsider: Outsider) {
    let mut stdin = BufReader::new(tokio::io::stdin()).lines();
    let membership = outsider.membership.map(|it| {
        let membership = membership_from_text(&it).unwrap();
        OrganisationWord::Membership(Arc::new(membership))
    });
    let mut trying = Trying {
        net,
        identity: identity.clone(),
        file: outsider.file.parse().unwrap(),
        size: FileSize::new(outsider.size).unwrap(),
        organisation: outsider.organisation.parse().unwrap(),
        membership,
        announced: None,
        nodes: outsider
            .nodes
            .iter()
            .map(|it| it.parse().unwrap())
            .collect(),
        peers: BTreeSet::new(),
        secret: outsider.secret.parse().unwrap(),
        asked: 0,
        spoils: Spoils::default(),
    };
    let met = async {
        while trying.peers != trying.nodes {
            trying.next(None).await;
        }
    };
    timeout(DEADLINE, met).await.unwrap();
    if trying.membership.is_some() {
        timeout(DEADLINE, trying.get_as_member()).await.unwrap();
        say(&IS_MEMBER);
    }
    assert!(stdin.next_line().await.unwrap().is_some());
    trying.spoils = Spoils::default();
    while !has_ended(&mut stdin).await {
        trying.try_everything().await;
    }
    trying.try_everything().await;
    say(&trying.spoils);
}

/// Returns whether the test wants to hear what came of it.
async fn has_ended(stdin: &mut Lines<BufReader<Stdin>>) -> bool {
    timeout(EVERY, stdin.next_line())
        .await
        .is_ok_and(|it| it.unwrap().is_none())
}

impl Trying {
    /// Gets the announcement and a chunk, as a member may.
    async fn get_as_member(&mut self) {
        loop {
            for peer in self.peers.clone() {
                let listed = self.ask(peer, FileQuery::List(None)).await;
                if let Some(FileReply::Announcements(listed, _)) = listed {
                    self.announced = listed.into_iter().find(|it| it.offer().file == self.file);
                }
                let chunk = self.ask(peer, FileQuery::Chunk(self.file, 0)).await;
                if matches!(chunk, Some(FileReply::Chunk(_))) && self.announced.is_some() {
                    return;
                }
            }
        }
    }

    /// Says whatever might open the file to each peer, and asks for the file after each of these.
    async fn try_everything(&mut self) {
        for peer in self.peers.clone() {
            let before = FileId::from_bytes([0; 32]);
            let queries = [
                FileQuery::List(Some((before, peer))),
                FileQuery::Have(self.file),
                FileQuery::Chunk(self.file, self.size.chunks() - 1),
            ];
            self.ask_each(peer, &queries).await;
            self.ask_for_it(peer).await;
            for words in self.words() {
                let command = NetCommand::Show { peer, words };
                self.net.commands_tx.send(command).await.unwrap();
                self.ask_for_it(peer).await;
            }
            for announcement in self.announcements() {
                self.ask(peer, FileQuery::Announce(announcement)).await;
                self.ask_for_it(peer).await;
            }
            for asks in self.sync_requests() {
                self.sync(peer, asks).await;
            }
            for question in self.questions(peer) {
                self.put(question).await;
            }
            for said in self.sayings(peer) {
                self.net.commands_tx.send(said).await.unwrap();
            }
            self.ask_for_it(peer).await;
        }
    }

    /// Everything but files and sync that is asked and answered: what the node thinks of what the
    /// members were told of, and of one of them; to be let in, and how much the node holds.
    fn questions(&mut self, peer: NodeId) -> Vec<NetCommand> {
        self.asked += 2;
        let [asked, about] = [self.asked - 1, self.asked].map(QuestionId);
        let wait = Duration::from_secs(2);
        let question = Question {
            indicators: vec![self.secret],
            hops: 1,
            wait,
        };
        let peers = vec![peer];
        let subject = *self.nodes.first().unwrap_or(&peer);
        let join = |query| NetCommand::Join(JoinCommand::Ask { peer, query });
        vec![
            NetCommand::Ask {
                id: asked,
                peers: peers.clone(),
                question,
            },
            NetCommand::AskAbout {
                id: about,
                peers,
                subject,
                wait,
            },
            join(JoinQuery::Admit(Token::from_bytes([7; Token::BYTES]))),
            join(JoinQuery::HowFar),
        ]
    }

    /// Everything that is said without being asked: alerts to the organisation, by gossip, by hand and
    /// directly; that it has the file and looks for it; that it is a member, to the global network.
    fn sayings(&self, peer: NodeId) -> Vec<NetCommand> {
        let statement = Statement {
            indicator: self.secret,
            threat_type: ThreatType::syn_flood(),
            severity: Severity::MEDIUM,
            stated_at: Clock.now().floor_to_secs(),
            block_for: BlockDuration::from_secs(600).unwrap(),
            evidence: Evidence::Verified,
            description: None,
            withdraws: None,
        };
        let alert = wire::sign_to(&statement, Some(self.organisation), &self.identity);
        let alert = Arc::new(alert);
        let audience = Audience::of(BTreeSet::from([self.organisation])).unwrap();
        let organisations = vec![self.organisation];
        let file = self.file;
        vec![
            NetCommand::Publish(Arc::clone(&alert)),
            NetCommand::Push {
                peer,
                alerts: vec![alert],
            },
            NetCommand::File(FileCommand::Hold(vec![(file, audience.clone())])),
            NetCommand::File(FileCommand::Seek { file, audience }),
            NetCommand::Follow {
                joined: organisations.clone(),
                trusted: organisations,
            },
        ]
    }

    /// Puts a question and waits for what comes of it.
    async fn put(&mut self, question: NetCommand) {
        self.net.commands_tx.send(question).await.unwrap();
        loop {
            let Ok(event) = timeout(REPLY_IN, self.net.events_rx.recv()).await else {
                self.spoils.unanswered += 1;
                return;
            };
            let event = event.unwrap();
            let is_over = matches!(
                event,
                NetEvent::Answered { .. }
                    | NetEvent::Unanswered { .. }
                    | NetEvent::Recommended { .. }
                    | NetEvent::Join(JoinEvent::Replied { .. } | JoinEvent::Failed { .. })
            );
            self.look_at(event);
            if is_over {
                return;
            }
        }
    }

    /// Asks for what there is to have of the file.
    async fn ask_for_it(&mut self, peer: NodeId) {
        let queries = [
            FileQuery::List(None),
            FileQuery::Manifest(self.file),
            FileQuery::Chunk(self.file, 0),
        ];
        self.ask_each(peer, &queries).await;
    }

    async fn ask_each(&mut self, peer: NodeId, queries: &[FileQuery]) {
        let mut pace = interval(EVERY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for query in queries {
            pace.tick().await;
            let reply = self.ask(peer, query.clone()).await;
            self.judge(query, reply);
        }
    }

    fn judge(&mut self, query: &FileQuery, reply: Option<FileReply>) {
        let got = match reply {
            None => {
                self.spoils.unanswered += 1;
                return;
            }
            Some(FileReply::NotAvailable | FileReply::Busy | FileReply::Heard) => None,
            Some(FileReply::Announcements(all, _)) => {
                let limited = |it: &&Arc<Announcement>| {
                    it.offer().audience != Audience::Everybody
                        && it.offer().author != self.identity.node_id()
                };
                let found = all.iter().find(limited);
                found.map(|it| format!("{:?}", it.offer()))
            }
            Some(it @ (FileReply::Manifest(_) | FileReply::Have(_) | FileReply::Chunk(_))) => {
                let what = format!("{it:?}");
                Some(what.chars().take(80).collect())
            }
        };
        match got {
            None => self.spoils.refused += 1,
            Some(what) => self.spoils.got.push(format!("{query:?}: {what}")),
        }
    }

    /// What it can show of organisations: nothing, which asks to be shown; what made it a member; and
    /// what makes it one of an organisation that it founded.
    fn words(&self) -> Vec<Vec<OrganisationWord>> {
        let now = Clock.now().floor_to_secs();
        let (start, end) = (
            now - Duration::from_secs(60),
            now + Duration::from_secs(600),
        );
        let key = OrganisationKey::generate();
        let who = (key.id(), self.identity.node_id());
        let grant = Grant::new(who, MemberRole::Publisher, (start, end), 1).unwrap();
        let own = sign_membership(&grant, &key).unwrap();
        let mut words = vec![
            Vec::new(),
            vec![OrganisationWord::Membership(Arc::new(own))],
        ];
        words.extend(self.membership.clone().map(|it| vec![it]));
        words
    }

    /// What it can announce: that the file is for everybody, or for the organisation, by its word; and
    /// once more what the author said.
    fn announcements(&self) -> Vec<Arc<Announcement>> {
        let now = Clock.now();
        let organisations = BTreeSet::from([self.organisation]);
        let of_members = Audience::of(organisations).unwrap();
        let mut all: Vec<_> = [Audience::Everybody, of_members]
            .into_iter()
            .map(|audience| {
                let offer = Offer {
                    author: self.identity.node_id(),
                    file: self.file,
                    size: self.size,
                    severity: FileSeverity::Critical,
                    audience,
                    validity: Validity::new(now, now + Duration::from_secs(3600)).unwrap(),
                    is_withdrawn: false,
                    name: "for-everybody.bin".parse().unwrap(),
                    description: None,
                };
                Arc::new(file::sign(offer, &self.identity))
            })
            .collect();
        all.extend(self.announced.clone());
        all
    }

    /// Every request by which alerts are reconciled.
    fn sync_requests(&self) -> Vec<sync::Request<Arc<Alert>>> {
        let some = Prefix::of(&AlertId::of(b"some"));
        vec![
            sync::Request::Cells {
                digest: None,
                count: 32,
            },
            sync::Request::Range {
                first: Prefix::MIN,
                last: Prefix::MAX,
                held: Vec::new(),
            },
            sync::Request::Exchange {
                wanted: vec![some],
                offered: vec![some],
            },
            sync::Request::Give(Vec::new()),
        ]
    }

    async fn sync(&mut self, peer: NodeId, asks: sync::Request<Arc<Alert>>) {
        self.asked += 1;
        let id = QuestionId(self.asked);
        let command = NetCommand::SyncAsk { id, peer, asks };
        self.net.commands_tx.send(command).await.unwrap();
        loop {
            let Ok(event) = timeout(REPLY_IN, self.net.events_rx.recv()).await else {
                self.spoils.unanswered += 1;
                return;
            };
            let event = event.unwrap();
            let is_it = matches!(
                &event,
                NetEvent::SyncAnswered { id: it, .. } | NetEvent::SyncFailed { id: it, .. } if *it == id
            );
            self.look_at(event);
            if is_it {
                return;
            }
        }
    }

    /// Looks whether anything that comes in is for members only.
    fn look_at(&mut self, event: NetEvent) {
        let is_for_few = |it: &Arc<Alert>| it.audience().is_some();
        let mut got = false;
        if let NetEvent::AlertReceived { alert, .. } = &event {
            got = is_for_few(alert);
        }
        if let NetEvent::SyncAnswered { answer, .. } = &event {
            self.spoils.refused += 1;
            if let sync::Answer::Exchange { alerts, .. } | sync::Answer::Range { alerts, .. } =
                answer
            {
                got = alerts.iter().any(is_for_few);
            }
        }
        if let NetEvent::Answered { testimonies, .. } = &event {
            self.spoils.refused += 1;
            got = testimonies.iter().any(|it| it.opinion.is_some());
        }
        if let NetEvent::Join(JoinEvent::Replied { reply, .. }) = &event {
            got = !matches!(reply, JoinReply::Refused(_));
        }
        if let NetEvent::Shown { from, words } = &event {
            got = words.iter().any(|it| match it {
                OrganisationWord::Membership(it) => {
                    let grant = it.grant();
                    // Everybody shows its own, and who speaks for an organisation is for all to know.
                    grant.member() != *from && grant.role() != MemberRole::Publisher
                }
                OrganisationWord::Revocations(_) => false,
                OrganisationWord::Keys(_) => true,
            });
        }
        if got {
            self.spoils.got.push(format!("{event:?}"));
        }
    }

    async fn ask(&mut self, peer: NodeId, query: FileQuery) -> Option<FileReply> {
        self.asked += 1;
        let id = FileAskId(self.asked);
        let command = NetCommand::File(FileCommand::Ask { id, peer, query });
        self.net.commands_tx.send(command).await.unwrap();
        self.next(Some(id)).await
    }

    /// Takes events until there is the reply to a query, or one if none is meant.
    async fn next(&mut self, wanted: Option<FileAskId>) -> Option<FileReply> {
        loop {
            while let Ok(event) = self.net.events_rx.try_recv() {
                self.look_at(event);
            }
            match self.net.file_events_rx.recv().await.unwrap() {
                FileEvent::PeerConnected { peer } => {
                    if self.nodes.contains(&peer) {
                        self.peers.insert(peer);
                    }
                    let words = self.membership.clone().into_iter().collect::<Vec<_>>();
                    if !words.is_empty() {
                        let command = NetCommand::Show { peer, words };
                        self.net.commands_tx.send(command).await.unwrap();
                    }
                }
                // It comes back, and is tried meanwhile as well.
                FileEvent::PeerLeft { .. } => {}
                FileEvent::Asked { request, query, .. } => {
                    if let FileQuery::Announce(it) = query {
                        self.take_announced(&it);
                    }
                    let reply = FileReply::NotAvailable;
                    let command = NetCommand::File(FileCommand::Reply { request, reply });
                    self.net.commands_tx.send(command).await.unwrap();
                }
                FileEvent::Replied { id, reply, .. } if Some(id) == wanted => return Some(reply),
                FileEvent::Failed { id, .. } if Some(id) == wanted => return None,
                FileEvent::Replied { .. } | FileEvent::Failed { .. } => {}
            }
            wanted?;
        }
    }

    fn take_announced(&mut self, announcement: &Arc<Announcement>) {
        if announcement.offer().audience != Audience::Everybody {
            let offer = announcement.offer();
            self.spoils.got.push(format!("announced: {offer:?}"));
        }
    }
}
