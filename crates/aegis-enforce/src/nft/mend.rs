//! Writing the whole table anew, and finding out when that is needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::ErrorKind,
    ops::Bound,
    time::Duration,
};

use aegis_core::{Indicator, Timestamp};

use super::{
    GRACE, NftEnforcer, SMALL, Touched,
    clock::uptime,
    key::{Purpose, SetKey},
    listing::Held,
    script::{Elements, Tally},
};
use crate::{EnforceError, kernel::interface_index};

/// Entries that a sweep of a long list asks the kernel for; the next goes on behind them.
const SAMPLE: usize = 256;

/// What must be left of an element's life for a sweep to ask for it.
const SAMPLE_REMAINING_MIN: Duration = Duration::from_secs(10);

impl NftEnforcer {
    /// Puts a new table in place of the one that is there, in one transaction, with everything
    /// that is wanted and the counters as they were, and reads it back; once more where what is
    /// read is not what was written.
    pub(super) fn rewrite(&mut self) -> Result<(), EnforceError> {
        let before = self.look().ok(); // an error: it is not there, or not ours any more
        match self.write(before.as_deref()) {
            Err(EnforceError::Mismatch { .. }) => self.write(before.as_deref()),
            other => other,
        }
    }

    pub(super) fn write(&mut self, before: Option<&Held>) -> Result<(), EnforceError> {
        let tally = |it: &Indicator| {
            let element = before.and_then(|held| held.blocks.get(it));
            element.map(|it| it.tally).unwrap_or_default()
        };
        let empty = BTreeMap::<String, Tally>::new();
        let counters = before.map_or(&empty, |it| &it.counters);
        self.shape.hooks = self.hooks();
        let keys: BTreeSet<SetKey> = self.wanted.keys().collect();
        let start = uptime();
        let mut script = self.shape.replace(&keys, counters, &self.gone);
        self.shape.add_new(&mut script, &self.all_elements(tally));
        self.is_in_doubt = true;
        let result = match self.tool.change(&script) {
            Err(error) if error.kind() == ErrorKind::ArgumentListTooLong => {
                self.write_in_pieces(&keys, before)
            }
            other => other,
        };
        result.map_err(EnforceError::kernel("write the nftables table"))?;
        self.lag = uptime().saturating_sub(start);
        self.is_in_doubt = false;
        self.clock.settle();
        self.gone.clear();
        self.standing = keys;
        self.check_all()
    }

    /// Returns the interfaces that are there now.
    pub(super) fn hooks(&self) -> Vec<(String, u32)> {
        let names = self.interfaces.iter().map(|it| &it.name);
        let hook = |it: &String| Some((it.clone(), interface_index(it).ok()?));
        names.filter_map(hook).collect()
    }

    /// Hooks the table to each interface that came back under its name; returns whether any did.
    pub(crate) fn reattach(&mut self) -> Result<bool, EnforceError> {
        let hooks = self.hooks();
        if hooks.iter().all(|it| self.shape.hooks.contains(it)) {
            return Ok(false);
        }
        for state in &mut self.interfaces {
            if let Some((_, index)) = hooks.iter().find(|it| it.0 == state.name) {
                state.index = *index;
            }
        }
        self.rewrite()?;
        Ok(true)
    }

    /// Forgets what is over, mends deadlines after the host slept, and looks whether the table is
    /// still what it was made. Returns how many blocks were over; an error tells, once, that
    /// somebody changed the table, and that it is mended.
    pub(crate) fn sweep(&mut self, now: Timestamp) -> Result<usize, EnforceError> {
        self.clock.note(now);
        let has_drifted = self.clock.has_drifted();
        let mut touched = Touched::default();
        let over = self.forget_over(now, &mut touched);
        if has_drifted {
            tracing::info!("Clock stepped, mending deadlines");
        }
        let is_rehooked = self.hooks() != self.shape.hooks;
        if self.is_in_doubt || has_drifted || is_rehooked {
            self.rewrite()?;
            return Ok(over);
        }
        self.carry_out(&touched)?;
        if self.is_untouched()? {
            return Ok(over);
        }
        let counts = self.look().map(|held| self.check(&held));
        self.rewrite()?;
        Err(EnforceError::Mended {
            table: self.shape.table(),
            found: match counts {
                Ok(Err(error)) => error.to_string(),
                Ok(Ok(())) => "its rules had been written anew".to_owned(),
                Err(_) => "it was gone".to_owned(),
            },
        })
    }

    /// Returns whether the table is as we left it: looked through where it is short, else by its
    /// rules and some of its elements.
    fn is_untouched(&mut self) -> Result<bool, EnforceError> {
        let rules = self.known_rules();
        let Some(rules) = rules.filter(|_| self.wanted.len() > SMALL) else {
            return Ok(self.look().is_ok_and(|held| self.check(&held).is_ok()));
        };
        let mut script = String::new();
        let sample = self.sample();
        self.shape.expect(&mut script, &sample);
        self.shape.expect_rules(&mut script, &rules);
        self.would(&script)
    }

    /// Returns the next few blocks in order, round and round.
    fn sample(&mut self) -> Elements {
        let start = self.cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let present = self.clock.present();
        let some = self.wanted.blocks().range((start, Bound::Unbounded));
        let some: Vec<(Indicator, Timestamp)> =
            some.take(SAMPLE).map(|(it, end)| (*it, *end)).collect();
        self.cursor = some.last().map(|it| it.0);
        let mut elements = Elements::new();
        for (indicator, end) in some {
            if end.since(present) > SAMPLE_REMAINING_MIN.max(GRACE) {
                let key = SetKey::of(Purpose::Blocked, indicator);
                let put = self.put(key, indicator, Tally::default());
                elements.entry(key).or_default().insert(indicator, put);
            }
        }
        elements
    }
}
