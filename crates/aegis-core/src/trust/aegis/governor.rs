//! The governor: whether the network as a whole may move a verdict.
//!
//! Two experts speak in every case: this node alone, and this node with the network. In verified
//! cases the governor keeps account of what acting on the network gained over acting alone: the
//! network lives on credit that verified cases earn it, whatever all its voices do together. Without
//! credit it is not followed, and still compared, so that it can earn credit again.

use super::{AegisConfig, history::logistic};
use crate::{Truth, trust::model::Stance};

/// What speaks for the network against this node alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Governor {
    /// Right answers that it may still cost: `credit_min`…`credit_max`; it is followed from 0 on.
    pub(super) credit: f64,
}

/// What the two experts say of a case: log-odds of malice, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Experts {
    /// The prior, own detectors, and those whose trust the operator fixed.
    pub(super) alone: f64,
    /// All that and everybody else.
    pub(super) network: f64,
}

impl Governor {
    /// Returns the governor of a network that nothing speaks against. Its voices have earned nothing
    /// yet, so it cannot move anything either.
    pub(super) const fn new(config: &AegisConfig) -> Self {
        Self {
            credit: config.credit_max,
        }
    }

    /// Returns the log-odds of the expert that is followed.
    pub(super) fn govern(&self, experts: Experts) -> f64 {
        if self.credit >= 0.0 {
            experts.network
        } else {
            experts.alone
        }
    }

    /// Compares both experts with the truth, whichever was followed.
    pub(super) fn learn(&mut self, config: &AegisConfig, experts: Experts, truth: Truth) {
        let [alone, network] =
            [experts.alone, experts.network].map(|it| right(stance(config, it), truth));
        let gain = network - alone;
        let is_shadow = self.credit < 0.0;
        let earned = if is_shadow && gain > 0.0 {
            config.shadow_credit * gain
        } else {
            gain
        };
        self.credit = (self.credit + earned).clamp(config.credit_min, config.credit_max);
    }
}

/// Returns what to do at these log-odds of malice.
pub(super) fn stance(config: &AegisConfig, log_odds: f64) -> Stance {
    let probability = logistic(log_odds);
    if probability >= config.malicious_from {
        Stance::Malicious
    } else if probability <= config.benign_to {
        Stance::Benign
    } else {
        Stance::Unknown
    }
}

/// Returns how right it is to take `stance`: 0 wrong, one half to do nothing, 1 right.
pub(super) const fn right(stance: Stance, truth: Truth) -> f64 {
    match (stance, truth) {
        (Stance::Malicious, Truth::Malicious) | (Stance::Benign, Truth::Benign) => 1.0,
        (Stance::Malicious, Truth::Benign) | (Stance::Benign, Truth::Malicious) => 0.0,
        (Stance::Unknown, Truth::Malicious | Truth::Benign) => 0.5,
    }
}
