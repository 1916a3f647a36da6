//! A node for tests that is nothing but a function, and somebody who watches it.

mod watcher;

use std::{net::Ipv4Addr, time::Duration};

pub(crate) use self::watcher::Watcher;
use crate::ask::{Answer, Ask, Fault};
use aegis_api::{
    AllowEntry, AttachMode, Block, BlockSort, Blocked, EventKind, Evidence, Exempt, FeedLast,
    FeedLine, FeedList, HistoryGroup, HistoryId, HistoryKind, HistoryLine, HistoryQuery, Indicator,
    Interface, KernelEntry, Location, NodeId, NodeMode, Origin, Page, Peer, PeerClass, PeerCounts,
    PeerTrust, RulesetState, Severity, Stats, Status, SyncState, ThreatType, Timestamp, Traffic,
    UnblockCause, Unblocked, View, ViewQuery, Why,
};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_250);

/// What somebody may write to deceive whoever reads it, and what is wider than it looks.
pub(crate) const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}日本語\r\n\u{200b}Blocked";

/// What a node is asked, answered at once.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) blocks: u32,
    pub(crate) peers: u8,
    pub(crate) lines: u64,
    pub(crate) is_hostile: bool,
    pub(crate) is_gone: bool,
    pub(crate) is_denied: bool,
    pub(crate) packets: u64,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            blocks: 40,
            peers: 3,
            lines: 5,
            is_hostile: false,
            is_gone: false,
            is_denied: false,
            packets: 1_000_000,
        }
    }
}

impl Script {
    pub(crate) fn answer(&self, ask: &Ask) -> Result<Answer, Fault> {
        if self.is_gone {
            let why = "no node answers on /run/aegis/default.sock; is the daemon running?";
            return Err(Fault::Gone(why.into()));
        }
        let is_order = matches!(ask, Ask::Unblock(_) | Ask::Allow(_) | Ask::Block(_));
        if self.is_denied && is_order {
            return Err(Fault::Refused(
                "not permitted: only root may do this".into(),
            ));
        }
        Ok(match ask {
            Ask::Status => Answer::Status(Box::new(self.status())),
            Ask::Stats => Answer::Stats(Box::new(self.stats())),
            Ask::Threats | Ask::Groups(_) => Answer::Threats(self.groups()).fitting(ask),
            Ask::Blocks(query) => Answer::Blocks(self.blocks(query)),
            Ask::Peers(query) => {
                let peers: Vec<Peer> = (0..self.peers).map(|it| self.peer(it)).collect();
                let matching = peers.len() as u64;
                Answer::Peers(View {
                    total: matching,
                    matching,
                    items: peers
                        .into_iter()
                        .skip(query.offset())
                        .take(query.limit())
                        .collect(),
                })
            }
            Ask::History(query) => Answer::History(self.page(query)),
            Ask::Feeds => Answer::Feeds(self.feeds()),
            Ask::RefreshFeed(name) => Answer::FeedUnderWay(Box::new(self.feed(name))),
            Ask::Why(indicator) => Answer::Why(Box::new(self.why(*indicator))),
            Ask::Trust(peer) => Answer::Trust(Box::new(trust(*peer))),
            Ask::Unblock(indicator) => Answer::Unblocked(Unblocked {
                indicator: *indicator,
                was_blocked: true,
                covered_by: None,
                withdrawn: 0,
                feeds: vec![],
            }),
            Ask::Allow(indicator) => Answer::Allowed(AllowEntry {
                indicator: *indicator,
                added_at: NOW,
                expires_at: None,
                ttl_secs: None,
                comment: None,
            }),
            Ask::Block(it) => Answer::Blocked(Blocked {
                indicator: it.indicator,
                expires_at: NOW,
                ttl_secs: it.duration_secs.as_secs(),
                alert_id: None,
            }),
        })
    }

    fn outside(&self, text: &str) -> String {
        if self.is_hostile { HOSTILE } else { text }.to_owned()
    }

