//! What Fides keeps of one peer, how it starts, and how an interaction changes it.

use super::service::{self, Beliefs, FIRST_ENCOUNTER_WEIGHT, Interaction};
use super::{FidesConfig, OUTLIER_MAX};
use crate::trust::memory::{Reader, Writer};
use crate::trust::roster::Remember;

/// What Fides keeps of one peer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FidesPeer {
    /// How far its opinions are trusted (st): 0…1.
    pub service_trust: f64,
    /// What is thought of it without own experience (r): 0…1 unless the original's defects are
    /// kept.
    pub reputation: f64,
    /// How far its recommendations are trusted (rt): as `reputation`.
    pub recommendation_trust: f64,
    /// What its interactions come to (cb, ib).
    pub beliefs: Beliefs,
    /// How many made its reputation (η).
    pub recommenders: u32,
    /// Whether its trust never changes.
    pub is_fixed: bool,
    /// Its newest interactions, the oldest first.
    pub interactions: Vec<Interaction>,
    /// Its newest recommendations, the oldest first.
    pub recommendations: Vec<Interaction>,
}

/// Trust in advance, in a peer or in an organisation that vouches for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pretrusted {
    /// How far it is trusted: 0…1.
    pub trust: f64,
    /// Whether whoever inherits this trust keeps it whatever it does (`enforceTrust`).
    pub is_enforced: bool,
}

impl FidesPeer {
    /// Returns a peer just met: `itself` where it is trusted in advance, `organisations` those
    /// known ones that vouch for it, of which the most trusted counts.
    pub fn met(
        config: &FidesConfig,
        itself: Option<Pretrusted>,
        organisations: &[Pretrusted],
    ) -> Self {
        let initial = config.initial_reputation.value();
        let mut peer = Self {
            reputation: initial,
            recommendation_trust: initial,
            recommenders: 1,
            ..Self::default()
        };
        if let Some(itself) = itself {
            peer.inherit(config, itself);
            peer.recommenders += 1;
        }
        let leading = organisations.iter().reduce(|leading, it| {
            if it.trust > leading.trust {
                it
            } else {
                leading
            }
        });
        if let Some(leading) = leading {
            let vouching = u32::try_from(organisations.len()).unwrap_or(u32::MAX);
            peer.recommenders = peer.recommenders.saturating_add(vouching);
            peer.inherit(config, *leading);
        }
        peer.interact(config, Interaction::perfect(FIRST_ENCOUNTER_WEIGHT));
        peer
    }

    /// Returns this peer as if it had been met with `itself` trusted so, and had done all it did.
    pub fn met_again(self, config: &FidesConfig, itself: Option<Pretrusted>) -> Self {
        let mut peer = Self {
            interactions: self.interactions,
            recommendations: self.recommendations,
            ..Self::met(config, itself, &[])
        };
        peer.assess(config);
        if !peer.recommendations.is_empty() {
            peer.assess_recommendations(config);
        }
        peer
    }

    /// Takes in one interaction.
    pub fn interact(&mut self, config: &FidesConfig, interaction: Interaction) {
        self.interactions.push(interaction);
        service::forget_oldest(&mut self.interactions, config.service_history_max);
        self.assess(config);
    }

    /// Takes in one recommendation that this peer gave: how good it was, and how much it weighs.
    pub fn recommend(&mut self, config: &FidesConfig, recommendation: Interaction) {
        self.recommendations.push(recommendation);
        service::forget_oldest(&mut self.recommendations, config.recommendation_history_max);
        self.assess_recommendations(config);
    }

    /// Brings a peer that another configuration may have made within this one's bounds.
    pub(super) fn fit(&mut self, config: &FidesConfig) {
        self.reputation = config.bounded(self.reputation);
        self.recommendation_trust = config.bounded(self.recommendation_trust);
        for recommendation in &mut self.recommendations {
            recommendation.satisfaction = config.bounded(recommendation.satisfaction);
        }
        service::forget_oldest(&mut self.interactions, config.service_history_max);
        service::forget_oldest(&mut self.recommendations, config.recommendation_history_max);
    }

    /// Draws service trust from the interactions.
    fn assess(&mut self, config: &FidesConfig) {
        if self.is_fixed {
            return;
        }
        self.beliefs = service::beliefs(&self.interactions);
        let fullness = service::fullness(&self.interactions, config.service_history_max);
        let trust = service::trust(self.beliefs, fullness, self.reputation);
        self.service_trust = trust.clamp(0.0, 1.0);
    }

    /// Draws recommendation trust from the recommendations.
    fn assess_recommendations(&mut self, config: &FidesConfig) {
        let beliefs = service::beliefs(&self.recommendations);
        let fullness = service::fullness(&self.recommendations, config.recommendation_history_max);
        let trust = service::trust(beliefs, fullness, self.reputation);
        self.recommendation_trust = config.bounded(trust);
    }

    fn inherit(&mut self, config: &FidesConfig, pretrusted: Pretrusted) {
        let is_taken_as_said = pretrusted.is_enforced && !config.defects.floors_enforced_trust;
        self.reputation = if is_taken_as_said {
            pretrusted.trust
        } else {
            self.reputation.max(pretrusted.trust)
        };
        self.recommendation_trust = self.reputation;
        if pretrusted.is_enforced {
            self.is_fixed = true;
            self.service_trust = self.reputation;
            self.beliefs = Beliefs {
                competence: 1.0,
                integrity: 1.0,
            };
        }
    }
}

impl Remember for FidesPeer {
    fn experience(&self) -> u64 {
        // The first encounter is nothing that it has been through.
        self.interactions.len().saturating_sub(1) as u64
    }

    fn write(&self, writer: &mut Writer) {
        writer.put_f64(self.service_trust);
        writer.put_f64(self.reputation);
        writer.put_f64(self.recommendation_trust);
        writer.put_f64(self.beliefs.competence);
        writer.put_f64(self.beliefs.integrity);
        writer.put_u32(self.recommenders);
        writer.put_bool(self.is_fixed);
        write_history(writer, &self.interactions);
        write_history(writer, &self.recommendations);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            service_trust: reader.take_confidence()?.value(),
            reputation: reader.take_f64(OUTLIER_MAX)?,
            recommendation_trust: reader.take_f64(OUTLIER_MAX)?,
            beliefs: Beliefs {
                competence: reader.take_confidence()?.value(),
                integrity: reader.take_confidence()?.value(),
            },
            recommenders: reader.take_u32()?,
            is_fixed: reader.take_bool()?,
            interactions: read_history(reader, |it| Some(it.take_confidence()?.value()))?,
            recommendations: read_history(reader, |it| it.take_f64(OUTLIER_MAX))?,
        })
    }
}

/// Writes a history. It fits one byte of length: its bound is a `NonZeroU8`.
fn write_history(writer: &mut Writer, history: &[Interaction]) {
    let length = u8::try_from(history.len()).unwrap_or(u8::MAX);
    writer.put_u8(length);
    for interaction in &history[..usize::from(length)] {
        writer.put_f64(interaction.satisfaction);
        writer.put_f64(interaction.weight);
    }
}

/// Reads a history, its satisfactions with `take_satisfaction`.
fn read_history<'a>(
    reader: &mut Reader<'a>,
    take_satisfaction: impl Fn(&mut Reader<'a>) -> Option<f64>,
) -> Option<Vec<Interaction>> {
    let length = reader.take_u8()?;
    let interactions = (0..length).map(|_| {
        Some(Interaction {
            satisfaction: take_satisfaction(reader)?,
            weight: reader.take_confidence()?.value(),
        })
    });
    interactions.collect()
}
