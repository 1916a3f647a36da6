//! Pages hold what they may, and say whether more follows.

use std::num::NonZeroU16;

use super::{PAGE_ITEMS_MAX, Page, PageQuery};

#[test]
fn a_page_ends_at_its_limit_and_names_the_last_key() {
    check(3, 0..5, &[0, 1, 2], Some("2"));
    check(3, 0..4, &[0, 1, 2], Some("2"));
}

#[test]
fn the_last_page_names_none() {
    check(3, 0..3, &[0, 1, 2], None);
    check(3, 0..2, &[0, 1], None);
    check(3, 0..0, &[], None);
}

#[test]
fn no_page_is_larger_than_the_most() {
    let query = PageQuery::<u32>::first(NonZeroU16::MAX);
    assert_eq!(query.limit(), usize::from(PAGE_ITEMS_MAX.get()));
}

#[track_caller]
fn check(limit: u16, keys: std::ops::Range<u32>, items: &[u32], next: Option<&str>) {
    let query = PageQuery::first(NonZeroU16::new(limit).expect("not zero"));
    let page = query.collect(keys.map(|it| (it, it)));
    let expected = Page {
        items: items.to_vec(),
        next: next.map(str::to_owned),
    };
    assert_eq!(page, expected);
}
