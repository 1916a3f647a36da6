//! Tests of the fair queue.

use super::*;

#[test]
fn who_says_one_thing_does_not_wait_behind_who_says_a_thousand() {
    let mut queue = FairQueue::new(2_000);
    for number in 0..1_000 {
        queue.push('f', number);
    }
    queue.push('h', 5_000);
    assert_eq!((queue.pop(), queue.pop()), (Some(0), Some(5_000)));
    let rest: Vec<i32> = std::iter::from_fn(|| queue.pop()).collect();
    assert_eq!(rest, (1..1_000).collect::<Vec<i32>>());
    assert!(queue.is_empty() && queue.queues.is_empty() && queue.turns.is_empty());
}

#[test]
fn each_authors_things_stay_in_order_and_the_authors_take_turns() {
    let mut queue = FairQueue::new(10);
    for (author, item) in [('a', 1), ('a', 2), ('b', 3), ('a', 4), ('b', 5)] {
        queue.push(author, item);
    }
    let order: Vec<i32> = std::iter::from_fn(|| queue.pop()).collect();
    assert_eq!(order, [1, 3, 2, 5, 4]);
}

#[test]
fn it_says_when_it_is_full() {
    let mut queue = FairQueue::new(2);
    queue.push('a', 1);
    assert!(!queue.is_full());
    queue.push('b', 2);
    assert!(queue.is_full());
    queue.pop();
    assert!(!queue.is_full());
}
