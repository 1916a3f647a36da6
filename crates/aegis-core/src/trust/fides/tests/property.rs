//! What holds of Fides whatever happens, in every configuration.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::trust::contract::{self, events, voices};

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, ..ProptestConfig::default() })]

    #[test]
    fn nothing_leaves_its_range(config in config(), events in events()) {
        contract::check_bounds(&mut FidesModel::new(config), &events);
    }

    #[test]
    fn the_same_history_gives_the_same_model(config in config(), events in events()) {
        contract::check_replay(|| FidesModel::new(config), &events);
    }

    #[test]
    fn the_order_of_voices_does_not_matter(
        config in config(), events in events(), voices in voices(),
    ) {
        contract::check_order(FidesModel::new(config), &events, &voices);
    }

    #[test]
    fn strangers_move_nothing(config in config(), events in events(), voices in voices()) {
        contract::check_strangers(&mut FidesModel::new(config), &events, &voices);
    }

    #[test]
    fn a_restart_loses_nothing(config in config(), before in events(), after in events()) {
        contract::check_restart(|| FidesModel::new(config), &before, &after);
    }

    #[test]
    fn junk_changes_nothing(
        config in config(), events in events(), junk in vec(any::<u8>(), 17..30),
    ) {
        contract::check_junk(FidesModel::new(config), &events, &junk);
    }
}

fn config() -> impl Strategy<Value = FidesConfig> {
    let evaluation = prop_oneof![
        Just(Evaluation::Even),
        Just(Evaluation::Distance),
        Just(Evaluation::LocalDistance),
        Just(Evaluation::WeighedDistance {
            local_weight: Confidence::clamped(0.4),
        }),
        Just(Evaluation::default()),
        Just(Evaluation::MaxConfidence),
    ];
    let aggregation = prop_oneof![
        Just(Aggregation::Average),
        Just(Aggregation::WeightedAverage),
        Just(Aggregation::DeviationFromScore),
    ];
    let selection = prop_oneof![Just(Selection::Threshold), Just(Selection::Deviation)];
    let history_max = prop_oneof![Just(1), Just(7), Just(100), Just(255)];
    let defects = prop_oneof![
        Just(FidesDefects::default()),
        Just(FidesDefects::AS_DEPLOYED),
        Just(FidesDefects {
            leaves_recommendations_unbounded: true,
            ..FidesDefects::default()
        }),
    ];
    (evaluation, aggregation, selection, history_max, defects).prop_map(
        |(evaluation, aggregation, selection, history_max, defects)| FidesConfig {
            service_history_max: NonZeroU8::new(history_max).unwrap(),
            aggregation,
            evaluation,
            recommendation_history_max: NonZeroU8::new(history_max).unwrap(),
            selection,
            recommender_trust_min: Confidence::clamped(0.4),
            defects,
            ..FidesConfig::default()
        },
    )
}
