//! `aegis replay`: what another policy would have made of what happened here. Nothing is touched.

mod past;

use std::{collections::BTreeMap, num::NonZeroU16, path::PathBuf};

use aegis_api::{
    Client, HistoryLine, HistoryQuery, HistoryScope, Moment, PAGE_ITEMS_MAX, PageQuery, Peer,
};
use aegis_core::{
    Confidence, EngineConfig, HostFacts, NodeId,
    replay::{Beginning, Difference, Fates, differences, replay},
    trust::model::Introduction,
};
use aegis_ui::{Outcome, count, shown};
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use super::{block_on, print, surroundings};
use crate::{
    config::{Config, FILE_DEFAULT, RawConfig, configured_addresses, resolve},
    daemon::model,
};
use past::{Told, past};

/// Entries of the history that are played at most: those of some weeks.
const ENTRIES_MAX: usize = 500_000;

/// Differences that a person is shown; JSON has all.
const LINES_MAX: usize = 50;

/// What to play, and by which rules.
#[derive(Args, Debug)]
pub(super) struct ReplayArgs {
    /// Configuration file with the policy to try
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Configuration file with the policy to compare it with [default: the node's usual one, or what
    /// a node does without]
    #[arg(long, value_name = "FILE")]
    current: Option<PathBuf>,
    /// Not older than this: 90s, 15m, 2h, 7d, 4w ago, or a time such as 2026-11-20T12:00:00Z
    #[arg(long, value_name = "WHEN", default_value = "24h")]
    since: Moment,
}

/// What a replay found.
#[derive(Debug, Serialize)]
struct Replayed {
    /// Entries of the history that were played.
    played: usize,
    /// Entries that decide nothing, or do not hold what it takes to play them.
    left_out: BTreeMap<&'static str, usize>,
    /// Whether there is more in that time than was played.
    truncated: bool,
    /// What the history does not hold, in words for a person.
    unknown: Vec<&'static str>,
    /// Indicators that were blocked with the policy as it is, and with the other.
    blocked_before: usize,
    blocked_after: usize,
    added: Vec<Line>,
    gone: Vec<Line>,
    longer: Vec<Line>,
    shorter: Vec<Line>,
}

/// One indicator of which the two policies make something else.
#[derive(Debug, Serialize)]
struct Line {
    indicator: String,
    origin: &'static str,
    severity: u8,
    before_secs: u64,
    after_secs: u64,
}

/// Runs `aegis replay`: a negative answer where something differs.
pub(super) fn run(args: &ReplayArgs, client: &Client, is_json: bool) -> anyhow::Result<Outcome> {
    let current = match &args.current {
        Some(path) => RawConfig::read(path)?,
        None if std::path::Path::new(FILE_DEFAULT).exists() => {
            RawConfig::read(FILE_DEFAULT.as_ref())?
        }
        None => RawConfig::default(),
    };
    let configs = [current, RawConfig::read(&args.policy)?];
    let [current, other] = configs.map(|it| resolve(it, &surroundings()));
    let (current, other) = (current?, other?);
    let known = block_on(Known::ask(client, args.since))?;
    let told = past(&known.lines, &known.allowed);
    let play = |config: &Config| {
        let engine = engine(config, &known);
        replay(engine, &known.beginning, &told.past)
    };
    let (before, after) = (play(&current), play(&other));
    let replayed = Replayed::new(&known, told, (&before, &after));
    let is_same = replayed.is_same();
    if is_json {
        print(&(serde_json::to_string(&replayed)? + "\n"))?;
    } else {
        print(&replayed.text())?;
    }
    Ok(if is_same {
        Outcome::Done
    } else {
        Outcome::Negative
    })
}

/// What the node knows that is played, and on what.
struct Known {
    node: NodeId,
    /// The newest first.
    lines: Vec<HistoryLine>,
    is_truncated: bool,
    /// The allowlist as it stands.
    allowed: Vec<aegis_api::AllowEntry>,
    peers: Vec<Peer>,
    beginning: Beginning,
}

impl Known {
    async fn ask(client: &Client, since: Moment) -> anyhow::Result<Self> {
        let node = client.status().await?.node_id;
        let (mut lines, mut is_truncated) = (Vec::new(), false);
        let scope = HistoryScope {
            since: Some(since),
            ..HistoryScope::default()
        };
        let mut page = PageQuery::first(PAGE_ITEMS_MAX);
        loop {
            let found = client.history(&HistoryQuery { scope, page }).await?;
            lines.extend(found.items);
            let Some(last) = lines.last().filter(|_| found.next.is_some()) else {
                break;
            };
            if lines.len() >= ENTRIES_MAX {
                is_truncated = true;
                break;
            }
            page = PageQuery::first(PAGE_ITEMS_MAX).after(last.id);
        }
        let allowed = client.allow_entries(first(PAGE_ITEMS_MAX)).await?.items;
        let peers = client.peers(first(PAGE_ITEMS_MAX)).await?.items;
        let protected = client.protected().await.context("ask whom it protects")?;
        let of = |kind: &str| {
            let found = protected.protected.iter().filter(|it| it.kind == kind);
            found.map(|it| it.indicator.address()).collect()
        };
        let beginning = Beginning {
            host: HostFacts {
                own: of("own_address"),
                gateways: of("gateway"),
                resolvers: of("resolver"),
                time_servers: of("time_server"),
                sessions: of("admin_session"),
            },
            peers: peers.iter().map(|it| (it.peer, class(it))).collect(),
        };
        Ok(Self {
            node,
            lines,
            is_truncated,
            allowed,
            peers,
            beginning,
        })
    }
}

fn first<K>(limit: NonZeroU16) -> PageQuery<K> {
    PageQuery::first(limit)
}

fn class(peer: &Peer) -> aegis_core::PeerClass {
    match peer.class {
        aegis_api::PeerClass::Dht => aegis_core::PeerClass::Dht,
        aegis_api::PeerClass::Lan => aegis_core::PeerClass::Lan,
        aegis_api::PeerClass::Configured => aegis_core::PeerClass::Configured,
    }
}

/// Returns what an Engine of a replay is told: every peer weighs what it weighs now.
fn engine(config: &Config, known: &Known) -> EngineConfig {
    let weight = |it: &Peer| {
        let introduction = Introduction {
            pretrust: Confidence::new(f64::from(it.weight_percent) / 100.0)
                .unwrap_or(Confidence::FULL),
            is_fixed: true,
        };
        (it.peer, introduction)
    };
    EngineConfig {
        node: known.node,
        policy: config.policy.clone(),
        ask: config.ask.clone(),
        model: model(config.trust.model),
        preset: config.trust.preset,
        pretrust: known.peers.iter().map(weight).collect(),
        seed: 0,
        configured_addresses: config
            .p2p
            .as_ref()
            .map(configured_addresses)
            .unwrap_or_default(),
        blocks_max: config.blocks_max,
    }
}

impl Replayed {
    fn new(known: &Known, told: Told, (before, after): (&Fates, &Fates)) -> Self {
        let mut replayed = Self {
            played: told.past.len(),
            left_out: told.left_out,
            truncated: known.is_truncated,
            unknown: told.unknown,
            blocked_before: before.len(),
            blocked_after: after.len(),
            added: Vec::new(),
            gone: Vec::new(),
            longer: Vec::new(),
            shorter: Vec::new(),
        };
        for it in differences(before, after) {
            let line = line(&it);
            let lines = match (it.before, it.after) {
                (None, _) => &mut replayed.added,
                (Some(_), None) => &mut replayed.gone,
                (Some(_), Some(_)) if line.after_secs > line.before_secs => &mut replayed.longer,
                (Some(_), Some(_)) => &mut replayed.shorter,
            };
            lines.push(line);
        }
        replayed
    }

