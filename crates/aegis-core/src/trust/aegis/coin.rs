//! Two coins: how often somebody says malicious of the malicious and benign of the benign.
//!
//! After Dawid and Skene (1979), but fed by verified cases alone.

use crate::Truth;

/// Fading counts of verified cases, per truth: what was said of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Coins {
    /// Malicious, and said so.
    pub(super) malicious_right: f64,
    /// Malicious, and said to be benign.
    pub(super) malicious_wrong: f64,
    /// Benign, and said so.
    pub(super) benign_right: f64,
    /// Benign, and said to be malicious.
    pub(super) benign_wrong: f64,
}

/// How reliable somebody is, per truth: what share of each is named rightly, both in 0…1 exclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reliability {
    /// P(says malicious | malicious).
    pub(super) malicious: f64,
    /// P(says benign | benign).
    pub(super) benign: f64,
}

impl Coins {
    /// Counts a verified case with `weight` (0…1), and lets older ones of the same truth fade by
    /// a `half_life` in cases.
    ///
    /// The increment is scaled so that a long row of cases comes to the same sum whatever their
    /// weights: hence a right word never lowers the right count.
    pub(super) fn count(&mut self, said: Truth, truth: Truth, weight: f64, half_life: f64) {
        let fade = (-std::f64::consts::LN_2 / half_life).exp();
        let kept = fade.powf(weight);
        let added = (1.0 - kept) / (1.0 - fade);
        let (right, wrong) = match truth {
            Truth::Malicious => (&mut self.malicious_right, &mut self.malicious_wrong),
            Truth::Benign => (&mut self.benign_right, &mut self.benign_wrong),
        };
        *right *= kept;
        *wrong *= kept;
        if said == truth {
            *right += added;
        } else {
            *wrong += added;
        }
    }

    /// Returns the number of right words.
    pub(super) fn right(&self) -> f64 {
        self.malicious_right + self.benign_right
    }

    /// Returns the number of wrong words.
    pub(super) fn wrong(&self) -> f64 {
        self.malicious_wrong + self.benign_wrong
    }

    /// Returns the reliability per truth, drawn towards `centre` with the weight of `shrinkage`
    /// cases.
    pub(super) fn shrunk(&self, centre: Reliability, shrinkage: f64) -> Reliability {
        let mean = |right: f64, wrong: f64, centre: f64| {
            (shrinkage * centre + right) / (shrinkage + right + wrong)
        };
        Reliability {
            malicious: mean(self.malicious_right, self.malicious_wrong, centre.malicious),
            benign: mean(self.benign_right, self.benign_wrong, centre.benign),
        }
    }
}

impl Reliability {
    /// Returns the same reliability for either truth.
    pub(super) const fn even(share: f64) -> Self {
        Self {
            malicious: share,
            benign: share,
        }
    }

    /// Returns how many times likelier `said` is if it is true than if it is not.
    pub(super) fn likelihood_ratio(&self, said: Truth) -> f64 {
        match said {
            Truth::Malicious => self.malicious / (1.0 - self.benign),
            Truth::Benign => self.benign / (1.0 - self.malicious),
        }
    }
}
