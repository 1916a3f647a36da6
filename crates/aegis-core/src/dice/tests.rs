//! What must hold of chance.

use super::Dice;

#[test]
fn equal_seeds_give_equal_throws() {
    let throws = |seed| {
        let mut dice = Dice::new(seed);
        [dice.unit(), dice.unit(), dice.unit()]
    };
    assert_eq!(throws(7), throws(7));
    assert_ne!(throws(7), throws(8));
    assert!(throws(9).iter().all(|it| (0.0..1.0).contains(it)));
}

#[test]
fn the_heavier_is_chosen_more_often_and_nothing_twice() {
    let items = [('a', 9.0), ('b', 1.0), ('c', 0.0)];
    let mut dice = Dice::new(1);
    let first: Vec<char> = (0..1000).map(|_| dice.choose(&items, 1)[0]).collect();
    let share = first.iter().filter(|it| **it == 'a').count();
    assert!((850..950).contains(&share), "{share} of 1000");
    let mut both = dice.choose(&items, 5);
    both.sort_unstable();
    assert_eq!(both, ['a', 'b'], "nobody twice, and nobody without weight");
}