    fn status(&self) -> Status {
        let blocks = u64::from(self.blocks);
        Status {
            version: "0.1.0".into(),
            node_id: node_id(7),
            instance: "default".into(),
            mode: NodeMode::Enforce,
            confirmation: None,
            started_at: NOW,
            uptime_secs: 93_784,
            interfaces: vec![Interface {
                name: self.outside("eth0"),
                mode: AttachMode::Native,
                reason: String::new(),
            }],
            ruleset: RulesetState {
                intended: blocks,
                actual: blocks,
                missing: 0,
                surplus: 0,
                misdated: 0,
                checked_at: NOW,
                generation: 9,
                in_agreement: true,
            },
            feeds: Vec::new(),
            page: None,
            peers: PeerCounts {
                connected: 2,
                known: self.peers.into(),
            },
            listen: Vec::new(),
            alerts_live: 12,
            sync: SyncState {
                set_hash: "00".into(),
                ..sync()
            },
            blocks_active: blocks,
            auto_publish: true,
            severity_min: Severity::MAX,
            kernel_map_ids: Vec::new(),
            state_dir: "/var/lib/aegis/default".into(),
            memory_bytes: 47_185_920,
            problems: match self.is_hostile {
                true => vec![HOSTILE.into()],
                false => Vec::new(),
            },
            place: None,
            mirror: None,
            api: None,
            lapi: None,
            logs: None,
        }
    }

    fn stats(&self) -> Stats {
        let traffic = |packets| Traffic {
            packets,
            bytes: packets * 60,
        };
        Stats {
            total: traffic(self.packets),
            passed: traffic(self.packets / 4),
            dropped: traffic(self.packets / 4 * 3),
            ..Stats::default()
        }
    }

    fn groups(&self) -> Vec<HistoryGroup> {
        if self.lines == 0 {
            return Vec::new();
        }
        let group = |key: &str, entries: u64| HistoryGroup {
            key: self.outside(key),
            entries,
            detections: entries / 2,
            alerts: entries / 3,
            blocks: entries / 4,
            indicators: entries / 5,
            first_at: NOW,
            last_at: NOW,
        };
        vec![
            group("syn_flood", 1_200),
            group("brute_force", 340),
            group("port_scan", 7),
        ]
    }

    fn blocks(&self, query: &ViewQuery<BlockSort>) -> View<Block> {
        // The filter that tests use: every tenth has it.
        let step = if query.text.is_some() { 10 } else { 1 };
        let matching = self.blocks / step;
        let places: Vec<u32> = match query.reversed {
            false => (0..matching)
                .skip(query.offset())
                .take(query.limit())
                .collect(),
            true => (0..matching)
                .rev()
                .skip(query.offset())
                .take(query.limit())
                .collect(),
        };
        View {
            total: self.blocks.into(),
            matching: matching.into(),
            items: places.into_iter().map(|it| self.block(it * step)).collect(),
        }
    }

    fn block(&self, number: u32) -> Block {
        let origins = [
            Origin::Detector,
            Origin::Peers,
            Origin::Operator,
            Origin::Import,
        ];
        let origin = origins[number as usize % origins.len()];
        Block {
            indicator: match number {
                1 => ip("2001:db8:1234:5678:9abc:def0:1234:0/112"),
                2 => ip("198.51.100.0/24"),
                it => Indicator::host(Ipv4Addr::from(0x0a00_0000 + it).into()),
            },
            origin,
            author: node_id(7),
            file: None,
            feed: None,
            region: None,
            alert_id: None,
            members_only: false,
            threat_type: ThreatType::syn_flood(),
            severity: Severity::MAX,
            evidence: Evidence::Verified,
            decided_at: NOW,
            expires_at: NOW + Duration::from_secs(299),
            ttl_secs: 299,
            packets: u64::from(number) * 1_234,
            bytes: 300,
            violations: 1,
            location: (number == 2 || self.is_hostile).then(|| Location {
                country: Some("DE".into()),
                asn: Some(64_500),
                asn_name: Some(self.outside("An example")),
                ..Location::default()
            }),
        }
    }

    fn peer(&self, number: u8) -> Peer {
        Peer {
            peer: node_id(number),
            class: PeerClass::Lan,
            connected: number > 0,
            addresses: vec![self.outside("/ip4/192.0.2.9/tcp/9001")],
            first_seen_at: NOW,
            last_seen_at: NOW,
            alerts_accepted: 1_234,
            alerts_refused: 2,
            weight_percent: 87,
            right: 41,
            wrong: 1,
            influence: 2.5,
            organisations: Vec::new(),
            route: Some(aegis_api::Route::Direct),
            location: None,
            standing: None,
        }
    }

    fn feeds(&self) -> FeedList {
        let some = if self.lines == 0 { 0 } else { 3 };
        let names = ["blocklist-de", "spamhaus-drop", "team-cymru"];
        FeedList {
            feeds: names
                .into_iter()
                .take(some)
                .map(|it| self.feed(it))
                .collect(),
            built_in: vec!["feodo".into(), "tor-exit".into()],
            need_key: Vec::new(),
        }
    }

