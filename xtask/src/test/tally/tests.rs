//! Tests of counting.

use super::{Outcome, Tally, Tier};

#[test]
fn a_test_that_says_skipped_has_not_passed() {
    assert_eq!(Outcome::read(false, "all well\n"), Outcome::Passed);
    assert_eq!(Outcome::read(true, "SKIPPED: no root"), Outcome::Failed);
    assert_eq!(
        Outcome::read(false, "x\nSKIPPED: no root\n"),
        Outcome::Skipped("no root".into())
    );
    assert_eq!(
        Outcome::read(false, "nothing was SKIPPED: ever"),
        Outcome::Passed
    );
}

#[test]
fn sums_up_over_the_tiers() {
    let mut tally = Tally::default();
    assert_eq!(tally.last_line(), "0 passed, 0 failed, 0 skipped");
    tally.add(Tier::Unit, Outcome::Passed);
    tally.add(Tier::Unit, Outcome::Passed);
    tally.add(Tier::Docs, Outcome::Failed);
    tally.add(Tier::Kernel, Outcome::Skipped("no root".into()));
    tally.add(Tier::Kernel, Outcome::Skipped("no root".into()));
    assert_eq!(tally.last_line(), "2 passed, 1 failed, 2 skipped");
    assert_eq!(tally.failed(), 1);
    let lines = tally.lines();
    assert_eq!(lines.len(), Tier::ALL.len() + 1);
    assert_eq!(
        lines[0],
        "unit               2 passed    0 failed    0 skipped"
    );
    assert_eq!(lines[1], "component      no tests");
    assert_eq!(lines[Tier::ALL.len()], "skipped (2): no root");
}
