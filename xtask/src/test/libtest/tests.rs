//! Tests of reading a test binary's output, on shortened real ones.

use super::{Tally, Tier, count, listed};

const MIXED: &str = "
running 3 tests
test a ... ok
test b ... FAILED
test c ... ok

successes:

---- a stdout ----
SKIPPED: not root
SKIPPED: said twice


successes:
    a
    c

failures:

---- b stdout ----
SKIPPED: then it broke all the same
thread 'b' panicked

failures:
    b

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

#[test]
fn counts_what_a_binary_says() {
    check(MIXED, false, "1 passed, 1 failed, 1 skipped");
    check(
        "test result: ok. 12 passed; 0 failed; 0 ignored",
        true,
        "12 passed, 0 failed, 0 skipped",
    );
    check(
        "running 3 tests\ntest a ... ",
        false,
        "0 passed, 1 failed, 0 skipped",
    );
    check("", true, "0 passed, 0 failed, 0 skipped");
}

#[test]
fn lists_tests_and_no_benchmarks() {
    assert_eq!(listed("a::b: test\nc: benchmark\n\n"), ["a::b"]);
}

#[track_caller]
fn check(printed: &str, is_success: bool, expected: &str) {
    let mut tally = Tally::default();
    count(&mut tally, Tier::Unit, printed, is_success);
    assert_eq!(tally.last_line(), expected, "{printed}");
}
