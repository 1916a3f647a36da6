//! How fast one alert reaches everybody: gossip among thousands, and sync for whom it misses.
//!
//! The model of gossipsub: every node has about fifty peers and, among them, a mesh to whom it
//! passes on at once what it hears first; the author says it to all its peers; at each heartbeat
//! some peers outside the mesh are told what a node has, and ask the first who tells for what they
//! lack. Mesh and telling have the shape that the node gives them. Scores, grafts and prunes are
//! left out: nobody leaves, and no node has learnt who is mute.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use aegis_core::{
    Alert, BlockDuration, Channel, Evidence, Severity, Statement, ThreatType,
    gossip::{HEARTBEAT, MESH, TOLD_BEATS, TOLD_MIN, TOLD_SHARE},
};

use super::{
    link,
    node::{Node, Role},
    world::World,
};
use crate::chance::Chance;

/// The median of a link's latency, in microseconds: the model counts in these.
const LATENCY: f64 = 40_000.0;
/// What a node does for a message: signature and guards.
const HOP: u64 = 300;
/// What one copy takes on an uplink of 20 Mbit/s.
const COPY: u64 = 200;
/// Peers of a node, about.
const PEERS: usize = 50;

/// How long the network is quiet before anything is shared, in milliseconds: rounds are rare
/// then, and silent peers known.
const QUIET: u64 = 1_200_000;
/// How long sync may take, in milliseconds.
const SYNC_MAX: u64 = 120_000;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Nodes.
    pub nodes: usize,
    /// The share of them that takes and says nothing, in percent.
    pub mute: usize,
    /// Whether nodes tell others what they have, at heartbeats.
    pub is_lazy: bool,
    /// Alerts that are shared, one after the other by different authors.
    pub alerts: usize,
    /// Alerts of which sync is played to the end.
    pub synced: usize,
    /// Decides everything.
    pub seed: u64,
}

/// What came of it. Only honest nodes count.
#[derive(Clone, Debug)]
pub struct Spread {
    /// What was played.
    pub setting: Setting,
    /// When the alerts arrived by gossip, in milliseconds, in order; of all of them together.
    pub arrivals: Vec<f64>,
    /// Honest nodes, times alerts.
    pub wanted: usize,
    /// After how many milliseconds the last honest node had each of those that sync was played
    /// for; `None` where it took too long.
    pub whole_after: Vec<Option<u64>>,
}

impl Spread {
    /// Returns when this share of honest nodes had an alert, in milliseconds; `None` if never by
    /// gossip.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (share * self.wanted as f64).ceil() as usize;
        self.arrivals.get(rank.max(1) - 1).copied()
    }

    /// Returns the share of honest nodes that gossip reached.
    pub fn reached(&self) -> f64 {
        self.arrivals.len() as f64 / self.wanted.max(1) as f64
    }

    /// Returns the longest that sync took to reach everybody; `None` if it did not, or was not
    /// played.
    pub fn slowest(&self) -> Option<u64> {
        let all: Option<Vec<_>> = self.whole_after.iter().copied().collect();
        all?.into_iter().max()
    }
}

/// Who knows whom.
struct Graph {
    peers: Vec<Vec<(usize, u64)>>, // with the latency there
    mesh: Vec<Vec<(usize, u64)>>,
    outside: Vec<Vec<(usize, u64)>>, // peers that are not in the mesh
    is_mute: Vec<bool>,
    beats: Vec<u64>, // when each node's first heartbeat is
}

/// The time between heartbeats, in microseconds.
const BEAT: u64 = HEARTBEAT.as_micros() as u64;

/// What arrives when and where: the alert, or word of who has it.
type Arrivals = BinaryHeap<Reverse<(u64, usize, Option<usize>)>>;

