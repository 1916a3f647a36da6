//! Tests of `few`.

use proptest::prelude::*;

use super::*;
use crate::Decision;

#[test]
fn a_lone_decision_needs_no_more_room_than_itself() {
    assert_eq!(size_of::<Few<Decision>>(), size_of::<Decision>());
    assert!(size_of::<Decision>() <= 128);
}

#[test]
fn several_that_become_one_are_one_again() {
    let mut few = Few::One("a".to_owned());
    few.push("b".to_owned());
    assert_eq!(few.as_slice(), ["a", "b"]);
    assert_eq!(few.extract_if(|it| it == "a"), ["a"]);
    assert_eq!(few, Few::One("b".to_owned()));
}

proptest! {
    #[test]
    fn it_holds_what_a_vector_would(steps in prop::collection::vec((any::<bool>(), 0u8..4), 0..40)) {
        let (mut few, mut vector) = (Few::from(Vec::new()), Vec::new());
        for (is_push, value) in steps {
            if is_push {
                few.push(value);
                vector.push(value);
            } else {
                let gone: Vec<u8> = vector.extract_if(.., |it| *it <= value).collect();
                prop_assert_eq!(few.extract_if(|it| *it <= value), gone);
            }
            prop_assert_eq!(few.as_slice(), vector.as_slice());
            prop_assert_eq!(few.as_mut_slice(), vector.as_mut_slice());
            prop_assert_eq!(matches!(few, Few::One(_)), vector.len() == 1);
        }
    }
}
