//! The original's figures are reached.

use super::{HOSTILE, anchor, anchors};

/// The share at which the figures differ most between attacks; `cargo xtask ci arena` looks at all.
const MOST: usize = HOSTILE[3];

#[test]
fn what_the_original_reached_is_reached() {
    let mut anchors = anchors(1, |it| it.hostile == MOST && it.pretrusted == 0);
    // Only with pre-trusted peers do runs differ from each other.
    anchors.extend(super::anchors(3, |it| {
        it.hostile == MOST && it.pretrusted > 0
    }));
    assert_eq!(anchors.len(), 9 * 6);
    let off: Vec<_> = anchors.iter().filter(|it| !it.holds()).collect();
    assert!(off.is_empty(), "{off:#?}");
    let exact = anchors.iter().filter(|it| it.noise == 0.0);
    assert!(exact.count() > 45);
}

#[test]
fn a_figure_that_is_off_is_found() {
    let near = anchor(String::new(), 0.5, &[0.52, 0.52]);
    assert!(near.holds());
    let far = anchor(String::new(), 0.5, &[0.54, 0.54]);
    assert!(!far.holds());
    let noisy = anchor(String::new(), 0.5, &[0.4, 0.68]);
    assert!(noisy.holds() && noisy.noise > 0.2);
}
