//! Tests of the fair queue.

use super::*;

#[test]
fn who_says_one_thing_does_not_wait_behind_who_says_a_thousand() {
    let mut queue = FairQueue::new(2_000, 16);
    for number in 0..1_000 {
        queue.push('f', number);
    }
    queue.push('h', 5_000);
    assert!(queue.has_short());
    assert_eq!((queue.pop_short(), queue.pop_short()), (Some(5_000), None));
    assert!(!queue.has_short() && !queue.is_empty());
    let long: Vec<i32> = std::iter::from_fn(|| queue.pop_long()).collect();
    assert_eq!(long, (0..984).collect::<Vec<i32>>());
    let rest: Vec<i32> = std::iter::from_fn(|| queue.pop_short()).collect();
    assert_eq!(rest, (984..1_000).collect::<Vec<i32>>());
    assert!(queue.is_empty() && queue.queues.is_empty());
    assert!(queue.turns.is_empty() && queue.long_turns.is_empty());
}

#[test]
fn each_authors_things_stay_in_order_and_the_authors_take_turns() {
    let mut queue = FairQueue::new(10, 3);
    for (author, item) in [('a', 1), ('a', 2), ('b', 3), ('a', 4), ('b', 5)] {
        queue.push(author, item);
    }
    let order: Vec<i32> = std::iter::from_fn(|| queue.pop_short()).collect();
    assert_eq!(order, [1, 3, 2, 5, 4]);
}

#[test]
fn those_of_whom_much_waits_take_turns_as_well() {
    let mut queue = FairQueue::new(10, 1);
    for (author, item) in [('a', 1), ('a', 2), ('b', 3), ('a', 4), ('b', 5)] {
        queue.push(author, item);
    }
    assert!(!queue.has_short());
    let long: Vec<i32> = std::iter::from_fn(|| queue.pop_long()).collect();
    assert_eq!(long, [1, 3, 2]);
    assert_eq!((queue.pop_short(), queue.pop_short()), (Some(5), Some(4)));
    assert!(queue.is_empty());
}

#[test]
fn it_says_when_it_is_full() {
    let mut queue = FairQueue::new(2, 1);
    queue.push('a', 1);
    assert!(!queue.is_full());
    queue.push('b', 2);
    assert!(queue.is_full());
    queue.pop_short();
    assert!(!queue.is_full());
}
