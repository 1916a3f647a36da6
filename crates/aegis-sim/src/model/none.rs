//! None: a node without a network, which knows only what its own detectors say.

use aegis_core::Timestamp;
use aegis_core::trust::model::{Case, Verdict};

use super::{Contender, Entry, decide, local_log_odds};

pub(super) const ENTRY: Entry = Entry {
    name: "none",
    has_pretrust: false,
    hears_recommendations: false,
    start: |_| Box::new(Alone),
};

struct Alone;

impl Contender for Alone {
    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        decide(local_log_odds(case), 0)
    }
}
