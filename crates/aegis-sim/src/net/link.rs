//! How long a message is under way.

use crate::chance::Chance;

/// How widely links differ: the deviation of the logarithm of their latency.
pub const SIGMA: f64 = 0.6;

/// Returns a latency of the log-normal distribution with this median, in the unit of `median`.
pub fn latency(chance: &mut Chance, median: f64) -> f64 {
    median * exp(chance.normal(0.0, SIGMA))
}

/// Returns e to the power of `x`, |x| below 20, by multiplication and addition alone, so that it
/// is the same on every machine: the series of e^(x/256), squared eight times.
fn exp(x: f64) -> f64 {
    let part = x / 256.0;
    let series = 1.0 + part * (1.0 + part / 2.0 * (1.0 + part / 3.0 * (1.0 + part / 4.0)));
    (0..8).fold(series, |power, _| power * power)
}

#[cfg(test)]
mod tests;
