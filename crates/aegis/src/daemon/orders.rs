//! What operators ordered before that lies beside the store: the mode, names and regions.

use aegis_core::Timestamp;
use tokio::sync::mpsc;

use super::{
    mode::Switch,
    names::{Names, Resolved},
    places::{News, PlaceDesk},
};
use crate::config::Config;

/// What operators ordered before that lies beside the store.
pub(super) struct Orders {
    pub(super) switch: Switch,
    pub(super) names: Names,
    pub(super) places: PlaceDesk,
}

impl Orders {
    /// Reads it, and has the configuration observe where that was ordered.
    pub(super) fn open(
        config: &mut Config,
        now: Timestamp,
    ) -> (Self, mpsc::Receiver<Resolved>, mpsc::Receiver<News>) {
        let dir = config.state_dir.clone();
        let switch = Switch::open(&dir, config.observe, now);
        config.observe = switch.is_observing();
        let (names, names_rx) = Names::open(&dir);
        let databases = config.place.databases.clone();
        let (places, places_rx) = PlaceDesk::open(&dir, databases, &config.place.regions, now);
        let orders = Self {
            switch,
            names,
            places,
        };
        (orders, names_rx, places_rx)
    }
}
