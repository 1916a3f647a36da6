//! For how long a look at the kernel serves.

use aegis_api::RulesetState;
use aegis_core::Timestamp;

use super::ReadBack;

#[test]
fn a_look_at_a_list_that_became_another_serves_no_more() {
    let of = |blocks: usize| ReadBack {
        at: Timestamp::from_secs(1),
        blocks,
        state: RulesetState {
            intended: blocks as u64,
            actual: blocks as u64,
            missing: 0,
            surplus: 0,
            misdated: 0,
            checked_at: Timestamp::from_secs(1),
            generation: 1,
            in_agreement: true,
        },
    };
    for (then, now, serves) in [
        (100_000, 100_000, true),
        (100_000, 99_000, true),
        (100_000, 50_000, true),
        (100_000, 49_000, false),
        (100_000, 0, false),
        (0, 100_000, false),
        (0, 0, true),
        (60_000, 100_000, true),
        (usize::MAX, usize::MAX, true),
    ] {
        assert_eq!(of(then).is_about(now), serves, "{then} then, {now} now");
    }
}
