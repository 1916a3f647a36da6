//! Networks are the same each time, and tell when something is wrong.

use super::{
    heal, play,
    spread::{self, Setting},
};

fn heal(seed: u64) -> heal::Healed {
    heal::play(&heal::Setting {
        seed,
        nodes_min: 4,
        nodes_max: 9,
        is_traced: false,
    })
}

#[test]
fn a_few_networks_heal_and_nothing_comes_back() {
    for seed in 1..=6 {
        let healed = heal(seed);
        assert_eq!(healed.violations, Vec::<String>::new(), "seed {seed}");
        assert!(healed.shared > 0 && healed.equal_after.is_some());
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let (one, other, third) = (heal(7), heal(7), heal(8));
    assert_eq!(
        (one.history, one.sync_bytes),
        (other.history, other.sync_bytes)
    );
    assert_ne!(one.history, third.history);
}

#[test]
fn gossip_reaches_everybody_and_sync_whom_it_does_not() {
    let setting = Setting {
        nodes: 150,
        mute: 80,
        is_lazy: false,
        alerts: 2,
        synced: 2,
        seed: 1,
    };
    let spread = spread::play(&setting);
    assert!(spread.reached() < 1.0, "there is something for sync to do");
    assert!(
        spread.slowest().is_some_and(|it| it > 0),
        "{:?}",
        spread.whole_after
    );
    let everybody = spread::play(&Setting {
        mute: 0,
        is_lazy: true,
        synced: 0,
        ..setting
    });
    assert!((everybody.reached() - 1.0).abs() < 1e-9);
    assert!(everybody.quantile(0.99) < Some(200.0));
}

#[test]
fn jobs_come_back_in_order_whatever_the_threads() {
    let squares = play(50, 3, &|it| it * it, &|_| {});
    assert!(
        squares
            .iter()
            .enumerate()
            .all(|(place, it)| place * place == *it)
    );
}
