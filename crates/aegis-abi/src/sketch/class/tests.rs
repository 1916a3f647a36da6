//! Classes of ports and sources.

use super::*;
use crate::{sketch::class_of_port, table::HashKey};

#[test]
fn a_cell_of_classes_counts_each_once_and_writes_only_for_a_new_one() {
    let mut cell = ClassCell::default();
    for class in 0..64 {
        cell = cell.see(1, class).unwrap();
        assert_eq!(cell.count, class + 1);
        assert_eq!(cell.classes.count_ones(), cell.count);
        assert_eq!(cell.see(1, class), None);
    }
    let next = cell.see(2, 9).unwrap();
    assert_eq!((next.window, next.count, next.classes), (2, 1, 1 << 9));
}

#[test]
fn a_lone_scanner_is_confirmed_with_exactly_the_class_of_the_threshold() {
    for threshold in 1..=64 {
        let (mut tried, mut confirmed) = (0, 0);
        let caught = (1..=64).find(|_| {
            tried += 1;
            confirmed += u32::from(tried >= gate(threshold));
            tried >= threshold && confirmed >= confirmation(threshold)
        });
        assert_eq!(caught, Some(threshold));
        // Whatever those who share its cell do.
        assert!(confirmation(threshold) * 2 > threshold);
    }
}

#[test]
fn ports_spread_over_all_classes() {
    let key = HashKey::new(0x0123_4567_89ab_cdef, 0x2545_f491_4f6c_dd1d);
    let mut classes = [0_u32; 64];
    for port in 1..=6_400 {
        classes[class_of_port(&key, port) as usize] += 1;
    }
    assert!(
        classes.iter().all(|it| (50..150).contains(it)),
        "{classes:?}"
    );
}
