//! How much an author's word weighs: the scale, what peers start from, and the models.

pub mod aegis;
#[cfg(test)]
mod contract;
pub mod dovecot;
pub mod fides;
mod memory;
pub mod model;
mod product;
mod roster;

pub use product::PRODUCT_MIN;

use crate::{PeerClass, trust::model::Introduction};

/// How sure somebody is: 0…1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Confidence(f64); // never NaN, always within 0..=1

impl Confidence {
    /// Not sure at all.
    pub const NONE: Self = Self(0.0);
    /// As sure as not.
    pub const HALF: Self = Self(0.5);
    /// Sure, but for what nobody can rule out.
    pub const HIGH: Self = Self(0.9);
    /// Wholly sure.
    pub const FULL: Self = Self(1.0);

    /// Returns the confidence, or `None` outside 0…1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// Returns `value` brought into 0…1; what is not a number is `NONE`.
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() {
            return Self::NONE;
        }
        Self(value.clamp(0.0, 1.0))
    }

    /// Returns the number, 0…1.
    pub const fn value(self) -> f64 {
        self.0
    }

    /// Returns whole percent, rounded to the nearest: 0…100.
    pub const fn percent(self) -> u8 {
        (self.0 * 100.0 + 0.5) as u8
    }
}

/// Trust that follows from how a peer was met, and from nothing else.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Preset {
    /// Peers of the local network and configured peers are believed.
    #[default]
    Lan,
    /// Only configured peers are believed.
    Fleet,
    /// Only configured peers are believed until others have earned it.
    Open,
}

impl Preset {
    /// Returns what a peer starts from that was met like this and of which nothing else is said.
    pub const fn introduction(self, class: PeerClass) -> Introduction {
        let pretrust = match (self, class) {
            (_, PeerClass::Configured) | (Self::Lan, PeerClass::Lan) => Confidence::FULL,
            (Self::Fleet | Self::Open, PeerClass::Lan) | (_, PeerClass::Dht) => Confidence::NONE,
        };
        Introduction {
            pretrust,
            is_fixed: false,
        }
    }
}
