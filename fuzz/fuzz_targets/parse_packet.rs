//! The kernel's packet parser against a second one, on any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/aegis-abi/tests/corpus/reference.rs"]
mod reference;

fuzz_target!(|frame: &[u8]| reference::check(frame));
