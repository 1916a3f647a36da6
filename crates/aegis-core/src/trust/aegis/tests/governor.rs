//! What must hold of the network as a whole.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::trust::aegis::governor::{Experts, Governor, right, stance};

/// A case that comes out: what both experts say of it, and what is true.
#[derive(Clone, Copy, Debug)]
struct Found {
    experts: Experts,
    truth: Truth,
}

fn found() -> impl Strategy<Value = Found> {
    let odds = || prop_oneof![-200.0..200.0_f64, -3.0..3.0_f64];
    (odds(), odds(), any::<bool>()).prop_map(|(alone, network, is_malicious)| Found {
        experts: Experts { alone, network },
        truth: if is_malicious { Malicious } else { Benign },
    })
}

/// Returns what following the network gained over being alone, in right answers.
fn gain(config: &AegisConfig, found: &Found) -> f64 {
    let right = |log_odds| right(stance(config, log_odds), found.truth);
    right(found.experts.network) - right(found.experts.alone)
}

const SURE: f64 = 5.0;

fn lie() -> Found {
    Found {
        experts: Experts {
            alone: -SURE,
            network: SURE,
        },
        truth: Benign,
    }
}

fn help() -> Found {
    Found {
        truth: Malicious,
        ..lie()
    }
}

proptest! {
    #[test]
    fn network_costs_no_more_than_its_credit_in_any_stretch(all in vec(found(), 1..150)) {
        let config = AegisConfig::default();
        let mut governor = Governor::new(&config);
        let steps: Vec<_> = all.iter().map(|found| {
            let is_followed = governor.govern(found.experts) == found.experts.network;
            let gain = gain(&config, found);
            governor.learn(&config, found.experts, found.truth);
            if is_followed { (gain, 0.0) } else { (0.0, gain.max(0.0)) }
        }).collect();
        for start in 0..steps.len() {
            let (mut followed, mut shadow) = (0.0, 0.0);
            for (gain, unseen) in &steps[start..] {
                followed += gain;
                shadow += unseen;
                let bound = config.credit_max + 1.0 + config.shadow_credit * shadow;
                prop_assert!(followed >= -bound, "{followed} {bound}");
            }
        }
    }
}

#[test]
fn a_network_that_costs_is_left_and_earns_its_way_back() {
    let config = AegisConfig::default();
    let mut governor = Governor::new(&config);
    let cases = |governor: &mut Governor, found: Found| {
        let mut count = 0;
        let before = governor.govern(found.experts);
        while governor.govern(found.experts) == before {
            governor.learn(&config, found.experts, found.truth);
            count += 1;
        }
        count
    };
    assert_eq!(cases(&mut governor, lie()), 6, "each costs a right answer");
    assert_eq!(
        cases(&mut governor, help()),
        2,
        "each makes up for half of one"
    );
    for _ in 0..20 {
        governor.learn(&config, help().experts, help().truth);
    }
    assert_eq!(cases(&mut governor, lie()), 6, "credit has an upper end");
}

#[test]
fn a_network_without_credit_moves_nothing_but_whom_the_operator_fixed() {
    let mut model = proven(1..=20);
    introduce(&mut model, 40, 1.0, true);
    let crowd: Vec<_> = (1..=20).map(|it| (it, Malicious)).collect();
    let with = [crowd.clone(), vec![(40, Malicious)]].concat();
    assert_ne!(
        judge(&model, &crowd, None).probability,
        judge(&model, &[], None).probability
    );
    model.governor.credit = -0.5;
    let probability = |words: &[(u32, Truth)]| judge(&model, words, None).probability.value();
    assert_eq!(probability(&crowd), probability(&[]));
    assert!((probability(&with) - probability(&[(40, Malicious)])).abs() < 0.01);
}

#[test]
fn what_a_restart_must_not_lose_includes_credit_and_older_bytes_still_load() {
    let mut model = proven(1..=2);
    model.governor.credit = -0.5;
    let bytes = model.save_shared();
    let mut other = AegisModel::default();
    assert!(other.restore_shared(&bytes));
    assert_eq!(other.governor, model.governor);

    let mut ungoverned = bytes[..bytes.len() - 8].to_vec();
    ungoverned[0] = 0x81;
    assert!(other.restore_shared(&ungoverned));
    assert_eq!(other.governor, Governor::new(&other.config));
    assert_eq!((other.local, other.column), (model.local, model.column));
    for credit in [f64::NAN, 1e9, -1e9] {
        let mut bent = bytes[..bytes.len() - 8].to_vec();
        bent.extend(credit.to_le_bytes());
        assert!(!other.restore_shared(&bent));
    }
}

#[test]
fn a_closed_case_is_no_evidence_of_what_its_own_sides_do() {
    let mut model = proven(1..=100);
    let words: Vec<_> = (1..=100)
        .map(|it| (it, if it % 7 == 0 { Malicious } else { Benign }))
        .collect();
    let voices = voices(&words);
    let case = case(&voices, None);
    let before = model.weigh(NOW, &case).sides;
    conclude(&mut model, &words);
    let [open, closed] = [model.weigh(NOW, &case), model.weigh_closed(NOW, &case)];
    assert!(
        open.sides[1] < 0.5 * before[1],
        "{:?} {before:?}",
        open.sides
    );
    for (closed, before) in closed.sides.iter().zip(&before) {
        assert!((closed - before).abs() < 0.1 * before, "{closed} {before}");
    }
}
