//! A long run of the fuzz target's cases from seeds, without a fuzzer: `cargo run --release --example agree -- 1000000`.
//!
//! Takes how many cases to try and the first seed; stops at the first case on which the engines differ.

#![allow(clippy::panic)]

#[path = "../fuzz/case.rs"]
mod case;

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let cases = arguments.next().unwrap_or(100_000);
    let first = arguments.next().unwrap_or(1);
    let mut compared = 0;
    for seed in first..first + cases {
        match case::check(&mut case::Dice::from_seed(seed)) {
            Ok(more) => compared += more,
            Err(difference) => panic!("seed {seed}: {difference}"),
        }
    }
    println!("{cases} cases from seed {first}: the engines agree on {compared} decisions");
}