/// Plays a setting.
pub fn play(setting: &Setting) -> Spread {
    let labels = [setting.seed, setting.nodes as u64, setting.mute as u64];
    let mut chance = Chance::new(&labels);
    let graph = Graph::new(setting, &mut chance);
    let honest: Vec<_> = (0..setting.nodes)
        .filter(|it| !graph.is_mute[*it])
        .collect();
    let mut spread = Spread {
        setting: *setting,
        arrivals: Vec::new(),
        wanted: honest.len() * setting.alerts,
        whole_after: Vec::new(),
    };
    let mut runs = Vec::new();
    for _ in 0..setting.alerts {
        let author = honest[chance.below(honest.len())];
        let arrivals = graph.gossip(author, setting.is_lazy, &mut chance);
        let reached = honest.iter().filter_map(|it| arrivals[*it]);
        spread
            .arrivals
            .extend(reached.map(|it| it as f64 / 1_000.0));
        runs.push((author, arrivals));
    }
    spread.arrivals.sort_by(f64::total_cmp);
    if setting.synced > 0 {
        let mut world = graph.world(setting, &mut chance);
        for (number, (author, arrivals)) in runs.iter().take(setting.synced).enumerate() {
            let whole = sync(&mut world, (*author, number), arrivals, &honest);
            spread.whole_after.push(whole);
        }
    }
    spread
}

impl Graph {
    fn new(setting: &Setting, chance: &mut Chance) -> Self {
        let count = setting.nodes;
        let mut peers: Vec<Vec<(usize, u64)>> = vec![Vec::new(); count];
        for one in 0..count {
            for _ in 0..PEERS / 2 {
                let other = chance.below(count);
                if other != one && peers[one].iter().all(|it| it.0 != other) {
                    let latency = link::latency(chance, LATENCY) as u64;
                    peers[one].push((other, latency));
                    peers[other].push((one, latency));
                }
            }
        }
        // Whoever has room grafts whoever has room, in turns, so that nobody comes last.
        let mut mesh: Vec<Vec<(usize, u64)>> = vec![Vec::new(); count];
        for _ in 0..2 * MESH {
            for one in 0..count {
                let (other, latency) = peers[one][chance.below(peers[one].len())];
                let has_room = mesh[one].len() < MESH && mesh[other].len() < MESH;
                if has_room && mesh[one].iter().all(|it| it.0 != other) {
                    mesh[one].push((other, latency));
                    mesh[other].push((one, latency));
                }
            }
        }
        let mut is_mute = vec![false; count];
        let mut left = count * setting.mute / 100;
        while left > 0 {
            let place = chance.below(count);
            left -= usize::from(!is_mute[place]);
            is_mute[place] = true;
        }
        let beats = (0..count).map(|_| chance.below(BEAT as usize) as u64);
        let beats = beats.collect();
        let outside = peers.iter().zip(&mesh).map(|(peers, mesh)| {
            let is_outside = |it: &&(usize, u64)| !mesh.contains(it);
            peers.iter().filter(is_outside).copied().collect()
        });
        let outside = outside.collect();
        Self {
            peers,
            mesh,
            outside,
            is_mute,
            beats,
        }
    }

    /// Returns when each node hears what `author` says, in microseconds.
    fn gossip(&self, author: usize, is_lazy: bool, chance: &mut Chance) -> Vec<Option<u64>> {
        let mut heard: Vec<Option<u64>> = vec![None; self.peers.len()];
        let mut has_asked = vec![false; self.peers.len()];
        let mut queue: Arrivals = BinaryHeap::new();
        queue.push(Reverse((0, author, None)));
        while let Some(Reverse((at, place, told_by))) = queue.pop() {
            if heard[place].is_some() {
                continue;
            }
            if let Some(teller) = told_by {
                // It asks who told it first, and gets it a round trip later.
                if !has_asked[place] {
                    has_asked[place] = true;
                    let latency = self.latency(place, teller);
                    queue.push(Reverse((at + 2 * latency + HOP, place, None)));
                }
                continue;
            }
            heard[place] = Some(at);
            if self.is_mute[place] {
                continue;
            }
            let receivers = match place == author {
                true => &self.peers[place],
                false => &self.mesh[place],
            };
            for (copies, (to, latency)) in receivers.iter().enumerate() {
                let leaves = at + HOP + COPY * (copies as u64 + 1);
                queue.push(Reverse((leaves + latency, *to, None)));
            }
            if is_lazy {
                self.tell(at, place, &mut queue, chance);
            }
        }
        heard
    }

