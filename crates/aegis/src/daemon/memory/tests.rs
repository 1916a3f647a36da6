//! Tests of the memory figure.

use super::*;

#[test]
fn reads_the_second_field() {
    assert_eq!(resident_pages("1000 250 100 1 0 200 0\n"), Some(250));
    assert_eq!(resident_pages(""), None);
    assert_eq!(resident_pages("1 x"), None);
    assert!(resident_bytes() > 100_000);
}
