//! What came of the tests: counts by tier, and why some asserted nothing.

use std::collections::BTreeMap;

use super::tier::Tier;

/// The word with which a test says that it asserted nothing, and why.
const SKIP_MARK: &str = "SKIPPED:";

/// Reasons are told, but a machine without root has the same few again and again.
const REASONS_MAX: usize = 20;

/// What one test came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    /// It ran, and found that it could not assert anything here.
    Skipped(String),
}

impl Outcome {
    /// Reads the outcome of a test from whether it failed and from what it printed.
    pub(super) fn read(is_failed: bool, printed: &str) -> Self {
        if is_failed {
            return Self::Failed;
        }
        let reason = printed
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(SKIP_MARK));
        reason.map_or(Self::Passed, |reason| {
            Self::Skipped(reason.trim().to_owned())
        })
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// Outcomes of many tests, by tier.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<Tier, Counts>,
    reasons: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts one test.
    pub(super) fn add(&mut self, tier: Tier, outcome: Outcome) {
        let counts = self.counts.entry(tier).or_default();
        match outcome {
            Outcome::Passed => counts.passed += 1,
            Outcome::Failed => counts.failed += 1,
            Outcome::Skipped(reason) => {
                counts.skipped += 1;
                *self.reasons.entry(reason).or_default() += 1;
            }
        }
    }

    /// Counts a test as skipped that was counted as passed.
    pub(super) fn turn_into_skip(&mut self, tier: Tier, reason: String) {
        let counts = self.counts.entry(tier).or_default();
        counts.passed = counts.passed.saturating_sub(1);
        self.add(tier, Outcome::Skipped(reason));
    }

    /// Returns how many tests failed.
    pub(super) fn failed(&self) -> usize {
        self.total().failed
    }

    /// Returns a line for each tier, then the reasons of what was skipped.
    pub(super) fn lines(&self) -> Vec<String> {
        let tiers = Tier::ALL.iter().map(|tier| match self.counts.get(tier) {
            Some(Counts {
                passed,
                failed,
                skipped,
            }) => format!(
                "{:<14} {passed:>5} passed  {failed:>3} failed  {skipped:>3} skipped",
                tier.name()
            ),
            None => format!("{:<14} no tests", tier.name()),
        });
        let reasons = self.reasons.iter().take(REASONS_MAX);
        tiers
            .chain(reasons.map(|(why, count)| format!("skipped ({count}): {why}")))
            .collect()
    }

    /// Returns the plain line with the sum of it all.
    pub(super) fn last_line(&self) -> String {
        let Counts {
            passed,
            failed,
            skipped,
        } = self.total();
        format!("{passed} passed, {failed} failed, {skipped} skipped")
    }

    fn total(&self) -> Counts {
        self.counts
            .values()
            .fold(Counts::default(), |sum, counts| Counts {
                passed: sum.passed + counts.passed,
                failed: sum.failed + counts.failed,
                skipped: sum.skipped + counts.skipped,
            })
    }
}

#[cfg(test)]
mod tests;
