//! What waits, for how long, and what goes with whom.

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_790_000_000);
const A_SECOND: Duration = Duration::from_secs(1);

fn node(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

/// Returns two queries of node 1 and one of node 2.
fn three() -> (Waiting<char>, [u64; 3]) {
    let mut waiting = Waiting::new(A_SECOND * 10);
    let asked = [(1, 'a'), (1, 'b'), (2, 'c')];
    let numbers = asked.map(|(peer, channel)| waiting.keep(T0, node(peer), channel));
    (waiting, numbers)
}

#[test]
fn a_query_is_answered_once() {
    let (mut waiting, [first, second, _]) = three();
    assert_eq!((waiting.len(), waiting.len_of(node(1))), (3, 2));
    assert_eq!(waiting.take(second), Some('b'));
    assert_eq!(waiting.take(second), None);
    assert_eq!(waiting.take(first), Some('a'));
    assert_eq!((waiting.len(), waiting.len_of(node(1))), (1, 0));
}

#[test]
fn who_leaves_waits_for_nothing() {
    let (mut waiting, [first, _, last]) = three();
    waiting.end_with(node(1));
    assert_eq!((waiting.take(first), waiting.take(last)), (None, Some('c')));
}

#[test]
fn nothing_waits_longer_than_its_stream_stays_nor_over_a_clock_that_is_put_back() {
    for (now, left) in [
        (T0, 3),
        (T0 + A_SECOND * 10 - Duration::from_millis(1), 3),
        (T0 + A_SECOND * 10, 0),
        (T0 - A_SECOND, 0),
    ] {
        let (mut waiting, _) = three();
        waiting.expire(now);
        assert_eq!(waiting.len(), left, "{now}");
    }
}
