//! The next generation, made in a thread of its own before it is needed.
//!
//! The kernel takes more than a tenth of a second to check programs, and most of one on a busy host.
//! Whoever changes the lists must not wait for that in the middle of an attack, so larger lists are
//! made as soon as it can be foreseen that they will be wanted.

use std::{mem, path::PathBuf, thread};

use aegis_abi::Config;
use aegis_core::Indicator;

use super::{
    KernelEnforcer,
    generation::{Base, Generation},
    lists::Demand,
    pins::Pins,
};
use crate::EnforceError;

/// A generation that is being made, or is made and not in force.
#[derive(Debug)]
pub(super) struct Ahead {
    /// What it is made for.
    demand: Demand,
    /// `None` once its end was awaited.
    thread: Option<thread::JoinHandle<Result<Generation, EnforceError>>>,
    pins: Pins,
}

impl Ahead {
    /// Begins to make a generation for so many entries.
    fn begin(maker: Maker, demand: Demand) -> std::io::Result<Self> {
        let pins = maker.pins.clone();
        let make = move || maker.base().make(maker.config, demand);
        let thread = thread::Builder::new()
            .name("aegis-ahead".to_owned())
            .spawn(make)?;
        Ok(Self {
            demand,
            thread: Some(thread),
            pins,
        })
    }

    /// Waits until it is made; `None` where it could not be made.
    fn finish(mut self) -> Option<Generation> {
        let thread = self.thread.take()?;
        match thread.join() {
            Ok(Ok(generation)) => Some(generation),
            Ok(Err(error)) => {
                tracing::warn!(%error, "Larger tables could not be made ahead");
                None
            }
            Err(_) => None, // it panicked, and said so
        }
    }
}

impl Drop for Ahead {
    /// Leaves nothing of a generation that nobody took.
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // whatever became of it is not wanted
            let _ = self.pins.remove_unfinished(); // what stays, the next one removes
        }
    }
}

/// What a thread needs to make a generation by itself.
struct Maker {
    pins: Pins,
    object: Option<PathBuf>,
    is_answering: bool,
    config: Config,
}

impl Maker {
    fn base(&self) -> Base<'_> {
        Base {
            pins: &self.pins,
            object: self.object.as_deref(),
            shared: "",
            is_answering: self.is_answering,
        }
    }
}

impl KernelEnforcer {
    /// Begins to make larger lists where half as many entries again would not fit.
    pub(super) fn look_ahead(&mut self) {
        let demand = self.lists.demand();
        if self.ahead.is_some() || self.lists.has_room_for(demand.half()) {
            return;
        }
        let larger = self.larger(Demand::default());
        if self.lists.has_room_for(larger - demand) {
            return; // they are as large as they may be
        }
        self.begin_ahead(larger);
    }

    fn begin_ahead(&mut self, demand: Demand) {
        let maker = Maker {
            pins: self.pins.clone(),
            object: self.options.object.clone(),
            is_answering: self.options.is_answering,
            config: self.first_config(),
        };
        let begun = self.pins.settle().and_then(|()| {
            Ahead::begin(maker, demand).map_err(EnforceError::kernel("start a thread"))
        });
        match begun {
            Ok(ahead) => self.ahead = Some(ahead),
            Err(error) => tracing::warn!(%error, "Larger tables are not made ahead"),
        }
    }

    /// Makes lists in a thread of its own where `count` more blocks would not fit that come soon, of kinds
    /// like those of `sample`; returns at once. Half as many again then fit, too.
    ///
    /// Blocks that come in many parts would else have the lists made anew several times on the way.
    pub(crate) fn expect(&mut self, sample: &[Indicator], count: usize) {
        let more = Demand::of(sample.iter()).scaled(count, sample.len());
        let demand = self.lists.demand() + more;
        if self.lists.has_room_for(more) {
            return;
        }
        let wanted = self.options.capacity.limit(demand + demand.half());
        if self
            .ahead
            .as_ref()
            .is_none_or(|it| it.demand.max(wanted) != it.demand)
        {
            self.ahead = None; // it waits for its thread: there is one at a time
            self.begin_ahead(wanted);
        }
    }

    /// Returns for how many entries lists are made that have to hold `more`: twice what is needed,
    /// so that growing stays rare, but no more than may ever be there.
    pub(super) fn larger(&self, more: Demand) -> Demand {
        let demand = self.lists.demand() + more;
        let capacity = self.options.capacity;
        capacity.limit(demand + demand).max(demand)
    }

    /// Makes a generation for so many entries, or takes the one that was made ahead where it is as
    /// large; nothing uses it yet.
    pub(super) fn next_generation(&mut self, demand: Demand) -> Result<Generation, EnforceError> {
        let config = self.first_config();
        if let Some(ahead) = mem::take(&mut self.ahead)
            && ahead.demand.max(demand) == ahead.demand
            && let Some(mut generation) = ahead.finish()
        {
            let lists = &mut generation.lists;
            lists.config = config;
            lists.sizes().write(&mut lists.config);
            return Ok(generation);
        }
        self.pins.settle()?; // or the maps of a change that failed would be taken for new ones
        let base = Base {
            pins: &self.pins,
            object: self.options.object.as_deref(),
            shared: "",
            is_answering: self.options.is_answering,
        };
        base.make(config, demand)
    }
}
