//! The original's figures are reached, to the digit: there is no chance in them.

use super::anchors;

#[test]
fn every_figure_is_as_it_was() {
    let anchors = anchors();
    assert_eq!(anchors.len(), 2 + 4 * 9);
    for anchor in anchors {
        let gap = (anchor.found - anchor.original).abs();
        assert!(gap < 1e-9, "{anchor:?}");
    }
}
