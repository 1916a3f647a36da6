//! Reading `/proc/self/stat`.

use super::ticks_and_threads;

#[test]
fn fields_are_found_behind_any_name() {
    let stat = "7 (a) b (c) S 1 7 7 0 -1 0 10 0 0 0 250 50 0 0 20 0 5 0 100 1 1";
    assert_eq!(ticks_and_threads(stat), Some((300, 5)));
    assert_eq!(ticks_and_threads("7 (a) S 1"), None);
    assert_eq!(ticks_and_threads(""), None);
}
