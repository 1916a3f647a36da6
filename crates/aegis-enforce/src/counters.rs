//! The kernel program's counters, summed over the CPUs.

use aegis_abi::Counter;

/// A snapshot of every counter.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counters(aegis_abi::Counters);

impl Counters {
    /// Returns the sum of one snapshot a CPU.
    pub(crate) fn sum(cpus: impl IntoIterator<Item = aegis_abi::Counters>) -> Self {
        let mut sum = aegis_abi::Counters::default();
        for cpu in cpus {
            for (total, value) in sum.values.iter_mut().zip(cpu.values) {
                *total = total.wrapping_add(value);
            }
        }
        // What was neither dropped nor answered was passed, and what no detector and no limit of
        // answers dropped was dropped early: counting those too would cost every packet.
        let of = |it: Counter| sum.values[it as usize];
        let ended = of(Counter::Dropped) + of(Counter::CookiesSent);
        let passed = of(Counter::Packets).saturating_sub(ended);
        let late = of(Counter::DetectorDrops) + of(Counter::CookiesLimited);
        let early = of(Counter::Dropped).saturating_sub(late);
        sum.values[Counter::Passed as usize] = passed;
        sum.values[Counter::EarlyDrops as usize] = early;
        Self(sum)
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
