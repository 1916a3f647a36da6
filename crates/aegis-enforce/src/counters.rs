//! The kernel program's counters.

use aegis_abi::Counter;

/// What became of packets that are dropped, unless the program only observes.
const MATCHED: [Counter; 6] = [
    Counter::MatchedHostV4,
    Counter::MatchedHostV6,
    Counter::MatchedPrefixV4,
    Counter::MatchedPrefixV6,
    Counter::MatchedDetector,
    Counter::CookiesLimited,
];
/// What became of packets that are passed.
const PASSED: [Counter; 9] = [
    Counter::Clean,
    Counter::Allowlisted,
    Counter::Protected,
    Counter::NotIp,
    Counter::Truncated,
    Counter::BadHeader,
    Counter::TooManyTags,
    Counter::TooManyHeaders,
    Counter::MappedSource,
];

/// A snapshot of every counter.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counters(aegis_abi::Counters);

impl Counters {
    /// Makes the totals of what the program counted, summed over the CPUs.
    pub(crate) fn of_reasons(mut sum: aegis_abi::Counters) -> Self {
        let clean_syns = sum.values[Counter::CLEAN_SYNS as usize];
        for counter in [Counter::Clean, Counter::Syns] {
            let value = &mut sum.values[counter as usize];
            *value = value.wrapping_add(clean_syns);
        }
        // Each packet is counted once, by what became of it, and the totals are made of that here:
        // counting those too would cost every packet.
        let of = |it: &Counter| sum.values[*it as usize];
        let matched: u64 = MATCHED.iter().map(of).sum();
        let passed = PASSED.iter().map(of).sum::<u64>() + of(&Counter::WouldHaveDropped);
        let late = of(&Counter::DetectorDrops) + of(&Counter::CookiesLimited);
        let dropped = matched.saturating_sub(of(&Counter::WouldHaveDropped));
        let packets = passed + dropped + of(&Counter::CookiesSent);
        let bytes = of(&Counter::Bytes) + of(&Counter::DroppedBytes);
        for (counter, value) in [
            (Counter::Packets, packets),
            (Counter::Bytes, bytes),
            (Counter::Passed, passed),
            (Counter::Dropped, dropped),
            (Counter::EarlyDrops, dropped.saturating_sub(late)),
        ] {
            sum.values[counter as usize] = value;
        }
        Self(sum)
    }

    /// Returns counters whose totals were counted and are not made of what became of each packet.
    pub(crate) const fn of_totals(counted: aegis_abi::Counters) -> Self {
        Self(counted)
    }

    /// Returns one counter.
    pub fn get(&self, counter: Counter) -> u64 {
        self.0.values.get(counter as usize).copied().unwrap_or(0)
    }

    /// Returns every counter with its value, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (Counter, u64)> + '_ {
        Counter::ALL
            .iter()
            .map(|counter| (*counter, self.get(*counter)))
    }
}
