//! Tests of what the kernel is told.

use super::*;

#[test]
fn a_source_spread_over_all_cpus_is_caught_within_twice_the_threshold() {
    for threshold in [1, 3, 20, 100, 1_000, 1_000_000, u32::MAX] {
        for cpus in [1, 2, 4, 16, 64, 512] {
            let batch = u64::from(batch(threshold, cpus));
            assert!(batch >= 1);
            let missing = (batch - 1) * (cpus as u64 - 1);
            assert!(
                missing <= u64::from(threshold),
                "{threshold} on {cpus} CPUs: {missing}"
            );
        }
    }
}

#[test]
fn a_low_threshold_is_exact_on_every_cpu() {
    assert_eq!(batch(31, 64), 1);
    assert_eq!(batch(100, 2), 6);
    assert_eq!(batch(100, 64), 2);
    assert_eq!(batch(u32::MAX, 1), BATCH_MAX);
}

#[test]
fn classes_are_what_so_many_different_things_fall_into() {
    assert_eq!([1, 8, 64, 128, 200].map(classes), [1, 8, 40, 55, 61]);
}

#[test]
fn a_change_starts_another_epoch() {
    let detectors = Detectors::default();
    let first = detectors.to_kernel(&DetectConfig::default(), 250, 2);
    let second = detectors.to_kernel(&first, 250, 2);
    assert_ne!(first.epoch, second.epoch);
}

#[test]
fn what_is_off_has_no_threshold() {
    let limits = |it: Detectors| it.to_kernel(&DetectConfig::default(), 250, 2).limits;
    for detector in Detector::ALL {
        let is_on = |it: Detectors| limits(it)[detector as usize].threshold != 0;
        assert!(!is_on(Detectors::default().disabled()), "{detector:?}");
        let is_default = !matches!(detector, Detector::SynImbalance | Detector::UdpFlood);
        assert_eq!(is_on(Detectors::default()), is_default, "{detector:?}");
    }
    let flags = |it: Detectors| it.flags().map(|(_, is_set)| is_set);
    assert_eq!(flags(Detectors::default()), [true, false, true, true]);
    assert_eq!(flags(Detectors::default().disabled()), [false; 4]);
}

#[test]
fn times_are_told_in_jiffies() {
    let told = Detectors::default().to_kernel(&DetectConfig::default(), 250, 2);
    let limit = told.limits[Detector::SynFlood as usize];
    assert_eq!(
        (limit.threshold, limit.window, limit.block),
        (100, 250, 15_000)
    );
    let limit = told.limits[Detector::SynFloodDestination as usize];
    assert_eq!((limit.window, limit.block), (250, 250 + 7_500));
    assert_eq!(limit.other, 51);
    assert_eq!(told.second, 250);
}
