//! A window shows what sorting everything and cutting it out would.

use std::num::NonZeroU16;

use aegis_api::{BlockSort, ViewQuery};

use super::window;

#[test]
fn a_window_is_what_is_there_of_the_sorted_whole() {
    // 37 and 100 have no common divisor, so each number from 0 to 99 is there once.
    let items: Vec<u32> = (0..100).map(|it| it * 37 % 100).collect();
    for (offset, limit) in [
        (0, 10),
        (0, 100),
        (0, 500),
        (5, 1),
        (90, 10),
        (95, 10),
        (99, 1),
    ] {
        for reversed in [false, true] {
            let query = ViewQuery {
                sort: BlockSort::Source,
                reversed,
                text: None,
                offset,
                limit: NonZeroU16::new(limit),
            };
            let mut whole: Vec<u32> = (0..100).collect();
            if reversed {
                whole.reverse();
            }
            let expected: Vec<u32> = whole
                .into_iter()
                .skip(offset as usize)
                .take(limit.into())
                .collect();
            assert_eq!(
                window(items.clone(), &query, u32::cmp),
                expected,
                "{query:?}"
            );
        }
    }
}

#[test]
fn behind_the_end_there_is_nothing() {
    for offset in [3, 4, u32::MAX] {
        let query = ViewQuery::<BlockSort> {
            offset,
            ..ViewQuery::default()
        };
        assert_eq!(window(vec![1, 2, 3], &query, i32::cmp), [0; 0]);
    }
}
