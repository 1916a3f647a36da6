//! Tests of the walls.

use super::check;

#[test]
fn a_library_is_named_in_its_own_crate_only() {
    assert_eq!(
        check("crates/aegis-net/src/a.rs", "use libp2p::PeerId;"),
        []
    );
    assert_eq!(
        check("crates/aegis/src/a.rs", "use libp2p::PeerId;").len(),
        1
    );
    assert_eq!(
        check("crates/aegis/src/a.rs", "fn a(b: rusqlite::Connection) {}").len(),
        1
    );
    assert_eq!(
        check("crates/aegis/src/a.rs", "fn a(b: ::axum::Router) {}").len(),
        1
    );
    assert_eq!(
        check("crates/aegis-net/src/a.rs", "use aya::Ebpf;").len(),
        1
    );
}

#[test]
fn a_name_that_only_looks_like_one_is_not() {
    assert_eq!(
        check("crates/aegis-ebpf/src/main.rs", "use aya_ebpf::Global;"),
        []
    );
    assert_eq!(check("crates/aegis/src/a.rs", "himalaya::peak()"), []);
    assert_eq!(check("crates/aegis-net/src/a.rs", "my_axum::Router"), []);
}
