//! Tests of what `aegis detach` says.

use super::*;

#[test]
fn one_is_not_many() {
    check((0, 0, 0), "Nothing of edge is in the kernel\n");
    check(
        (1, 1, 0),
        "Detached edge: 1 interface passes everything, 1 pin removed\n",
    );
    check(
        (2, 9, 0),
        "Detached edge: 2 interfaces pass everything, 9 pins removed\n",
    );
    check(
        (0, 3, 0),
        "Detached edge: 0 interfaces pass everything, 3 pins removed\n",
    );
    check((0, 0, 1), "Detached edge: 1 nftables table removed\n");
    check(
        (1, 9, 1),
        "Detached edge: 1 interface passes everything, 9 pins and 1 nftables table removed\n",
    );
}

#[track_caller]
fn check((interfaces, pins, tables): (usize, usize, usize), expected: &str) {
    let detached = Detached {
        instance: "edge".to_owned(),
        interfaces,
        pins,
        tables,
    };
    assert_eq!(line(&detached), expected);
}
