//! Any bytes as `snapshot`: see `inputs.rs`.

#![no_main]

#[path = "../inputs.rs"]
mod inputs;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| inputs::snapshot(bytes));
