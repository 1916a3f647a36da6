//! Tests of what `aegis detach` says.

use super::*;

#[test]
fn one_is_not_many() {
    check(0, 0, "Nothing of edge is in the kernel\n");
    check(
        1,
        1,
        "Detached edge: 1 interface passes everything, 1 pin removed\n",
    );
    check(
        2,
        9,
        "Detached edge: 2 interfaces pass everything, 9 pins removed\n",
    );
    check(
        0,
        3,
        "Detached edge: 0 interfaces pass everything, 3 pins removed\n",
    );
}

#[track_caller]
fn check(interfaces: usize, pins: usize, expected: &str) {
    let detached = Detached {
        instance: "edge".to_owned(),
        interfaces,
        pins,
    };
    assert_eq!(line(&detached), expected);
}
