//! The benchmark runs, with tiny numbers.

#[path = "../../benches/packet/measure.rs"]
mod measure;

use aya::programs::{SchedClassifier, Xdp};
use measure::Scale;

use crate::support::Instance;

#[test]
fn the_benchmark_has_a_figure_for_every_case() {
    if Instance::new().is_none() {
        return;
    }
    let table = measure::run(Scale::TINY).unwrap();
    assert!(table.packets.len() >= 16);
    assert!(table.entries.len() >= 6);
    assert_eq!(table.packets[0].name, "an empty program");
    for row in table.packets.iter().chain(&table.entries) {
        assert!(row.nanos > 0.0, "{}", row.name);
        assert!(table.to_string().contains(row.name));
    }
}

#[test]
fn no_counter_straddles_a_cache_line() {
    if Instance::new().is_none() {
        return;
    }
    let table = measure::run(Scale {
        repeat: 1000,
        ..Scale::TINY
    })
    .unwrap();
    let nanos = |name: &str| {
        table
            .packets
            .iter()
            .find(|it| it.name == name)
            .unwrap()
            .nanos
    };
    // A misaligned atomic addition costs tens of microseconds: a thousand times a hit.
    assert!(
        nanos("hit by prefix") < 100.0 * nanos("hit, table full").max(10.0),
        "{table}"
    );
}

#[test]
fn the_verifier_is_far_from_its_limit() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let _enforcer = instance.start();
    let kind = aya_obj::programs::XdpAttachType::Interface;
    let xdp = Xdp::from_pin(instance.pin("prog_xdp"), kind).unwrap();
    let tc = SchedClassifier::from_pin(instance.pin("prog_tc")).unwrap();
    for info in [xdp.info().unwrap(), tc.info().unwrap()] {
        // It gives up at a million; older kernels walk some more than this one.
        let instructions = info.verified_instruction_count().unwrap_or(0);
        assert!(instructions < 200_000, "{instructions} instructions");
    }
}
