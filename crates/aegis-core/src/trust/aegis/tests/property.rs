//! What must hold whatever peers say.

use proptest::{collection::vec, prelude::*};

use super::*;

/// One step of a history: who says what, by peer (`None`: silent), own detectors, and the truth
/// where it comes out.
#[derive(Clone, Debug)]
struct Step {
    words: Vec<Option<bool>>,
    local: Option<bool>,
    truth: Option<bool>,
}

const PEERS: usize = 12;

fn step() -> impl Strategy<Value = Step> {
    let word = prop_oneof![Just(None), any::<bool>().prop_map(Some)];
    let words = vec(word.clone(), PEERS);
    (words, word.clone(), word).prop_map(|(words, local, truth)| Step {
        words,
        local,
        truth,
    })
}

fn truth(is_malicious: bool) -> Truth {
    if is_malicious { Malicious } else { Benign }
}

fn words(step: &Step, names: &[u32]) -> Vec<(u32, Truth)> {
    let spoken = step.words.iter().zip(names);
    spoken
        .filter_map(|(word, name)| Some((*name, truth((*word)?))))
        .collect()
}

/// Plays `steps` with peers of these names; returns the model and every probability.
fn play(steps: &[Step], names: &[u32]) -> (AegisModel, Vec<f64>) {
    let mut model = met(names.iter().copied());
    let mut probabilities = Vec::new();
    for step in steps {
        let voices = voices(&words(step, names));
        let case = case(&voices, step.local.map(truth));
        let verdict = model.judge(NOW, &case);
        probabilities.push(verdict.probability.value());
        model.conclude(NOW, &case, &verdict);
        if let Some(is_malicious) = step.truth {
            model.learn(NOW, &case, truth(is_malicious));
        }
    }
    (model, probabilities)
}

fn names() -> Vec<u32> {
    (0..PEERS as u32).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn who_is_who_changes_nothing(steps in vec(step(), 1..80), shift in 1..1_000_u32) {
        let other: Vec<_> = (0..PEERS as u32).map(|it| it * 7 + shift).collect();
        let (_, ours) = play(&steps, &names());
        let (_, theirs) = play(&steps, &other);
        for (one, another) in ours.iter().zip(&theirs) {
            prop_assert!((one - another).abs() <= 1e-12, "{one} {another}");
        }
    }

    #[test]
    fn replays_bit_for_bit(steps in vec(step(), 1..80)) {
        prop_assert_eq!(play(&steps, &names()).1, play(&steps, &names()).1);
    }

    #[test]
    fn newcomers_change_nothing_at_all(steps in vec(step(), 1..60), said in vec(any::<bool>(), 1..50)) {
        let (mut model, _) = play(&steps, &names());
        let with: Vec<_> = said.iter().zip(100..).map(|(it, name)| (name, truth(*it))).collect();
        for (name, _) in &with {
            model.meet(NOW, id(*name), Introduction::default());
        }
        let known = words(&steps[0], &names());
        let all = [known.clone(), with].concat();
        prop_assert_eq!(judge(&model, &known, None), judge(&model, &all, None));
    }

    #[test]
    fn right_word_never_lowers_its_weight(steps in vec(step(), 1..60), said in any::<bool>()) {
        let (mut model, _) = play(&steps, &names());
        let before = [Malicious, Benign].map(|it| influence_on(&model, 0, it));
        learn(&mut model, &[(0, truth(said))], truth(said));
        let after = [Malicious, Benign].map(|it| influence_on(&model, 0, it));
        for (before, after) in before.iter().zip(&after) {
            prop_assert!(after + 1e-12 >= *before, "{before} {after}");
        }
    }

    #[test]
    fn harm_never_exceeds_what_was_earned(steps in vec(step(), 1..120)) {
        let mut model = met(names());
        let config = model.config;
        let mut earned = [0.0; PEERS];
        let mut harm = [0.0; PEERS];
        for step in steps {
            let words = words(&step, &names());
            let voices = voices(&words);
            let case = case(&voices, step.local.map(truth));
            let Some(truth) = step.truth.map(truth) else { continue };
            let weighed = model.weigh(NOW, &case);
            let change = weighed.surprise(truth) - loss(weighed.own, truth);
            let moved = weighed.sides[0] - weighed.sides[1];
            let slope = if moved == 0.0 { 0.0 } else { (change / moved).abs() };
            for it in &weighed.heard {
                let name = names().into_iter().find(|name| id(*name) == it.peer).unwrap() as usize;
                if it.said == truth {
                    let right = it.worth * it.strength;
                    let moved = weighed.own + if truth == Malicious { right } else { -right };
                    earned[name] += loss(weighed.own, truth) - loss(moved, truth);
                } else {
                    harm[name] += it.counted * slope;
                }
            }
            model.learn(NOW, &case, truth);
        }
        for (harm, earned) in harm.iter().zip(&earned) {
            prop_assert!(*harm <= config.leverage * earned + 1e-9, "{harm} {earned}");
        }
    }

    #[test]
    fn copies_come_to_one_voice(copies in 2..40_u32, share in 0..5_u32) {
        let mut model = proven(1..=copies);
        let alone = influence_on(&model, 1, Malicious);
        for round in 0..256 {
            let said = if round % 5 <= share { Malicious } else { Benign };
            let words: Vec<_> = (1..=copies).map(|it| (it, said)).collect();
            conclude(&mut model, &words);
        }
        let block: Vec<_> = (1..=copies).map(|it| (it, Malicious)).collect();
        let voices = voices(&block);
        let weighed = model.weigh(NOW, &case(&voices, None));
        prop_assert!((weighed.sides[0] - alone).abs() < 1e-3 * alone, "{:?} {alone}", weighed.sides);
    }

    #[test]
    fn nothing_is_ever_not_a_number(
        steps in vec(step(), 1..60),
        scores in vec((-1.0..=1.0_f64, 0.0..=1.0_f64), PEERS),
        pretrust in 0.0..=1.0_f64,
    ) {
        let (mut model, probabilities) = play(&steps, &names());
        prop_assert!(probabilities.iter().all(|it| (0.0..=1.0).contains(it)));
        introduce(&mut model, 0, pretrust, false);
        introduce(&mut model, 1, pretrust, true);
        let mut voices = voices(&words(&steps[0], &names()));
        for (voice, (score, confidence)) in voices.iter_mut().zip(scores) {
            voice.opinion.score = Score::clamped(score);
            voice.opinion.confidence = Confidence::clamped(confidence);
        }
        let case = case(&voices, None);
        model.learn(NOW, &case, Malicious);
        let verdict = model.judge(NOW, &case);
        prop_assert!((0.0..=1.0).contains(&verdict.probability.value()));
        prop_assert!(verdict.voices.is_finite() && verdict.voices >= 0.0);
        prop_assert!((0.0..=1.0).contains(&model.check_value(NOW, &case, &verdict)));
        for name in names() {
            let trust = model.trust_of(NOW, &id(name));
            prop_assert!(trust.influence.is_finite() && trust.influence >= 0.0);
            prop_assert!(trust.budget.is_finite() && trust.budget >= 0.0);
        }
    }
}
