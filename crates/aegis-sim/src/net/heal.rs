//! Partitions, and what must hold when they have healed.

use std::collections::{BTreeMap, BTreeSet};

use aegis_core::{
    AlertId, BlockDuration, Command, Evidence, Indicator, Input, Order, Severity, Subject,
    ThreatType,
};

use super::{
    node::{Node, Role, START},
    world::World,
};
use crate::chance::Chance;

/// Clocks are off by so many milliseconds at most.
const SKEW_MAX: i64 = 120_000;

/// When the network has healed for good, in milliseconds.
const HEALED_AT: u64 = 600_000;

/// So long after it has, every honest node holds the same.
const EQUAL_WITHIN: u64 = 120_000;

/// And still does so much later.
const STILL_AFTER: u64 = 300_000;

/// When the last alert is over everywhere and nothing of it may be left: the longest block, what
/// a withdrawal outlasts it by, what departed ids are remembered for, and the rarest round, in
/// which they are forgotten.
const OVER_AT: u64 = HEALED_AT + 1_200_000 + 300_000 + 2 * 300_000 + 900_000;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Decides everything.
    pub seed: u64,
    /// Nodes, by chance from this many…
    pub nodes_min: usize,
    /// … to this many.
    pub nodes_max: usize,
    /// Whether what happens is told.
    pub is_traced: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Healed {
    /// The seed.
    pub seed: u64,
    /// Nodes, hostile ones too.
    pub nodes: usize,
    /// How long after the network had healed all honest nodes held the same, in milliseconds.
    pub equal_after: Option<u64>,
    /// Alerts and withdrawals that were shared.
    pub shared: usize,
    /// Bytes of sync, of all nodes.
    pub sync_bytes: u64,
    /// What must not happen and did.
    pub violations: Vec<String>,
    /// Equal for equal histories.
    pub history: u64,
    /// What happened, if it was to be told.
    pub trace: Vec<String>,
}

/// What the operator of a node does, or what happens to the network.
#[derive(Clone, Debug)]
enum Act {
    Publish { by: usize, host: u32, secs: u64 },
    Withdraw { by: usize, host: u32 },
    Split(Vec<usize>),
    Fall(usize),
    Rise { place: usize, is_disk_lost: bool },
}

/// Plays a seed to its end.
pub fn play(setting: &Setting) -> Healed {
    let mut chance = Chance::new(&[setting.seed, 1]);
    let mut world = build(setting, &mut chance);
    let acts = script(&world, &mut chance);
    let shared = acts.values().flatten();
    let shared = shared
        .filter(|it| matches!(it, Act::Publish { .. } | Act::Withdraw { .. }))
        .count();
    for place in 0..world.nodes.len() {
        if world.nodes[place].role == Role::Honest {
            world.meet(place, &BTreeSet::new());
        }
    }
    for (at, acts) in acts {
        world.run(at);
        for act in acts {
            perform(&mut world, act);
        }
    }
    world.run(HEALED_AT);
    let equal_after = judge(&mut world);
    Healed {
        seed: setting.seed,
        nodes: world.nodes.len(),
        equal_after,
        shared,
        sync_bytes: world.sync_bytes,
        history: world.history,
        violations: world.violations,
        trace: world.trace.unwrap_or_default(),
    }
}

/// Waits until all are equal, and checks what must hold then, later and at the end.
fn judge(world: &mut World) -> Option<u64> {
    let held = union(world);
    let mut equal_after = None;
    for waited in (0..=EQUAL_WITHIN).step_by(500) {
        world.run(HEALED_AT + waited);
        if difference(world).is_none() {
            equal_after = Some(waited);
            break;
        }
    }
    if let (None, Some(difference)) = (equal_after, difference(world)) {
        world
            .violations
            .push(format!("not equal in time: {difference}"));
    }
    world.run(HEALED_AT + STILL_AFTER);
    if let Some(difference) = difference(world) {
        world
            .violations
            .push(format!("equal no more: {difference}"));
    }
    if let Some(lost) = lost(world, &held) {
        world.violations.push(lost);
    }
    for node in world
        .nodes
        .iter_mut()
        .filter(|it| it.role == Role::Replayer)
    {
        node.role = Role::Mute; // or nobody could ever forget
    }
    world.run(OVER_AT);
    for place in honest(world) {
        let live = world.nodes[place].engine.live_set();
        let left = (live.len(), live.departed());
        if left != (0, 0) {
            let what = format!("{place} still keeps {left:?} when all is over");
            world.violations.push(what);
        }
    }
    equal_after
}

