//! The thesis' experiments with Dovecot, run anew: ten peers, an attacker and a harmless device.
//!
//! Peers are 1.1.1.0 to 1.1.1.9, of which the first watches and those from some place on lie; the
//! attacker is 1.1.1.10 and the harmless device 1.1.1.11. Numbers are the thesis': -1 malicious,
//! +1 benign.

use std::time::Duration;

use aegis_core::trust::dovecot::DovecotModel;
use aegis_core::trust::dovecot::opinion::{self, DovecotOpinion};
use aegis_core::trust::model::{Case, Deed, Introduction, TrustModel, Voice};
use aegis_core::{Confidence, Evidence, Opinion, Score, Timestamp, Topic};
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::{list, node, text};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

const PEERS: usize = 10;
const ROUNDS: usize = 20;

/// From this round on the attacker attacks the watching peer too.
const WATCHER_ATTACKED_FROM: usize = ROUNDS / 2;

/// From this round on lying peers that attack do so, and the watching peer is whom they attack.
///
/// The plan itself is not published; of all rounds, this one alone gives the published accuracies.
const LIARS_ATTACK_FROM: usize = ROUNDS / 4;

/// Whose prediction falls below this is taken for an attacker.
const ATTACKER_BELOW: f64 = 0.3;

/// What a device does to another one in a round.
#[derive(Clone, Copy)]
enum Act {
    Benign,
    GeneralAttack,
    TargetedAttack,
    TargetedOnOthers,
}

/// Whom the attacker attacks, but for the watching peer.
#[derive(Clone, Copy)]
enum Plan {
    /// Every other peer in every round.
    All,
    /// The peers whose place is next to the number of the round.
    Staggered,
}

/// What lying peers do.
#[derive(Clone, Copy)]
enum Lie {
    /// They praise everybody.
    Praise,
    /// They praise everybody but the harmless device, which they call an attacker.
    Slander,
    /// They do that, and attack the watching peer.
    SlanderAndAttack,
}

/// An experiment as the thesis names it: 2A0, 2B0, or 3A, 3B, 4A and 5A with how many are honest.
#[derive(Clone, Copy)]
struct Experiment {
    plan: Plan,
    lie: Lie,
    honest: usize,
}

/// What everybody's simulated detector thinks after some rounds.
#[derive(Default)]
struct Detectors {
    /// What each peer thinks of the attacker, the watching one first.
    of_attacker: [DovecotOpinion; PEERS],
    /// What anybody thinks of whoever never attacked, peer or device.
    of_harmless: DovecotOpinion,
    /// What the watching peer thinks of those who lie.
    of_liars: DovecotOpinion,
}

/// What the watching peer knows of a device after a round.
struct Watched {
    network: DovecotOpinion,
    own: DovecotOpinion,
    is_attacker: bool,
}

#[test]
fn the_published_accuracies_come_out() -> Result<()> {
    // With 10 to 90 % of liars.
    check(
        "3A",
        [0.925, 0.925, 0.925, 0.875, 0.825, 0.8, 0.775, 0.75, 0.725],
    )?;
    check(
        "3B",
        [0.875, 0.85, 0.85, 0.825, 0.8, 0.8, 0.775, 0.725, 0.725],
    )?;
    check("4A", [0.9, 0.9, 0.875, 0.8, 0.7, 0.35, 0.325, 0.3, 0.275])?;
    check("5A", [0.9, 0.9, 0.875, 0.85, 0.8, 0.725, 0.625, 0.6, 0.65])
}

fn check(kind: &str, expected: [f64; PEERS - 1]) -> Result<()> {
    for (liars, expected) in (1..).zip(expected) {
        let experiment = format!("{kind}{}", PEERS - liars);
        let accuracy = replay(&experiment)?["accuracy_T0_3"]["0.4"].take();
        assert_eq!(accuracy, json!(expected), "{experiment}");
    }
    Ok(())
}

/// Plays acts against one simulated detector and tells what it thinks after each.
pub(crate) fn sampler(inputs: &Value) -> Result<Value> {
    let mut thought = DovecotOpinion::default();
    let mut thoughts = Vec::new();
    for act in list(inputs)? {
        let act = match text(act)? {
            "Benign" => Act::Benign,
            "GeneralAttack" => Act::GeneralAttack,
            "TargetedAttack" => Act::TargetedAttack,
            "TargetedOnOthers" => Act::TargetedOnOthers,
            other => bail!("nobody does {other}"),
        };
        thought = seen(thought, act);
        thoughts.push(json!([thought.score, thought.confidence]));
    }
    Ok(Value::Array(thoughts))
}

/// Runs a whole experiment.
pub(crate) fn replay(name: &str) -> Result<Value> {
    let experiment = Experiment::named(name)?;
    let mut model = DovecotModel::default();
    for peer in 1..PEERS {
        model.meet(NOW, node(peer), Introduction::default());
    }
    let mut detectors = Detectors::default();
    let mut rounds = Map::new();
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        detectors.see(experiment, round);
        for peer in 1..PEERS {
            let thought = if peer < experiment.honest {
                detectors.of_harmless
            } else {
                detectors.of_liars
            };
            let observed = (score(thought), confidence(thought));
            model.book(NOW, node(peer), Deed::Ping { is_good: true });
            model.book(NOW, node(peer), Deed::Observed(Some(observed)));
        }
        let [attacker, harmless] = experiment.watch(&model, &detectors);
        let row = json!({"1.1.1.10": attacker.row(), "1.1.1.11": harmless.row()});
        rounds.insert(round.to_string(), row);
        all.extend([attacker, harmless]);
    }
    let accuracies = [0.4, 0.5, 0.6].map(|weight| {
        let right = all.iter().filter(|it| it.is_told_right(weight)).count();
        (weight.to_string(), json!(right as f64 / all.len() as f64))
    });
    let accuracies: Map<_, _> = accuracies.into_iter().collect();
    Ok(json!({"rounds": rounds, "accuracy_T0_3": accuracies}))
}

