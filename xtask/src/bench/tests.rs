//! Tests of finding benchmarks.

use serde_json::json;

use super::find;

#[test]
fn finds_benchmarks_and_nothing_else() {
    let metadata = json!({"packages": [
        {"name": "aegis-net", "targets": [
            {"kind": ["lib"], "name": "aegis_net"},
            {"kind": ["bench"], "name": "latency"},
        ]},
        {"name": "aegis-core", "targets": [{"kind": ["test"], "name": "it"}]},
    ]});
    assert_eq!(
        find(&metadata),
        [("aegis-net".to_owned(), "latency".to_owned())]
    );
}
