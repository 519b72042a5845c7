//! The fast engine and the plain one decide alike. `fuzz/run.sh engines`
#![no_main]

#[path = "../case.rs"]
mod case;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(difference) = case::check(&mut case::Dice::from_bytes(bytes)) {
        panic!("{difference}");
    }
});