    fn feed(&self, name: &str) -> FeedLine {
        let is_well = name != "spamhaus-drop";
        FeedLine {
            name: name.to_owned(),
            kind: "plain".into(),
            url: self.outside("https://lists.example/drop.txt"),
            interval_secs: 3_600,
            trust: 80,
            key_file: None,
            terms: Some("ask at most once an hour".into()),
            attribution: None,
            made_at: None,
            under_way: false,
            tried_at: Some(NOW),
            succeeded_at: Some(NOW),
            next_at: NOW + Duration::from_secs(1_800),
            failures: u32::from(!is_well),
            problem: (!is_well).then(|| self.outside("status 503")),
            alarms: if is_well {
                Vec::new()
            } else {
                vec!["failing".into()]
            },
            last: is_well.then(|| FeedLast {
                entries: 12_345,
                blocked: 12_300,
                ..FeedLast::default()
            }),
        }
    }

    fn page(&self, query: &HistoryQuery) -> Page<HistoryLine> {
        let start = query.page.cursor().map_or(self.lines + 1, |it| it.seq);
        let lines = (1..start).rev().map(|it| self.line(it));
        query.page.collect(lines.map(|it| (it.id, it)))
    }

    fn line(&self, seq: u64) -> HistoryLine {
        let kinds = [
            HistoryKind::Detected,
            HistoryKind::Blocked,
            HistoryKind::Alert,
        ];
        let at = Timestamp::from_secs(NOW.as_secs() + seq);
        HistoryLine {
            id: HistoryId { at, seq },
            at,
            kind: kinds[usize::try_from(seq).unwrap_or(0) % kinds.len()],
            actor: self.outside("detector"),
            indicator: Some(ip("203.0.113.7")),
            threat_type: "syn_flood".parse().ok(),
            severity: Some(9),
            until: None,
            detail: self.outside("1200/s verified"),
            location: None,
        }
    }

    fn why(&self, indicator: Indicator) -> Why {
        Why {
            indicator,
            blocked: true,
            expires_at: Some(NOW + Duration::from_secs(299)),
            ttl_secs: Some(299),
            decisions: vec![Block {
                indicator,
                ..self.block(3)
            }],
            reports: Vec::new(),
            exempt: self.is_hostile.then(|| Exempt {
                kind: HOSTILE.into(),
                reason: HOSTILE.into(),
            }),
            refusals: Vec::new(),
            evidence: Vec::new(),
            opinion: None,
            kernel: Some(KernelEntry {
                in_kernel: true,
                observing: false,
                packets: 12,
                bytes: 720,
                violations: 1,
            }),
            location: None,
            near: Vec::new(),
            past: None,
            undo: Some(format!("aegis unblock {indicator}")),
            commands: vec![format!("aegis allow {indicator}")],
        }
    }
}

impl Answer {
    /// The same groups, as what was asked.
    fn fitting(self, ask: &Ask) -> Self {
        match (ask, self) {
            (Ask::Groups(_), Self::Threats(groups)) => Self::Groups(groups),
            (_, it) => it,
        }
    }
}

pub(crate) fn ip(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}

pub(crate) fn node_id(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

pub(crate) fn unblocked(indicator: &str) -> EventKind {
    EventKind::Unblocked {
        indicator: ip(indicator),
        cause: UnblockCause::Operator,
    }
}

fn sync() -> SyncState {
    SyncState {
        set_hash: String::new(),
        last_at: None,
        heard: 0,
        given: 0,
        begun: 0,
        answered: 0,
        equal: 0,
        refused: 0,
        last_peer: None,
        failed: 0,
    }
}

fn trust(peer: NodeId) -> PeerTrust {
    PeerTrust {
        peer,
        model: aegis_api::ModelKind::Aegis,
        known: true,
        class: Some(PeerClass::Lan),
        connected: true,
        trust_percent: 87,
        right: 41,
        wrong: 1,
        influence: 2.5,
        budget: 1.0,
        misdeeds: 0,
        penalty_percent: 0,
        pretrust_percent: 50,
        fixed: false,
        named: false,
        open: 0,
        judged: Vec::new(),
        trend: Vec::new(),
        addresses: Vec::new(),
        first_seen_at: None,
        last_seen_at: None,
    }
}
