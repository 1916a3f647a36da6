//! Fides as users of Slips' global peer-to-peer module know it, number for number.
//!
//! Source of the mathematics: L. Forst, *Fides* (CTU Prague, 2022), itself SORT (Can and Bhargava,
//! TDSC 2013) with the rating of answers added. Each submodule is a part of it as plain functions
//! on Fides' own scale, on which **-1 is malicious and +1 benign**; only [`FidesModel`] converts
//! to and from this house's scale, which runs the other way.
//!
//! Its design is kept with what is weak in it: no truth ever corrects it, the majority of voices
//! is its base line, requests and alerts earn trust, nothing fades, and a newcomer stands above a
//! veteran whose trust decayed. Defects of its *code* are mended, and [`FidesDefects`] brings back
//! those that show in its numbers: a lost update of recommendation trust, recommendation trust and
//! satisfaction without bounds, "I do not know" taken for slander, and enforced trust that cannot
//! lie below the initial one. Where it divides by zero, this knows nothing instead.

pub mod aggregation;
mod config;
pub mod evaluation;
mod model;
mod peer;
pub mod recommendation;
pub mod selection;
pub mod service;

pub use config::{FidesConfig, FidesDefects, Selection};
pub use model::FidesModel;
pub use peer::{FidesPeer, Pretrusted};

/// How far from 0 a reputation or a satisfaction may lie where the original's defects are kept:
/// far outside all it ever comes to, so that nothing grows without end.
const OUTLIER_MAX: f64 = 1e9;

impl FidesConfig {
    /// Returns `value` within 0…1, or nearly as it is where the original does not bound it.
    fn bounded(&self, value: f64) -> f64 {
        if self.defects.leaves_recommendations_unbounded {
            value.clamp(-OUTLIER_MAX, OUTLIER_MAX)
        } else {
            value.clamp(0.0, 1.0)
        }
    }
}

#[cfg(test)]
mod tests;
