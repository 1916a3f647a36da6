//! The models of `aegis-core`, driven through the contract by which the Engine drives them.

use aegis_core::trust::aegis::{AegisConfig, AegisModel};
use aegis_core::trust::dovecot::{DovecotConfig, DovecotModel};
use aegis_core::trust::fides::evaluation::Evaluation;
use aegis_core::trust::fides::{FidesConfig, FidesModel};
use aegis_core::trust::model::{Case, Deed, Introduction, Recommendation, TrustModel, Verdict};
use aegis_core::{NodeId, Timestamp, Truth};

use super::{Contender, Entry};

pub(super) const AEGIS: Entry = Entry {
    name: "aegis",
    has_pretrust: false,
    hears_recommendations: false,
    start: |_| Box::new(Driven(AegisModel::new(AegisConfig::default()))),
};

/// Fides as it is shipped.
pub(super) const FIDES: Entry = Entry {
    name: "fides",
    has_pretrust: false,
    hears_recommendations: false,
    start: |_| Box::new(Driven(FidesModel::new(FidesConfig::default()))),
};

/// Fides with the rating of answers that its thesis found best.
pub(super) const FIDES_DISTANCE: Entry = Entry {
    name: "fides-distance",
    start: |_| {
        Box::new(Driven(FidesModel::new(FidesConfig {
            evaluation: Evaluation::Distance,
            ..FidesConfig::default()
        })))
    },
    ..FIDES
};

/// Dovecot as its thesis has it.
pub(super) const DOVECOT: Entry = Entry {
    name: "dovecot",
    start: |_| Box::new(Driven(DovecotModel::new(DovecotConfig::default()))),
    ..FIDES
};

/// A model of the product as a contender.
pub struct Driven<M>(pub M);

impl<M: TrustModel> Contender for Driven<M> {
    fn meet(&mut self, now: Timestamp, peer: NodeId, introduction: Introduction) {
        self.0.meet(now, peer, introduction);
    }

    fn judge(&self, now: Timestamp, case: &Case<'_>) -> Verdict {
        self.0.judge(now, case)
    }

    fn conclude(&mut self, now: Timestamp, case: &Case<'_>, verdict: &Verdict) {
        self.0.conclude(now, case, verdict);
    }

    fn learn(&mut self, now: Timestamp, case: &Case<'_>, truth: Truth) {
        self.0.learn(now, case, truth);
    }

    fn check_value(&self, now: Timestamp, case: &Case<'_>, verdict: &Verdict) -> f64 {
        self.0.check_value(now, case, verdict)
    }

    fn book(&mut self, now: Timestamp, peer: NodeId, deed: Deed) {
        self.0.book(now, peer, deed);
    }

    fn consider(
        &mut self,
        now: Timestamp,
        subject: NodeId,
        recommendations: &[(NodeId, Recommendation)],
    ) {
        self.0.consider(now, subject, recommendations);
    }

    fn influence_of(&self, now: Timestamp, peer: &NodeId) -> f64 {
        self.0.trust_of(now, peer).influence
    }

    fn bytes_of(&self, peer: &NodeId) -> Option<usize> {
        Some(self.0.save(peer)?.len())
    }
}