impl Experiment {
    fn named(name: &str) -> Result<Self> {
        let (kind, honest) = name.split_at_checked(2).context("find the kind")?;
        let honest = honest.parse()?;
        let (plan, lie, honest) = match kind {
            "2A" => (Plan::All, Lie::Praise, PEERS),
            "2B" => (Plan::Staggered, Lie::Praise, PEERS),
            "3A" => (Plan::All, Lie::Praise, honest),
            "3B" => (Plan::Staggered, Lie::Praise, honest),
            "4A" => (Plan::All, Lie::Slander, honest),
            "5A" => (Plan::All, Lie::SlanderAndAttack, honest),
            _ => bail!("no experiment is called {name}"),
        };
        Ok(Self { plan, lie, honest })
    }

    /// Lets the watching peer ask all others about the attacker and about the harmless device.
    fn watch(self, model: &DovecotModel, detectors: &Detectors) -> [Watched; 2] {
        let slander = match self.lie {
            Lie::Praise => 1.0,
            Lie::Slander | Lie::SlanderAndAttack => -1.0,
        };
        let of_harmless = [detectors.of_harmless; PEERS];
        [
            Watched {
                network: ask(model, &detectors.of_attacker[..self.honest], 1.0),
                own: detectors.of_attacker[0],
                is_attacker: true,
            },
            Watched {
                network: ask(model, &of_harmless[..self.honest], slander),
                own: detectors.of_harmless,
                is_attacker: false,
            },
        ]
    }
}

impl Detectors {
    /// Takes in what happens in a round.
    fn see(&mut self, experiment: Experiment, round: usize) {
        for (peer, thought) in self.of_attacker.iter_mut().enumerate() {
            let is_attacked = match experiment.plan {
                _ if peer == 0 => round >= WATCHER_ATTACKED_FROM,
                Plan::All => true,
                Plan::Staggered => peer.abs_diff(round) <= 1,
            };
            *thought = seen(*thought, act(is_attacked));
        }
        let do_liars_attack = match experiment.lie {
            Lie::Praise | Lie::Slander => false,
            Lie::SlanderAndAttack => round >= LIARS_ATTACK_FROM,
        };
        self.of_liars = seen(self.of_liars, act(do_liars_attack));
        self.of_harmless = seen(self.of_harmless, Act::Benign);
    }
}

impl Watched {
    fn row(&self) -> Value {
        let Self { network, own, .. } = self;
        json!([network.score, network.confidence, own.score, own.confidence])
    }

    fn is_told_right(&self, own_weight: f64) -> bool {
        let prediction = opinion::prediction(self.network, self.own, own_weight);
        (prediction < ATTACKER_BELOW) == self.is_attacker
    }
}

/// Asks all peers but the first about an address: the honest ones say what they think, the others
/// that its score is `lie`, and that they are sure.
fn ask(model: &DovecotModel, honest: &[DovecotOpinion], lie: f64) -> DovecotOpinion {
    let lie = DovecotOpinion {
        score: lie,
        confidence: 1.0,
    };
    let voices = (1..PEERS).map(|peer| {
        let said = honest.get(peer).copied().unwrap_or(lie);
        let opinion = Opinion {
            score: score(said),
            confidence: confidence(said),
            sightings: 0,
            age: Duration::ZERO,
        };
        Voice {
            peer: node(peer),
            opinion,
            evidence: Evidence::Verified,
        }
    });
    let voices: Vec<_> = voices.collect();
    let case = Case {
        topic: Topic::Other,
        voices: &voices,
        local: None,
    };
    let verdict = model.judge(NOW, &case);
    DovecotOpinion {
        score: -verdict.score.value(),
        confidence: verdict.confidence.value(),
    }
}

fn act(is_attack: bool) -> Act {
    if is_attack {
        Act::GeneralAttack
    } else {
        Act::Benign
    }
}

/// Returns what a simulated detector thinks after one more act.
fn seen(thought: DovecotOpinion, act: Act) -> DovecotOpinion {
    let DovecotOpinion { score, confidence } = thought;
    let (score, confidence) = match act {
        Act::GeneralAttack => ((score - 0.4).min(-0.4), (confidence + 0.6).max(0.6)),
        Act::TargetedAttack => ((score - 0.8).min(-0.8), (confidence + 0.8).max(0.8)),
        Act::TargetedOnOthers => ((score - 0.2).min(-0.2), (confidence + 0.2).max(0.4)),
        Act::Benign if score < 0.0 => (score + 0.3, 0.0),
        Act::Benign => (score + 0.3, confidence + 0.1),
    };
    DovecotOpinion {
        score: score.clamp(-1.0, 1.0),
        confidence: confidence.clamp(0.0, 1.0),
    }
}

fn score(thought: DovecotOpinion) -> Score {
    Score::clamped(-thought.score)
}

fn confidence(thought: DovecotOpinion) -> Confidence {
    Confidence::clamped(thought.confidence)
}