fn build(setting: &Setting, chance: &mut Chance) -> World {
    let spread = setting.nodes_max.saturating_sub(setting.nodes_min) + 1;
    let count = setting.nodes_min + chance.below(spread);
    let mute = chance.below(count / 4 + 1);
    let has_replayer = count > mute + 3 && chance.happens(0.5);
    let nodes = (0..count).map(|place| {
        let role = match place {
            0 if has_replayer => Role::Replayer,
            place if place >= count - mute => Role::Mute,
            _ => Role::Honest,
        };
        let skew = chance.below(2 * SKEW_MAX as usize + 1) as i64 - SKEW_MAX;
        let seed = chance.below(usize::MAX) as u64;
        Node::new(place, role, skew, seed)
    });
    let nodes: Vec<_> = nodes.collect();
    let loss = [0.0, 0.05, 0.2, 0.5][chance.below(4)];
    let mut world = World::new(nodes, Chance::new(&[setting.seed, 2]), loss);
    world.trace = setting.is_traced.then(Vec::new);
    // Honest nodes stand in a ring, so that they could all reach each other without the others.
    let ring = honest(&world);
    for (place, one) in ring.iter().enumerate() {
        world.link(*one, ring[(place + 1) % ring.len()]);
        world.link(*one, ring[chance.below(ring.len())]);
    }
    for place in 0..count {
        for _ in 0..2 {
            world.link(place, ring[chance.below(ring.len())]);
        }
    }
    world
}

/// Writes what happens when.
fn script(world: &World, chance: &mut Chance) -> BTreeMap<u64, Vec<Act>> {
    let (honest, count) = (honest(world), world.nodes.len());
    let mut acts: BTreeMap<u64, Vec<Act>> = BTreeMap::new();
    let mut put = |at: u64, act: Act| acts.entry(at).or_default().push(act);
    for host in 0..20 + chance.below(60) as u32 {
        let by = honest[chance.below(honest.len())];
        let at = 5_000 + chance.below(590_000) as u64;
        let secs = [30, 120, 600, 1_200][chance.below(4)];
        put(at, Act::Publish { by, host, secs });
        if chance.happens(0.3) {
            let later = at + 100 + chance.below(300_000) as u64;
            put(later.min(HEALED_AT - 1), Act::Withdraw { by, host });
        }
    }
    let mut at = 20_000;
    for _ in 0..1 + chance.below(3) {
        at += chance.below(150_000) as u64;
        let parts = 2 + chance.below(2);
        put(
            at,
            Act::Split((0..count).map(|_| chance.below(parts)).collect()),
        );
        at += 20_000 + chance.below(150_000) as u64;
        put(at.min(HEALED_AT), Act::Split(vec![0; count]));
    }
    for _ in 0..chance.below(4) {
        let place = honest[chance.below(honest.len())];
        let falls = 30_000 + chance.below(400_000) as u64;
        let rises = falls + 5_000 + chance.below(120_000) as u64;
        let is_disk_lost = chance.happens(0.2);
        put(falls, Act::Fall(place));
        put(
            rises,
            Act::Rise {
                place,
                is_disk_lost,
            },
        );
    }
    // Whatever is still apart comes together at the end.
    put(HEALED_AT, Act::Split(vec![0; count]));
    acts.retain(|at, _| *at <= HEALED_AT);
    acts
}

