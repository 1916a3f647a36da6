//! Anchors: figures that the original Fides and Dovecot reached, and what ours reach in the same
//! experiments. They show that the arena's opponents are the real ones.

pub mod dovecot;
pub mod fides;

use std::fmt::Write;

/// How far a figure may be from the original's.
pub const TOLERANCE: f64 = 0.03;

/// One figure of the originals.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// Which experiment it is.
    pub name: String,
    /// What the original reached.
    pub original: f64,
    /// What ours reaches.
    pub found: f64,
    /// How far the original's own figure may be off, because it is a mean of few runs: three
    /// standard errors.
    pub noise: f64,
}

impl Anchor {
    /// Returns whether both agree.
    pub fn holds(&self) -> bool {
        (self.found - self.original).abs() <= TOLERANCE + self.noise
    }
}

/// Writes anchors for a person.
pub fn text(anchors: &[Anchor]) -> String {
    let mut text = String::new();
    for anchor in anchors {
        let Anchor {
            name,
            original,
            found,
            noise,
        } = anchor;
        let word = if anchor.holds() { "" } else { "  DIFFERS" };
        // A String takes everything.
        let _ = writeln!(
            text,
            "{name:<56} original {original:.3}  here {found:.3}  ± {:.3}{word}",
            TOLERANCE + noise
        );
    }
    text
}
