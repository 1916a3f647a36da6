//! Drawings: SVG without text in it, so that it stretches to any width, with the words in HTML beside.

mod heat;
mod span;
mod spark;
mod timeline;
mod world;

use std::fmt::{self, Display};

pub(crate) use heat::{HeatRow, heat};
pub(crate) use span::{Column, DrawnSpan};
pub(crate) use spark::{spark, steps};
pub(crate) use timeline::timeline;
pub(crate) use world::world;

/// A coordinate, to a tenth.
pub(crate) struct At(pub(crate) f64);

impl Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        write!(f, "{}", tenths + 0.0) // -0 + 0 is 0
    }
}

#[cfg(test)]
mod tests;
