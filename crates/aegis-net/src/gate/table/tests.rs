//! A table keeps what was used last, against a plain model.

use proptest::prelude::*;

use super::*;

#[test]
fn what_was_used_longest_ago_makes_room() {
    let mut table = Table::new(2);
    table.insert('a', 1);
    table.insert('b', 2);
    assert_eq!(table.touch(&'a'), Some(&mut 1));
    table.insert('c', 3);
    assert_eq!((table.peek(&'a'), table.peek(&'b')), (Some(&1), None));
    assert_eq!(*table.entry('c', || 9), 3);
    assert_eq!(*table.entry('d', || 4), 4);
    assert_eq!((table.peek(&'a'), table.len()), (None, 2));
    assert_eq!(table.insert('d', 5), Some(4));
    assert_eq!(table.remove(&'d'), Some(5));
    assert!(!table.is_empty());
}

proptest! {
    #[test]
    fn it_agrees_with_a_list_in_order_of_use(
        steps in proptest::collection::vec((0..4u8, 0..8u8), 0..200),
    ) {
        let mut table = Table::new(4);
        let mut model: Vec<u8> = Vec::new(); // the least recently used first
        for (step, key) in steps {
            let known = model.iter().position(|it| *it == key);
            match step {
                0 => { table.insert(key, key); }
                1 => { table.entry(key, || key); }
                2 => { table.touch(&key); }
                _ => { table.remove(&key); }
            }
            if let Some(at) = known {
                model.remove(at);
            }
            if step < 2 || (step == 2 && known.is_some()) {
                if model.len() == 4 {
                    model.remove(0);
                }
                model.push(key);
            }
            let mut expected = model.clone();
            expected.sort_unstable();
            prop_assert_eq!(table.iter().map(|(key, _)| *key).collect::<Vec<_>>(), expected);
            prop_assert_eq!(table.uses.len(), table.len());
        }
    }
}