fn perform(world: &mut World, act: Act) {
    match act {
        Act::Publish { by, host, secs } if world.nodes[by].is_up => {
            let (Some(indicator), Some(block_for), Some(severity)) = (
                indicator(host),
                BlockDuration::from_secs(secs),
                Severity::new(8),
            ) else {
                return;
            };
            let subject = Subject {
                indicator,
                block_for,
                threat_type: ThreatType::syn_flood(),
                severity,
                evidence: Evidence::Verified,
                description: None,
                audience: None,
            };
            order(
                world,
                by,
                Command::Publish {
                    subject,
                    force: false,
                },
            );
        }
        Act::Withdraw { by, host } if world.nodes[by].is_up => {
            if let Some(indicator) = indicator(host) {
                order(
                    world,
                    by,
                    Command::Unblock {
                        indicator,
                        withdraw: true,
                    },
                );
            }
        }
        Act::Publish { .. } | Act::Withdraw { .. } => {}
        Act::Split(sides) => world.change(|world| world.sides = sides),
        Act::Fall(place) => world.change(|world| world.nodes[place].is_up = false),
        Act::Rise {
            place,
            is_disk_lost,
        } => world.change(|world| {
            let at = world.at;
            if !world.nodes[place].is_up {
                world.nodes[place].restart(at, is_disk_lost);
            }
        }),
    }
}

fn order(world: &mut World, by: usize, command: Command) {
    let order = Order {
        ticket: 1,
        user: aegis_core::Operator::User(0),
        command,
    };
    world.input(by, Input::Ordered(order));
}

fn indicator(host: u32) -> Option<Indicator> {
    format!("45.1.{}.{}", host / 200, 1 + host % 200)
        .parse()
        .ok()
}

fn honest(world: &World) -> Vec<usize> {
    let all = world.nodes.iter().enumerate();
    let honest = all.filter(|(_, it)| it.role == Role::Honest);
    honest.map(|(place, _)| place).collect()
}

/// Returns what a node holds that is alive by every honest clock.
fn holds(world: &World, place: usize) -> BTreeSet<AlertId> {
    let node = &world.nodes[place];
    let all = node.engine.live_alerts();
    let ahead = START + world.at + SKEW_MAX as u64;
    let alive = all.filter(|it| it.statement().expires_at().as_millis() > ahead);
    alive.map(|it| it.id()).collect()
}

fn union(world: &World) -> BTreeSet<AlertId> {
    let all = honest(world).into_iter();
    all.flat_map(|place| holds(world, place)).collect()
}

/// Says how two honest nodes differ, if any do.
fn difference(world: &World) -> Option<String> {
    let honest = honest(world);
    let first = holds(world, *honest.first()?);
    for place in honest {
        let other = holds(world, place);
        if other != first {
            let (more, less) = (
                other.difference(&first).count(),
                first.difference(&other).count(),
            );
            return Some(format!("{place} holds {more} more and {less} less"));
        }
    }
    // What is over by every clock is gone.
    let behind = (START + world.at).saturating_sub(SKEW_MAX as u64 + 1_000);
    for place in self::honest(world) {
        let mut all = world.nodes[place].engine.live_alerts();
        if all.any(|it| it.statement().expires_at().as_millis() < behind) {
            return Some(format!("{place} holds what is over"));
        }
    }
    None
}

/// Says what some node held when the network healed and that is held no more, though nobody took
/// it back.
fn lost(world: &World, held: &BTreeSet<AlertId>) -> Option<String> {
    let place = *honest(world).first()?;
    let node = &world.nodes[place];
    let now = holds(world, place);
    let taken_back: BTreeSet<_> = honest(world)
        .iter()
        .flat_map(|it| world.nodes[*it].gone.iter().copied())
        .collect();
    let is_alive = |id: &&AlertId| world.is_alive(id);
    let missing = held.difference(&now).filter(is_alive);
    let missing = missing.filter(|id| !taken_back.contains(id)).count();
    let back = node.engine.live_set().ids();
    let back = back.filter(|id| taken_back.contains(id)).count();
    (missing + back > 0).then(|| format!("{place} lost {missing}, and holds {back} taken back"))
}
