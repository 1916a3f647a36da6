//! The history: written with everything else, kept within bounds, searched on a connection of its
//! own.

mod keep;
mod net;
mod query;
mod reader;
mod write;

pub use keep::HistoryBounds;
pub use query::{GroupBy, HistoryFilter, HistoryGroup};
pub use reader::HistoryReader;

pub(crate) use keep::keep_step;
pub(crate) use write::append;

#[cfg(test)]
mod tests;
