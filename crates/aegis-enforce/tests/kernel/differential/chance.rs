//! Chance: indicators that overlap, and sources close to them. The same seed gives the same.

use std::time::Duration;

use aegis_core::{Change, Exemption, Indicator, Timestamp};

use super::model::{Model, Source, low_bits, range};
use crate::support::HOUR;

const DAY: Duration = Duration::from_secs(86_400);

/// Random numbers (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Clone, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Returns any address; now and then one that is all zero, or all but its first byte: IPv4 ones
    /// like these lie in no bucket.
    fn anywhere(&mut self) -> Source {
        let is_v6 = self.percent(50);
        let bits = match (is_v6, self.below(100)) {
            (_, 0) => 0,
            (false, 1) => u128::from(self.next() as u32 & 0xff00_0000),
            (false, _) => u128::from(self.next() as u32),
            (true, _) => low_bits(116) & self.wide() | 0x2001_0000 << 96,
        };
        Source { is_v6, bits }
    }

    /// Returns an address in `indicator`; for `share` of a hundred with one bit of it changed,
    /// near where the prefix ends.
    fn near(&mut self, indicator: &Indicator, share: usize) -> Source {
        let (first, last) = range(indicator);
        let is_v6 = !indicator.is_ipv4();
        let mut bits = first | (last ^ first) & self.wide();
        if self.percent(share) {
            let size = if is_v6 { 128 } else { 32 };
            let end = size - u32::from(indicator.prefix_len());
            let bit = (end + self.below(5) as u32).saturating_sub(2).min(size - 1);
            bits ^= 1 << bit;
        }
        Source { is_v6, bits }
    }

    /// Returns a source for a packet: most lie near something that is known.
    pub(super) fn source(&mut self, known: &[Indicator], strangers: usize) -> Source {
        let mut source = if known.is_empty() || self.percent(strangers) {
            self.anywhere()
        } else {
            let indicator = *self.pick(known);
            self.near(&indicator, strangers)
        };
        if source.is_v6 && self.percent(1) {
            source.bits = 0xffff << 32 | source.bits & 0xffff_ffff;
        }
        source
    }

    /// Returns an indicator, in or around a known one more often than not.
    pub(super) fn indicator(&mut self, known: &[Indicator]) -> Indicator {
        let source = if known.is_empty() || self.percent(40) {
            self.anywhere()
        } else {
            let indicator = *self.pick(known);
            self.near(&indicator, 50)
        };
        let length = match (source.is_v6, self.below(8)) {
            (false, ..5) => 32,
            (false, _) => 8 + self.below(24).max(self.below(24)),
            (true, ..2) => 128,
            (true, ..5) => 64,
            (true, 5) => 16 + self.below(48).max(self.below(48)),
            (true, _) => 65 + self.below(63),
        };
        Indicator::prefix(source.address(), length as u8).unwrap()
    }

    /// Returns how long to block: past, soon over, or longer than an entry can say.
    fn duration(&mut self) -> Duration {
        match self.below(20) {
            0 => Duration::ZERO,
            1..4 => Duration::from_millis(500 + self.next() % 6000),
            4..6 => DAY * 20,
            _ => HOUR + Duration::from_millis(self.next() % 86_400_000),
        }
    }

    pub(super) fn block(&mut self, now: Timestamp, known: &mut Vec<Indicator>) -> Change {
        let indicator = self.indicator(known);
        known.push(indicator);
        self.block_of(now, indicator)
    }

    fn block_of(&mut self, now: Timestamp, indicator: Indicator) -> Change {
        Change::Block {
            indicator,
            expires_at: now + self.duration(),
        }
    }

    /// Returns a change of any kind.
    pub(super) fn change(
        &mut self,
        now: Timestamp,
        model: &Model,
        known: &mut Vec<Indicator>,
    ) -> Change {
        match self.below(20) {
            ..12 => self.block(now, known),
            12..14 => {
                let indicator = *self.pick(known);
                self.block_of(now, indicator)
            }
            14..17 => Change::Unblock(*self.pick(known)),
            17..19 => {
                let inside = *self.pick(known);
                let (is_v6, bits) = (!inside.is_ipv4(), range(&inside).0);
                let wider = usize::from(inside.prefix_len()).saturating_sub(self.below(5));
                let length = if self.percent(50) { wider } else { 24 };
                let exemption = *self.pick(&[Exemption::Allowlisted, Exemption::Protected]);
                Change::Exempt {
                    indicator: Indicator::prefix(Source { is_v6, bits }.address(), length as u8)
                        .unwrap(),
                    exemption,
                }
            }
            _ => {
                let exemptions: Vec<Indicator> = model.exemptions.iter().copied().collect();
                Change::Unexempt(*exemptions.get(self.below(50)).unwrap_or(&known[0]))
            }
        }
    }
}