    fn kinds(&self) -> [(&'static str, &Vec<Line>); 4] {
        [
            ("would be blocked besides", &self.added),
            ("would not be blocked", &self.gone),
            ("would be blocked longer", &self.longer),
            ("would be blocked shorter", &self.shorter),
        ]
    }

    fn is_same(&self) -> bool {
        self.kinds().iter().all(|(_, lines)| lines.is_empty())
    }

    fn text(&self) -> String {
        let played = self.played;
        let mut text = format!(
            "Played {} again: {} blocked as it is, {} with the other policy\n",
            match played {
                1 => "1 entry".to_owned(),
                _ => format!("{played} entries"),
            },
            count(self.blocked_before as u64, "source"),
            count(self.blocked_after as u64, "source"),
        );
        if self.truncated {
            text.push_str("  there is more in that time than was played\n");
        }
        if self.is_same() {
            text.push_str("No decision would differ\n");
        }
        for (what, lines) in self.kinds() {
            if lines.is_empty() {
                continue;
            }
            text.push_str(&format!("{} {what}\n", count(lines.len() as u64, "source")));
            for it in lines.iter().take(LINES_MAX) {
                text.push_str(&format!(
                    "  {:<18} by {:<8} severity {:<2} {} s, then {} s\n",
                    shown(&it.indicator),
                    it.origin,
                    it.severity,
                    it.before_secs,
                    it.after_secs
                ));
            }
            let left = lines.len().saturating_sub(LINES_MAX);
            if left > 0 {
                text.push_str(&format!("  and {left} more: --json has all\n"));
            }
        }
        for (what, number) in &self.left_out {
            text.push_str(&format!("not played: {number} {what}\n"));
        }
        for it in &self.unknown {
            text.push_str(&format!("not known: {it}\n"));
        }
        text
    }
}

fn line(it: &Difference) -> Line {
    let secs = |fate: Option<aegis_core::replay::Fate>| fate.map_or(0, |it| it.blocked_ms / 1_000);
    let told = it.after.or(it.before);
    Line {
        indicator: it.indicator.to_string(),
        origin: told.map_or("", |it| it.origin.as_str()),
        severity: told.map_or(0, |it| it.severity.value()),
        before_secs: secs(it.before),
        after_secs: secs(it.after),
    }
}
