//! What a person sees of AEGIS in a browser: pages drawn from what the node answers, nothing else.
//!
//! Everything essential is in the HTML that the node sends; the one script only looks again now and
//! then. Nothing here knows a socket or HTTP, and no text gets into a page unescaped: see `markup`.

mod asset;
mod country;
mod desk;
mod draw;
mod frame;
mod gather;
mod land;
mod looker;
mod markup;
mod number;
mod order;
mod view;

use aegis_api::{Control, Shown, Site, Timestamp, Visit, VisitMethod};

use crate::desk::Desk;

/// The page of one node. Clones share what was gathered.
#[derive(Clone)]
pub struct Page<C> {
    desk: Desk<C>,
}

impl<C: Control> Page<C> {
    /// Returns the page of a node that answers through `control`.
    pub fn new(control: C, clock: fn() -> Timestamp) -> Self {
        Self {
            desk: Desk::new(control, clock),
        }
    }
}

impl<C: Control> Site for Page<C> {
    fn serves(&self, path: &str) -> bool {
        asset::find(path).is_some() || view::serves(path) || order::serves(path)
    }

    async fn show(&self, visit: Visit) -> Shown {
        if let (VisitMethod::Get, Some(asset)) = (visit.method, asset::find(&visit.path)) {
            return Shown::of(asset);
        }
        match visit.method {
            VisitMethod::Get => view::show(&self.desk, &visit).await,
            VisitMethod::Post => order::carry_out(&self.desk, &visit).await,
        }
    }
}
