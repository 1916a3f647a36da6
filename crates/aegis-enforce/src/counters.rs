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
        // What was not dropped was passed; counting both would cost every packet.
        let [packets, dropped] = [Counter::Packets, Counter::Dropped].map(|it| it as usize);
        let passed = sum.values[packets].saturating_sub(sum.values[dropped]);
        sum.values[Counter::Passed as usize] = passed;
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
