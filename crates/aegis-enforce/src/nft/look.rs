//! Reading the table back: what the kernel holds, and whether that is what is wanted.

use std::{
    io,
    sync::{Arc, PoisonError},
    time::Duration,
};

use aegis_abi::Counter;
use aegis_core::{Indicator, Ruleset, Timestamp};

use super::{
    GRACE, NftEnforcer, SMALL,
    clock::uptime,
    key::{Purpose, SetKey},
    listing::{Element, Held, read_table},
    pieces::PIECE,
    script::{Elements, Family, Tally, counter_name},
};
use crate::{Blocked, Capacity, Counters, EnforceError, Enforcement};

/// More than nft prints of an element.
const ELEMENT_BYTES_MAX: usize = 256;
/// More than it prints of everything else.
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// The least that a reading serves, and what it serves for each entry: so that reading takes a
/// small part of the time, however long the list and however often it is asked for.
const SERVES_MIN: Duration = Duration::from_millis(100);
const SERVES_FOR_EACH: Duration = Duration::from_micros(200);

/// What was read, and when.
#[derive(Debug)]
pub(super) struct Seen {
    span: Span,
    uptime: Duration,
    held: Arc<Held>,
}

/// When a reading began and ended. What it tells of an element was true at some time within.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: Timestamp,
    until: Timestamp,
}

impl NftEnforcer {
    /// Returns the live blocks as the kernel holds them, in order.
    pub(crate) fn blocklist(&self, now: Timestamp) -> Result<Vec<Blocked>, EnforceError> {
        let held = self.held()?;
        let span = self.span();
        let live = held
            .blocks
            .iter()
            .filter_map(|(it, element)| self.to_blocked((now, span), *it, *element));
        Ok(live.collect())
    }

    /// Returns the live blocks of exactly these indicators, as the kernel holds them.
    pub(crate) fn entries(
        &self,
        now: Timestamp,
        indicators: &[Indicator],
    ) -> Result<Vec<Blocked>, EnforceError> {
        let held = self.held()?;
        let span = self.span();
        let entries = indicators.iter().filter_map(|it| {
            let element = held.blocks.get(it)?;
            self.to_blocked((now, span), *it, *element)
        });
        Ok(entries.collect())
    }

    /// Returns whether packets from all of `indicator` are dropped. The kernel is asked for each
    /// block that should do it.
    pub(crate) fn is_blocked(
        &self,
        now: Timestamp,
        indicator: Indicator,
    ) -> Result<bool, EnforceError> {
        if self.wanted.is_exempt(indicator) {
            return Ok(false);
        }
        for block in self.wanted.blocks_over(now, indicator) {
            let key = SetKey::of(Purpose::Blocked, block);
            let put = self.put(key, block, Tally::default());
            if self.is_as(&[(key, [(block, put)].into())].into())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns what the rules counted.
    pub(crate) fn counters(&self) -> Result<Counters, EnforceError> {
        let held = self.held()?;
        let tally = |it| held.counters.get(&counter_name(it)).copied();
        let tally = |it| tally(it).unwrap_or_default();
        let (seen, dropped) = (tally(Counter::Packets), tally(Counter::Dropped));
        let mut counters = aegis_abi::Counters::default();
        let mut set = |counter: Counter, value: u64| {
            if let Some(slot) = counters.values.get_mut(counter as usize) {
                *slot = value;
            }
        };
        for counter in super::script::COUNTERS {
            set(counter, tally(counter).packets);
        }
        set(Counter::Bytes, seen.bytes);
        set(Counter::DroppedBytes, dropped.bytes);
        set(Counter::EarlyDrops, dropped.packets);
        set(
            Counter::Passed,
            seen.packets.saturating_sub(dropped.packets),
        );
        Ok(Counters::of_totals(counters))
    }

    /// Returns the table as it was read last, read again where that is too long ago.
    pub(super) fn held(&self) -> Result<Arc<Held>, EnforceError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_ref() {
            let count = u32::try_from(seen.held.len()).unwrap_or(u32::MAX);
            let serves = SERVES_FOR_EACH.saturating_mul(count).max(SERVES_MIN);
            if uptime().saturating_sub(seen.uptime) < serves {
                return Ok(Arc::clone(&seen.held));
            }
        }
        drop(seen);
        self.look()
            .map_err(EnforceError::kernel("read the nftables sets"))
    }

    /// Reads the table now.
    pub(super) fn look(&self) -> io::Result<Arc<Held>> {
        let from = self.clock.present();
        let mut held = self.look_at(self.shape.family, self.wanted.len())?;
        let until = self.clock.present();
        self.complete(&mut held, until)?;
        let held = Arc::new(held);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some(Seen {
            span: Span { from, until },
            uptime: uptime(),
            held: Arc::clone(&held),
        });
        Ok(held)
    }

    /// Adds what the list leaves out and the kernel has: a listing that the kernel resizes a hash
    /// table under, as after a long list was written, can miss elements. A dry run does not.
    fn complete(&self, held: &mut Held, until: Timestamp) -> io::Result<()> {
        let is_missing = |it: &Indicator, end: Timestamp| {
            end.since(until) > GRACE && !held.blocks.contains_key(it)
        };
        let missing = self.wanted.blocks().iter();
        let missing: Vec<(Indicator, Timestamp)> = missing
            .filter(|(it, end)| is_missing(it, **end))
            .map(|(it, end)| (*it, *end))
            .collect();
        for piece in missing.chunks(PIECE) {
            let mut elements = Elements::new();
            for (indicator, _) in piece {
                let key = SetKey::of(Purpose::Blocked, *indicator);
                let put = self.put(key, *indicator, Tally::default());
                elements.entry(key).or_default().insert(*indicator, put);
            }
            let mut script = String::new();
            self.shape.expect(&mut script, &elements);
            match self.tool.try_out(&script) {
                Ok(()) => {}
                Err(error) if is_no(&error) => break, // they really are missing
                Err(error) => return Err(error),
            }
            let element = |end: Timestamp| Element {
                expires_secs: Some(end.since(until).as_secs()),
                tally: Tally::default(),
            };
            let found = piece.iter().map(|(it, end)| (*it, element(*end)));
            held.blocks.extend(found);
        }
        Ok(())
    }

    /// Reads the table of a family that is to hold about so many entries.
    pub(super) fn look_at(&self, family: Family, expected: usize) -> io::Result<Held> {
        let bytes_max = FRAME_BYTES_MAX + ELEMENT_BYTES_MAX * 2 * expected.max(SMALL);
        let table = ["table", family.as_str(), &self.shape.name];
        read_table(&self.tool.list_all(&table, bytes_max)?)
    }

    /// Takes a change that the kernel has made into what was read last, where reading it again
    /// costs more than a moment.
    pub(super) fn patch(&self, elements: &Elements, is_reshaped: bool) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.as_ref().is_none_or(|it| it.held.len() <= SMALL) {
            *seen = None;
            return;
        }
        let Some(seen) = seen.as_mut() else { return };
        let elapsed = self.clock.present().since(seen.span.until);
        let held = Arc::make_mut(&mut seen.held);
        if is_reshaped {
            held.rules.clear();
        }
        let blocked = elements
            .iter()
            .filter(|it| it.0.purpose == Purpose::Blocked);
        for (indicator, put) in blocked.flat_map(|it| it.1) {
            let Some(put) = put else {
                held.blocks.remove(indicator);
                continue;
            };
            let element = Element {
                // As if it had been there when the others were read.
                expires_secs: put.remaining.map(|it| (it + elapsed).as_secs()),
                tally: put.tally,
            };
            held.blocks.insert(*indicator, element);
        }
    }

