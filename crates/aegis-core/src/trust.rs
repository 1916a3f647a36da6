//! How much an author's word weighs. The one place that says so.

pub mod model;

use crate::{NodeId, PeerClass, Statement};

/// How sure somebody is: 0…1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Confidence(f64); // never NaN, always within 0..=1

impl Confidence {
    /// Not sure at all.
    pub const NONE: Self = Self(0.0);
    /// As sure as not.
    pub const HALF: Self = Self(0.5);
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

    /// Returns whole percent, rounded down: 0…100.
    pub const fn percent(self) -> u8 {
        (self.0 * 100.0) as u8
    }
}

/// A trust model: says how much the word of an author weighs.
pub trait Weigh: Send {
    /// Returns how far `statement` is to be believed because `author`, a peer of `class`, made it.
    fn weigh(&self, author: &NodeId, class: PeerClass, statement: &Statement) -> Confidence;

    /// Returns how far `author` is believed in general, for showing.
    fn standing(&self, author: &NodeId, class: PeerClass) -> Confidence;
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

impl Weigh for Preset {
    fn weigh(&self, author: &NodeId, class: PeerClass, _statement: &Statement) -> Confidence {
        self.standing(author, class)
    }

    fn standing(&self, _author: &NodeId, class: PeerClass) -> Confidence {
        match (self, class) {
            (_, PeerClass::Configured) | (Self::Lan, PeerClass::Lan) => Confidence::FULL,
            (Self::Fleet | Self::Open, PeerClass::Lan) | (_, PeerClass::Dht) => Confidence::NONE,
        }
    }
}
