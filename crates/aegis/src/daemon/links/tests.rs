//! Only what was there before comes back.

use super::*;

#[track_caller]
fn check(looks: &[&[u32]], expected: &[bool]) {
    let mut links = Links::default();
    let noted = looks
        .iter()
        .map(|it| links.note(it.iter().copied().collect()));
    assert_eq!(noted.collect::<Vec<_>>(), expected);
}

#[test]
fn a_link_that_went_comes_back_and_a_new_one_does_not() {
    check(&[&[1, 2], &[1], &[1, 2]], &[false, false, true]);
    check(&[&[1], &[1, 7], &[1]], &[false, false, false]);
    check(&[&[1, 2], &[1, 3], &[1, 3, 2]], &[false, false, true]);
}

#[test]
fn it_comes_back_once() {
    check(&[&[2], &[], &[2], &[2]], &[false, false, true, false]);
}

#[test]
fn not_more_is_remembered_than_a_host_has_links() {
    let mut links = Links::default();
    for first in (0..1_000_000).step_by(1000) {
        links.note((first..first + 1000).collect());
        assert!(links.gone.len() <= GONE_MAX);
    }
}