    /// A node that heard something tells of it at its next heartbeats, each time others.
    fn tell(&self, heard_at: u64, place: usize, queue: &mut Arrivals, chance: &mut Chance) {
        let first = heard_at + BEAT - (heard_at + BEAT - self.beats[place]) % BEAT;
        let mut outside = self.outside[place].clone();
        let told = TOLD_MIN.max((TOLD_SHARE * outside.len() as f64) as usize);
        for beat in 0..TOLD_BEATS as u64 {
            for turn in 0..told.min(outside.len()) {
                let chosen = turn + chance.below(outside.len() - turn);
                outside.swap(turn, chosen);
                let (to, latency) = outside[turn];
                let arrives = first + beat * BEAT + latency;
                queue.push(Reverse((arrives, to, Some(place))));
            }
        }
    }

    fn latency(&self, one: usize, other: usize) -> u64 {
        let link = self.peers[one].iter().find(|it| it.0 == other);
        link.map_or(LATENCY as u64, |it| it.1)
    }

    /// Returns real nodes with the same peers, after a quiet time in which they came to know each
    /// other.
    fn world(&self, setting: &Setting, chance: &mut Chance) -> World {
        let nodes = self.is_mute.iter().enumerate().map(|(place, is_mute)| {
            let role = match is_mute {
                true => Role::Mute,
                false => Role::Honest,
            };
            Node::new(place, role, 0, chance.below(usize::MAX) as u64)
        });
        let mut world = World::new(nodes.collect(), Chance::new(&[setting.seed, 3]), 0.0);
        world.has_gossip = false;
        for (one, peers) in self.peers.iter().enumerate() {
            for (other, _) in peers {
                world.link(one, *other);
            }
        }
        let nobody = std::collections::BTreeSet::new();
        for place in 0..self.peers.len() {
            if !self.is_mute[place] {
                world.meet(place, &nobody);
            }
        }
        world.run(QUIET);
        world
    }
}

/// Lets gossip bring an alert to whom it reaches and sync to the others; returns when all honest
/// nodes had it, in milliseconds.
fn sync(
    world: &mut World,
    (author, number): (usize, usize),
    arrivals: &[Option<u64>],
    honest: &[usize],
) -> Option<u64> {
    let begin = world.at;
    let statement = statement(world, author, number)?;
    let alert: Arc<Alert> = world.sign(author, statement);
    for place in honest {
        if let Some(arrives) = arrivals[*place] {
            let from = world.nodes[*place].peers.first().copied()?;
            let channel = match *place == author {
                true => Channel::Sync,
                false => Channel::Gossip,
            };
            world.deliver((from, *place), &alert, channel, arrives / 1_000);
        }
    }
    let mut lacking = honest.to_vec();
    for waited in (0..=SYNC_MAX).step_by(50) {
        world.run(begin + waited);
        lacking.retain(|it| !world.nodes[*it].engine.live_set().contains(&alert.id()));
        if lacking.is_empty() {
            // Quiet again, so that every alert meets rare rounds.
            world.run(begin + waited + QUIET);
            return Some(waited);
        }
    }
    None
}

fn statement(world: &World, author: usize, number: usize) -> Option<Statement> {
    Some(Statement {
        indicator: format!("45.2.0.{}", number + 1).parse().ok()?,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(8)?,
        stated_at: world.nodes[author].clock(world.at).floor_to_secs(),
        block_for: BlockDuration::from_secs(7_200)?,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    })
}
