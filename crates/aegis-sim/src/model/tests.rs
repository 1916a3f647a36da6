//! The opponents do what their names say.

use aegis_core::trust::model::{Case, Introduction, Recommendation, Stance};
use aegis_core::{NodeId, Timestamp, Topic, Truth};

use super::{Contender, MODELS, contest};
use crate::chance::Chance;
use crate::roster::{Roster, local_opinion};
use crate::world::{Claim, Setting, World};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Three honest peers and three hostile ones.
struct Stage {
    world: World,
    roster: Roster,
    model: Box<dyn Contender>,
}

impl Stage {
    fn new(name: &str) -> Self {
        let world = World::new(Setting {
            peers: 6,
            hostile: 0.5,
            seed: 1,
            targets: 10,
        });
        let entry = MODELS.iter().find(|it| it.name == name).expect("a model");
        let model = (entry.start)(&world);
        let roster = Roster::new(&world, 3, 0);
        Self {
            world,
            roster,
            model,
        }
    }

    fn with_case<T>(
        &mut self,
        (honest, hostile): (usize, usize),
        local: Option<Claim>,
        use_case: impl FnOnce(&mut dyn Contender, &Case<'_>) -> T,
    ) -> T {
        let mut honest_words = [None; 3];
        honest_words[..honest].fill(Some(Claim::Malicious));
        let mut hostile_words = [None; 3];
        hostile_words[..hostile].fill(Some(Claim::Benign));
        let mut chance = Chance::new(&[]);
        let (voices, _) = self
            .roster
            .voices(&honest_words, &hostile_words, &mut chance);
        let case = Case {
            topic: Topic::Access,
            voices: &voices,
            local: local.map(local_opinion),
        };
        use_case(self.model.as_mut(), &case)
    }

    /// Judges a malicious target of which honest peers say so and hostile ones the opposite.
    fn judge(&mut self, voices: (usize, usize), local: Option<Claim>) -> Stance {
        self.with_case(voices, local, |model, case| model.judge(NOW, case).stance)
    }

    fn learn(&mut self, voices: (usize, usize), times: usize) {
        for _ in 0..times {
            self.with_case(voices, None, |model, case| {
                model.learn(NOW, case, Truth::Malicious);
            });
        }
    }

    fn honest(&self, place: usize) -> NodeId {
        self.world.honest[place].0
    }
}

#[test]
fn none_hears_own_detectors_only() {
    let mut stage = Stage::new("none");
    assert_eq!(stage.judge((3, 0), None), Stance::Unknown);
    assert_eq!(stage.judge((3, 0), Some(Claim::Benign)), Stance::Benign);
    assert_eq!(
        stage.judge((0, 3), Some(Claim::Malicious)),
        Stance::Malicious
    );
}

#[test]
fn the_oracle_hears_honest_peers_only() {
    let mut stage = Stage::new("oracle");
    assert_eq!(stage.judge((2, 3), None), Stance::Malicious);
    assert_eq!(stage.judge((0, 3), None), Stance::Unknown);
}

#[test]
fn the_majority_counts_heads() {
    let mut stage = Stage::new("majority");
    assert_eq!(stage.judge((2, 3), None), Stance::Benign);
    assert_eq!(stage.judge((3, 2), None), Stance::Malicious);
    assert_eq!(stage.judge((2, 2), None), Stance::Unknown);
    assert_eq!(
        stage.judge((2, 2), Some(Claim::Malicious)),
        Stance::Malicious
    );
}

#[test]
fn reputation_follows_verified_words() {
    for name in ["beta", "naive-bayes"] {
        let mut stage = Stage::new(name);
        assert_ne!(stage.judge((2, 3), None), Stance::Malicious, "{name}");
        stage.learn((3, 3), 10);
        assert_eq!(stage.judge((1, 3), None), Stance::Malicious, "{name}");
    }
}

#[test]
fn naive_bayes_turns_the_words_of_proven_liars_round_and_beta_does_not() {
    for (name, expected) in [("naive-bayes", Stance::Malicious), ("beta", Stance::Benign)] {
        let mut stage = Stage::new(name);
        stage.learn((3, 3), 10);
        assert_eq!(stage.judge((0, 3), None), expected, "{name}");
    }
}

#[test]
fn eigentrust_flows_from_the_pretrusted() {
    let mut stage = Stage::new("eigentrust");
    let trusted = Introduction {
        is_fixed: true,
        ..Introduction::default()
    };
    stage.model.meet(NOW, stage.honest(0), trusted);
    let good = Recommendation {
        malicious_right: 5,
        ..Recommendation::default()
    };
    let ring = [0, 1].map(|slot| stage.world.hostile_identity(slot, 0));
    let said = [
        (stage.honest(1), stage.honest(0)),
        (ring[0], ring[1]),
        (ring[1], ring[0]),
    ];
    for (subject, recommender) in said {
        stage.model.consider(NOW, subject, &[(recommender, good)]);
    }
    stage.with_case((3, 3), None, |model, case| {
        let verdict = model.judge(NOW, case);
        model.conclude(NOW, case, &verdict);
    });
    let trust = [stage.honest(1), ring[0], stage.honest(2)]
        .map(|peer| stage.model.influence_of(NOW, &peer));
    assert!(trust[0] > 0.4, "{trust:?}");
    assert_eq!(trust[1..], [0.0, 0.0]);
    assert_eq!(stage.judge((2, 3), None), Stance::Malicious);
}

#[test]
fn contest_is_greatest_where_voices_are_divided() {
    for (voices, expected) in [((3, 3), 1.0), ((3, 0), 0.0), ((0, 0), 0.0), ((3, 1), 0.5)] {
        let found = Stage::new("none").with_case(voices, None, |_, case| contest(case));
        assert!((found - expected).abs() < 1e-12, "{voices:?}: {found}");
    }
}
