//! What Fides can be told, with the values it is shipped with.

use std::num::{NonZeroU8, NonZeroU32};

use super::aggregation::Aggregation;
use super::evaluation::Evaluation;
use crate::Confidence;

/// Interactions that Fides remembers of a peer (`historyMaxSize`, both of them).
const HISTORY_MAX: NonZeroU8 = NonZeroU8::new(100).unwrap();

/// Peers that Fides asks about another one (`peersMaxCount`).
const RECOMMENDERS_MAX: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// Who may be asked about a peer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Selection {
    /// Whoever is trusted at least `recommender_trust_min`: what Fides does.
    #[default]
    Threshold,
    /// Whoever is trusted no less than the mean less the deviation: SORT's rule, which the
    /// original holds and never calls.
    Deviation,
}

/// Defects of the original's code, each mended unless it is asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FidesDefects {
    /// What recommendations teach about recommenders is overwritten at once by an older copy, so
    /// recommendation trust never changes.
    pub loses_recommendation_trust: bool,
    /// The satisfaction with a recommendation, recommendation trust and reputation may leave 0…1
    /// on either side; otherwise they are brought back into it.
    pub leaves_recommendations_unbounded: bool,
    /// "I do not know this peer" speaks against it.
    pub hears_slander_in_ignorance: bool,
    /// Trust in advance is never less than the initial reputation, even where it is enforced.
    pub floors_enforced_trust: bool,
}

impl FidesDefects {
    /// Everything as the original does it.
    pub const AS_DEPLOYED: Self = Self {
        loses_recommendation_trust: true,
        leaves_recommendations_unbounded: true,
        hears_slander_in_ignorance: true,
        floors_enforced_trust: true,
    };
}

/// What Fides can be told. The default is `fides.conf.yml` as shipped, defects mended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FidesConfig {
    /// Reputation of a stranger (`initialReputation`).
    pub initial_reputation: Confidence,
    /// Interactions remembered of a peer (`service.historyMaxSize`).
    pub service_history_max: NonZeroU8,
    /// How answers are put together (`tiAggregationStrategy`).
    pub aggregation: Aggregation,
    /// How an answer is rated afterwards (`interactionEvaluationStrategies.used`).
    pub evaluation: Evaluation,
    /// Satisfaction with any answer where all are rated the same (`even.satisfaction`).
    pub even_satisfaction: Confidence,
    /// The least that an alert's author is trusted for it (`alert.defaultTrust`).
    pub alert_trust_min: Confidence,
    /// Whether peers are asked about peers (`recommendations.enabled`).
    pub has_recommendations: bool,
    /// Recommendations remembered of a peer (`recommendations.historyMaxSize`).
    pub recommendation_history_max: NonZeroU8,
    /// Who is asked about a peer.
    pub selection: Selection,
    /// Trust from which a peer is asked about others (`trustedPeerThreshold`).
    pub recommender_trust_min: Confidence,
    /// Fewer trusted peers than this, and nobody is asked (`requiredTrustedPeersCount`).
    pub recommenders_min: usize,
    /// Peers asked about another at most (`peersMaxCount`).
    pub recommenders_max: NonZeroU32,
    /// Which of the original's defects are kept.
    pub defects: FidesDefects,
}

impl Default for FidesConfig {
    fn default() -> Self {
        Self {
            initial_reputation: Confidence::HALF,
            service_history_max: HISTORY_MAX,
            aggregation: Aggregation::default(),
            evaluation: Evaluation::default(),
            even_satisfaction: Confidence::FULL,
            alert_trust_min: Confidence::HALF,
            has_recommendations: true,
            recommendation_history_max: HISTORY_MAX,
            selection: Selection::default(),
            recommender_trust_min: Confidence::clamped(0.8),
            recommenders_min: 1,
            recommenders_max: RECOMMENDERS_MAX,
            defects: FidesDefects::default(),
        }
    }
}