    /// Notes that the numbers of the rules are others than those read last.
    pub(super) fn forget_rules(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_mut() {
            Arc::make_mut(&mut seen.held).rules.clear();
        }
    }

    /// Returns the numbers of the rules, where they were read since they were written.
    pub(super) fn known_rules(&self) -> Option<Vec<(String, u64)>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = &seen.as_ref()?.held.rules;
        (!rules.is_empty()).then(|| rules.clone())
    }

    /// Asks the kernel whether it holds what it was just given: everything of a short list, and
    /// of a long one what was touched. The rest of it is the sweep's.
    pub(super) fn ask_back(&mut self, mut elements: Elements) -> Result<(), EnforceError> {
        if self.wanted.len() <= SMALL {
            return self.check_all();
        }
        elements.retain(|key, _| self.standing.contains(key));
        for elements in elements.values_mut() {
            elements.retain(|_, put| put.is_none_or(|it| !is_ending(it.remaining)));
        }
        if self.is_as(&elements)? {
            return Ok(());
        }
        self.is_in_doubt = true;
        self.check_all()
    }

    /// Reads everything and compares it with what is wanted.
    pub(super) fn check_all(&mut self) -> Result<(), EnforceError> {
        let result = self
            .look()
            .map_err(EnforceError::kernel("read the nftables sets"))
            .and_then(|held| self.check(&held));
        self.is_in_doubt |= result.is_err();
        result
    }

    /// Returns an error that counts where the kernel holds something else than is wanted.
    pub(super) fn check(&self, held: &Held) -> Result<(), EnforceError> {
        let span = self.span();
        let is_held = |it: &Indicator, end: Timestamp| match held.blocks.get(it) {
            Some(element) if self.is_near(span, element.expires_secs, end) => true,
            Some(_) | None => end.since(span.until) <= GRACE,
        };
        let blocks = self.wanted.blocks().iter();
        let blocks = blocks.filter(|(it, end)| is_held(it, **end)).count();
        let exemptions = self.wanted.exemptions().iter();
        let exemptions = exemptions
            .filter(|(it, why)| held.exemptions.get(*it) == Some(*why))
            .count();
        let is_surplus = |it: &Indicator, element: &Element| {
            let is_over = element.expires_secs.is_some_and(|it| it <= GRACE.as_secs());
            !is_over && !self.wanted.blocks().contains_key(it)
        };
        let surplus = held.blocks.iter();
        let surplus = surplus
            .filter(|(it, element)| is_surplus(it, element))
            .count();
        let is_unknown = |it: &&Indicator| !self.wanted.exemptions().contains_key(*it);
        let unknown = held.exemptions.keys().filter(is_unknown).count();
        let rules = held.rules.len().saturating_sub(self.rules());
        let surplus = surplus + unknown + held.foreign + rules;
        let (intended, actual) = (self.wanted.len(), blocks + exemptions);
        if actual == intended && surplus == 0 && held.rules.len() == self.rules() {
            return Ok(());
        }
        Err(EnforceError::Mismatch {
            intended,
            actual,
            surplus,
            rules_missing: self.rules().saturating_sub(held.rules.len()),
        })
    }

    /// Returns what was read back last beside `ruleset`; it is read again where that is old.
    pub(crate) fn enforcement(
        &self,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Enforcement, EnforceError> {
        let held = self.held()?;
        let blocks = ruleset.blocks();
        let is_missing = |(it, end): &(&Indicator, &Timestamp)| {
            end.since(now) > GRACE && !held.blocks.contains_key(*it)
        };
        let is_surplus = |(indicator, element): &(&Indicator, &Element)| {
            let is_over = element.expires_secs.is_some_and(|it| it <= GRACE.as_secs());
            !is_over && !blocks.contains_key(*indicator)
        };
        let mut found = Enforcement {
            intended: blocks.len(),
            actual: held.blocks.len(),
            missing: blocks.iter().filter(is_missing).count(),
            surplus: held.blocks.iter().filter(is_surplus).count(),
            ..Enforcement::new(now)
        };
        match self.check(&held) {
            Ok(()) => {}
            Err(EnforceError::Mismatch { rules_missing, .. }) if rules_missing > 0 => {
                found.others_differing = rules_missing;
            }
            // Neither too few nor too many: some are not as they are to be.
            Err(EnforceError::Mismatch { .. }) if found.is_in_agreement() => {
                found.others_differing = 1;
            }
            Err(EnforceError::Mismatch { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(found)
    }

    /// Returns whether the kernel holds exactly what `elements` say of each.
    pub(super) fn is_as(&self, elements: &Elements) -> Result<bool, EnforceError> {
        let mut script = String::new();
        self.shape.expect(&mut script, elements);
        self.would(&script)
    }

    /// Returns whether the kernel would carry out `script`, which it does not.
    pub(super) fn would(&self, script: &str) -> Result<bool, EnforceError> {
        if script.is_empty() {
            return Ok(true);
        }
        match self.tool.try_out(script) {
            Ok(()) => Ok(true),
            Err(error) if is_no(&error) => Ok(false),
            Err(error) => Err(EnforceError::kernel("ask the nftables sets")(error)),
        }
    }

    pub(super) fn rules(&self) -> usize {
        self.shape.rules(&self.standing)
    }

    fn span(&self) -> Span {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let present = self.clock.present();
        let nothing = Span {
            from: present,
            until: present,
        };
        seen.as_ref().map_or(nothing, |it| it.span)
    }

    /// Returns whether an element that had so many seconds left when it was read ends when it is
    /// to, as far as that can be told: nft rounds down, reading a long list takes its time, and
    /// so did writing it, by which everything in it ends late.
    fn is_near(&self, span: Span, secs: Option<u64>, end: Timestamp) -> bool {
        let earliest = end.since(span.until + GRACE);
        let latest = end.since(span.from) + self.lag + GRACE;
        secs.is_some_and(|it| (earliest.as_secs()..=latest.as_secs()).contains(&it))
    }

    fn to_blocked(
        &self,
        (now, span): (Timestamp, Span),
        indicator: Indicator,
        element: Element,
    ) -> Option<Blocked> {
        let wanted = self.wanted.blocks().get(&indicator).copied();
        let secs = element.expires_secs;
        let held = span.until + Duration::from_secs(secs.unwrap_or(u64::MAX / 2000));
        // The kernel tells whole seconds; we know better where it means the same.
        let is_same = |it: &Timestamp| self.is_near(span, secs, *it);
        let expires_at = wanted.filter(is_same).unwrap_or(held);
        (now < expires_at).then_some(Blocked {
            indicator,
            expires_at,
            packets: element.tally.packets,
            bytes: element.tally.bytes,
            violations: 0,
            last_seen: None,
            is_from_detector: false,
        })
    }
}

/// Returns how many entries a table of this capacity may hold.
pub(super) fn entries_max(capacity: Capacity) -> usize {
    let Capacity {
        hosts_v4,
        hosts_v6,
        prefixes,
    } = capacity;
    hosts_v4 as usize + 2 * (hosts_v6 as usize + prefixes as usize)
}

/// Returns whether the kernel said that something is not there, or is there already.
fn is_no(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists
    )
}

fn is_ending(remaining: Option<Duration>) -> bool {
    remaining.is_some_and(|it| it <= GRACE)
}
