//! The benchmark runs, with tiny numbers.

#[path = "../../benches/packet/measure.rs"]
mod measure;

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
