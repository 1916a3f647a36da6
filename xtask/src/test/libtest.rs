//! What a test binary prints, read as far as counting needs it.

use super::tally::{Outcome, Tally};
use super::tier::Tier;

/// Counts what one run of a binary printed, called with `--show-output`.
///
/// Totals come from its last line; only what passed can have been skipped. A binary that
/// died before that line counts as one failure.
pub(super) fn count(tally: &mut Tally, tier: Tier, printed: &str, is_success: bool) {
    let mut failed_sum = 0;
    for line in printed
        .lines()
        .filter(|line| line.starts_with("test result: "))
    {
        let (passed, failed) = (number_before(line, "passed"), number_before(line, "failed"));
        add(tally, tier, failed, &Outcome::Failed);
        add(tally, tier, passed, &Outcome::Passed);
        failed_sum += failed;
    }
    for reason in skips(printed) {
        tally.turn_into_skip(tier, reason);
    }
    if !is_success && failed_sum == 0 {
        add(tally, tier, 1, &Outcome::Failed);
    }
}

/// Returns the names that `--list --format terse` printed.
pub(super) fn listed(printed: &str) -> Vec<&str> {
    printed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect()
}

fn add(tally: &mut Tally, tier: Tier, count: usize, outcome: &Outcome) {
    for _ in 0..count {
        tally.add(tier, outcome.clone());
    }
}

fn number_before(line: &str, word: &str) -> usize {
    let words = line.split([' ', ';']).filter(|part| !part.is_empty());
    let pairs = words.clone().zip(words.skip(1));
    pairs
        .into_iter()
        .find(|(_, next)| *next == word)
        .map_or(0, |(n, _)| n.parse().unwrap_or(0))
}

/// Returns why tests were skipped, one reason for each: a section says it at most once.
fn skips(printed: &str) -> Vec<String> {
    // What failed comes after what passed, under this heading.
    let passed = printed.split("\nfailures:\n").next().unwrap_or(printed);
    let sections = passed.split("\n---- ").skip(1);
    let outcomes = sections.map(|section| Outcome::read(false, section));
    outcomes
        .filter_map(|it| {
            if let Outcome::Skipped(why) = it {
                Some(why)
            } else {
                None
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
